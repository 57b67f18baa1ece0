"""A definition with its handlers: what users run.

Reads definition files; knows no AWS and no wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from step.arn import execution_arn
from step.asl import model, taskfn
from step.asl.parse import inner_branches, parse
from step.asl.source import Source, read_source, source_of
from step.asl.validate import validate
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.errors import DefinitionError, Diagnostic
from step.jsonvalue import JSONObject, JSONValue, copy_json
from step.machine.attachments import Attachments, check_name
from step.machine.execution import Execution
from step.machine.mock_config import read_test_case
from step.runtime.virtual import VirtualDriver
from step.tasks import TaskHandlers, encode

ACCOUNT = "123456789012"
REGION = "us-east-1"
# Virtual time starts here unless told otherwise: a run repeats to the millisecond.
START = datetime(2026, 1, 1, tzinfo=UTC)
QUOTAS = Quotas()


class StateMachine:
    """A definition and what does the work of its tasks.

    Running it changes nothing in it: a thousand executions, from threads at once too, don't see each other.
    """

    def __init__(
        self, definition: model.Definition, document: JSONObject, name: str, warnings: list[Diagnostic]
    ) -> None:
        self.definition = definition
        self.name = name
        self.warnings = warnings
        self._document = document
        self._attachments = Attachments({}, frozenset(taskfn.task_fn_names(document)))

    @classmethod
    def from_file(
        cls, path: str | Path, *, substitutions: Mapping[str, str] | None = None, name: str | None = None
    ) -> StateMachine:
        """Read a definition file; its machine's name is the file's unless one is given.

        Args:
            path: The file.
            substitutions: Texts for ``${...}`` placeholders, as SAM, CDK and templatefile write them; a
                placeholder without one stays as it is.
            name: The machine's name.

        Raises:
            DefinitionError: lists every problem with its place and line.
        """
        path = Path(path)
        stem = name or path.name.removesuffix(".json").removesuffix(".asl")
        source = read_source(path.read_bytes().decode("utf-8", "replace"))
        return cls._from_source(source, substitutions, stem, str(path))

    @classmethod
    def from_json(
        cls,
        definition: str | Mapping[str, JSONValue],
        *,
        substitutions: Mapping[str, str] | None = None,
        name: str = "StateMachine",
    ) -> StateMachine:
        """Take a definition as JSON text or as a decoded object; otherwise as ``from_file``."""
        source = read_source(definition) if isinstance(definition, str) else source_of(definition)
        return cls._from_source(source, substitutions, name, None)

    @classmethod
    def _from_source(
        cls, source: Source, substitutions: Mapping[str, str] | None, name: str, file: str | None
    ) -> StateMachine:
        diagnostics = validate(source)
        errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "ERROR"]
        if errors:
            raise DefinitionError(errors, file)
        document = source.value
        assert isinstance(document, dict)
        if substitutions:
            document = _substitute(document, substitutions)
            assert isinstance(document, dict)
        definition = parse(taskfn.expand(document))
        return cls(definition, document, name, [d for d in diagnostics if d.severity != "ERROR"])

    def to_json(self, function_arn: str = taskfn.PLACEHOLDER, *, indent: int | None = 2) -> str:
        """Write the definition that AWS accepts: each TaskFn as a Task on ``function_arn``, nothing lost."""
        return json.dumps(taskfn.expand(self._document, function_arn), indent=indent, ensure_ascii=False)

    @cached_property
    def tasks(self) -> dict[str, str]:
        """The Task states and their resources, those inside Parallel and Map too."""
        found: dict[str, str] = {}

        def visit(branch: model.Branch) -> None:
            for state in branch.states.values():
                if isinstance(state, model.Task):
                    found[state.name] = state.resource
                for inner in inner_branches(state):
                    visit(inner)

        visit(self.definition)
        return found

    @cached_property
    def _program(self) -> Program:
        return Program.from_definition(self.definition)

    def set_resource_function(self, name: str, function: object, *, duration: float = 0) -> StateMachine:
        """Say what does a task's work, by state name or by resource; executions that run go on as before.

        By state name the work is the task's whole: a TaskFn's function takes the input its handler would, and
        one on ``lambda:invoke`` takes and gives what the Lambda would. By ARN it stands for a Lambda function
        (also where ``lambda:invoke`` names it) or for an integration, whose parameters it takes and whose
        result it gives. Where both are there, the state's name holds.

        Args:
            name: A Task state's name, a resource ARN, or a Lambda function's name or ARN.
            function: A function of the payload (and Lambda context); or a value, the result; or an exception
                (class), raised; or a list of those, one for each attempt, the last one for all further ones.
            duration: How long the work takes, in seconds of virtual time; ``math.inf``: it never ends.

        Returns:
            The machine itself.

        Raises:
            HandlerError: the definition has no such task.
        """
        check_name(name, self.tasks)
        self._attachments = self._attachments.add(name, function, duration)
        return self

    def attach(self, handlers: TaskHandlers) -> StateMachine:
        """Let a whole TaskHandlers do the work of every TaskFn, through the message it gets in a Lambda.

        Raises:
            HandlerError: a TaskFn has no handler there.
        """
        handlers.check_tasks(taskfn.task_fn_names(self._document))
        return self.set_resource_function(taskfn.PLACEHOLDER, handlers)

    def mock(self, config: str | Path, test_case: str) -> StateMachine:
        """Take what tasks return from a test case of a MockConfigFile, which Step Functions Local reads too.

        Args:
            config: The file.
            test_case: The test case's name, under the machine's name in the file.

        Raises:
            StepError: names what the file lacks.
            HandlerError: the test case names a state that isn't a Task.
        """
        text = Path(config).read_text(encoding="utf-8")
        for state, attempts in read_test_case(text, self.name, test_case).items():
            check_name(state, self.tasks)
            self._attachments = self._attachments.add(state, attempts, 0, is_whole=True)
        return self

    def execute(
        self,
        input: object = None,
        *,
        name: str | None = None,
        start: datetime = START,
        seed: str = "0",
        quotas: Quotas | None = QUOTAS,
    ) -> Execution:
        """Run the machine to its end in virtual time.

        A failure of the workflow is the execution's status and error, and raises nothing.

        Args:
            input: JSON; or an object whose fields are (a dataclass, ...); None: an empty object, as on AWS.
            name: The execution's name; made from the seed unless given.
            start: When it starts; an aware datetime.
            seed: What all randomness comes from: jitter, UUIDs, random numbers, task tokens.
            quotas: AWS's limits; None: no limit.

        Raises:
            TypeError: the input isn't JSON; the message names the place.
            HandlerError: a task is reached that nothing is attached to.
            NothingToWaitFor: a wait that nothing can end; the message names the state.
        """
        value = _input_value(input)
        machine_arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}"
        name = name or str(uuid5(NAMESPACE_URL, f"{machine_arn}/{seed}"))
        info = ExecutionInfo(
            arn=execution_arn(machine_arn, name),
            name=name,
            input=value,
            start_ms=round(start.timestamp() * 1000),
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            machine_arn=machine_arn,
            machine_name=self.name,
            seed=seed,
        )
        kernel = Kernel(self._program, info, quotas)
        VirtualDriver(kernel, self._attachments.perform).run(value)
        return Execution(kernel, self.definition)


def _input_value(value: object) -> JSONValue:
    if value is None:
        return {}
    if isinstance(value, dict | list | str | int | float | bool):
        return copy_json(value)
    return encode(value)


def _substitute(value: JSONValue, substitutions: Mapping[str, str]) -> JSONValue:
    match value:
        case str():
            for name, text in substitutions.items():
                value = value.replace(f"${{{name}}}", text)
            return value
        case dict():
            return {key: _substitute(item, substitutions) for key, item in value.items()}
        case list():
            return [_substitute(item, substitutions) for item in value]
        case _:
            return value
