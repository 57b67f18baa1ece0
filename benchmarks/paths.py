"""Measure what works from histories: python -m benchmarks.paths prints the figures of docs/paths.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.machines import (
    INCREMENT,
    Case,
    choice_loop,
    handler_loop,
    increment,
    map_over,
    parallel,
    payload_loop,
)
from benchmarks.measure import compare
from step import StateMachine
from step.machine.execution import Execution
from step.machine.files import load_handlers
from step.machine.histories import read_histories
from step.machine.report import plain_event
from step.paths.coverage import Coverage
from step.paths.replay import Replayer

ROOT = Path(__file__).resolve().parent.parent
Job = Callable[[], Execution]


def main() -> None:
    """Print how long coverage takes beside the execution that it is of, and how long replay takes."""
    print(f"{'coverage, of the execution':44} {'execution':>10} {'coverage':>10} {'share':>7}")
    for name, machine, job in _jobs():
        execution, coverage = job(), Coverage(machine.definition)
        history = execution.history
        timing = compare(lambda c=coverage, h=history: c.add(h), job, 15)  # type: ignore[misc]  # defaults bind now
        taken, whole = timing.seconds * 1e3, timing.beside_seconds * 1e3
        print(f"{name:44} {whole:7.3f} ms {taken:7.3f} ms {100 * timing.ratio:6.1f}%")
    _replay()


def _replay() -> None:
    """Print how long it takes to read and replay 10,000 files of histories, by a tenth of them."""
    bread = _bread()
    loaves = [{}, {"oven": {"failures": 1}}, {"oven": {"failures": 3}}, {"oven": {"minutes_to_golden": 30}}]
    texts = [
        json.dumps({"events": [plain_event(event) for event in bread.execute(loaf).history]})
        for loaf in loaves
    ]
    changed = StateMachine.from_json(json.loads(bread.to_json().replace("43200", "3600")))
    with TemporaryDirectory() as folder:
        for number in range(1000):
            file = Path(folder) / f"{number}.json"
            file.write_text(texts[number % len(texts)], encoding="utf-8")
        for name, machine in (("the same", bread), ("all part", changed)):
            start = perf_counter()
            replayer = Replayer(machine.definition)
            replays = [replayer.replay(one.file, one.events) for one in read_histories([Path(folder)])]
            seconds = 10 * (perf_counter() - start)
            assert all((replay.parting is None) == (machine is bread) for replay in replays)
            print(f"replay of 10,000 loaves, {name:34} {seconds:5.1f} s, to reach: 60 s")


def _bread() -> StateMachine:
    bread = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
    return bread.attach(load_handlers(ROOT / "lambda" / "bread.py"))


def _jobs() -> Iterator[tuple[str, StateMachine, Job]]:
    bread = _bread()
    yield "the bread", bread, lambda: bread.execute({"flour_grams": 140})
    cases: dict[str, Case] = {
        "loop of 1,000, handler": handler_loop(1000),
        "loop of 1,000 with 1 KB, handler": payload_loop(1000, 1, has_handler=True),
        "loop of 1,000, intrinsics": choice_loop(1000),
        "Parallel 10 x 100, intrinsics": parallel(10, 100),
        "Map over 500 items, intrinsics": map_over(500),
    }
    for name, case in cases.items():
        yield name, case.machine(), case.job()
    machine = _map_with_handler()
    yield "Map over 500 items, handler", machine, lambda: machine.execute({"items": [{"i": 1}] * 500})


def _map_with_handler() -> StateMachine:
    body = {"Type": "Task", "Resource": INCREMENT, "End": True}
    processor = {"StartAt": "Increment", "States": {"Increment": body}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    machine = StateMachine.from_json({"StartAt": "Each", "States": {"Each": each}})  # type: ignore[dict-item]  # JSON
    return machine.set_resource_function(INCREMENT, increment)


if __name__ == "__main__":
    main()
