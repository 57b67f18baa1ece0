"""Measure what works from histories: python -m benchmarks.paths prints the figures of docs/paths.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

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
from step.paths.coverage import Coverage

ROOT = Path(__file__).resolve().parent.parent
Job = Callable[[], Execution]


def main() -> None:
    """Print how long coverage takes beside the execution that it is of."""
    print(f"{'coverage, of the execution':44} {'execution':>10} {'coverage':>10} {'share':>7}")
    for name, machine, job in _jobs():
        execution, coverage = job(), Coverage(machine.definition)
        history = execution.history
        timing = compare(lambda c=coverage, h=history: c.add(h), job, 15)  # type: ignore[misc]  # defaults bind now
        taken, whole = timing.seconds * 1e3, timing.beside_seconds * 1e3
        print(f"{name:44} {whole:7.3f} ms {taken:7.3f} ms {100 * timing.ratio:6.1f}%")


def _jobs() -> Iterator[tuple[str, StateMachine, Job]]:
    bread = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
    bread.attach(load_handlers(ROOT / "lambda" / "bread.py"))
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
