"""The acknowledgement of a stored event is eaten on its way to a gateway: the call fails, the retry at
the other gateway says `duplicate`, and nothing is stored twice."""

from lab.nats_proxy import NatsProxy
from lab.process import Failed, await_condition
from lab.trial import Trial


def run(size):
    proxies = []

    def url_of(name, topology):
        if name != "gateway1":
            return topology.nats[0].url
        proxies.append(NatsProxy(topology.nats[0]))
        return proxies[0].url

    with Trial("pub-ack", size, url_of=url_of) as trial:
        proxy = proxies[0]
        proxy.is_eating = True
        await_condition(lambda: proxy.eaten >= size.pick(50, 1_000), 60, "acknowledgements to eat")
        proxy.is_eating = False
        trial.flow()
        published = trial.settle()[0]
        figures = trial.verify()
    if published["duplicates"] == 0 or published["retries"] < proxy.eaten or published["failed"]:
        raise Failed(f"{proxy.eaten} acknowledgements were eaten: {published}")
    return {**figures, "eaten": proxy.eaten, "duplicates": published["duplicates"]}
