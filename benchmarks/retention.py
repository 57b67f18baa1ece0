"""Load ``step serve`` steadily and see that its store stays within what it keeps.

    python -m benchmarks.retention --minutes 30 --keep 60s

Prints a line every tenth of the time: executions started, the store's size, the service's memory, and how
long requests took. Exit status 1 where the store grew after the first keep had passed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter

from benchmarks.service_client import Client, chain
from benchmarks.service_processes import Service, step_serve
from step.cli.inputs import kept_ms

_MB = 1_000_000
# What the store may have grown by between the first full keep and the end.
_GROWTH = 1.25


class Load:
    """Clients that start executions of ten states one after the other."""

    def __init__(self, endpoint: str, clients: int) -> None:
        self._endpoint = endpoint
        self.times: list[float] = []
        self._is_over = Event()
        arn = Client(endpoint).create("chain", chain(10))
        self._threads = [Thread(target=self._work, args=(arn,)) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _work(self, arn: str) -> None:
        client, given = Client(self._endpoint), json.dumps({"much": "x" * 2000})
        while not self._is_over.is_set():
            begun = perf_counter()
            client.call("StartExecution", stateMachineArn=arn, input=given)
            self.times.append(perf_counter() - begun)

    def taken(self) -> list[float]:
        """Give the times since the last time."""
        times, self.times = self.times, []
        return sorted(times)

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retention", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--keep", default="60s", help="as step serve takes it")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    keep_ms = kept_ms(options.keep)
    assert keep_ms is not None
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder), "--keep", options.keep) as service:
        load = Load(service.endpoint, options.clients)
        sizes = _soak(load, service, Path(folder), options.minutes * 60, keep_ms / 1000)
    is_within = sizes[-1] <= _GROWTH * sizes[0]
    first, last = sizes[0] / _MB, sizes[-1] / _MB
    print(f"{'PASS' if is_within else 'over'}: {first:.1f} MB after the first keep, {last:.1f} MB at the end")
    return 0 if is_within else 1


def _soak(load: Load, service: Service, store: Path, seconds: float, keep_seconds: float) -> list[int]:
    """Load it; give the store's sizes from the first full keep on."""
    _print("seconds", "started", "a second", "store MB", "memory MB", "median ms", "p99 ms", "longest ms")
    begun, sizes, started = perf_counter(), [], 0
    pause = Event()
    while (passed := perf_counter() - begun) < seconds:
        pause.wait(seconds / 10)
        times = load.taken()
        size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
        started += len(times)
        if passed > 1.2 * keep_seconds:
            sizes.append(size)
        _print(
            f"{perf_counter() - begun:.0f}",
            f"{started:,}",
            f"{len(times) / (seconds / 10):,.0f}",
            f"{size / _MB:.1f}",
            f"{service.resident_bytes / _MB:.0f}",
            *(f"{time * 1e3:.2f}" for time in (median(times), times[int(len(times) * 0.99)], times[-1])),
        )
    load.stop()
    return sizes


def _print(*cells: str) -> None:
    print(" ".join(cell.rjust(10) for cell in cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
