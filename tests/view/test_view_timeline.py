from __future__ import annotations

from typing import Any, Protocol

from step.view import event_line, gather_visits, render_timeline


class Writer(Protocol):
    events: list[dict[str, Any]]

    def add(self, kind: str, seconds: float = 0, previous: int | None = None, **details: Any) -> int: ...


def test_each_visit_has_a_row_with_start_duration_and_outcome(burnt_bread: list[dict[str, Any]]) -> None:
    rows = [line.rstrip("─█▏ ") for line in render_timeline(burnt_bread).splitlines()]

    assert rows == [
        "start   took  state",
        " 0 ms   12 h  Rise",
        " 12 h    3 s  Bake  3 tries, caught OvenBroke",
        " 12 h    1 s  Each  ✗ Charcoal",
        "                [0]",
        " 12 h  80 ms      Slice",
        "                [1]",
        " 12 h   0 ms      Burnt  ✗",
        "FAILED Charcoal after 12 h",
    ]


def test_long_and_short_stretches_are_both_visible(burnt_bread: list[dict[str, Any]]) -> None:
    lines = render_timeline(burnt_bread, width=100).splitlines()

    assert max(len(line) for line in lines) <= 100
    rise = next(line for line in lines if "Rise" in line)
    slice_ = next(line for line in lines if "Slice" in line)
    assert 10 < rise.count("─") < 50
    assert 3 < slice_.count("█") < rise.count("─")


def test_names_are_never_cut(history: Writer) -> None:
    name = "A" * 80
    history.add("ExecutionStarted")
    history.add("PassStateEntered", 0, 0, name=name)

    timeline = render_timeline(history.events, width=40)

    assert f"{name}  …" in timeline
    assert timeline.endswith("RUNNING after 0 ms")


def test_branches_of_a_parallel_are_kept_together(history: Writer) -> None:
    history.add("ExecutionStarted")
    history.add("ParallelStateEntered", 0, 0, name="Both")
    started = history.add("ParallelStateStarted")
    left = history.add("PassStateEntered", 0, started, name="Left 1")
    right = history.add("PassStateEntered", 0, started, name="Right 1")
    left = history.add("PassStateExited", 1, left, name="Left 1")
    right = history.add("PassStateExited", 1, right, name="Right 1")
    left = history.add("PassStateEntered", 1, left, name="Left 2")
    right = history.add("PassStateEntered", 1, right, name="Right 2")
    history.add("PassStateExited", 2, left, name="Left 2")
    last = history.add("PassStateExited", 2, right, name="Right 2")
    history.add("ParallelStateSucceeded", 2, last)
    history.add("ParallelStateExited", 2, name="Both")
    history.add("ExecutionSucceeded", 2)

    rows = render_timeline(history.events).splitlines()

    assert [row[15:].split("  ")[0] for row in rows[2:6]] == ["Left 1", "Left 2", "Right 1", "Right 2"]
    assert rows[-1] == "SUCCEEDED after 2 s"


def test_a_large_map_shows_its_first_iterations(history: Writer) -> None:
    history.add("ExecutionStarted")
    history.add("MapStateEntered", 0, 0, name="Each")
    started = history.add("MapStateStarted", length=25)
    for index in range(25):
        history.add("MapIterationStarted", 0, started, name="Each", index=index)
        history.add("PassStateEntered", name="It")
        history.add("PassStateExited", name="It")

    timeline = render_timeline(history.events)

    assert timeline.count(" It ") == 20
    assert "and 5 more iterations" in timeline


def test_a_map_that_is_retried_abandons_its_first_attempt(history: Writer) -> None:
    history.add("ExecutionStarted")
    history.add("MapStateEntered", 0, 0, name="Each")
    for _ in range(2):
        history.add("MapStateStarted", length=1)
        history.add("MapIterationStarted", name="Each", index=0)
        history.add("TaskStateEntered", name="Try")
        history.add("TaskScheduled")
        history.add("TaskFailed", error="Boom")
        history.add("MapIterationFailed", name="Each", index=0)
        history.add("MapStateFailed")
    history.add("ExecutionFailed", error="Boom")

    (visit,) = gather_visits(history.events).roots

    assert (visit.attempts, visit.error, visit.status) == (2, "Boom", "failed")
    assert [child.status for child in visit.children] == ["failed", "failed"]


def test_a_history_read_from_json_has_the_same_timeline(burnt_bread: list[dict[str, Any]]) -> None:
    as_text = [event | {"timestamp": event["timestamp"].isoformat()} for event in burnt_bread]
    as_epoch = [event | {"timestamp": event["timestamp"].timestamp()} for event in burnt_bread]

    expected = render_timeline(burnt_bread)

    assert render_timeline(as_text) == render_timeline(as_epoch) == expected


def test_no_events_are_said_to_be_none() -> None:
    assert render_timeline([]) == "no events"


def test_an_event_is_one_line(burnt_bread: list[dict[str, Any]]) -> None:
    start = burnt_bread[0]["timestamp"]

    told = [" ".join(event_line(burnt_bread[at], start).split()) for at in (1, 5, 11)]

    assert told == [
        "0 ms WaitStateEntered Rise",
        "12 h LambdaFunctionFailed OvenBroke",
        "12 h MapStateEntered Each",
    ]
