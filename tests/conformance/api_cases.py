"""Play the corpus's sequences of API calls against the service, and say how far its answers agree with AWS's.

    python -m tests.conformance.api_cases CORPUS [PART-OF-AN-ID]

The corpus lives outside the project. Each case gets a service of its own, asked by boto3, in the account that
the recordings name. Exit status 1: one disagrees.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from step.clock import pause
from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.conformance.dated import REDRIVE, recorded_on
from tests.serving import client_at

ACCOUNT = "111111111111"
# What AWS tells today and didn't tell when some cases were recorded.
_TOLD_SINCE = {
    "redriveCount": REDRIVE,
    "failuresNotRedrivable": REDRIVE,
    "pendingRedrive": REDRIVE,
    "encryptionConfiguration": date(2024, 7, 25),
    "variableReferences": date(2024, 11, 22),
}
# Names that the recordings lost: what stands for them fits anything.
_LOST = {"log_group_name": "<log_group_name>"}
_LOG_GROUP = re.compile(r':log-group:([^"]+?)(?::\*)?"')
_PLACEHOLDER = re.compile(r"<([^<>]+)>")


class Disagreement(NamedTuple):
    """One call whose answer is another than AWS's."""

    case: str
    call: str
    place: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.case}\n    {self.call} {self.place}\n    AWS  {self.expected}\n    here {self.found}"


def cases(corpus: Path, part: str = "") -> Iterator[dict[str, Any]]:
    """Read the sequences of calls."""
    for file in sorted(corpus.glob("*/*.json")):
        case = json.loads(file.read_text(encoding="utf-8"))
        if case["kind"] == "api" and part in case["id"]:
            yield case


def play(case: Mapping[str, Any]) -> list[Disagreement]:
    """Make a case's calls one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        service = LocalService.start(Options(store=Path(folder), clock=VirtualClock(), account=ACCOUNT))
        try:
            _make_log_groups(case["calls"], service.endpoint)
            played = _Played(case, client_at(service.endpoint, "stepfunctions"))
            for number, arn in _lost_executions(case["calls"]):
                played.before(number, partial(_run, service.endpoint, arn))
            return played.differences()
        finally:
            service.close()


def _make_log_groups(calls: Sequence[Mapping[str, Any]], endpoint: str) -> None:
    """Make the log groups that requests name, as whoever recorded the calls did beside them."""
    for group in set(_LOG_GROUP.findall(json.dumps([call["params"] for call in calls]))):
        client_at(endpoint, "logs").create_log_group(logGroupName=group)


def _lost_executions(calls: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Name the executions that were started beside a recording's calls, with the call that asks first."""
    known = {call["params"].get("name") for call in calls if call["op"] == "StartExecution"}
    for number, call in enumerate(calls):
        arn, expected = call["params"].get("executionArn"), call.get("expected", {})
        if not isinstance(arn, str) or {"exception_typename", "Error"} & set(expected):
            continue
        name = arn.rpartition(":")[2]
        if ":execution:" in arn and name not in known:
            known.add(name)
            yield number, arn


def _run(endpoint: str, arn: str) -> None:
    """Run an execution to its end; a Map that reads has two items to read."""
    s3, client = client_at(endpoint, "s3"), client_at(endpoint, "stepfunctions")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key.csv", Body=b"name\none\ntwo\n")
    machine, _, name = arn.replace(":execution:", ":stateMachine:").rpartition(":")
    given = json.dumps({"Bucket": "bucket", "Key": "key.csv"})
    client.start_execution(stateMachineArn=machine, name=name, input=given)
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        pause(0.05)


