"""Run a distributed Map over a JSON Lines object in (moto's) S3 and say how much memory it takes.

    python -m benchmarks.distributed_map --items 10000 100000 1000000

S3 is another process, and every size is measured in a process of its own: the peaks are step's and boto3's.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from step import StateMachine
from step.aws.s3 import S3Objects

_BUCKET = "items"
_WARM = 10
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_DEFINITION: dict[str, Any] = {
    "StartAt": "EachLine",
    "States": {
        "EachLine": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": _BUCKET, "Key.$": "$.key"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Double",
                "States": {
                    "Double": {
                        "Type": "Pass",
                        "Parameters": {"twice.$": "States.MathAdd($.number, $.number)"},
                        "End": True,
                    }
                },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": _BUCKET, "Prefix": "results"},
                "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
            },
            "End": True,
        }
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    sizes = parser.parse_args().items
    os.environ |= _ENVIRONMENT
    with _s3(sizes) as (endpoint, object_bytes):
        print(f"{'items':>10} {'object MiB':>11} {'seconds':>8} {'items/s':>8} {'peak MiB':>9} {'more':>5}")
        for items in sizes:
            row = _apart(_measure, endpoint, items)
            seconds, peak = row["seconds"], row["peak"]
            print(
                f"{items:>10,} {object_bytes[items] / 2**20:>11.1f} {seconds:>8.1f} {items / seconds:>8,.0f} "
                f"{peak:>9.0f} {peak - row['before']:>5.0f}",
                flush=True,
            )
    return 0


def _measure(sender: Connection, endpoint: str, items: int) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    machine = StateMachine.from_json(_DEFINITION).set_objects(S3Objects(client))
    # Everything that is loaded on first use.
    machine.execute({"key": f"{_WARM}.jsonl"})
    before, start = _peak_mib(), perf_counter()
    execution = machine.execute({"key": f"{items}.jsonl"})
    seconds = perf_counter() - start
    result: Any = execution.result()
    body = client.get_object(Bucket=_BUCKET, Key=result["ResultWriterDetails"]["Key"])["Body"].read()
    (written,) = json.loads(body)["ResultFiles"]["SUCCEEDED"]
    lines = client.get_object(Bucket=_BUCKET, Key=written["Key"])["Body"].iter_lines()
    peak = _peak_mib()
    assert sum(1 for _ in lines) == items
    sender.send({"seconds": seconds, "before": before, "peak": peak})


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


# ---------------------------------------------------------------- S3 in another process


@contextmanager
def _s3(sizes: list[int]) -> Iterator[tuple[str, dict[int, int]]]:
    """Run S3 with an object of every size; give its endpoint and the objects' bytes."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender, sizes), daemon=True)
    process.start()
    sender.close()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def _serve(sender: Connection, sizes: list[int]) -> None:
    import boto3
    from moto import mock_aws

    logging.disable(logging.CRITICAL)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=_BUCKET)
        written = {}
        for items in (_WARM, *sizes):
            body = b"".join(b'{"number": %d, "name": "item %d"}\n' % (n, n) for n in range(items))
            client.put_object(Bucket=_BUCKET, Key=f"{items}.jsonl", Body=body)
            written[items] = len(body)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _ToMoto)
        sender.send((f"http://127.0.0.1:{server.server_port}", written))
        server.serve_forever()


class _ToMoto(BaseHTTPRequestHandler):
    """Hand requests on to moto, which answers what this process sends to AWS."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def do(self) -> None:
        import requests

        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        with self.lock:
            answer = requests.request(
                self.command, f"https://s3.amazonaws.com{self.path}", data=body, headers=headers, timeout=60
            )
        content = answer.content
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _apart(target: Any, *args: object) -> dict[str, Any]:
    """Call a function in a fresh process; give what it sends."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(sender, *args))
    process.start()
    sender.close()
    try:
        return receiver.recv()  # type: ignore[no-any-return]  # it is what was sent
    finally:
        process.join()


if __name__ == "__main__":
    raise SystemExit(main())
