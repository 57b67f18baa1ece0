"""Write docs/fidelity.md: what is known of AWS's behaviours, and from where.

    python scripts/fidelity.py            write the page from what was counted last
    python scripts/fidelity.py FOLDER     count anew in a folder of folders of recordings, then write it

What is claimed stands in tests/conformance/behaviours.json, how often it was recorded in counts.json beside
it; the open questions are tests/conformance/questions, with what step answers today.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from step.asl.source import read_source
from step.asl.validate import has_errors, validate
from step.machine import StateMachine

ROOT = Path(__file__).resolve().parent.parent
CONFORMANCE = ROOT / "tests" / "conformance"
PAGE = ROOT / "docs" / "fidelity.md"
_WIDEST = 160
_COLUMNS = ("behaviour", "recorded", "published, documented", "chosen by step", "against it")


def main(arguments: list[str]) -> int:
    """Count where a folder is given, and write the page."""
    if arguments:
        (CONFORMANCE / "counts.json").write_text(
            json.dumps(count(Path(arguments[0])), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def _read(name: str) -> Any:
    return json.loads((CONFORMANCE / name).read_text(encoding="utf-8"))


# ---------------------------------------------------------------- counting


def count(folder: Path) -> dict[str, Any]:
    """Say of each behaviour how often it was recorded, and of each family how often at all."""
    cases = list(_cases(folder))
    behaviours: dict[str, Any] = {}
    for behaviour in _read("behaviours.json"):
        if "counts" in behaviour:
            found = [case for case in cases if _shows(case, behaviour["counts"])]
            behaviours[behaviour["says"]] = {"recorded": len(found), "years": _years(found)}
    families: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        families.setdefault(case["group"], []).append(case)
    return {
        "behaviours": behaviours,
        "families": {
            name: {"recorded": len(found), "years": _years(found)} for name, found in sorted(families.items())
        },
    }


def _cases(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*/*/*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))


def _shows(case: dict[str, Any], wanted: dict[str, str]) -> bool:
    expected = case.get("expected") or {}
    ((where, pattern),) = wanted.items()
    match where:
        case "id" | "kind":
            text = case[where]
        case "cause":
            text = str(expected.get("cause", ""))
        case "event":
            text = " ".join(str(event.get("type")) for event in expected.get("history") or ())
        case _:
            text = json.dumps(expected, ensure_ascii=False)
    return re.search(pattern, text) is not None


def _years(cases: list[dict[str, Any]]) -> str:
    years = sorted({str(case["recorded"])[6:10] for case in cases if case.get("recorded")})
    if not years:
        return ""
    return years[0] if len(years) == 1 else f"{years[0]} to {years[-1]}"


# ---------------------------------------------------------------- writing


def page() -> str:
    """Write the page."""
    counts = _read("counts.json")
    lines = [
        "# What is known of AWS, and from where",
        "",
        "Made by `make fidelity`; with `CORPUS=FOLDER` recordings are counted anew. Recorded: how many",
        "recordings of AWS show it. Published: somebody else read it off AWS and said so. Where recordings",
        "and documents differ the recording holds, and of two recordings the newer; what is held against is",
        "named with its date. What step chose where nothing is known can be recorded by whoever has an",
        "account: `step record tests/conformance/questions`.",
    ]
    topic = ""
    for behaviour in _read("behaviours.json"):
        if behaviour["topic"] != topic:
            topic = behaviour["topic"]
            lines += [
                "",
                f"## {topic}",
                "",
                "| behaviour | recorded | published, documented | chosen by step | against it |",
            ]
            lines += ["| --- | --- | --- | --- | --- |"]
        lines.append(_row(behaviour, counts["behaviours"].get(behaviour["says"])))
    lines += ["", "## Open questions", "", "What step does where nobody has recorded it.", ""]
    lines += ["| question | step, today |", "| --- | --- |"]
    for file in sorted((CONFORMANCE / "questions").glob("*.json")):
        asked = json.loads(file.read_text(encoding="utf-8"))
        link = f"[{file.stem}](../tests/conformance/questions/{file.name})"
        lines.append(f"| {link}: {asked['question']} | {answer(asked)} |")
    lines += [
        "",
        "## Recordings by family",
        "",
        "| family | recordings | recorded in |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {name} | {one['recorded']} | {one['years']} |" for name, one in counts["families"].items()]
    return "\n".join(lines) + "\n"


def _row(behaviour: dict[str, Any], found: dict[str, Any] | None) -> str:
    recorded = "-"
    if found:
        recorded = f"{found['recorded']}" + (f" ({found['years']})" if found["years"] else "")
    told = "; ".join(
        behaviour[name] if name == "published" else f'developer guide, "{behaviour[name]}"'
        for name in ("published", "documented")
        if name in behaviour
    )
    cells = [behaviour["says"], recorded, told, behaviour.get("chosen", ""), behaviour.get("against", "")]
    return "| " + " | ".join(cells) + " |"


def answer(asked: dict[str, Any]) -> str:
    """Say what step makes of a question today."""
    source = read_source(json.dumps(asked["definition"]))
    problems = validate(source)
    if has_errors(problems):
        return "refused: " + _short(problems[0].message)
    execution = StateMachine.from_json(asked["definition"], name="machine").execute(asked["input"])
    if execution.status == "SUCCEEDED":
        return f"`{_short(json.dumps(execution.output, ensure_ascii=False))}`"
    events = [event for event in execution.history if event["type"] != "ExecutionStarted"][-3:]
    chain = ", ".join(f"{event['type']} after {event['previousEventId']}" for event in events)
    said = f"{execution.status} {execution.error or ''}: {execution.cause or ''}".strip(": ")
    return f"{_short(said)}; {chain}"


def _short(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= _WIDEST else text[:_WIDEST] + "..."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
