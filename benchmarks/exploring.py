"""Measure the explorer: python -m benchmarks.exploring prints the figures of docs/paths.md."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

from step import StateMachine
from step.machine.checks import CheckFile
from step.machine.files import load_handlers
from step.paths import Exploration
from step.paths.certificate import Certificate
from step.paths.checker import check

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"


def main() -> None:
    """Print situations, time and memory of machines that are explored whole."""
    print(f"{'machine':44} {'situations':>10} {'moves':>8} {'seconds':>8} {'a minute':>10} {'checked':>8}")
    checks = CheckFile.from_file(ROOT / "paths" / "bread.py")
    bread = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
    bread.attach(load_handlers(ROOT / "lambda" / "bread.py"))
    explored(
        "the bread, its oven as the world", bread, checks.inputs[0], invariants=checks.checks["invariants"],
        world=checks.checks["world"], effects=checks.checks["effects"],
    )  # fmt: skip
    explored("Parallel of 4 x 4 tasks", grid(4, 4), {})
    explored("Parallel of 10 x 3 tasks", grid(10, 3), {})
    explored("Parallel of 4 x 4 tasks, with a world", grid(4, 4), {}, world={"here": True})
    explored("seven tasks, retried and caught", chain(7), {})
    tracemalloc.start()
    found = chain(7).explore({})
    memory = tracemalloc.get_traced_memory()[1] / found.situations
    print(f"memory of the last one, at most: {memory:.0f} bytes a situation")


def explored(name: str, machine: StateMachine, value: object, **around: Any) -> Exploration:
    machine.explore(value, **around)
    began = time.perf_counter()
    found = machine.explore(value, **around)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    check(Certificate.from_bytes(found.certificate().to_bytes()), found.setup, around.get("invariants", ()))
    checked = time.perf_counter() - began
    a_minute = found.situations / seconds * 60
    print(
        f"{name:44} {found.situations:10,} {found.moves:8,} {seconds:8.3f} {a_minute:10,.0f} {checked:7.3f}s"
    )
    return found


def grid(branches: int, tasks: int) -> StateMachine:
    """Branches of tasks that any error ends."""
    bodies = []
    for branch in range(branches):
        names = [f"B{branch}T{task}" for task in range(tasks)]
        states = {
            name: task_state(**({"Next": then} if then else {"End": True}))
            for name, then in zip(names, [*names[1:], None], strict=True)
        }
        bodies.append({"StartAt": names[0], "States": states})
    whole = {"Type": "Parallel", "Branches": bodies, "End": True}
    return answering({"StartAt": "Whole", "States": {"Whole": whole}})


def chain(tasks: int) -> StateMachine:
    """Tasks of which each is tried again, may time out, and is caught with its error kept."""
    states: dict[str, Any] = {"End": {"Type": "Succeed"}}
    for number in reversed(range(tasks)):
        then = f"T{number + 1}" if number + 1 < tasks else "End"
        states[f"T{number}"] = task_state(
            TimeoutSeconds=60,
            ResultPath=f"$.result{number}",
            Retry=[{"ErrorEquals": ["Known"], "MaxAttempts": 2}],
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.error{number}", "Next": then}],
            Next=then,
        )
    return answering({"StartAt": "T0", "States": states})


def task_state(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, **fields}


def answering(definition: dict[str, Any]) -> StateMachine:
    return StateMachine.from_json(definition).set_resource_function(FUNCTION, lambda event: {"ok": True})


if __name__ == "__main__":
    main()
