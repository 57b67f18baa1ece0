"""Run JSONata's official test suite against the library that step evaluates with.

python scripts/jsonata_suite.py FOLDER

FOLDER is the suite's: ``test/test-suite`` of the repository jsonata-js/jsonata, which other implementations
carry along (the source distribution of jsonata2py has one). It holds ``datasets/`` and ``groups/``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonata2py
from jsonata2py.errors import JsonataError

# What a case may name in milliseconds; the net under a case that names none.
_LONGEST_MS = 30_000


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
    print(f"jsonata2py {version('jsonata2py')}: {passed} of {total} cases pass")
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
    try:
        expression = jsonata2py.compile(case["expr"])
        expression.set_timeout(case.get("timelimit", _LONGEST_MS))
        bindings = jsonata2py.JsonataBindings()
        for name, value in case.get("bindings", {}).items():
            bindings.bind_value(name, value)
        result = expression.evaluate(_data(case, folder), bindings)
    except (JsonataError, jsonata2py.JsonataCompilationError, jsonata2py.JsonataEvaluationError) as error:
        code = getattr(error, "error_code", None)
        if "error" in case and expected_code is None:
            return None
        return None if code == expected_code else f"expected {_told(case)}, got the error {code}: {error}"
    if expected_code is not None or "error" in case:
        return f"expected {_told(case)}, got {result!r:.200}"
    if case.get("undefinedResult"):
        return None if result is jsonata2py.MISSING else f"expected nothing, got {result!r:.200}"
    is_same = _same(case["result"], result, is_ordered=not case.get("unordered"))
    return None if is_same else f"expected {case['result']!r:.200}, got {result!r:.200}"


def _told(case: dict[str, Any]) -> str:
    return json.dumps(
        {key: case[key] for key in ("result", "code", "error", "undefinedResult") if key in case}
    )


def _data(case: dict[str, Any], folder: Path) -> Any:
    if "data" in case:
        return case["data"]
    if case.get("dataset") is None:
        return jsonata2py.MISSING
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
