"""A plan for whoever reviews a pull request, in Markdown: functions, the definition, how it would come.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator

from step.deployer.plan import FunctionState, Plan, compare_functions
from step.deployer.release import Canary
from step.machine import StateMachine
from step.paths.diff import diff
from step.paths.diff_report import markdown as diff_markdown
from step.view.text import human_duration

_SHOWN_HASH = 12


def plan_markdown(plan: Plan, machine: str, canary: Canary | None) -> str:
    """Write a comment for a pull request."""
    lines = [f"## What a deploy of `{machine}` would change", ""]
    if plan.is_empty:
        lines += ["Nothing would change.", ""]
    else:
        lines += [*_functions(plan), *_definition(plan, machine), *_coming(canary)]
    lines += _starters(plan)
    for warning in plan.warnings:
        lines += ["> [!WARNING]", f"> {warning}", ""]
    if plan.live and not plan.is_empty:
        words = f"step deploy ... --expect-live {plan.live}"
        lines += [f"Live is `{plan.live}`: `{words}` deploys this plan and no other.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _functions(plan: Plan) -> Iterator[str]:
    rows = [_function(name, *states) for name, states in plan.functions.items()]
    if not rows:
        return
    yield from (
        "### Functions",
        "",
        "| function | code | size | configuration |",
        "| --- | --- | ---: | --- |",
    )
    yield from rows
    yield ""


def _function(name: str, live: FunctionState | None, new: FunctionState | None) -> str:
    if live is None or new is None:
        state, word = (new, "new") if live is None else (live, "no longer called")
        code = f"{word}: `{state.code_sha256[:_SHOWN_HASH]}`" if state else word
        return f"| `{name}` | {code} | {_size(state)} | |"
    changes = compare_functions(name, live, new)
    prefix = f"function {name}/"
    is_changed = any(one.place == f"{prefix}code" for one in changes)
    code = (
        f"`{live.code_sha256[:_SHOWN_HASH]}` → `{new.code_sha256[:_SHOWN_HASH]}`"
        if is_changed
        else "the same"
    )
    size = f"{_size(live)} → {_size(new)}" if is_changed and live.size_bytes != new.size_bytes else _size(new)
    others = [one for one in changes if one.place != f"{prefix}code"]
    told = "<br>".join(
        f"`{one.place.removeprefix(prefix)}`"
        + (f": {_cell(one.old)} → {_cell(one.new)}" if one.new else " changes")
        for one in others
    )
    return f"| `{name}` | {code} | {size} | {told or 'the same'} |"


def _cell(text: str) -> str:
    """Quote a value so that it stays in its cell."""
    return f"`{text.replace('|', chr(92) + '|')}`" if text else "nothing"


def _size(state: FunctionState | None) -> str:
    if state is None or state.size_bytes is None:
        return ""
    kibibytes = state.size_bytes / 1024
    return f"{kibibytes:,.0f} KiB" if kibibytes < 10_240 else f"{kibibytes / 1024:,.1f} MiB"


def _definition(plan: Plan, machine: str) -> Iterator[str]:
    live, new = plan.definitions
    if live is None or new is None:
        return
    old, after = (StateMachine.from_json(text, name=machine).definition for text in (live, new))
    yield diff_markdown(diff(old, after), "Definition")


def _coming(canary: Canary | None) -> Iterator[str]:
    yield from ("### How it would come", "")
    if canary is None:
        yield from ("All at once, by one call.", "")
        return
    yield from ("| step | share | bakes for |", "| ---: | ---: | --- |")
    for index, step in enumerate(canary.steps, 1):
        yield f"| {index} | {step.percent} % | {human_duration(step.bake_seconds)} |"
    yield from (f"| {len(canary.steps) + 1} | 100 % | |", "")
    enders = [f"the alarm `{alarm}`" for alarm in canary.alarms]
    if canary.analysis is not None:
        enders.append(f"the analysis `{canary.analysis.resource}`")
    yield from (f"Led back by {', '.join(enders)}.", "")


def _starters(plan: Plan) -> Iterator[str]:
    if not plan.starters:
        return
    yield from ("### What starts it", "", "| | starts | |", "| --- | --- | --- |")
    for one in plan.starters:
        moved = "gets each release" if one.is_moved else "**isn't moved by releases**"
        yield f"| {one.kind} `{one.name}` | `{one.target.rpartition(':stateMachine:')[2]}` | {moved} |"
    yield ""
