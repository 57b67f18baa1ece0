"""Rows on running machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from benchmarks.machines import LONG, Case, choice_loop, handler_loop, map_over, parallel, payload_loop
from benchmarks.measure import compare
from benchmarks.moto_interpreter import Moto
from benchmarks.row import Figure, Row, times_faster, times_plain
from step import StateMachine
from step.machine.files import load_handlers

ROOT = Path(__file__).resolve().parent.parent
Limits = tuple[float, float] | tuple[None, None]
UNLIMITED: Limits = (None, None)
NO_HANDLERS = "moto runs Lambda functions in Docker, hence not here"


class Speed:
    """``rounds`` of step and the plain loop in turns; ``moto_rounds`` of moto between them."""

    def __init__(self, moto: Moto | None, rounds: int, *, is_quick: bool) -> None:
        self._moto = moto
        self._rounds = rounds
        self._moto_rounds = 1 if is_quick else 3
        self._is_quick = is_quick

    def rows(self) -> Iterator[Callable[[], Row]]:
        """Give every row as something that measures it, again if need be."""
        # First: moto leaves a memory in pieces behind, in which large executions cost more than small ones.
        yield lambda: self._growth("Growth, loop of 1,000 to 10,000", choice_loop(1000), choice_loop(10_000))
        yield lambda: self._growth(
            "Growth, handler 1,000 to 10,000", handler_loop(1000), handler_loop(10_000)
        )
        yield lambda: self._growth("Growth, Map over 500 to 5,000", map_over(500), map_over(5000))
        yield lambda: self._row("Choice loop of 1,000, intrinsics", choice_loop(1000), (16, 22), (1200, 900))
        yield lambda: self._row("Choice loop of 1,000, handler", handler_loop(1000), (65, 85))
        yield self._handler_beside_bare_loop
        yield lambda: self._row("Parallel 10 x 100", parallel(10, 100), (28, 40))
        yield lambda: self._row("Map over 500 items", map_over(500))
        yield lambda: self._row("Map over 5,000 items", map_over(5000), moto_case=map_over(500))
        for kilobytes in (1, 10):
            yield partial(self._payload, kilobytes, has_handler=False)
            yield partial(self._payload, kilobytes, has_handler=True)
        yield self._bread

    def _row(
        self,
        name: str,
        case: Case,
        plain: Limits = UNLIMITED,
        faster: Limits = UNLIMITED,
        *,
        moto_case: Case | None = None,
    ) -> Row:
        timing = compare(case.job(), case.plain, self._rounds)
        figures = [times_plain(timing.ratio, *plain)]
        moto = None if case.handler else self._moto_seconds(moto_case or case)
        note = NO_HANDLERS if case.handler else ""
        if moto is not None:
            if moto_case is not None:
                moto *= case.transitions / moto_case.transitions
                note = "moto ran a tenth of it; its time is scaled by the number of states"
            figures.append(times_faster(moto / timing.seconds, *faster))
        return Row(
            name=name,
            step=timing.seconds * 1e3,
            plain=timing.beside_seconds * 1e3,
            moto=None if moto is None else moto * 1e3,
            transitions_per_second=case.transitions / timing.seconds,
            figures=tuple(figures),
            note=note,
        )

    def _payload(self, kilobytes: int, *, has_handler: bool) -> Row:
        return self._row(
            f"Loop of 1,000 with {kilobytes} KB, {'handler' if has_handler else 'intrinsics'}",
            payload_loop(1000, kilobytes, has_handler=has_handler),
            moto_case=payload_loop(100, kilobytes, has_handler=has_handler),
        )

    def _moto_seconds(self, case: Case) -> float | None:
        if self._moto is None:
            return None
        runs = [self._moto.execute(case.definition, case.input)[0] for _ in range(self._moto_rounds)]
        return median(runs)

    def _handler_beside_bare_loop(self) -> Row:
        """Compare with the loop that only builds the dictionaries, without a call."""
        case = handler_loop(1000)
        timing = compare(case.job(), choice_loop(1000).plain, self._rounds)
        return Row(
            name="the same, beside a loop without calls",
            step=timing.seconds * 1e3,
            plain=timing.beside_seconds * 1e3,
            transitions_per_second=case.transitions / timing.seconds,
            figures=(times_plain(timing.ratio, 65, 85),),
        )

    def _growth(self, name: str, small: Case, large: Case) -> Row:
        timing = compare(large.job(LONG), small.job(LONG), self._rounds)
        return Row(
            name=name,
            step=timing.seconds * 1e3,
            figures=(Figure(value=timing.ratio, unit="x for 10 x", to_reach=13, red_line=15),),
            note="every quota on but that of 25,000 events, for which there is no room",
        )

    def _bread(self) -> Row:
        handlers_file = ROOT / "lambda" / "bread.py"
        machine = StateMachine.from_file(ROOT / "states" / "bread.asl.json")
        handlers = load_handlers(handlers_file)
        machine.attach(handlers)
        module = _module_of(handlers_file)
        assert machine.execute({}).status == "SUCCEEDED"
        states = len(machine.execute({}).path)
        timing = compare(lambda: machine.execute({}), lambda: _bake(module), self._rounds)
        return Row(
            name="The bread",
            step=timing.seconds * 1e3,
            plain=timing.beside_seconds * 1e3,
            transitions_per_second=states / timing.seconds,
            figures=(times_plain(timing.ratio),),
            note="plain: its four handlers called one after the other; moto would wait for 14 real hours",
        )


def _module_of(handlers_file: Path) -> ModuleType:
    import sys

    return sys.modules[f"step_handlers_{handlers_file.stem}"]


def _bake(module: Any) -> object:
    class Context:
        attempt = 1

    dough = module.mix_and_knead(module.init_mix(module.Bread()))
    return module.remove_cool_eat(module.bake(dough, Context()))
