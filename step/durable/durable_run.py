"""One durable execution without a service: a host and a journal in this process, for ``step run --store``.

Each execution has a journal of its own, ``STORE/MACHINE/NAME``, so that going on with one moves no other.
Knows machines and their handlers; no HTTP, no AWS.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType

from step.arn import execution_arn
from step.asl.taskfn import PLACEHOLDER
from step.durable.clocks import Clock
from step.durable.host import Host
from step.durable.journal import Journal
from step.durable.store_folder import make_private
from step.engine.frames import ExecutionInfo
from step.engine.history import Event
from step.engine.vocabulary import Input, StartTask
from step.errors import HandlerError, StepError
from step.jsonvalue import JSONValue
from step.machine import StateMachine

# AWS allows more; these are also file names everywhere.
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,80}")
_LOOK_SECONDS = 0.05


class DurableRun:
    """An execution whose journal is kept: a new one, or one that was interrupted."""

    def __init__(self, host: Host, arn: str, handlers: _Handlers) -> None:
        self._host = host
        self._arn = arn
        self._handlers = handlers

    @classmethod
    def open(
        cls,
        machine: StateMachine,
        store: Path,
        name: str | None,
        value: JSONValue,
        *,
        clock: Clock,
        seed: str = "0",
    ) -> DurableRun:
        """Start an execution, or go on with the one of this name; one that has ended stays as it is.

        Args:
            machine: What runs, with its handlers. An execution that goes on has the definition it began with.
            store: The folder of all journals.
            name: The execution's name; None: the one that hasn't ended, or a new one.
            value: The input; None: that of the execution that goes on, or an empty object.
            clock: Real or virtual; one that goes on goes on from its last recorded moment at least.
            seed: What jitter, UUIDs and random numbers come from.

        Raises:
            StepError: the name is none, has another input, or is ambiguous; another process has the store.
        """
        if name is not None and not _NAME.fullmatch(name):
            raise StepError(f"--name {name}: expected up to 80 letters, digits, '-', '_' or '.'")
        folder = store / machine.name
        name = name or _unfinished(folder) or _new_name(folder)
        for outer in (store, folder):
            make_private(outer)
        journal = Journal(folder / name)
        try:
            found = journal.execution(execution_arn(machine.arn, name))
            if found is not None and value is not None and json.loads(found.input) != value:
                raise StepError(f"{name} began with another input; leave --input out, or give another --name")
        except BaseException:
            journal.close()
            raise
        handlers = _Handlers(machine)
        host = Host(journal, clock, handlers)
        run = cls(host, execution_arn(machine.arn, name), handlers)
        try:
            host.open()
            if found is None:
                info = _info(machine, name, {} if value is None else value, clock.now_ms(), seed)
                host.start(info, machine.to_json(PLACEHOLDER, indent=None))
        except BaseException:
            run.close()
            raise
        return run

    @property
    def name(self) -> str:
        """The execution's name."""
        return self._arn.rpartition(":")[2]

    def events(self) -> Iterator[Event]:
        """Yield the events of its history as they come, until it has ended.

        Raises:
            HandlerError: a task is reached that nothing is attached to; the execution waits there.
            StepError: a replay gives other events than were recorded.
        """
        live = self._host.live(self._arn)
        told = 0
        while live is not None and not live.ended.wait(_LOOK_SECONDS):
            if self._handlers.problem is not None:
                raise self._handlers.problem
            if live.kernel.count > told:
                for event in islice(self._host.history(self._arn) or (), told, None):
                    told += 1
                    yield event
        history = live.kernel.history if live is not None else self._host.history(self._arn)
        yield from islice(history or (), told, None)

    def close(self) -> None:
        """Let go of the journal; an execution that hasn't ended goes on when it is opened again."""
        self._host.close()
        self._handlers.release()

    def __enter__(self) -> DurableRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Handlers:
    """Does tasks' work with what is attached to the machine; see ``host.Work``."""

    def __init__(self, machine: StateMachine) -> None:
        self.problem: HandlerError | None = None
        self._machine = machine
        self._is_over = threading.Event()

    def release(self) -> None:
        """Let threads go that hold tasks which nobody does."""
        self._is_over.set()

    def __call__(self, task: StartTask, info: ExecutionInfo) -> list[Input]:
        try:
            done = self._machine.perform(task)
        except HandlerError as error:
            # The user's mistake and no failure of the workflow: nothing is recorded, so it can be mended.
            # Until then the task is being worked on: no time is jumped over.
            self.problem = self.problem or error
            self._is_over.wait()
            return []
        return [] if done is None else done[0]


def _info(machine: StateMachine, name: str, value: JSONValue, start_ms: int, seed: str) -> ExecutionInfo:
    return ExecutionInfo(
        arn=execution_arn(machine.arn, name),
        name=name,
        input=value,
        start_ms=start_ms,
        role_arn=None,
        machine_arn=machine.arn,
        machine_name=machine.name,
        seed=seed,
    )


def _unfinished(folder: Path) -> str | None:
    """Name the execution that can go on; None: there is none.

    Raises:
        StepError: there are several.
    """
    names = [lock.parent.name for lock in sorted(folder.glob("*/lock")) if _can_go_on(lock.parent)]
    if len(names) > 1:
        raise StepError(f"{folder}: {', '.join(names)} haven't ended: give the --name of one, or a new one")
    return names[0] if names else None


def _can_go_on(folder: Path) -> bool:
    try:
        journal = Journal(folder)
    except StepError:
        # Another process is at it.
        return False
    try:
        return all(row.status == "RUNNING" for row in journal.executions())
    finally:
        journal.close()


def _new_name(folder: Path) -> str:
    number = 1
    while (folder / f"run-{number}").exists():
        number += 1
    return f"run-{number}"
