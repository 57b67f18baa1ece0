"""Twenty changes are each found in recorded executions, twenty harmless ones in none of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.asl.model import Definition
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded
from step.machine.files import load_handlers
from step.machine.report import plain_event
from step.paths.replay import ReplayedExecution, Replayer
from step.paths.replay_report import replay_json, replay_lines
from step.runtime.virtual import VirtualDriver
from tests.paths.test_coverage import _kernel

ROOT = Path(__file__).resolve().parents[2]
DATA = json.loads((Path(__file__).parent / "replay_changes.json").read_text(encoding="utf-8"))
Events = list[dict[str, Any]]


def _definition(document: Any) -> Definition:
    return StateMachine.from_json(document).definition


def _recorded(definition: Definition, run: dict[str, Any]) -> Events:
    """An execution as AWS would tell it: each event a few milliseconds after the one before."""

    def perform(task: StartTask) -> tuple[list[Input], int] | None:
        answers = run["answers"][task.state]
        answer = answers[min(task.invocation, len(answers) - 1)]
        if answer == "never":
            return None
        begun: list[Input] = [] if task.token is None else [TaskSubmitted(task.op, {"MessageId": "m"})]
        if isinstance(answer, str):
            return [*begun, TaskFailed(task.op, answer, "cause")], 1500
        return [*begun, TaskSucceeded(task.op, answer)], 1500

    kernel = _kernel(definition, run["input"])
    VirtualDriver(kernel, perform).run(run["input"])
    events = [{**event} for event in kernel.history]
    for number, event in enumerate(events):
        event["timestamp"] += timedelta(milliseconds=7 * number)
    told: Events = json.loads(json.dumps([plain_event(event) for event in events]))
    return told


@pytest.fixture(scope="module")
def records() -> list[Events]:
    definition = _definition(DATA["definition"])
    return [_recorded(definition, run) for run in DATA["runs"]]


def _changed(patch: list[dict[str, Any]]) -> Any:
    document = copy.deepcopy(DATA["definition"])
    for change in patch:
        *way, last = change["path"].split("/")[1:]
        place = document
        for key in way:
            place = place[int(key) if isinstance(place, list) else key]
        if change["op"] == "remove":
            del place[int(last) if isinstance(place, list) else last]
        elif isinstance(place, list) and change["op"] == "add":
            place.insert(int(last), change["value"])
        else:
            place[int(last) if isinstance(place, list) else last] = change["value"]
    return document


def _replays(document: Any, records: list[Events]) -> list[ReplayedExecution]:
    replayer = Replayer(_definition(document))
    return [replayer.replay(str(number), events) for number, events in enumerate(records)]


def test_what_was_recorded_is_the_same_again(records: list[Events]) -> None:
    replays = _replays(DATA["definition"], records)

    assert [replay.parting for replay in replays] == [None] * len(records)
    assert list(replay_lines(replays)) == [f"{len(records)} executions: {len(records)} the same, 0 part"]


@pytest.mark.parametrize("case", DATA["seeded"], ids=lambda case: str(case["name"]))
def test_a_change_of_the_definition_is_found_and_named(case: dict[str, Any], records: list[Events]) -> None:
    replays = _replays(_changed(case["patch"]), records)

    found = [replay.parting for replay in replays if replay.parting is not None]
    assert found
    assert case["named"] in {parting.state for parting in found} | {
        word for parting in found for word in parting.text.replace(",", "").split()
    }
    assert all(parting.event > 0 for parting in found)


@pytest.mark.parametrize("case", DATA["harmless"], ids=lambda case: str(case["name"]))
def test_a_harmless_change_of_the_definition_is_found_in_none(
    case: dict[str, Any], records: list[Events]
) -> None:
    assert [replay.parting for replay in _replays(_changed(case["patch"]), records) if replay.parting] == []


# ---------------------------------------------------------------- handlers

BREAD = ROOT / "states" / "bread.asl.json"
LOAVES: list[dict[str, Any]] = [
    {},
    {"oven": {"failures": 1}},
    {"oven": {"failures": 3}},
    {"oven": {"minutes_to_golden": 12}},
    {"oven": {"minutes_to_golden": 90}},
]


@pytest.fixture(scope="module")
def loaves() -> list[Events]:
    machine = StateMachine.from_file(BREAD).attach(load_handlers(ROOT / "lambda" / "bread.py"))
    return [
        json.loads(json.dumps([plain_event(event) for event in machine.execute(value).history]))
        for value in LOAVES
    ]


def _handlers(change: dict[str, Any], folder: Path) -> Callable[[StartTask], Any]:
    source = (ROOT / "lambda" / "bread.py").read_text(encoding="utf-8")
    assert change["was"] in source
    file = folder / "changed_bread.py"
    file.write_text(source.replace(change["was"], change["becomes"]), encoding="utf-8")
    machine = StateMachine.from_file(BREAD).attach(load_handlers(file))

    def answer(task: StartTask) -> Any:
        done = machine.perform(task)
        return done[0][-1] if done else None

    return answer


@pytest.mark.parametrize("case", DATA["handlers"]["seeded"], ids=lambda case: str(case["name"]))
def test_a_change_of_a_handler_is_found_and_named(
    case: dict[str, Any], loaves: list[Events], tmp_path: Path
) -> None:
    replayer = Replayer(StateMachine.from_file(BREAD).definition, _handlers(case, tmp_path))

    replays = [replayer.replay("file", events) for events in loaves]

    assert {other.state for replay in replays for other in replay.other_answers} == {case["named"]}
    assert all(replay.parting is None for replay in replays)


@pytest.mark.parametrize("case", DATA["handlers"]["harmless"], ids=lambda case: str(case["name"]))
def test_a_harmless_change_of_a_handler_is_found_in_none(
    case: dict[str, Any], loaves: list[Events], tmp_path: Path
) -> None:
    replayer = Replayer(StateMachine.from_file(BREAD).definition, _handlers(case, tmp_path))

    assert [replayer.replay("file", events).other_answers for events in loaves] == [()] * len(loaves)


# ---------------------------------------------------------------- running executions, and the rest


@pytest.mark.parametrize("length", range(1, 20))
def test_an_execution_that_still_runs_has_done_what_it_would_do(length: int, records: list[Events]) -> None:
    running = [events[:length] for events in records if len(events) > length]

    replays = _replays(DATA["definition"], running)

    assert [replay.parting for replay in replays] == [None] * len(running)
    assert all(replay.is_running and replay.would_survive for replay in replays)


def test_a_running_execution_that_a_change_has_overtaken_is_told(records: list[Events]) -> None:
    document = _changed(DATA["seeded"][9]["patch"])
    whole = records[0]
    sent = next(event["id"] for event in whole if event["type"] == "WaitStateEntered")

    early, late = _replays(document, [whole[: sent - 3], whole[:sent]])

    assert (early.would_survive, late.would_survive) == (True, False)
    lines = list(replay_lines([early, late]))
    assert "2 of them still run: 1 have done what the new definition would, 1 haven't" in lines


def test_the_same_finding_is_told_once(records: list[Events]) -> None:
    replays = _replays(_changed([{"op": "replace", "path": "/States/Night/Seconds", "value": 60}]), records)

    (finding,) = replay_json(replays)["findings"]

    assert (finding["kind"], finding["state"]) == ("time", "Night")
    assert finding["text"] == "it waited 43200 s, and waits 60 s"
    assert finding["executions"] == len([replay for replay in replays if replay.parting])


def test_a_distributed_map_is_taken_as_it_was_recorded() -> None:
    each: Any = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "ResultPath": "$.each",
        "ItemsPath": "$.items",
        "Next": "Last",
    }
    last: Any = {"Type": "Pass", "End": True}
    document: Any = {"StartAt": "Each", "States": {"Each": each, "Last": last}}
    execution = StateMachine.from_json(document).execute({"items": [1, 2]})
    events = [plain_event(event) for event in execution.history]
    child = [plain_event(event) for event in execution.children[0].history]
    other = json.loads(json.dumps(document))
    other["States"]["Last"]["Result"] = 1

    assert [replay.parting for replay in _replays(document, [events, child])] == [None, None]
    parting = _replays(other, [events])[0].parting
    assert parting is not None
    assert parting.state == "Last"
