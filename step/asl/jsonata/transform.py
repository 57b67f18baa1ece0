"""The transform operator: ``| pattern | update, delete |`` is a function over a copy of its argument.

Pure: no clock, no IO. Spec: JSONata documentation, "Transform".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from step.asl.jsonata.environment import Env, Evaluation
from step.asl.jsonata.signature import FunctionSignature
from step.asl.jsonata.values import UNDEFINED, JsonataFault, JsonataFunction, Native
from step.asl.jsonata.writing import write

Closure = Callable[[Any, Env], Any]
_SIGNATURE = FunctionSignature.from_text("<(oa):o>")


def transformer(
    pattern: Closure, update: Closure, delete: Closure | None, frames: int, steps: int
) -> Closure:
    """Compile a transform; ``frames`` and ``steps`` are what its parts need, for each match."""

    def make(_value: Any, env: Env) -> Any:
        def transform(run: Evaluation, _context: Any, target: Any) -> Any:
            if target is UNDEFINED:
                return UNDEFINED
            copied = clone(target, run)
            found = pattern(copied, env)
            if found is UNDEFINED:
                return copied
            for match in found if isinstance(found, list) else [found]:
                run.step(steps)
                _change(match, update(match, env), run)
                if delete is not None:
                    _delete(match, delete(match, env), run)
            return copied

        return Native("transform", transform, _SIGNATURE, 1, frames)

    return make


def _change(match: Any, update: Any, run: Evaluation) -> None:
    if update is UNDEFINED:
        return
    if not isinstance(update, dict):
        message = "The insert/update clause of the transform expression must evaluate to an object"
        raise JsonataFault("T2011", f"{message}: {write(update, run)[:200]}")
    if isinstance(match, dict):
        run.make(64 * len(update))
        match.update(update)


def _delete(match: Any, names: Any, run: Evaluation) -> None:
    if names is UNDEFINED:
        return
    for name in names if isinstance(names, list) else [names]:
        run.step(1)
        if not isinstance(name, str):
            message = (
                "The delete clause of the transform expression must evaluate to a string or array of strings"
            )
            raise JsonataFault("T2012", f"{message}: {write(names, run)[:200]}")
        if isinstance(match, dict):
            match.pop(name, None)


def clone(value: Any, run: Evaluation) -> Any:
    """Copy a value with everything below it; functions become empty texts, as in JSON."""
    top: list[Any] = [value]
    pending: list[Any] = [top]
    while pending:
        container = pending.pop()
        run.make(120 + 64 * len(container))
        run.step(len(container) + 2)
        places = list(container.items()) if isinstance(container, dict) else list(enumerate(container))
        for place, item in places:
            if isinstance(item, dict):
                container[place] = inner = dict(item)
                pending.append(inner)
            elif isinstance(item, list):
                container[place] = copied = list(item)
                pending.append(copied)
            elif isinstance(item, JsonataFunction):
                container[place] = ""
    return top[0]
