"""Test cases of a MockConfigFile: executions that were started with one get what it says instead of work.

Started as with AWS's Step Functions Local: ``...:stateMachine:NAME#CASE``. What a case doesn't mention is
done as ever. AWS: Step Functions developer guide, "Testing with mocked service integrations".
"""

from __future__ import annotations

import json
from pathlib import Path

from step.asl.model import Task
from step.asl.parse import every_state, parse
from step.durable.host import Host, Work
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask, TaskFailed
from step.errors import Refused, StepError
from step.machine.attachments import Attachments, check_name
from step.machine.files import read_text_file
from step.machine.mock_config import read_test_case

# What is kept with an execution: the name of its test case.
TEST_CASE = "test_case"
_NO_FILE = "no test cases are known: step serve --mocks MockConfigFile.json"


class Mocks:
    """The test cases, and the executions that run them.

    Args:
        file: A MockConfigFile; it is read again at each start. None: there is none.
    """

    host: Host

    def __init__(self, file: Path | None) -> None:
        self._file = file
        # What stands in for the work of running executions, by their ARNs; a text: why nothing can.
        self._running: dict[str, Attachments | str] = {}

    def bind(self, host: Host) -> None:
        """Get to know who runs; before the host opens."""
        self.host = host
        host.listeners.append(self._hear)

    def attachments(self, machine: str, case: str, definition: str) -> Attachments:
        """Read what stands in for work in a test case of a machine.

        Raises:
            Refused: there is no such case, or it names a state that the definition doesn't have.
        """
        if self._file is None:
            raise Refused("ValidationException", f"{machine}#{case}: {_NO_FILE}")
        states = every_state(parse(json.loads(definition)))
        tasks = {state.name: state.resource for state in states if isinstance(state, Task)}
        found = Attachments({}, frozenset(), frozenset(tasks))
        try:
            for state, responses in read_test_case(read_text_file(self._file), machine, case).items():
                check_name(state, tasks)
                found = found.add(state, responses, 0, is_whole=True)
        except (StepError, OSError) as problem:
            raise Refused("ValidationException", f"{machine}#{case}: {problem}") from problem
        return found

    def note(self, arn: str, attachments: Attachments) -> None:
        """Let an execution have what stands in for its work; before it starts."""
        self._running[arn] = attachments

    def open(self) -> None:
        """Let those that go on after a restart have it again; before the host opens."""
        for row in self.host.journal.running(children=False):
            case = json.loads(row.info)["more"].get(TEST_CASE)
            if case is None:
                continue
            try:
                self._running[row.arn] = self.attachments(row.machine_arn.split(":")[6], case, row.definition)
            except Refused as problem:
                self._running[row.arn] = problem.message

    def around(self, work: Work) -> Work:
        """Give who does tasks' work, but for what a test case answers."""

        def mocked(task: StartTask, info: ExecutionInfo) -> list[Input]:
            found = self._of(info.arn) if self._running else None
            if isinstance(found, str):
                return [TaskFailed(task.op, "States.Runtime", found)]
            if found is None or not found.has(task):
                return work(task, info)
            try:
                done = found.perform(task)
            except StepError as problem:
                return [TaskFailed(task.op, "States.Runtime", str(problem))]
            return [] if done is None else done[0]

        return mocked

    def _of(self, arn: str) -> Attachments | str | None:
        """Find what an execution was started with; a child execution has what is its parent's."""
        live = self.host.live(arn)
        while live is not None and live.parent is not None:
            live = live.parent
        return self._running.get(arn if live is None else live.info.arn)

    def _hear(self, arn: str) -> None:
        if arn in self._running:
            live = self.host.live(arn)
            if live is not None and not live.is_running:
                del self._running[arn]


def test_case_of(arn: str) -> tuple[str, str | None]:
    """Split a machine's ARN from the test case that may stand behind it."""
    machine, mark, case = arn.partition("#")
    return machine, case if mark else None
