"""What replays of many executions came to, as text and as JSON: the same finding is told once.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from step.paths.replay import ReplayedExecution

# Executions that are named for each finding.
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference, in how many executions it is, and where to look: files with events."""

    kind: str
    state: str
    text: str
    executions: int
    places: tuple[tuple[str, int], ...]

    @property
    def told(self) -> str:
        """The finding in words."""
        return f"{self.state}: {self.text}" if self.state else self.text


def findings(replays: Sequence[ReplayedExecution]) -> list[Finding]:
    """List where executions part, the most frequent first."""
    found: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for replay in replays:
        if replay.parting is not None:
            kind, event, state, text = replay.parting
            found.setdefault((kind, state, text), []).append((replay.file, event))
    return _sorted(found)


def handler_findings(replays: Sequence[ReplayedExecution]) -> list[Finding]:
    """List which handlers answer otherwise, the most frequent first."""
    found: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for replay in replays:
        for other in replay.other_answers:
            found.setdefault(("handler", other.state, other.text), []).append((replay.file, other.event))
    return _sorted(found)


def _sorted(found: dict[tuple[str, str, str], list[tuple[str, int]]]) -> list[Finding]:
    told = [
        Finding(
            kind=kind, state=state, text=text, executions=len({f for f, _ in at}), places=tuple(at[:_NAMED])
        )
        for (kind, state, text), at in found.items()
    ]
    return sorted(told, key=lambda finding: -finding.executions)


def replay_lines(replays: Sequence[ReplayedExecution]) -> Iterator[str]:
    """Tell what came of all."""
    parted = [replay for replay in replays if replay.verdict == "parts"]
    many = f"{len(replays):,} execution{'' if len(replays) == 1 else 's'}"
    yield f"{many}: {len(replays) - len(parted):,} the same, {len(parted):,} part"
    yield from _table(findings(replays))
    others = handler_findings(replays)
    if others:
        count = sum(1 for replay in replays if replay.other_answers)
        yield f"handlers answer otherwise in {count:,}"
        yield from _table(others)
    running = [replay for replay in replays if replay.is_running]
    if running:
        survive = sum(1 for replay in running if replay.would_survive)
        yield (
            f"{len(running):,} of them still run: {survive:,} have done what the new definition would, "
            f"{len(running) - survive:,} haven't"
        )
        lost = [replay for replay in running if not replay.would_survive]
        yield from (f"        {replay.file}" for replay in lost[:_NAMED])


def _table(found: Sequence[Finding]) -> Iterator[str]:
    for finding in found:
        file, event = finding.places[0]
        yield f"  {finding.executions:>6,}  {finding.told}"
        yield f"          {file}, event {event}"


def replay_json(replays: Sequence[ReplayedExecution]) -> dict[str, Any]:
    """Tell what came of all, and of each that parts."""
    return {
        "executions": len(replays),
        "same": sum(1 for replay in replays if replay.verdict == "same"),
        "running": sum(1 for replay in replays if replay.is_running),
        "findings": [_finding(found) for found in (*findings(replays), *handler_findings(replays))],
        "parts": [_one(replay) for replay in replays if replay.parting or replay.other_answers],
    }


def _finding(found: Finding) -> dict[str, Any]:
    places = [{"file": file, "event": event} for file, event in found.places]
    return {
        "kind": found.kind,
        "state": found.state,
        "text": found.text,
        "executions": found.executions,
        "places": places,
    }


def _one(replay: ReplayedExecution) -> dict[str, Any]:
    told: dict[str, Any] = {"file": replay.file, "is_running": replay.is_running}
    if replay.parting is not None:
        told["parting"] = replay.parting._asdict()
    if replay.other_answers:
        told["handlers"] = [
            {"event": other.event, "state": other.state, "text": other.text} for other in replay.other_answers
        ]
    return told