class _Played:
    def __init__(self, case: Mapping[str, Any], client: Any) -> None:
        self._case = case
        self._client = client
        self._results: list[dict[str, Any]] = []
        self._bound: dict[str, str] = {}
        self._before: dict[int, Callable[[], None]] = {}
        self._recorded = recorded_on(case)

    def before(self, number: int, do: Callable[[], None]) -> None:
        """Have something done before a call."""
        self._before[number] = do

    def differences(self) -> list[Disagreement]:
        found = []
        for number, call in enumerate(self._case["calls"]):
            self._before.get(number, lambda: None)()
            params = self._given(call["params"], number)
            if call["op"] == "UpdateStateMachine" and "roleArn" in params:
                # All roles of the recordings have become one; each update was to another.
                params["roleArn"] += f"-{number}"
            answer = self._ask(call["op"], params)
            self._results.append(answer)
            if "expected" in call:
                for place, expected, here in self._compare(call["expected"], answer, ""):
                    name = f"{number} {call['op']}"
                    found.append(Disagreement(self._case["id"], name, place, expected, here))
        return found

    def _given(self, params: Any, number: int) -> Any:
        """Fill in what earlier calls gave."""
        if isinstance(params, dict) and set(params) == {"$result"}:
            value: Any = self._results
            for name in params["$result"].split("."):
                value = value[int(name)] if isinstance(value, list) else value[name]
            return value
        if isinstance(params, dict):
            return {name: self._given(value, number) for name, value in params.items()}
        return [self._given(value, number) for value in params] if isinstance(params, list) else params

    def _ask(self, operation: str, params: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**params)
        except ClientError as error:
            text = str(error).replace(" (reached max retries: 0)", "")
            told = {"exception_typename": error.response["Error"]["Code"], "exception_value": text}
            return told | {"message": error.response["Error"]["Message"], **error.response}
        except ParamValidationError as error:
            return {"exception_typename": "ParamValidationError", "exception_value": str(error)}
        return answer

    # ------------------------------------------------------------ comparing

    def _compare(self, expected: Any, here: Any, place: str) -> Iterator[tuple[str, object, object]]:
        if isinstance(expected, dict):
            here = _decoded(here)
            if not isinstance(here, dict):
                yield place, expected, here
                return
            yield from self._members(expected, here, place)
        elif isinstance(expected, list):
            if not isinstance(here, list) or len(here) != len(expected):
                yield place, expected, here
                return
            for number, (one, other) in enumerate(zip(expected, here, strict=True)):
                yield from self._compare(one, other, f"{place}/{number}")
        elif isinstance(expected, str) and _PLACEHOLDER.search(_without_lost(expected)):
            if not self._fits(expected, here):
                yield place, expected, here
        elif expected != here:
            yield place, expected, here

    def _members(
        self, expected: dict[str, Any], here: dict[str, Any], place: str
    ) -> Iterator[tuple[str, object, object]]:
        is_failure = "exception_typename" in expected or "Error" in expected
        for name, value in expected.items():
            if name == "ResponseMetadata":
                code = here.get(name, {}).get("HTTPStatusCode")
                if value["HTTPStatusCode"] != code:
                    yield f"{place}/{name}", value["HTTPStatusCode"], code
            elif name not in here:
                yield f"{place}/{name}", value, "nothing"
            else:
                yield from self._compare(value, here[name], f"{place}/{name}")
        for name in set(here) - set(expected) - {"ResponseMetadata"}:
            if not is_failure and not self._recorded < _TOLD_SINCE.get(name, date.min):
                yield f"{place}/{name}", "nothing", here[name]

    def _fits(self, expected: str, here: object) -> bool:
        """Compare with placeholders: ``<name:1>`` and ``<Name_0idx>`` stand for one value throughout."""
        if isinstance(here, datetime):
            return True
        expected = _without_lost(expected)
        pattern, names, end = "", [], 0
        for found in _PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[end : found.start()])
            end = found.end()
            names.append(found[1])
            pattern += "(.+)"
        matched = re.fullmatch(pattern + re.escape(expected[end:]), str(here), re.DOTALL)
        if matched is None:
            return False
        stands = [(n, v) for n, v in zip(names, matched.groups(), strict=True) if _is_one_value(n)]
        return all(self._bound.setdefault(name, value) == value for name, value in stands)


def _without_lost(expected: str) -> str:
    for name, placeholder in _LOST.items():
        expected = expected.replace(f":{name}:", f":{placeholder}:")
    return expected


def _is_one_value(name: str) -> bool:
    return ":" in name or name.endswith("idx")


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def score(corpus: Path, part: str = "") -> list[dict[str, Any]]:
    """Play a folder's sequences; print what disagrees. The rows are shaped as the runner's."""
    rows = []
    for case in cases(corpus, part):
        differences = play(case)
        for difference in differences:
            print(difference)
        verdict = {"api": not differences}
        rows.append({"id": case["id"], "tier": "api", "applies": {"api": True}, "verdict": verdict})
    return rows


def main(argv: list[str]) -> int:
    if not 1 <= len(argv) <= 2 or not Path(argv[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    verdicts = [row["verdict"]["api"] for row in score(Path(argv[0]), *argv[1:])]
    print(f"sequences of API calls: {sum(verdicts)} of {len(verdicts)} agree with AWS")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
