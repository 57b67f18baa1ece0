"""Rows on reading, replaying and keeping a history."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from benchmarks.machines import INCREMENT, Case, choice_loop, handler_loop, increment, map_over
from benchmarks.measure import Job, compare, samples
from benchmarks.moto_interpreter import Moto
from benchmarks.row import Figure, Row, times_faster, times_plain
from step.asl.parse import parse
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Command, Input, StartTask
from step.runtime.virtual import VirtualDriver
from step.runtime.workers import Attachment, answer, worker_of

# As many iterations as 25,000 events have room for: 4 events each, and 7 with a handler.
LOOP, HANDLER_LOOP = 6248, 3570
EVENTS = 25_000


class Histories:
    def __init__(self, moto: Moto | None, rounds: int, *, is_quick: bool) -> None:
        self._moto = moto
        self._rounds = rounds
        self._is_quick = is_quick

    def rows(self) -> Iterator[Callable[[], Row]]:
        """Give every row as something that measures it, again if need be."""
        yield self._reading
        yield lambda: self._replay("Replay of 25,000 events, intrinsics", choice_loop(LOOP))
        yield lambda: self._replay("Replay of 25,000 events, handler", handler_loop(HANDLER_LOOP))
        yield lambda: self._kept("Kept an event, loop", choice_loop(LOOP), choice_loop(100))
        yield lambda: self._kept("Kept an event, handler", handler_loop(HANDLER_LOOP))
        yield lambda: self._kept("Kept an event, Map", map_over(5000), map_over(100))
        yield lambda: self._peak("Peak memory, loop of 25,000 events", choice_loop(LOOP))
        yield lambda: self._peak("Peak memory, Map over 5,000 items", map_over(5000))

    def _reading(self) -> Row:
        case = choice_loop(LOOP)
        execution = case.job()()
        events = len(execution.history)
        assert EVENTS - 10 < events <= EVENTS, events
        timing = compare(lambda: list(execution.history), case.plain, self._rounds)
        figures = [times_plain(timing.ratio, 200)]
        moto = self._moto_reading(events)
        if moto is not None:
            figures.append(times_faster(moto / timing.seconds))
        return Row(
            name="Reading 25,000 events as dictionaries",
            step=timing.seconds * 1e3,
            plain=timing.beside_seconds * 1e3,
            moto=None if moto is None else moto * 1e3,
            figures=tuple(figures),
            note="plain: the loop that they tell of; moto: get_execution_history of 406 events, scaled",
        )

    def _moto_reading(self, events: int) -> float | None:
        if self._moto is None:
            return None
        case = choice_loop(100)
        _, arn = self._moto.execute(case.definition, case.input)
        reads = [self._moto.read_history(arn) for _ in range(3)]
        return median(seconds / count for seconds, count in reads) * events

    def _replay(self, name: str, case: Case) -> Row:
        inputs, events = _record(case)
        assert EVENTS - 10 < events <= EVENTS, events
        program, info = _program(case), _info(case)

        def replay() -> Kernel:
            kernel = Kernel(program, info, Quotas())
            for item, now in inputs:
                kernel.handle(item, now)
            return kernel

        assert replay().status == "SUCCEEDED"
        (times,) = samples([replay], self._rounds)
        seconds = median(times)
        return Row(
            name=name,
            step=seconds * 1e3,
            figures=(Figure(value=seconds * 1e3, unit="ms", to_reach=30, red_line=60),),
        )

    def _kept(self, name: str, case: Case, moto_case: Case | None = None) -> Row:
        job = case.job()
        kept, _, execution = _memory(job)
        per_event = kept / len(execution.history)
        moto = None
        if self._moto is not None and moto_case is not None:
            run, client = moto_case, self._moto
            client.execute(run.definition, run.input)
            kept, _, (_, arn) = _memory(lambda: client.execute(run.definition, run.input))
            moto = kept / client.read_history(arn)[1]
        return Row(
            name=name,
            unit="bytes",
            step=per_event,
            moto=moto,
            figures=(Figure(value=per_event, unit="bytes", to_reach=180, red_line=250),),
            note="with the values it tells of, the output and all else of the execution",
        )

    def _peak(self, name: str, case: Case) -> Row:
        _, peak, _ = _memory(case.job())
        _, plain, _ = _memory(case.plain)
        return Row(name=name, unit="bytes", step=peak, plain=plain)


def _memory(job: Job) -> tuple[int, int, Any]:
    """Run a job; give the bytes that stay while its result is held, the peak, and the result."""
    job()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        result = job()
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, peak - before, result


# ---------------------------------------------------------------- replay


class _Recorder(Kernel):
    """A kernel that keeps what it is told."""

    def __init__(self, program: Program, info: ExecutionInfo, quotas: Quotas) -> None:
        super().__init__(program, info, quotas)
        self.inputs: list[tuple[Input, int]] = []

    def handle(self, item: Input, now: int) -> list[Command]:
        self.inputs.append((item, now))
        return super().handle(item, now)


def _record(case: Case) -> tuple[list[tuple[Input, int]], int]:
    kernel = _Recorder(_program(case), _info(case), Quotas())
    attachment = Attachment(worker=worker_of(increment))

    def perform(task: StartTask) -> tuple[list[Input], int]:
        assert task.resource == INCREMENT
        return [answer(attachment, task.payload, task)], 0

    VirtualDriver(kernel, perform).run(_info(case).input)
    assert kernel.status == "SUCCEEDED", kernel.error
    return kernel.inputs, kernel.count


def _program(case: Case) -> Program:
    return Program.from_definition(parse(case.definition))


def _info(case: Case) -> ExecutionInfo:
    name = "benchmark"
    return ExecutionInfo(
        arn=name, name=name, input=case.input, start_ms=0, role_arn=name, machine_arn=name, machine_name=name
    )
