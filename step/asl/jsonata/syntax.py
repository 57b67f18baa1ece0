"""JSONata's syntax tree, and why a text has none.

Pure: no clock, no IO; knows neither the grammar nor evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


class JSONataSyntaxError(ValueError):
    """A text that isn't JSONata; ``code`` is the reference implementation's."""

    def __init__(self, code: str, message: str, position: int = 0) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.code = code
        self.position = position


@dataclass(slots=True, eq=False)
class Slot:
    """Where ``%`` finds its parent: the label under which a step keeps what it was applied to."""

    label: str
    level: int = 1


@dataclass(slots=True, eq=False)
class Node:
    """A node of the tree. The parser fills it bottom-up; afterwards nobody changes it.

    ``kind`` is one of: string number value regex name variable wildcard descendant parent placeholder path
    chain array object negate call partial lambda condition block bind transform sort.

    - ``value``: a literal, a name, an operator, a lambda's signature.
    - ``parts``: operands, arguments, items, a path's steps, a chain's operands, a lambda's body.
    - ``names``: a lambda's parameters, a chain's operators.
    - ``pairs``: an object's; ``terms``: a sort's, with whether each descends.
    - ``filters`` follow a value that is no path; ``stages`` follow a step: nodes, or names that number it.
    - ``group``: ``{...}`` behind it; ``keeps``: ``[]`` behind it; ``is_whole``: it isn't flattened.
    - ``focus``, ``index``, ``ancestor``: the names a step binds; ``is_tuple``: it passes such names on.
    - ``seeks``: slots of ``%`` whose steps lie outside of this node.
    """

    kind: str
    position: int
    value: Any = None
    parts: list[Node] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    terms: list[tuple[Node, bool]] = field(default_factory=list)
    filters: list[Node] = field(default_factory=list)
    stages: list[Node | str] = field(default_factory=list)
    group: list[tuple[Node, Node]] | None = None
    keeps: bool = False
    is_whole: bool = False
    focus: str | None = None
    index: str | None = None
    ancestor: Slot | None = None
    is_tuple: bool = False
    slot: Slot | None = None
    seeks: list[Slot] = field(default_factory=list)

    def children(self) -> Iterator[Node]:
        """Give the nodes right below this one."""
        yield from self.parts
        for pairs in (self.pairs, self.group or ()):
            for key, value in pairs:
                yield key
                yield value
        for term, _ in self.terms:
            yield term
        yield from self.filters
        for stage in self.stages:
            if isinstance(stage, Node):
                yield stage
