"""What history keeps in memory may change its form: a store made before goes on."""

from __future__ import annotations

import json
from pathlib import Path

from step.durable.clocks import VirtualClock
from step.durable.host import Host
from step.durable.journal import Journal
from step.engine.frames import ExecutionInfo
from step.engine.states.task import TaskState
from step.engine.vocabulary import Input, StartTask, TaskSucceeded

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
TASK_THEN_WAIT = json.dumps(
    {
        "StartAt": "Do",
        "States": {
            "Do": {"Type": "Task", "Resource": FUNCTION, "Next": "Ask"},
            "Ask": {"Type": "Task", "Resource": FUNCTION, "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 60, "End": True},
        },
    }
)


def info(name: str) -> ExecutionInfo:
    return ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:123456789012:execution:m:{name}",
        name=name,
        input=1,
        start_ms=VirtualClock().now_ms(),
        role_arn=None,
        machine_arn=MACHINE,
        machine_name="m",
    )


def work(task: StartTask, _: ExecutionInfo) -> list[Input]:
    return [TaskSucceeded(task.op, task.payload)]


def test_a_task_in_one_row_or_in_several_is_the_same_history(tmp_path: Path) -> None:
    host = Host(Journal(tmp_path), VirtualClock(), work)
    host.open()
    live = host.start(info("a"), TASK_THEN_WAIT)
    assert live.ended.wait(30)
    rows, events = len(live.kernel.rows), list(host.history(live.info.arn) or ())
    host.close()

    again = Host(Journal(tmp_path), VirtualClock(), work)
    program = again._driver.recovery.program(TASK_THEN_WAIT)
    first = program.start
    assert isinstance(first, TaskState)
    assert first.gives_input
    # As it was before a task's entry and its schedule were one row.
    first.gives_input = first.gives_result = False
    again.open()
    row = again.journal.execution(live.info.arn)
    assert row is not None
    replayed, _ = again._driver.recovery.replay(row)

    assert len(replayed.kernel.rows) > rows
    assert list(replayed.kernel.history) == events
    again.close()
