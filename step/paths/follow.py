"""A way that a test gives: taken on a fresh kernel, as long as everything holds.

Pure but for the handlers that are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from step.paths.moment import Invariant, complaints, title
from step.paths.moves import TIME, Move
from step.paths.setup import Setup
from step.paths.story import story
from step.paths.walk import Walk, WayStep

# A way that goes on for so long has no end.
_LONGEST = 10_000


def followed(setup: Setup, steps: Sequence[WayStep], invariants: Sequence[Invariant]) -> Walk:
    """Walk the way on which tasks do what the steps say, each as soon as it can, and answer otherwise.

    Raises:
        AssertionError: an invariant doesn't hold, or the way has no end.
    """
    left = list(steps)
    walk = Walk(setup)
    _check(invariants, walk)
    while walk.is_running:
        tasks = walk.open_tasks()
        if len(walk.moments) > _LONGEST or walk.is_stuck:
            raise AssertionError(f"the way has no end: {', '.join(_waiting(walk)) or 'it goes round'}")
        step = next(((left[0], op) for _, op in tasks if left and left[0].fits(op.frame)), None)
        if step is not None:
            left.pop(0)
            walk.make(step[0].move._replace(path=step[1].frame.path))
        else:
            walk.make(Move("answers", tasks[0][1].frame.path) if tasks else TIME)
        _check(invariants, walk)
    return walk


def _waiting(walk: Walk) -> Iterator[str]:
    return (f"{op.frame.state.name} waits" for op in walk.kernel.ops.values())


def _check(invariants: Sequence[Invariant], walk: Walk) -> None:
    for invariant, told in complaints(invariants, walk.moments[-1]):
        name = title(invariant)
        raise AssertionError(f"{name if told == name else f'{name}: {told}'}\n\n{story(walk)}")
