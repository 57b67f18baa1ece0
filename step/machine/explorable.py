"""What is explored: every path of a machine, or one that was found, taken again.

Loads the search where it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from step.asl.model import Definition
from step.machine.execution import Execution

if TYPE_CHECKING:  # only those who explore load it
    from step.machine.paths import Handlers
    from step.paths.exploration import Exploration
    from step.paths.moment import Invariant
    from step.paths.setup import Bounds, Setup
    from step.paths.work import Effect


class Explorable:
    """A machine whose paths can be walked."""

    definition: Definition

    def setup(
        self,
        input: object,
        world: Any,
        handlers: Handlers | None,
        effects: Mapping[str, Effect] | None,
        start: datetime | None = None,
        name: str = "paths",
    ) -> Setup:
        """Say what is explored; the arguments are those of ``explore``."""
        raise NotImplementedError

    def explore(
        self,
        input: object = None,
        *,
        invariants: Sequence[Invariant] = (),
        world: Any = None,
        handlers: Handlers | None = None,
        effects: Mapping[str, Effect] | None = None,
        start: datetime | None = None,
        name: str = "paths",
        **options: Unpack[Bounds],
    ) -> Exploration:
        """Find everything that can happen to an execution, under every error, timeout and answer.

        Where nothing is attached, values aren't known: every way is gone that the definition allows.

        Args:
            input: What the execution is started with; see ``execute``.
            invariants: Functions of a ``Moment``; each holds unless it returns False or raises an
                AssertionError.
            world: What handlers change outside: an object with a ``key()`` that says what is different
                about it, or one that can be written as JSON; it is copied (``copy()``) before each answer.
            handlers: A function of a world that gives the handlers which work in it.
            effects: By state, functions (world, input, result) that change the world as a task that
                succeeds does; for handlers that know no world.
            start: When it starts; unless given, when ``execute`` lets it start.
            name: The execution's name.
            options: Bounds and abstractions; see ``step.paths.setup.Extent``.

        Raises:
            HandlerError: a task is reached that nothing is attached to.
            StepError: what can't be explored; the message says why.
        """
        from step.paths.explore import explore
        from step.paths.setup import Extent

        setup = self.setup(input, world, handlers, effects, start, name)
        return explore(setup, invariants, Extent(**options))

    def follow(
        self,
        steps: Sequence[str],
        *,
        input: object = None,
        invariants: Sequence[Invariant] = (),
        world: Any = None,
        handlers: Handlers | None = None,
        effects: Mapping[str, Effect] | None = None,
        start: datetime | None = None,
    ) -> Execution:
        """Run the machine on a way that ``explore`` has found, and see that the invariants hold.

        Args:
            steps: What tasks do, each as soon as it can: "Bake hangs", "Pay fails with Refused after its
                effect"; all else goes its usual way.
            input: As in ``explore``; the others too.

        Raises:
            AssertionError: an invariant doesn't hold, or the way has no end; it tells the way.
        """
        from step.paths.follow import followed
        from step.paths.walk import WayStep

        setup = self.setup(input, world, handlers, effects, start)
        walk = followed(setup, [WayStep.from_text(text) for text in steps], invariants)
        return Execution(walk.kernel, self.definition)
