"""A definition with its handlers: what users run.

Reads definition files; knows no AWS and no wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import NAMESPACE_URL, uuid5

from step.arn import execution_arn
from step.asl import model, taskfn
from step.asl.parse import every_state, parse
from step.asl.source import Source, read_source, source_of
from step.asl.validate import has_errors, validate
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import EXPRESS, Quotas
from step.engine.vocabulary import Input, StartTask
from step.errors import DefinitionError, Diagnostic, StepError
from step.jsonvalue import JSONObject, JSONValue, copy_json, size_bytes, to_text
from step.machine.attachments import Attachments, check_name
from step.machine.execution import Execution
from step.machine.explorable import Explorable
from step.machine.files import read_text_file
from step.machine.mock_config import read_test_case
from step.machine.project_functions import missing_code, open_machine, python_functions
from step.machine.samples import Samples
from step.machine.watchers import WATCHERS, Ran
from step.machine.work import Callback, Work, calls_step_functions
from step.projects.application import Application, ProjectMachine
from step.runtime.executions import DrivenExecutions, StartPlan
from step.runtime.map_items import ItemSource, MapItems, item_source
from step.runtime.objects import MemoryObjects, Objects
from step.runtime.recent import keep
from step.runtime.services import Services
from step.runtime.virtual import Perform, VirtualDriver
from step.runtime.workers import RunRecord
from step.tasks import TaskHandlers, encode

if TYPE_CHECKING:  # only those who explore load it
    from step.machine.paths import Handlers
    from step.paths.setup import Setup
    from step.paths.work import Effect

ACCOUNT = "123456789012"
REGION = "us-east-1"
# Virtual time starts here unless told otherwise: a run repeats to the millisecond.
START = datetime(2026, 1, 1, tzinfo=UTC)
QUOTAS = Quotas()
MachineType = Literal["STANDARD", "EXPRESS"]


class StateMachine(Explorable):
    """A definition and what does the work of its tasks.

    Running it changes nothing in it: a thousand executions, from threads at once too, don't see each other.

    Examples:
        >>> from step import StateMachine
        >>> machine = StateMachine.from_json({
        ...     "StartAt": "Rest",
        ...     "States": {
        ...         "Rest": {"Type": "Wait", "Seconds": 3600, "Next": "Bake"},
        ...         "Bake": {"Type": "TaskFn", "End": True},
        ...     },
        ... })
        >>> machine.set_resource_function("Bake", {"is_baked": True}).execute({"grams": 500})
        <Execution SUCCEEDED: Rest > Bake>
    """

    def __init__(
        self,
        definition: model.Definition,
        source: Source,
        document: JSONObject,
        *,
        name: str,
        type: MachineType = "STANDARD",
        file: str | None = None,
        warnings: Sequence[Diagnostic] = (),
    ) -> None:
        self.definition = definition
        self.name = name
        self.type = type
        self.warnings = warnings
        self.notes: Sequence[str] = ()
        # The documents of the machines that this one may start.
        self._others: Sequence[JSONObject] = ()
        self._source = source
        self._document = document
        self._file = file
        task_fns = frozenset(taskfn.task_fn_names(document))
        self._attachments = Attachments({}, task_fns, frozenset(self.tasks))
        self._sources: Mapping[str, ItemSource] = {}
        self._objects: Objects | None = None
        self._services: Services | None = None
        # None: nothing is said about which machines there are.
        self._machines: Mapping[str, StateMachine] | None = None
        self._callbacks: Mapping[str, Callback] = {}
        self._handlers: TaskHandlers | None = None

    def _repr_html_(self) -> str:
        """Show it in a notebook: its picture."""
        from step.machine.notebook import machine_html

        return machine_html(self.definition, self.name, self.type)

    @property
    def arn(self) -> str:
        """The machine's ARN: what other machines start it by."""
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}"

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        substitutions: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        name: str | None = None,
        type: MachineType | None = None,
    ) -> Self:
        """Read a machine, from a definition's file or from the project that has it.

        A project's Python functions do the work of the tasks that call them, its machines start each other,
        and what else its tasks call answers with samples (``mock_rest``); ``notes`` says what couldn't be
        known, and which functions aren't run.

        Args:
            path: A definition in JSON or YAML; or a project (a SAM or CloudFormation template, a ``cdk.out``,
                Terraform's), with ``#NAME`` behind it where it has several machines.
            substitutions: Texts for ``${...}`` placeholders, as SAM, CDK and templatefile write them; a
                placeholder without one stays as it is.
            parameters: Values for a template's parameters, for Terraform's variables.
            name: The machine's name; the project's or the file's unless given.
            type: "STANDARD" or "EXPRESS"; the project's, or STANDARD.

        Raises:
            DefinitionError: lists every problem with its place and line.
            StepError: the project can't be read, or has no such machine.
        """
        application, code = open_machine(path, parameters, substitutions)
        machine = cls.from_code(code, name=name, type=type)
        if application.is_project:
            machine._join(application, code)
        return machine

    @classmethod
    def from_code(
        cls, code: ProjectMachine, *, name: str | None = None, type: MachineType | None = None
    ) -> Self:
        """Take a machine that was found in a project; nothing is attached to it.

        Raises:
            DefinitionError: lists every problem with its place and line.
        """
        return cls._from_source(code.source, None, name or code.name, type or code.type, str(code.file))

    def _join(self, application: Application, own: ProjectMachine) -> None:
        """Let a project's functions do the work of its tasks, and its machines start each other."""
        functions = python_functions(application)
        machines: list[StateMachine] = []
        text = to_text(self._document)
        if any(map(calls_step_functions, self.tasks.values())):
            for code in application.machines:
                with suppress(DefinitionError):
                    machines += [StateMachine.from_code(code)] if code is not own else []
        for machine in (self, *machines):
            for function in functions:
                machine.set_resource_function(function.code.arn, function)
            if machines:
                machine.set_machines(self, *machines)
                machine._others = [other._document for other in (self, *machines) if other is not machine]
            machine.mock_rest()
        self.notes = (*application.notes, *missing_code(application, text))

    @classmethod
    def from_json(
        cls,
        definition: str | Mapping[str, JSONValue],
        *,
        substitutions: Mapping[str, str] | None = None,
        name: str = "StateMachine",
        type: MachineType = "STANDARD",
    ) -> Self:
        """Take a definition as JSON text or as a decoded object; otherwise as ``from_file``."""
        source = read_source(definition) if isinstance(definition, str) else source_of(definition)
        return cls._from_source(source, substitutions, name, type)

    @classmethod
    def _from_source(
        cls,
        source: Source,
        substitutions: Mapping[str, str] | None,
        name: str,
        type: MachineType,
        file: str | None = None,
    ) -> Self:
        diagnostics = validate(source, type=type)
        if has_errors(diagnostics):
            raise DefinitionError([d for d in diagnostics if d.severity == "ERROR"], file)
        document = source.value
        assert isinstance(document, dict)
        if substitutions:
            document = _substitute(document, substitutions)
            assert isinstance(document, dict)
        definition = parse(taskfn.expand(document))
        return cls(definition, source, document, name=name, type=type, file=file, warnings=diagnostics)

    def to_json(self, function_arn: str = taskfn.PLACEHOLDER, *, indent: int | None = 2) -> str:
        """Write the definition that AWS accepts: each TaskFn as a Task on ``function_arn``, nothing lost."""
        return json.dumps(taskfn.expand(self._document, function_arn), indent=indent, ensure_ascii=False)

    @cached_property
    def tasks(self) -> dict[str, str]:
        """The Task states and their resources, those inside Parallel and Map too."""
        return {state.name: state.resource for state in self._task_states}

    @cached_property
    def readers(self) -> dict[str, str]:
        """The distributed Maps with an ItemReader, and its resources."""
        return {
            state.name: str(state.item_reader["Resource"])
            for state in every_state(self.definition)
            if isinstance(state, model.Map) and state.item_reader is not None
        }

    @cached_property
    def _task_states(self) -> list[model.Task]:
        return [state for state in every_state(self.definition) if isinstance(state, model.Task)]

    @cached_property
    def _functions(self) -> list[str]:
        """What the ``lambda:invoke`` states call, where the definition says it."""
        payloads = [payload for state in self._task_states for payload in (state.parameters, state.arguments)]
        named = [payload.get("FunctionName") for payload in payloads if isinstance(payload, dict)]
        return [name for name in named if isinstance(name, str)]

    @cached_property
    def _program(self) -> Program:
        # A placeholder may stand for anything until the definition is run; then it must mean something.
        if "${" in to_text(self._document):
            problems = validate(replace(self._source, value=self._document), type=self.type, for_run=True)
            if has_errors(problems):
                raise DefinitionError([d for d in problems if d.severity == "ERROR"], self._file)
        return Program.from_definition(self.definition)

    def set_resource_function(self, name: str, function: object, *, duration: float = 0) -> StateMachine:
        """Say what does a task's work, by state name or by resource; executions that run go on as before.

        By state name the work is the task's whole: a TaskFn's function takes the input its handler would, and
        one on ``lambda:invoke`` takes and gives what the Lambda would. By ARN it stands for a Lambda function
        (also where ``lambda:invoke`` names it) or for an integration, whose parameters it takes and whose
        result it gives. Where both are there, the state's name holds.

        By a distributed Map's name, or its reader's resource, it gives the items: an iterable of them, or a
        function of the reader's parameters that gives one, or an exception.

        Args:
            name: A Task state's name, a resource ARN, or a Lambda function's name or ARN; or a Map's.
            function: A function of the payload (and Lambda context); or a value, the result; or an exception
                (class), raised; or a list of those, one for each invocation of the state in an execution
                (retries, loops and iterations go on in it), the last one for all further ones.
            duration: How long the work takes, in seconds of virtual time; ``math.inf``: it never ends.

        Returns:
            The machine itself.

        Raises:
            HandlerError: the definition has no such task.

        Examples:
            A gateway that fails once, and then takes half a minute:

            >>> from step import StateMachine
            >>> retrier = {"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 10}
            >>> states = {"Pay": {"Type": "TaskFn", "Retry": [retrier], "End": True}}
            >>> machine = StateMachine.from_json({"StartAt": "Pay", "States": states})
            >>> answers = [ConnectionError("busy"), {"paid": True}]
            >>> machine.set_resource_function("Pay", answers, duration=30).execute().elapsed
            70.0
        """
        if name in self.readers or name in self.readers.values():
            self._sources = {**self._sources, name: item_source(function)}
            return self
        check_name(name, self.tasks, self._functions)
        if name not in self.tasks and ":" not in name and "$" not in name:
            name = f"{ACCOUNT}:function:{name}"
        self._attachments = self._attachments.add(name, function, duration)
        return self

    def set_objects(self, objects: Objects | MutableMapping[str, bytes | str]) -> StateMachine:
        """Say where distributed Maps read objects and write results.

        Args:
            objects: A dictionary from ``bucket/key`` to what is in the object, where results are put too; or
                any other store (``step.aws.s3.S3Objects`` is S3).

        Returns:
            The machine itself.
        """
        self._objects = MemoryObjects(objects) if isinstance(objects, MutableMapping) else objects
        return self

    def set_callback(self, name: str, function: Callback) -> StateMachine:
        """Say what takes the tasks that a token ends: those of a ``.waitForTaskToken`` or an activity.

        The function is called with the task's parameters and, as a second argument, a ``TaskAnswers``, whose
        ``success``, ``failure`` and ``heartbeat`` come so many seconds of virtual time later. What it returns
        is what the integration's call gives; an exception is the call's failure.

        Args:
            name: A Task state's name, or a resource: an integration's ARN or an activity's.
            function: What takes the task.

        Returns:
            The machine itself.

        Raises:
            HandlerError: the definition has no such task.

        Examples:
            A person who says yes after an hour:

            >>> from step import StateMachine
            >>> ask = {
            ...     "Type": "Task",
            ...     "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            ...     "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
            ...     "End": True,
            ... }
            >>> machine = StateMachine.from_json({"StartAt": "Ask", "States": {"Ask": ask}})
            >>> def person(message, answers):
            ...     answers.success({"approved": True}, after=3600)
            >>> execution = machine.set_callback("Ask", person).execute()
            >>> execution.output, execution.elapsed
            ({'approved': True}, 3600.0)
        """
        check_name(name, self.tasks)
        self._callbacks = {**self._callbacks, name: function}
        return self

    def set_machines(self, *machines: StateMachine) -> StateMachine:
        """Say which machines this one's tasks can start, by their ARNs; itself is among them.

        Their executions run on the same clock, with what is attached to each.

        Returns:
            The machine itself.
        """
        self._machines = {**(self._machines or {}), **{machine.arn: machine for machine in (self, *machines)}}
        return self

    def set_services(self, services: Services) -> StateMachine:
        """Say who calls AWS's services for the tasks that nothing is attached to.

        Args:
            services: ``step.aws.services.AwsServices()`` calls the endpoints that the environment names.

        Returns:
            The machine itself.
        """
        self._services = services
        return self

    def mock_rest(self) -> Self:
        """Answer with a sample for whatever nothing is attached to.

        A sample has what the definition reads, with values that lead its Choices to an end that is no
        failure; ``sample`` is the one of this machine. ``Execution.mocked`` says which states got it.

        Returns:
            The machine itself.
        """
        samples = self._samples
        self._attachments = self._attachments.with_rest(lambda payload, task: samples.result(task.state))
        for name in self.readers:
            if name not in self._sources:
                self._sources = {**self._sources, name: item_source([samples.whole] * 2)}
        if self._objects is None:
            self.set_objects({})
        return self

    def mock_all(self) -> Self:
        """Answer with samples for everything, in the machines that this one starts too."""
        machines: dict[str, StateMachine] = {**(self._machines or {}), self.arn: self}
        for machine in machines.values():
            machine.mock_rest()
            machine._attachments = machine._attachments.only_rest()
        return self

    @property
    def is_mocked(self) -> bool:
        """Whether what nothing is attached to is answered with a sample."""
        return self._attachments.has_rest

    @cached_property
    def sample(self) -> JSONValue:
        """An input that has all that the definition reads."""
        return self._samples.input

    @cached_property
    def _samples(self) -> Samples:
        return Samples(self._document, self._others)

    def attach(self, handlers: TaskHandlers) -> StateMachine:
        """Let a whole TaskHandlers do the work of every TaskFn, through the message it gets in a Lambda.

        Raises:
            HandlerError: a TaskFn has no handler there.
        """
        handlers.check_tasks(taskfn.task_fn_names(self._document))
        self._handlers = handlers
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
        text = read_text_file(Path(config))
        for state, responses in read_test_case(text, self.name, test_case).items():
            check_name(state, self.tasks)
            self._attachments = self._attachments.add(state, responses, 0, is_whole=True)
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
            quotas: AWS's limits, an Express machine's for one; None: no limit.

        Raises:
            TypeError: the input isn't JSON; the message names the place.
            StepError: the input is larger than any execution's may be.
            HandlerError: a task is reached that nothing is attached to.
            NothingToWaitFor: a wait that nothing can end; the message names the state.

        Examples:
            >>> from step import StateMachine
            >>> states = {"Burnt": {"Type": "Fail", "Error": "Burnt", "Cause": "It was too hot."}}
            >>> execution = StateMachine.from_json({"StartAt": "Burnt", "States": states}).execute()
            >>> execution.status, execution.error, execution.cause
            ('FAILED', 'Burnt', 'It was too hot.')
        """
        value = _input_value(input)
        quotas = self._quotas(quotas)
        if quotas is not None and (size := size_bytes(value, quotas.payload_bytes)) > quotas.payload_bytes:
            raise StepError(
                f"the input is {size:,} bytes of JSON; AWS starts no execution with more than "
                f"{quotas.payload_bytes:,}"
            )
        name = name or str(uuid5(NAMESPACE_URL, f"{self.arn}/{seed}"))
        kernel = self._kernel(name, value, round(start.timestamp() * 1000), seed, quotas)
        items = MapItems(self._sources, self._objects)
        record = RunRecord([], {})
        if not self._works_together:
            driver = VirtualDriver(kernel, self._attachments.recording(record).perform, items)
            driver.run(value)
            self._tell_watchers([kernel, *driver.children])
            return self._ended(Execution(kernel, self.definition, driver.children, record=record))
        executions = DrivenExecutions(self._machines, seed)
        driver = executions.driver = VirtualDriver(kernel, self._work(executions, record), items)
        driver.run(value)
        self._tell_watchers([kernel, *driver.children])
        for one in executions.started:
            if isinstance(one.machine, StateMachine):
                one.machine._tell_watchers([one.kernel, *one.children])
        return self._ended(Execution(kernel, self.definition, driver.children, executions.started, record))

    @staticmethod
    def _ended(execution: Execution) -> Execution:
        keep(execution)
        return execution

    def setup(
        self,
        input: object,
        world: Any,
        handlers: Handlers | None,
        effects: Mapping[str, Effect] | None,
        start: datetime | None = None,
        name: str = "paths",
    ) -> Setup:
        from step.machine.paths import setup_of, unknown_setup

        start_ms = round((start or START).timestamp() * 1000)
        if self._attachments.is_empty and handlers is None:
            info = self._info(name, {}, start_ms, "0")
            return unknown_setup(self.definition, self._document, info, world=world, effects=effects or {})
        info = self._info(name, _input_value(input), start_ms, "0")
        return setup_of(
            self.definition,
            self._program,
            info,
            self._quotas(QUOTAS),
            self._attachments,
            world=world,
            handlers=handlers,
            effects=effects or {},
            declared=self._handlers,
        )

    def perform(self, task: StartTask) -> tuple[list[Input], int] | None:
        """Do a task's work with what is attached; see ``runtime.virtual.Perform``.

        Raises:
            HandlerError: nothing is attached that could do it.
        """
        return self._attachments.perform(task)

    def plan(self, name: str, value: JSONValue, start_ms: int, executions: DrivenExecutions) -> StartPlan:
        """Make an execution that another machine's task starts; see ``runtime.executions.Machine``."""
        seed = f"{executions.seed}/{name}"
        kernel = self._kernel(name, value, start_ms, seed, self._quotas(QUOTAS))
        return StartPlan(
            kernel, self._work(executions, RunRecord([], {})), MapItems(self._sources, self._objects)
        )

    def _tell_watchers(self, kernels: Sequence[Kernel]) -> None:
        for watcher in WATCHERS:
            for kernel in kernels:
                watcher(Ran(self.name, self._file, self.definition, kernel.history))

    @property
    def _works_together(self) -> bool:
        """Whether a task's work may be done by more than what is attached."""
        if self._services is not None or self._machines is not None or self._callbacks:
            return True
        return any(map(calls_step_functions, self.tasks.values()))

    def _work(self, executions: DrivenExecutions, record: RunRecord) -> Perform:
        attachments = self._attachments.recording(record)
        return Work(attachments, self._callbacks, self._services, executions, self.arn).perform

    def _quotas(self, quotas: Quotas | None) -> Quotas | None:
        return EXPRESS if self.type == "EXPRESS" and quotas is QUOTAS else quotas

    def _kernel(self, name: str, value: JSONValue, start_ms: int, seed: str, quotas: Quotas | None) -> Kernel:
        return Kernel(self._program, self._info(name, value, start_ms, seed), quotas)

    def _info(self, name: str, value: JSONValue, start_ms: int, seed: str) -> ExecutionInfo:
        return ExecutionInfo(
            arn=execution_arn(self.arn, name),
            name=name,
            input=value,
            start_ms=start_ms,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            machine_arn=self.arn,
            machine_name=self.name,
            seed=seed,
        )


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
