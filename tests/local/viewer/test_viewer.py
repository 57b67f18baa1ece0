"""What the viewer answers: who may ask, what is told, and how news come."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from step.errors import NoContact, Refused
from step.local.http import Request, Response
from step.local.viewer import Viewer
from step.local.viewer.aws_source import AwsSource
from step.local.viewer.service_source import ServiceSource
from step.local.viewing import StandaloneViewer

HOST = "127.0.0.1:4566"
ACTION = {
    "host": HOST,
    "origin": f"http://{HOST}",
    "content-type": "application/json",
    "x-step-action": "1",
    "sec-fetch-site": "same-origin",
}


def ask(viewer: Viewer, path: str, **headers: str) -> Response:
    path, _, query = path.partition("?")
    return viewer.answer(Request("GET", path, query, {"host": HOST, **headers}, b"", "127.0.0.1"))


def told(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


@pytest.fixture
def bread(little: Any) -> str:
    little.tasks["Bake"] = lambda payload: {**payload, "baked": True}
    bake = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:bake", "End": True}
    return str(little.create("bread", {"Bake": bake}, "Bake"))


# ---------------------------------------------------------------- security


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": None}, 403),
        ({"origin": f"http://{HOST}0"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"x-step-action": None}, 403),
        ({"content-type": "text/plain"}, 403),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_an_action_is_taken_from_an_own_page_only(
    little: Any, bread: str, change: Mapping[str, str | None], status: int
) -> None:
    headers = {name: value for name, value in {**ACTION, **change}.items() if value is not None}
    body = json.dumps({"machine": bread, "input": "{}"}).encode()

    response = little.viewer.answer(Request("POST", "/_step/api/start", "", headers, body, "127.0.0.1"))

    assert response.status == status
    assert len(told(ask(little.viewer, "/_step/api/executions"))["executions"]) == (1 if status == 200 else 0)


def test_an_action_by_get_and_a_body_that_is_none_are_refused(little: Any) -> None:
    assert ask(little.viewer, "/_step/api/stop", **ACTION).status == 405
    for body in (b"", b"[]", b'{"arn": 1}', b"[" * 100_000, b"\xff"):
        response = little.viewer.answer(Request("POST", "/_step/api/stop", "", ACTION, body, "127.0.0.1"))
        assert told(response)["error"] == "ValidationException"


@pytest.mark.parametrize(
    "path", ["/_step/", "/_step/assets/viewer.js", "/_step/api/machines", "/_step/nothing"]
)
def test_no_answer_lets_a_script_in(little: Any, path: str) -> None:
    response = ask(little.viewer, path)

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_step/../etc/passwd", 404),
        ("/_step/assets/..%2f..%2fpage.py", 404),
        ("/_step/api/execution", 400),
        ("/_step/api/execution?arn=nonsense", 400),
        ("/_step/api/history?arn=nonsense&after=-1", 400),
        ("/_step/api/history?arn=a&after=" + "9" * 5000, 400),
        ("/_step/api/executions?limit=%00", 400),
        ("/_step/api/executions?machine=nonsense", 400),
        ("/_step/coverage?machine=nonsense", 400),
        ("/_step/api/executions?" + "&".join(f"a{i}=1" for i in range(100)), 400),
        ("/_step/api/executions?search=%ff%00", 200),
    ],
)
def test_nonsense_is_refused_and_never_an_error_of_the_service(little: Any, path: str, status: int) -> None:
    assert ask(little.viewer, path).status == status


# ---------------------------------------------------------------- what is told


def test_a_browser_at_the_root_is_sent_to_the_viewer_and_files_are_sent_once(little: Any) -> None:
    first = ask(little.viewer, "/")
    script = ask(little.viewer, "/_step/assets/viewer.js")
    again = ask(little.viewer, "/_step/assets/viewer.js", **{"if-none-match": script.headers["ETag"]})

    assert (first.status, first.headers["Location"]) == (302, "/_step/")
    assert (script.status, again.status) == (200, 304)


def test_executions_are_filtered_by_machine_and_status_and_searched_by_name_and_input(
    little: Any, bread: str
) -> None:
    other = little.create("other", {"End": {"Type": "Fail"}}, "End")
    for machine, value, name in [(bread, {"flour": "Rye"}, "one"), (bread, {}, "two"), (other, {}, "three")]:
        little.ended(little.start(machine, value, name))

    def names(query: str) -> list[str]:
        answer = told(ask(little.viewer, f"/_step/api/executions?{query}"))
        return sorted(row["name"] for row in answer["executions"])

    assert names("") == ["one", "three", "two"]
    assert names(f"machine={quote(bread)}") == ["one", "two"]
    assert names("status=FAILED") == ["three"]
    assert names("search=T") == ["three", "two"]
    assert names("search=rye") == ["one"]
    assert len(names("limit=2")) == 2


def test_a_list_is_read_on_to_its_end_and_what_begins_meanwhile_moves_nothing(
    little: Any, bread: str
) -> None:
    for number in range(7):
        little.ended(little.start(bread, {}, f"loaf-{number}"))

    parts = [told(ask(little.viewer, "/_step/api/executions?limit=3"))]
    little.ended(little.start(bread, {}, "late"))
    while cursor := parts[-1]["cursor"]:
        parts.append(told(ask(little.viewer, f"/_step/api/executions?limit=3&cursor={cursor}")))
        again = ask(little.viewer, f"/_step/api/executions?cursor={cursor}")
        assert (again.status, told(again)["error"]) == (400, "CursorExpired")

    assert [[row["name"] for row in part["executions"]] for part in parts] == [
        ["loaf-6", "loaf-5", "loaf-4"],
        ["loaf-3", "loaf-2", "loaf-1"],
        ["loaf-0"],
    ]


def test_a_search_goes_on_until_all_executions_were_looked_at(
    little: Any, bread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("step.local.viewer.listing.MOST_SEARCHED", 2)
    for number in range(5):
        little.ended(little.start(bread, {"grain": "rye" if number < 2 else "wheat"}, f"loaf-{number}"))

    parts = [told(ask(little.viewer, "/_step/api/executions?search=RYE"))]
    while cursor := parts[-1]["cursor"]:
        parts.append(told(ask(little.viewer, f"/_step/api/executions?cursor={cursor}")))

    assert [part["searched"] for part in parts] == [2, 4, 5]
    assert [row["name"] for part in parts for row in part["executions"]] == ["loaf-1", "loaf-0"]
    assert all(part["all_inputs"] for part in parts)


def test_a_waiting_task_is_answered_with_its_token(little: Any) -> None:
    ask_task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    arns = [little.start(little.create(n, {"Ask": ask_task}, "Ask"), {}, n) for n in ("good", "bad")]

    def answer(arn: str, **body: str) -> Any:
        events = told(ask(little.viewer, f"/_step/api/history?arn={quote(arn)}"))["events"]
        [scheduled] = [event for event in events if event["type"] == "TaskScheduled"]
        token = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["MessageBody"]
        sent = json.dumps({"token": token, **body}).encode()
        request = Request("POST", "/_step/api/answer", "", ACTION, sent, "127.0.0.1")
        return little.viewer.answer(request).status

    assert answer(arns[0], kind="nonsense") == 400
    assert answer(arns[0], kind="heartbeat") == 200
    assert answer(arns[0], kind="success", output='{"yes": 1}') == 200
    assert answer(arns[1], kind="failure", error="No", cause="too late") == 200
    facts = [told(ask(little.viewer, f"/_step/api/facts?arn={quote(little.ended(arn))}")) for arn in arns]
    assert [(fact["status"], fact["output"], fact["error"]) for fact in facts] == [
        ("SUCCEEDED", '{"yes":1}', None),
        ("FAILED", None, "No"),
    ]
    assert told(ask(little.viewer, f"/_step/api/error?arn={quote(arns[1])}"))["cause"] == "too late"


def test_a_history_is_read_on_and_a_test_and_a_page_are_made_of_it(little: Any, bread: str) -> None:
    arn = quote(little.ended(little.start(bread, {}, "one")))

    first = told(ask(little.viewer, f"/_step/api/history?arn={arn}&limit=3"))["events"]
    rest = told(ask(little.viewer, f"/_step/api/history?arn={arn}&after=3"))["events"]
    test = ask(little.viewer, f"/_step/api/pytest?arn={arn}").body
    page = ask(little.viewer, f"/_step/export?arn={arn}")

    assert [event["id"] for event in first + rest] == list(range(1, len(first + rest) + 1))
    assert rest[-1]["type"] == "ExecutionSucceeded"
    assert b"def test_bread(assert_path)" in test
    assert page.headers["Content-Disposition"] == 'attachment; filename="bread-one.html"'
    assert b'"name": "one"' in page.body


def test_news_name_what_changed_and_end_with_the_viewer(little: Any, bread: str) -> None:
    news = ask(little.viewer, "/_step/api/changes").body
    assert isinstance(news, Iterator)
    assert next(news).startswith(b"retry:")

    arn = little.ended(little.start(bread, {}, "one"))

    assert next(news) == b'data: {"arns": ["%s"]}\n\n' % arn.encode()
    little.viewer.close()
    # What came between the message and the end may still be told.
    assert len(list(news)) <= 1


# ---------------------------------------------------------------- AWS


class FakeAws:
    """Gives a history in pages, as AWS does, and a list that changes."""

    where = "AWS (eu-west-1)"

    def __init__(self) -> None:
        self.events = 5
        self.status = "RUNNING"
        self.asked: list[Any] = []

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        self.asked.append(operation)
        if operation == "get_execution_history":
            after = int(parameters.get("nextToken", 0))
            events = [
                {"id": n, "type": "E", "timestamp": 0}
                for n in range(after + 1, min(after + 2, self.events) + 1)
            ]
            more = {"nextToken": str(after + 2)} if after + 2 < self.events else {}
            return {"events": events, **more}
        if operation == "list_state_machines":
            return {"stateMachines": [{"stateMachineArn": "m", "name": "m", "type": "STANDARD"}]}
        if operation == "list_executions":
            return {"executions": [{"executionArn": "arn", "status": self.status}]}
        if operation == "stop_execution":
            raise Refused("ExecutionDoesNotExist", "no")
        raise NoContact("nobody is there")


def test_a_history_on_aws_is_read_page_by_page_and_what_was_read_stays() -> None:
    aws = FakeAws()
    source = AwsSource(aws)  # type: ignore[arg-type]  # a fake

    assert [event["id"] for event in source.events("arn", 0)] == [1, 2]
    assert [event["id"] for event in source.events("arn", 4)] == [5]
    aws.events = 6
    assert [event["id"] for event in source.events("arn", 5)] == [6]
    before = len(aws.asked)
    assert [event["id"] for event in source.events("arn", 2)] == [3, 4, 5, 6]
    assert len(aws.asked) == before


def test_changes_on_aws_are_looked_for_while_somebody_listens() -> None:
    aws, heard = FakeAws(), threading.Event()
    source = AwsSource(aws, look_seconds=0.01)  # type: ignore[arg-type]  # a fake

    end = source.subscribe(lambda arn: heard.set())

    assert heard.wait(5)
    end()


def test_a_viewer_of_aws_looks_only_and_says_what_is_wrong() -> None:
    viewer = Viewer(AwsSource(FakeAws()))  # type: ignore[arg-type]  # a fake
    body = b'{"arn": "arn"}'

    stop = viewer.answer(Request("POST", "/_step/api/stop", "", ACTION, body, "127.0.0.1"))
    facts = ask(viewer, "/_step/api/facts?arn=arn")

    assert (stop.status, told(stop)["error"]) == (403, "ReadOnly")
    assert (facts.status, told(facts)["message"]) == (502, "nobody is there")


def test_the_command_prints_an_address_with_a_token_and_ends_with_ctrl_c() -> None:
    words = ["view", "--endpoint", "http://127.0.0.1:1", "--no-browser", "--output", "json"]
    command = [sys.executable, "-m", "step.cli.main", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["viewer"]
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)

    assert "/_step/executions#token=" in address
    assert (process.returncode, told) == (130, "step view: Ctrl-C: the viewer ended\n")


def test_a_viewer_with_a_port_of_its_own_wants_its_token(little: Any, bread: str) -> None:
    arn = little.ended(little.start(bread, {}, "one"))
    viewer = StandaloneViewer(ServiceSource(little.call, little.host))
    viewer.start()
    try:
        parts = urlsplit(viewer.url(arn))
        token = dict(parse_qsl(parts.fragment))["token"]
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        answers = []
        for path, headers in [
            (f"{parts.path}?{parts.query}", {}),
            ("/_step/api/machines", {}),
            ("/_step/api/machines", {"X-Step-Token": token + "0"}),
            ("/_step/api/machines", {"X-Step-Token": token}),
            (f"/_step/export?{parts.query}", {}),
        ]:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answers.append((answer.status, answer.headers["Set-Cookie"]))
            answer.read()
        connection.close()

        assert answers == [(200, None), (401, None), (401, None), (200, None), (401, None)]
    finally:
        viewer.close()
