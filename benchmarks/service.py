"""Measure the local service beside its peers and print one table: ``python -m benchmarks.service``.

The peers have an environment of their own, ``build/bench``, made from ``requirements/bench.txt``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from benchmarks.row import Figure
from benchmarks.service_client import Client, chain, waiting
from benchmarks.service_lambda import (
    deploy,
    express_tasks,
    invokes,
    make_queue_and_table,
    map_items,
    sdk_calls,
    tasks,
)
from benchmarks.service_processes import PEERS, bare_server, ministack, step_serve
from benchmarks.service_tasks import dbos_steps_per_second, items_per_second, tasks_per_second

_MB = 1_000_000
_SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: what ``step`` did, what stands beside it, and what is judged."""

    name: str
    step: str
    beside: str
    figure: Figure

    def cells(self) -> tuple[str, ...]:
        figure = self.figure
        sign = ">=" if figure.more_is_better else "<="
        to_reach = "" if figure.to_reach is None else f"{sign} {figure.to_reach:g}"
        measured = f"{figure.value:.3g} {figure.unit}"
        return self.name, self.step, self.beside, measured, to_reach, figure.verdict


def main() -> int:
    options = _options()
    if not (PEERS / "bin" / "python").exists():
        print(f"{PEERS} is missing: make it with `make bench-service`", file=sys.stderr)
        return 2
    lines = []
    for measure in (_starting, _requests, _at_once, _many_waiting, _tasks, _functions, _integrations):
        for line in measure(options.quick):
            print(f"{line.figure.verdict:5} {line.name}", file=sys.stderr, flush=True)
            lines.append(line)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    if options.json:
        print(json.dumps({"machine": machine, "lines": [asdict(line) for line in lines]}, indent=2))
    else:
        print(f"{machine}\n\n{_table(lines)}")
    return int(options.strict and any(line.figure.verdict not in ("PASS", "") for line in lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the data instead of the table")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller numbers")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where something isn't reached")
    return parser.parse_args()


def _table(lines: list[Line]) -> str:
    rows = [("", "step", "beside", "figure", "to reach", ""), *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    written = [f"| {' | '.join(cells)} |" for cells in padded]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


# ---------------------------------------------------------------- what is measured


def _starting(is_quick: bool) -> Iterator[Line]:
    seconds, resident = [], 0
    for _ in range(2 if is_quick else 5):
        with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder)) as service:
            seconds.append(service.start_seconds)
            sleep(_SETTLE_SECONDS)
            resident = service.resident_bytes
    took = median(seconds)
    yield Line(
        name="start of step serve",
        step=f"{took:.2f} s",
        beside="",
        figure=Figure(value=took, unit="s", to_reach=1.5),
    )
    yield Line(
        name="idle memory",
        step=f"{resident / _MB:.0f} MB",
        beside="",
        figure=Figure(value=resident / _MB, unit="MB", to_reach=120),
    )


def _requests(is_quick: bool) -> Iterator[Line]:
    rounds = 100 if is_quick else 500
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder)) as service:
        client = Client(service.endpoint)
        arn = client.create("chain", chain(10))
        with ministack() as peer:
            beside = Client(peer.endpoint)
            beside_arn = beside.create("chain", chain(10))
            ours, theirs = _in_turns(
                lambda: client.call("StartExecution", stateMachineArn=arn, input="{}"),
                lambda: beside.call("StartExecution", stateMachineArn=beside_arn, input="{}"),
                rounds,
            )
        yield _compared("StartExecution", ours, "MiniStack", theirs, 2)
        with bare_server() as bare:
            nothing = Client(bare.endpoint)
            ours, theirs = _in_turns(
                lambda: _start_to_history(client, arn), lambda: nothing.post(b"{}", {}), rounds
            )
        yield _compared("start to history, 10 states", ours, "bare round trip", theirs, 8)


def _compared(name: str, ours: float, peer: str, theirs: float, to_reach: float) -> Line:
    return Line(
        name=name,
        step=f"{ours * 1e3:.2f} ms",
        beside=f"{peer} {theirs * 1e3:.2f} ms",
        figure=Figure(value=ours / theirs, unit="x", to_reach=to_reach),
    )


def _start_to_history(client: Client, arn: str) -> None:
    started = client.call("StartExecution", stateMachineArn=arn, input="{}")
    told = client.call("GetExecutionHistory", executionArn=started["executionArn"])
    while told["events"][-1]["type"] != "ExecutionSucceeded":
        told = client.call("GetExecutionHistory", executionArn=started["executionArn"])


def _in_turns(job: Callable[[], Any], beside: Callable[[], Any], rounds: int) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 20):
        for taken, work in zip(times, (job, beside), strict=True):
            begun = perf_counter()
            work()
            # The first ones warm what is measured.
            if number >= 20:
                taken.append(perf_counter() - begun)
    return median(times[0]), median(times[1])


