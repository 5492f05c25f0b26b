"""kill -9 a gateway while publishers call it: they retry at the other with the same key, and nothing
is stored twice."""

from lab.process import Failed
from lab.trial import Trial


def run(size):
    with Trial("gateway-killed", size) as trial:
        for _ in range(size.pick(2, 10)):
            for gateway in trial.topology.gateways:
                gateway.kill()
                trial.flow(size.pick(0.5, 2))
                gateway.start()
                gateway.await_ready()
                trial.flow(size.pick(0.5, 2))
        published = trial.settle()[0]
        figures = trial.verify()
    if published["retries"] == 0 or published["failed"]:
        raise Failed(f"no call was interrupted, or one was not repaired: {published}")
    return {**figures, "retries": published["retries"], "duplicates": published["duplicates"]}
