"""What an exploration has come to, and how it is told.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from step.errors import StepError
from step.paths.certificate import Certificate, machine_digest
from step.paths.graph import Graph
from step.paths.moves import Move
from step.paths.search import Model
from step.paths.setup import Setup
from step.paths.story import story, test_text
from step.paths.walk import Walk, steps_of, walked
from step.view.picture import draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A way in which executions end.

    Attributes:
        status: "SUCCEEDED", "FAILED" or "TIMED_OUT".
        error: The error, if any.
        state: The state that they were in last.
        way: A shortest way there.
    """

    status: str
    error: str | None
    state: str
    way: tuple[Move, ...]

    @property
    def faults(self) -> int:
        """How many faults the way has."""
        return sum(move.is_fault for move in self.way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that doesn't hold.

    Attributes:
        title: What should.
        told: What is instead.
        way: A shortest way there; empty: it isn't a matter of one way.
        is_confirmed: Whether a fresh kernel, with nothing left out, comes to the same on it.
        walk: The way, walked.
    """

    title: str
    told: str
    way: tuple[Move, ...] = ()
    is_confirmed: bool = True
    walk: Walk | None = None

    def story(self) -> str:
        """Tell the way, state by state."""
        return story(self.walk) if self.walk is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What an exploration has come to.

    Attributes:
        is_closed: Whether nothing is left that hasn't been looked at.
        situations: How many there are.
        moves: How many lead from one to another.
        endings: The ways in which executions end.
        violations: What doesn't hold.
        unreachable: The states that nothing leads to, with this input; empty where it isn't closed.
        notes: What was left out, what bounds there were, and what else is to be known.
        longest: How long the longest way may take, in seconds; None: there is none, as a loop goes round.
        graph: All situations.
    """

    setup: Setup
    model: Model
    graph: Graph
    is_closed: bool
    endings: Sequence[Ending]
    violations: Sequence[Violation]
    unreachable: Sequence[str]
    notes: Sequence[str]
    longest: float | None

    @property
    def situations(self) -> int:
        return len(self.graph)

    @property
    def moves(self) -> int:
        return len(self.graph.sources)

    @property
    def is_proven(self) -> bool:
        """Whether everything holds, on every way."""
        return self.is_closed and not self.violations

    def certificate(self) -> Certificate:
        """Give what ``checker.check`` can check.

        Raises:
            StepError: there is nothing to be proved: it isn't closed, or bounded, or something doesn't hold.
        """
        rules = self.model.moves.rules
        if not self.is_proven or rules.faults is not None or rules.taints or rules.blurs:
            raise StepError(
                "a certificate is given where everything holds, whatever the number of faults; attempts count"
            )
        return Certificate(
            machine=machine_digest(self.setup.definition.source, self.setup.info.input, self.setup.quotas),
            seen=self.model.seen,
            reduces=rules.reduces,
            exact=rules.exact,
            late=rules.late,
            leave_out=tuple(sorted(self.model.leave_out)),
            names=self.graph.names,
            targets=[targets for _, targets in self.graph.moves_from()],
        )

    def picture(self, violation: Violation, format: str = "svg") -> str:
        """Draw a violation's way over the machine: "svg", "dot" or "mermaid"."""
        walk = violation.walk
        return draw(self.setup.definition, walk.kernel.history if walk else None, format)

    def test(self, violation: Violation, machine: str, checks: str) -> str:
        """Print a violation as a test that fails; see ``story.test_text``."""
        return test_text(violation.title, machine, checks, steps_of(self.setup, violation.way))


def violation_on(setup: Setup, title: str, told: str, way: Sequence[Move], *, holds: object) -> Violation:
    """Walk a way on a fresh kernel, and see whether it comes to the same.

    Args:
        setup: The machine.
        title: What should hold.
        told: What the explorer says.
        way: The way.
        holds: A function of the walk that says whether it comes to something else.
    """
    walk = walked(setup, way)
    is_whole = len(walk.moves) > len(way)
    is_confirmed = callable(holds) and is_whole and not holds(walk)
    return Violation(title=title, told=told, way=tuple(way), is_confirmed=is_confirmed, walk=walk)
