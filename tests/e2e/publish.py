"""Publishes to alice with Python's grpcio and prints the ids: publish.py PROTO_FOLDER ADDRESS"""
import json
import subprocess
import sys
import tempfile

import grpc


def load_messages(proto_folder):
    """Debian has grpcio without its tools: protoc makes the messages, the methods are named below."""
    generated = tempfile.TemporaryDirectory()
    subprocess.run(
        ["protoc", "-I", proto_folder, "--python_out", generated.name, "sluice/v1/gateway.proto"],
        check=True,
    )
    with generated:
        sys.path.insert(0, generated.name)
        from sluice.v1 import gateway_pb2
    return gateway_pb2


def main(proto_folder, address):
    pb = load_messages(proto_folder)
    with grpc.insecure_channel(address) as channel:
        publish = channel.unary_unary(
            "/sluice.v1.Gateway/Publish",
            pb.PublishRequest.SerializeToString,
            pb.PublishResponse.FromString,
        )
        batch = channel.unary_unary(
            "/sluice.v1.Gateway/PublishBatch",
            pb.PublishBatchRequest.SerializeToString,
            pb.PublishBatchResponse.FromString,
        )
        stream = channel.stream_stream(
            "/sluice.v1.Gateway/PublishStream",
            pb.PublishRequest.SerializeToString,
            pb.PublishStreamResponse.FromString,
        )

        def to_alice(data):
            return pb.PublishRequest(user_id="alice", event=pb.Event(data=data))

        ids = [publish(to_alice("unary ü"), timeout=20).event_id]
        requests = pb.PublishBatchRequest(requests=[to_alice("batch 1"), to_alice("batch 2")])
        ids += [result.response.event_id for result in batch(requests, timeout=20).results]
        answers = stream(iter([to_alice("stream")]), timeout=20)
        ids += [answer.result.response.event_id for answer in answers]
        print(json.dumps(ids))


main(*sys.argv[1:])