def _at_once(is_quick: bool) -> Iterator[Line]:
    number = 200 if is_quick else 1000
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder)) as service:
        client = Client(service.endpoint)
        arn = client.create("waits", waiting(2))
        begun = perf_counter()
        for _ in range(number):
            client.call("StartExecution", stateMachineArn=arn, input="{}")
        started = perf_counter() - begun
        while client.call("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            sleep(0.01)
        late = perf_counter() - begun - started - 2
    yield Line(
        name=f"{number:,} executions that wait 2 s, at once",
        step=f"started in {started:.2f} s",
        beside="the last one's own 2 s",
        figure=Figure(value=late, unit="s later", to_reach=1),
    )


def _many_waiting(is_quick: bool) -> Iterator[Line]:
    number = 1000 if is_quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        with step_serve(Path(folder)) as service:
            client = Client(service.endpoint)
            arn = client.create("waits", waiting(86_400))
            for _ in range(number):
                client.call("StartExecution", stateMachineArn=arn, input="{}")
            resident, threads = service.resident_bytes, service.threads
        with step_serve(Path(folder)) as again:
            seconds = again.start_seconds
    yield Line(
        name=f"{number:,} executions that wait a day",
        step=f"{resident / _MB:.0f} MB",
        beside="",
        figure=Figure(value=resident / _MB, unit="MB", to_reach=500),
    )
    yield Line(
        name="threads meanwhile",
        step=str(threads),
        beside="",
        figure=Figure(value=threads, unit="threads", to_reach=50),
    )
    yield Line(
        name=f"start with {number:,} of them in the store",
        step=f"{seconds:.2f} s",
        beside="",
        figure=Figure(value=seconds, unit="s", to_reach=5),
    )


def _tasks(is_quick: bool) -> Iterator[Line]:
    tasks = 300 if is_quick else 2000
    relaxed, strict = tasks_per_second(tasks, "normal"), tasks_per_second(tasks, "full")
    theirs, theirs_strict = (
        dbos_steps_per_second(tasks // 2, "normal"),
        dbos_steps_per_second(tasks // 4, "default"),
    )
    for name, ours, beside in (
        ("tasks in a row, --sync normal", relaxed, theirs),
        ("tasks in a row, --sync full", strict, theirs_strict),
        ("tasks of a Map, --sync full", items_per_second(tasks, "full"), theirs_strict),
    ):
        yield Line(
            name=name,
            step=f"{ours:,.0f}/s",
            beside=f"DBOS {beside:,.0f}/s",
            figure=Figure(value=ours / beside, unit="x", to_reach=10, more_is_better=True),
        )


def _functions(is_quick: bool) -> Iterator[Line]:
    """Lambda tasks, each beside direct Invokes on one connection, which go before and after it."""
    rounds, items = (300, 2000) if is_quick else (2000, 100_000)
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder)) as service:
        endpoint = service.endpoint
        deploy(endpoint)
        invokes(endpoint, 1, 200)
        one = invokes(endpoint, 1, rounds)
        in_a_row, express = tasks(endpoint, rounds // 2), express_tasks(endpoint, rounds // 2)
        again = invokes(endpoint, 1, rounds)
        direct = median((one.per_second, again.per_second))
        for name, rate in (
            ("Lambda tasks in a row", in_a_row),
            ("StartSyncExecution of one", express.per_second),
        ):
            yield _per_direct(name, rate, direct)
        invokes(endpoint, 32, 20)
        many = invokes(endpoint, 32, rounds // 20)
        yield Line(
            name="32 clients of Invoke",
            step=f"{many.per_second:,.0f}/s, p99 {many.p99_ms:.0f} ms",
            beside=f"one {again.per_second:,.0f}/s, p99 {again.p99_ms:.1f} ms",
            figure=Figure(
                value=many.per_second / again.per_second, unit="x", to_reach=1, more_is_better=True
            ),
        )
        yield _per_direct(f"distributed Map of {items:,}", map_items(endpoint, items), direct)
        resident = service.resident_bytes
    yield Line(
        name="memory after it",
        step=f"{resident / _MB:.0f} MB",
        beside="",
        figure=Figure(value=resident / _MB, unit="MB", to_reach=400),
    )


def _per_direct(name: str, rate: float, direct: float) -> Line:
    return Line(
        name=name,
        step=f"{rate:,.0f}/s",
        beside=f"Invoke {direct:,.0f}/s",
        figure=Figure(value=direct / rate, unit="x the time", to_reach=1.5),
    )


def _integrations(is_quick: bool) -> Iterator[Line]:
    calls = 300 if is_quick else 2000
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder)) as service:
        for resource, parameters in make_queue_and_table(service.endpoint):
            sdk_calls(service.endpoint, 40, resource, parameters)
            rate = sdk_calls(service.endpoint, calls, resource, parameters)
            yield Line(
                name=resource.removeprefix("arn:aws:states:::"),
                step=f"{rate:,.0f}/s",
                beside="",
                figure=Figure(value=rate, unit="a second", to_reach=3000, more_is_better=True),
            )


if __name__ == "__main__":
    sys.exit(main())
