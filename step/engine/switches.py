"""Changes of what executions do, as named switches: who began before one keeps the old behaviour.

An execution outlives the version of ``step`` that started it, and a replay of its inputs must give the
events it has had. So every execution says under which rules it began (``ExecutionInfo.rules``: how many
switches there were), and what would change its events asks its switch. Pure: no clock, no IO.

A new switch comes at the end of the list and is never taken away, nor is the old behaviour. What needs one:
a change that may alter, add or drop an event, or the work that is asked for, of a machine that step has run
before. What needs none: what no execution can have reached (a definition that was refused, a fault of
step), and what only the validator, an answer of the API or a view of history says.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Ruled(Protocol):
    """What belongs to an execution: its ``ExecutionInfo``."""

    @property
    def rules(self) -> int: ...


class Switch(NamedTuple):
    """A change of behaviour.

    Attributes:
        number: Its place in the list, from 1 on.
        name: What holds since.
        date: When it came.
        source: Where the rule comes from.
    """

    number: int
    name: str
    date: str
    source: str

    def holds(self, execution: Ruled) -> bool:
        """Say whether an execution follows the new rule."""
        return execution.rules >= self.number


NO_NEXT_STATE = Switch(
    1,
    "a Choice of which no rule matches, without Default, fails with States.Runtime, which nothing catches",
    "2026-11-24",
    'Observed: second.Choice; against ASL "Choice State", which says States.NoChoiceMatched',
)
INTRINSICS_AS_AWS = Switch(
    2,
    "what fails in an intrinsic function is States.Runtime, caught by nothing; numbers are Java's Integers",
    "2026-11-24",
    "Observed: second.States, every function; against ASL, which says States.IntrinsicFailure",
)
HISTORY_AS_AWS = Switch(
    3,
    "a fatal error ends the execution with no event between, EvaluationFailed follows the last event, "
    "TaskStateAborted and its like are followed by none, ExecutionTimedOut names States.Timeout",
    "2026-11-24",
    "Published: floci-io/floci 2733, 2782, 2868, 3167, August and September 2026, read off AWS. "
    "Observed in 2024: EvaluationFailed followed what its state's entry follows",
)
ITEM_SOURCE = Switch(
    4,
    "Map.Item.Source is s3://bucket/key of the object that has the item, not S3:// of what the reader names",
    "2026-11-24",
    'Observed: second.Observation.ItemReader; AWS: developer guide, "Context object"',
)
NAMELESS_ERROR = Switch(
    5,
    "a catcher is given null as Error of a failure without a name (SendTaskFailure, Fail), not an empty text",
    "2026-11-24",
    "Issue 11 of this project, cause 9: said of AWS; no recording at hand",
)
SWITCHES = (NO_NEXT_STATE, INTRINSICS_AS_AWS, HISTORY_AS_AWS, ITEM_SOURCE, NAMELESS_ERROR)
# What new executions follow.
CURRENT = len(SWITCHES)
