"""Make JSON that has all that a definition reads, with values that lead its Choices to a good end.

Pure: no clock, no IO. It is a guess that makes machines run, never a statement about a service: one sample
serves as the input and, fitted to where it is put, as every task's result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from step.jsonvalue import JSONObject, JSONValue, clone, size_bytes, to_text
from step.machine.sample_facts import ITEM, SampleFacts, SampleNode, Steps, path_steps, scopes_of

# A payload's limit is 256 KiB; a state's data may hold several samples.
_MOST_BYTES = 16_384
_MOST_VALUES = 5_000
_LEVELS = 3


class Samples:
    """The samples of a definition that is valid, made with those of the machines that it starts in mind.

    Attributes:
        whole: What has all that is read.
        input: That, unless the first state wants something else than an object.
    """

    def __init__(self, document: JSONObject, others: Sequence[JSONObject] = ()) -> None:
        self._root = root = SampleNode()
        facts = SampleFacts(root)
        scopes = [scope for one in (document, *others) for scope in scopes_of(one)]
        for scope in scopes:
            facts.choose(scope)
        facts.done()
        for one in (document, *others):
            facts.read(one, "")
        for levels in range(_LEVELS, 0, -1):
            writer = _Writer(root)
            self.whole = writer.write(root, "", levels) if root.members else {}
            if writer.left >= 0 and size_bytes(self.whole, _MOST_BYTES) <= _MOST_BYTES:
                break
        self._results: dict[str, JSONValue] = {}
        for scope in scopes:
            self._fit_results(scope["States"], facts.bare)
        for task, wants in facts.wants.items():
            if task and isinstance(self.result(task), dict):
                self._results[task] = _overlaid(self.result(task), wants)
        self.input = self._bare(facts.bare.get(document["StartAt"], [self.whole])[0])  # type: ignore[arg-type]  # it is valid

    def result(self, state: str) -> JSONValue:
        """Give the result of a state's task."""
        return self._results.get(state, self.whole)

    def _fit_results(self, states: Mapping[str, Any], bare: Mapping[str, list[JSONValue]]) -> None:
        """Fit results to where they are put, and to what the state behind takes for its whole input."""
        for name, state in states.items():
            if state["Type"] not in ("Task", "TaskFn") or "ResultSelector" in state:
                continue
            place, taken = state.get("ResultPath", "$"), state.get("OutputPath", "$")
            if place == "$":
                wanted = bare.get(state.get("Next", ""))
                is_whole = taken == "$" and state.get("Output") in (None, "{% $states.result %}")
                is_payload = taken == "$.Payload" or state.get("Output") == "{% $states.result.Payload %}"
                is_invoke = str(state.get("Resource")).startswith("arn:aws:states:::lambda:invoke")
                if wanted and (is_payload if is_invoke else is_whole):
                    self._results[name] = self._bare(wanted[0])
            elif isinstance(place, str) and "lambda:invoke" not in str(state.get("Resource")):
                node = self._root.at(next(path_steps(place), ()))
                if node.value or node.item is not None:
                    self._results[name] = _Writer(self._root).write(node, "", 2)

    def _bare(self, wanted: JSONValue) -> JSONValue:
        return [self.whole] if wanted == [] else wanted


class _Writer:
    """Writes a sample; ``left`` is how many values it may still write."""

    def __init__(self, root: SampleNode) -> None:
        self._root = root
        self.left = _MOST_VALUES

    def write(self, node: SampleNode, name: str, levels: int) -> JSONValue:
        """Write what is known of a place, there and under the names that its value gets later."""
        root = self._root
        self.left -= 1
        known = [node, *(root if alias == "" else root.members.get(alias) for alias in sorted(node.aliases))]
        sources = [source for source in (*known, root.members.get(name)) if source is not None]
        wanted = next((source.value for source in sources if source.value), [])
        item = next((source.item for source in sources if source.item is not None), None)
        if node.value == ["{}"]:
            return self._text(known[1:], levels)
        if item is not None or (wanted and isinstance(wanted[0], list)):
            return self._list(item or SampleNode(), wanted, levels, max(source.length for source in sources))
        members: JSONObject = {}
        for source in reversed(sources):
            members |= self._members(source, levels if source is node else levels - 1)
        if members:
            return members
        return wanted[0] if wanted else (name or "sample")

    def _text(self, read_as: Sequence[SampleNode | None], levels: int) -> JSONValue:
        """Write a text that is parsed; ``read_as`` is what is known of the names that it gets then."""
        for one in read_as:
            if one is not None and one.value and one.value != ["{}"]:
                return to_text(one.value[0])
            if one is not None and one.members and one is not self._root:
                return to_text(self._members(one, levels - 1))
        return to_text(self._members(self._root, 1)) if levels > 1 else "{}"

    def _list(self, item: SampleNode, wanted: Sequence[JSONValue], levels: int, length: int) -> JSONValue:
        """Write a list; its items have what is read from the start, too."""
        if wanted and isinstance(wanted[0], list) and wanted[0]:
            return wanted[0]
        made = self._members(item, levels - 1)
        if levels > 1:
            made = {**self._members(self._root, levels - 1), **made}
        return [made or (item.value[0] if item.value else "sample")] * length

    def _members(self, node: SampleNode, levels: int) -> JSONObject:
        if levels < 1 or self.left < 0:
            return {}
        return {
            name: self.write(inner, name, levels)
            for name, inner in node.members.items()
            if not inner.is_absent
        }


def _overlaid(value: JSONValue, wants: Sequence[tuple[Steps, JSONValue]]) -> JSONValue:
    """Lay what Choices want over a sample, from each member of a path on; what was wanted first stays."""
    made = clone(value)
    for steps, wanted in reversed(wants):
        for start in range(len(steps)):
            if not any(step.startswith(ITEM) for step in steps[start:]):
                _put(made, steps[start:], wanted)
    return made


def _put(value: JSONValue, steps: Steps, wanted: JSONValue) -> None:
    for step in steps[:-1]:
        inner = value.get(step) if isinstance(value, dict) else None
        if not isinstance(inner, dict):
            return
        value = inner
    if isinstance(value, dict) and not isinstance(value.get(steps[-1]), dict):
        value[steps[-1]] = wanted
