"""What paths do: steps, predicates, order-by, group-by, and the names that steps bind.

Pure: no clock, no IO. Spec: JSONata documentation, "Path Operators", "Processing model", "Sequences".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from step.asl.jsonata.environment import Env
from step.asl.jsonata.syntax import Node
from step.asl.jsonata.values import (
    UNDEFINED,
    JsonataFault,
    Outer,
    Sequence,
    Tuples,
    Whole,
    flatten,
    is_number,
    is_truthy,
    settle,
)

Closure = Callable[[Any, Env], Any]
Filter = Callable[[Any, Env], Any]
Terms = list[tuple[Closure, bool]]


class PathStep(NamedTuple):
    """A compiled step; ``run`` is None for an order-by. ``stages`` are filters, or names that number."""

    node: Node
    run: Closure | None
    terms: Terms
    stages: list[Any]
    steps: int


def compile_path(node: Node, steps: list[PathStep], pairs: list[tuple[Closure, Closure]] | None) -> Closure:
    """Compile a path to a closure."""
    general = _general(node, steps, pairs)
    if node.keeps or pairs is not None or any(step.stages or step.node.is_tuple for step in steps):
        return general
    first = steps[0]
    rest = [step.node.value for step in steps[1:] if step.node.kind == "name"]
    if len(rest) != len(steps) - 1 or first.run is None or first.node.is_whole:
        return general
    if first.node.kind not in ("name", "variable") or any(step.node.keeps for step in steps):
        return general
    return _names(first.run, rest, general, is_field=first.node.kind == "name")


def _names(first: Closure, names: list[str], general: Closure, *, is_field: bool) -> Closure:
    # The commonest path: fields of objects. Whatever meets an array on its way goes the general way.
    def names_path(value: Any, env: Env) -> Any:
        if is_field and isinstance(value, list):
            return general(value, env)
        found = first(value, env)
        for name in names:
            if type(found) is not dict:
                return general(value, env) if isinstance(found, list) else UNDEFINED
            found = found.get(name, UNDEFINED)
        return settle(Sequence(found)) if isinstance(found, Sequence) else found

    return names_path


def _general(node: Node, steps: list[PathStep], pairs: list[tuple[Closure, Closure]] | None) -> Closure:
    begins_whole = steps[0].node.is_whole
    takes_array = steps[0].node.kind != "variable"
    # From the first step that binds a name on, tuples are handed on.
    binds = next((index for index, step in enumerate(steps) if step.node.is_tuple), len(steps))
    last = len(steps) - 1

    def path(value: Any, env: Env) -> Any:
        items: Any = value if takes_array and isinstance(value, list) else [value]
        found: Any = UNDEFINED
        tuples: Tuples | None = None
        for index, step in enumerate(steps):
            if index == 0 and begins_whole:
                assert step.run is not None
                found = step.run(items, env)
            elif index >= binds:
                tuples = _tuple_step(step, items, tuples, env)
            else:
                found = _step(step, items, env, is_last=index == last)
            if tuples is None and (found is UNDEFINED or not found):
                break
            if step.node.focus is None and tuples is None:
                items = found if isinstance(found, list) else [found]
        if binds <= last and tuples is not None:
            found = tuples if node.is_tuple else Sequence(each["@"] for each in tuples)
        if node.keeps and isinstance(found, list):
            if isinstance(found, Whole):
                found = Sequence([found])
            if isinstance(found, Sequence):
                found = Sequence(found, keeps=True)
        if pairs is not None:
            found = group(pairs, found if tuples is None else tuples, env)
        return settle(found)

    return path


def _step(step: PathStep, items: Any, env: Env, *, is_last: bool) -> Any:
    env.run.step(len(items) * step.steps)
    run = step.run
    if run is None:
        found = sort(step.terms, items, env)
        for stage in step.stages:
            found = stage(found, env)
        return found
    results = []
    for item in items:
        found = run(item, env)
        for stage in step.stages:
            found = stage(found, env)
        if found is not UNDEFINED:
            results.append(found)
    if (
        is_last
        and len(results) == 1
        and isinstance(results[0], list)
        and not isinstance(results[0], Sequence)
    ):
        return results[0]
    flat = Sequence()
    for result in results:
        if isinstance(result, list) and not isinstance(result, Whole):
            env.run.make_array(len(result))
            env.run.hold(len(flat) + len(result))
            flat.extend(result)
        else:
            flat.append(result)
    env.run.make(8 * len(results))
    return flat


def _tuple_step(step: PathStep, items: Any, tuples: Tuples | None, env: Env) -> Tuples:
    env.run.step((len(items) if tuples is None else len(tuples)) * step.steps)
    node = step.node
    if step.run is None:
        if tuples is not None:
            made = Tuples(sort(step.terms, tuples, env))
        else:
            ordered = sort(step.terms, items, env)
            made = Tuples(
                {"@": item, **({node.index: at} if node.index else {})} for at, item in enumerate(ordered)
            )
        return _stages(step.stages, made, env)
    made = Tuples()
    for each in Tuples({"@": item} for item in items) if tuples is None else tuples:
        found = step.run(each["@"], env.with_names(each))
        if found is UNDEFINED:
            continue
        results = found if isinstance(found, list) else [found]
        env.run.make(480 * len(results))
        env.run.step(len(results))
        for at, result in enumerate(results):
            names = {**each}
            if isinstance(found, Tuples):
                names.update(result)
            else:
                if node.focus:
                    names[node.focus] = result
                else:
                    names["@"] = result
                if node.index:
                    names[node.index] = at
                if node.ancestor is not None:
                    names[node.ancestor.label] = each["@"]
            made.append(names)
    return _stages(step.stages, made, env)


def _stages(stages: list[Any], tuples: Tuples, env: Env) -> Tuples:
    for stage in stages:
        if isinstance(stage, str):
            env.run.step(len(tuples))
            for at, each in enumerate(tuples):
                each[stage] = at
        else:
            tuples = stage(tuples, env)
    return tuples


# ---------------------------------------------------------------- predicates


def filtered(inner: Closure, filters: list[Filter]) -> Closure:
    """Compile predicates behind a value that is no path."""

    def filtered(value: Any, env: Env) -> Any:
        found = inner(value, env)
        for each in filters:
            found = each(found, env)
        return found

    return filtered


def compile_filter(node: Node, test: Closure, steps: int) -> Filter:
    """Compile ``[...]``: an index, or a test of each item."""
    if node.kind == "number" and not node.filters:
        at = math.floor(node.value)
        return lambda value, _env: _item(value, at)

    def choose(value: Any, env: Env) -> Any:
        if value is UNDEFINED:
            return UNDEFINED
        items = value if isinstance(value, list) else [value]
        is_tuples = isinstance(value, Tuples)
        chosen: Any = Tuples() if is_tuples else Sequence()
        length = len(items)
        env.run.step(length * max(1, steps))
        for at, item in enumerate(items):
            found = test(item["@"], env.with_names(item)) if is_tuples else test(item, env)
            if found is False or found is UNDEFINED:
                continue
            if found is True or _is_chosen(found, at, length, env):
                chosen.append(item)
        return chosen

    return choose


def _item(value: Any, at: int) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    items = value if isinstance(value, list) else [value]
    chosen: Any = Tuples() if isinstance(value, Tuples) else Sequence()
    place = at + len(items) if at < 0 else at
    if 0 <= place < len(items):
        item = items[place]
        if isinstance(item, list):
            return item
        if item is not UNDEFINED:
            chosen.append(item)
    return chosen


def _is_chosen(found: Any, at: int, length: int, env: Env) -> bool:
    numbers = found if isinstance(found, list) else [found]
    if numbers and all(map(is_number, numbers)):
        env.run.step(len(numbers))
        places = (math.floor(number) for number in numbers)
        return any((place + length if place < 0 else place) == at for place in places)
    return is_truthy(found, env.run)


# ---------------------------------------------------------------- order-by


def sort(terms: Terms, items: Iterable[Any], env: Env) -> Any:
    """Order items by terms: stable, nothing last."""
    is_tuples = isinstance(items, Tuples)
    keyed = [(item, [UNDEFINED] * len(terms), [False] * len(terms)) for item in items]

    def key(entry: Any, index: int) -> Any:
        item, keys, known = entry
        if not known[index]:
            known[index] = True
            env.run.step(1)
            term = terms[index][0]
            keys[index] = term(item["@"], env.with_names(item)) if is_tuples else term(item, env)
        return keys[index]

    def comes_after(one: Any, other: Any) -> bool:
        for index, (_, descends) in enumerate(terms):
            left, right = key(one, index), key(other, index)
            if left is UNDEFINED or right is UNDEFINED:
                if left is right:
                    continue
                return left is UNDEFINED
            _check(left, right)
            if left == right:
                continue
            return bool(left < right if descends else left > right)
        return False

    return Sequence(entry[0] for entry in merge_sort(keyed, comes_after, env))


def _check(left: Any, right: Any) -> None:
    for value in (left, right):
        if not isinstance(value, str) and not is_number(value):
            message = "The expressions within an order-by clause must evaluate to numeric or string values"
            raise JsonataFault("T2008", message)
    if isinstance(left, str) != isinstance(right, str):
        raise JsonataFault(
            "T2007", f"Type mismatch when comparing values {left} and {right} in order-by clause"
        )


def merge_sort(items: list[Any], comes_after: Callable[[Any, Any], bool], env: Any) -> list[Any]:
    """Sort by asking whether one item comes after another; the order of questions is part of the answer.

    ``env`` has the evaluation as ``run``.
    """
    length = len(items)
    # Halves and halves again, from the smallest up, without recursion.
    bounds = [(0, length)]
    for low, high in bounds:
        if high - low > 1:
            middle = low + (high - low) // 2
            bounds.append((low, middle))
            bounds.append((middle, high))
    ordered = list(items)
    for low, high in reversed(bounds):
        if high - low < 2:
            continue
        env.run.step(high - low)
        middle = low + (high - low) // 2
        left, right = ordered[low:middle], ordered[middle:high]
        merged = []
        at = other = 0
        while at < len(left) and other < len(right):
            if comes_after(left[at], right[other]):
                merged.append(right[other])
                other += 1
            else:
                merged.append(left[at])
                at += 1
        ordered[low:high] = [*merged, *left[at:], *right[other:]]
    return ordered


# ---------------------------------------------------------------- group-by


def compile_group(inner: Closure, pairs: list[tuple[Closure, Closure]]) -> Closure:
    """Compile ``{...}`` behind a value, or on its own."""
    return lambda value, env: group(pairs, inner(value, env), env)


def group(pairs: list[tuple[Closure, Closure]], value: Any, env: Env) -> dict[str, Any]:
    """Make an object: items under the same key are grouped, and each group gives one value."""
    is_tuples = isinstance(value, Tuples)
    items = (
        value if isinstance(value, list) and value else [UNDEFINED] if isinstance(value, list) else [value]
    )
    groups: dict[str, tuple[list[Any], int]] = {}
    env.run.step(4 * len(items) * len(pairs))
    for item in items:
        for index, (read_key, _) in enumerate(pairs):
            if is_tuples and isinstance(item, dict):
                key = read_key(item["@"], env.with_names(item))
            else:
                key = read_key(item, env)
            if key is UNDEFINED:
                continue
            if not isinstance(key, str):
                raise JsonataFault(
                    "T1003", f"Key in object structure must evaluate to a string; got: {_told(key)}"
                )
            known = groups.get(key)
            if known is None:
                env.run.make(240)
                groups[key] = ([item], index)
            elif known[1] != index:
                message = "Multiple key definitions evaluate to same key"
                raise JsonataFault("D1009", f'{message}: "{key}"')
            else:
                known[0].append(item)
    made = {}
    for key, (members, index) in groups.items():
        read = pairs[index][1]
        env.run.step(len(members) + 4)
        if is_tuples and members[0] is not UNDEFINED:
            names = _joined(members, env)
            found = read(names.pop("@"), env.with_names(names))
        else:
            found = read(_as_one(members, env), env)
        if found is not UNDEFINED:
            made[key] = found
    return made


def _told(value: Any) -> str:
    return "null" if value is None else str(value)[:200]


def _as_one(members: list[Any], env: Env) -> Any:
    if len(members) == 1:
        return members[0]
    gathered: Any = Sequence()
    for item in members:
        if isinstance(item, list):
            env.run.make_array(len(item))
            gathered.extend(item)
        elif item is not UNDEFINED:
            gathered.append(item)
    return list(gathered)


def _joined(members: list[dict[str, Any]], env: Env) -> dict[str, Any]:
    names = dict(members[0])
    if len(members) > 1:
        for name in names:
            names[name] = _as_one([each.get(name, UNDEFINED) for each in members], env)
    return names


# ---------------------------------------------------------------- wildcards


def compile_wildcard() -> Closure:
    """Compile ``*``: the values of an object, arrays among them flattened."""

    def wildcard(value: Any, env: Env) -> Any:
        if type(value) is Outer and value:
            value = value[0]
        if not isinstance(value, list | dict):
            return UNDEFINED
        members = list(value.values()) if isinstance(value, dict) else value
        env.run.make_array(len(members))
        found: Any = Sequence()
        is_plain = False
        for member in members:
            if isinstance(member, list):
                is_plain = True
                flatten(member, found, env.run)
            else:
                found.append(member)
        return list(found) if is_plain else settle(found)

    return wildcard


def compile_descendant() -> Closure:
    """Compile ``**``: the value and everything below it, in the order of the document."""

    def descendant(value: Any, env: Env) -> Any:
        if value is UNDEFINED:
            return UNDEFINED
        found = Sequence()
        pending = [value]
        while pending:
            each = pending.pop()
            if isinstance(each, list):
                env.run.make_array(len(each))
                env.run.step(len(each))
                pending.extend(reversed(each))
                continue
            found.append(each)
            if isinstance(each, dict):
                env.run.step(len(each))
                pending.extend(reversed(each.values()))
        return settle(found)

    return descendant
