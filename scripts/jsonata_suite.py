"""Run JSONata's official test suite against step's own JSONata.

python scripts/jsonata_suite.py FOLDER

FOLDER is the suite's: ``test/test-suite`` of the repository jsonata-js/jsonata, which other implementations
carry along (the source distribution of jsonata2py has one). It holds ``datasets/`` and ``groups/``.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from step.asl.jsonata.environment import Evaluation
from step.asl.jsonata.evaluation import FunctionInResult, clean, evaluate
from step.asl.jsonata.parser import parse
from step.asl.jsonata.signature import FunctionSignature
from step.asl.jsonata.syntax import JSONataSyntaxError
from step.asl.jsonata.values import UNDEFINED, JsonataFault, Native
from step.asl.meter import Exceeded, Limits

# The suite makes ten million numbers; its endless loop ends by the steps. The calls are those of step.
_LIMITS = Limits(steps=20_000_000, total_bytes=1 << 40, value_bytes=1 << 40, numbers=10_000_000)
_SCOPE: Any = SimpleNamespace(variables={}, context={}, now=1_700_000_000_000, random=random.Random(1))
_EXCEEDED = "U1001"


def main(folder: Path) -> int:
    """Print each case that fails, and how many pass; answer the process's exit code."""
    passed = total = 0
    for name, case in read_cases(folder):
        total += 1
        problem = run(case, folder)
        if problem is None:
            passed += 1
        else:
            print(f"{name}: {problem}")
    print(f"{passed} of {total} cases pass")
    return 0 if passed == total else 1


def read_cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the suite's cases with their names; a file holds one, or an array of them."""
    for file in sorted(folder.glob("groups/*/*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        for number, case in enumerate(content if isinstance(content, list) else [content]):
            if "expr-file" in case:
                case["expr"] = (file.parent / case["expr-file"]).read_text(encoding="utf-8")
            yield f"{file.parent.name}/{file.stem}[{number}]", case


def run(case: dict[str, Any], folder: Path) -> str | None:
    """Run one case; say what is wrong, or None."""
    expected_code = case.get("code") or case.get("error", {}).get("code")
    code = None
    try:
        data = _data(case, folder)
        result = evaluate(
            parse(case["expr"]), data, {"eval": _eval(data), **case.get("bindings", {})}, _SCOPE, _LIMITS
        )
        if result is not UNDEFINED:
            result = clean(result, _LIMITS)
    except (JSONataSyntaxError, JsonataFault) as error:
        code = error.code or "none"
    except Exceeded:
        code = _EXCEEDED
    except FunctionInResult:
        # What gives a function has no result in JSON.
        return None if "result" not in case else f"expected {_told(case)}, got a function"
    if code is not None:
        if "error" in case and expected_code is None:
            return None
        return None if code == expected_code else f"expected {_told(case)}, got the error {code}"
    if expected_code is not None or "error" in case:
        return f"expected {_told(case)}, got {result!r:.200}"
    if case.get("undefinedResult"):
        return None if result is UNDEFINED else f"expected nothing, got {result!r:.200}"
    is_same = result is not UNDEFINED and _same(case["result"], result, is_ordered=not case.get("unordered"))
    return None if is_same else f"expected {case['result']!r:.200}, got {result!r:.200}"


def _eval(data: Any) -> Native:
    """Give the $eval of the suite: Step Functions has none, so step hasn't either."""

    def evaluate_text(run: Evaluation, value: Any, text: Any, context: Any) -> Any:
        if text is UNDEFINED:
            return UNDEFINED
        try:
            tree = parse(text)
        except JSONataSyntaxError as fault:
            raise JsonataFault("D3120", str(fault)) from fault
        given = value if context is UNDEFINED else context
        try:
            return evaluate(tree, given, {}, _SCOPE, _LIMITS)
        except JsonataFault as fault:
            raise JsonataFault("D3121", str(fault)) from fault

    return Native("eval", evaluate_text, FunctionSignature.from_text("<sx?:x>"), 2)


def _told(case: dict[str, Any]) -> str:
    return json.dumps(
        {key: case[key] for key in ("result", "code", "error", "undefinedResult") if key in case}
    )


def _data(case: dict[str, Any], folder: Path) -> Any:
    if "data" in case:
        return case["data"]
    if case.get("dataset") is None:
        return UNDEFINED
    return json.loads((folder / "datasets" / f"{case['dataset']}.json").read_text(encoding="utf-8"))


def _same(expected: Any, found: Any, *, is_ordered: bool) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=1e-14)
    if isinstance(expected, list) and isinstance(found, list):
        if not is_ordered:
            expected, found = sorted(expected, key=repr), sorted(found, key=repr)
        return len(expected) == len(found) and all(
            _same(a, b, is_ordered=True) for a, b in zip(expected, found, strict=True)
        )
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            _same(value, found[key], is_ordered=True) for key, value in expected.items()
        )
    return type(expected) is type(found) and bool(expected == found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
