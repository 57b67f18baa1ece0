"""The driver in virtual time: what happens first, what is cancelled, and when nothing can happen any more."""

from __future__ import annotations

from typing import Any

import pytest

from step import StateMachine
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import StartTask, TaskSucceeded
from step.errors import NothingToWaitFor
from step.runtime.virtual import Perform, VirtualDriver

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": True}
DAY = 24 * 3600 * 1000


def never(task: StartTask) -> None:
    return None


def after(ms: int) -> Perform:
    return lambda task: ([TaskSucceeded(task.op, task.state)], ms)


def parallel(**branches: dict[str, Any]) -> dict[str, Any]:
    starts = [{"StartAt": name, "States": {name: state}} for name, state in branches.items()]
    return {"P": {"Type": "Parallel", "Branches": starts, "End": True}}


def run(states: dict[str, Any], perform: Perform, *, quotas: Quotas | None = None, **machine: Any) -> Kernel:
    definition = {"StartAt": next(iter(states)), "States": states, **machine}
    program = Program.from_definition(StateMachine.from_json(definition).definition)
    info = ExecutionInfo(
        arn="arn:run", name="run", input={}, start_ms=0, role_arn="", machine_arn="arn:m", machine_name="m"
    )
    kernel = Kernel(program, info, quotas)
    VirtualDriver(kernel, perform).run({})
    return kernel


def test_ten_years_of_waiting_take_no_time() -> None:
    kernel = run({"A": {"Type": "Wait", "Seconds": 99_999_999, "End": True}}, never)

    assert kernel.now == 99_999_999_000


@pytest.mark.parametrize("quotas", [None, Quotas()])
def test_wait_that_nothing_can_end_names_the_state(quotas: Quotas | None) -> None:
    said = "state 'Knead' waits for an answer that nobody can give: attach a function"
    with pytest.raises(NothingToWaitFor, match=said):
        run({"Knead": TASK}, never, quotas=quotas)


def test_all_states_that_wait_in_vain_are_named() -> None:
    with pytest.raises(NothingToWaitFor, match="state 'Knead', 'Rise' waits"):
        run(parallel(Knead=TASK, Rise=TASK), never)


def test_other_branches_go_on_before_a_wait_is_given_up() -> None:
    asked: list[str] = []

    def perform(task: StartTask) -> Any:
        asked.append(task.state)
        return None if task.state == "Knead" else ([TaskSucceeded(task.op, 0)], DAY)

    with pytest.raises(NothingToWaitFor, match="state 'Knead' waits"):
        run(parallel(Knead=TASK, Bake={**TASK}), perform, quotas=Quotas())

    assert asked == ["Knead", "Bake"]


@pytest.mark.parametrize("where", ["state", "machine"])
def test_timeout_ends_a_wait_for_nobody(where: str) -> None:
    timeout = {"TimeoutSeconds": 60}
    state, machine = (TASK | timeout, {}) if where == "state" else (TASK, timeout)

    kernel = run({"A": state}, never, quotas=Quotas(), **machine)

    assert (kernel.status, kernel.now) == ("FAILED" if where == "state" else "TIMED_OUT", 60_000)


def test_answers_come_in_the_order_of_their_times() -> None:
    delays = {"A": 3000, "B": 1000, "C": 2000}
    kernel = run(
        parallel(A=TASK, B=TASK, C=TASK), lambda t: ([TaskSucceeded(t.op, t.state)], delays[t.state])
    )

    done = [
        event["lambdaFunctionSucceededEventDetails"]["output"]
        for event in kernel.history
        if event["type"] == "LambdaFunctionSucceeded"
    ]
    assert done == ['"B"', '"C"', '"A"']
    assert kernel.output == ["A", "B", "C"]


def test_answer_at_the_instant_of_a_timeout_is_in_time() -> None:
    assert run({"A": {**TASK, "TimeoutSeconds": 5}}, after(5000)).status == "SUCCEEDED"


def test_answer_to_a_cancelled_task_takes_no_time() -> None:
    fail = {"Type": "Fail", "Error": "Burnt"}

    kernel = run(parallel(A=TASK, B=fail), after(DAY))

    assert (kernel.status, kernel.now) == ("FAILED", 0)


def test_caught_failure_goes_on_without_waiting_for_cancelled_work() -> None:
    states = parallel(A=TASK, B={"Type": "Fail", "Error": "Burnt"})
    states["P"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]
    states["Z"] = {"Type": "Wait", "Seconds": 7, "End": True}

    kernel = run(states, after(DAY))

    assert (kernel.status, kernel.now) == ("SUCCEEDED", 7000)
