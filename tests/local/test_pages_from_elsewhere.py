"""A browser on a page of somebody else, beside `step serve` as it starts by default and with a token.

Somebody else is another port of this address, or another name of this machine: nearer than any other site.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from step.local.http import Request, Response
from step.local.http_server import Server
from tests.serving import ServeProcess, client_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.requires_component("browser")
TOKEN = "sourdough-7"
ROLE = "arn:aws:iam::123456789012:role/baker"
SCOPE = "20260101/us-east-1/{}/aws4_request"
PRESIGNED = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any/{SCOPE}&X-Amz-Signature=0"


class Somebody:
    """A web server of somebody else: shows the pages that it is given, and keeps what browsers send it."""

    def __init__(self) -> None:
        self.page = ""
        self.heard: list[Request] = []
        self._server = Server(self._answer)
        self._server.start()

    def url(self, host: str) -> str:
        return f"http://{host}:{self._server.port}/"

    def close(self) -> None:
        self._server.close()

    def _answer(self, request: Request) -> Response:
        self.heard.append(request)
        return Response(200, {"Content-Type": "text/html"}, self.page.encode())


class Victim:
    """A running service with a function whose code leaves a mark where it runs."""

    def __init__(self, folder: Path, token: str | None) -> None:
        self.token = token
        self.key = token or "test"
        self.mark = folder / "mark"
        self.process = ServeProcess(folder, "--token", token) if token else ServeProcess(folder)
        self.endpoint = self.process.endpoint
        self.functions = client_at(self.endpoint, "lambda", key=self.key)
        self.document = self._document("evil")
        self.functions.create_function(
            **json.loads(self._document("bake")) | {"Code": {"ZipFile": self._zip()}}
        )
        client_at(self.endpoint, "s3", key=self.key).create_bucket(Bucket="bread")

    def _zip(self) -> bytes:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(
                "app.py", f"def handler(event, context):\n    open({str(self.mark)!r}, 'w').close()\n"
            )
        return archive.getvalue()

    def _document(self, name: str) -> str:
        runtime = f"python3.{sys.version_info.minor}"
        code = {"ZipFile": base64.b64encode(self._zip()).decode()}
        return json.dumps(
            {"FunctionName": name, "Role": ROLE, "Runtime": runtime, "Handler": "app.handler", "Code": code}
        )

    def state(self) -> Any:
        """Everything that the attacks try to change."""
        names = [one["FunctionName"] for one in self.functions.list_functions()["Functions"]]
        queues = client_at(self.endpoint, "sqs", key=self.key).list_queues().get("QueueUrls", [])
        machines = client_at(self.endpoint, "stepfunctions", key=self.key).list_state_machines()[
            "stateMachines"
        ]
        objects = client_at(self.endpoint, "s3", key=self.key).list_objects_v2(Bucket="bread")["KeyCount"]
        return names, queues, machines, objects, self.mark.exists()


QUIET: tuple[list[str], list[str], list[str], int, bool] = (["bake"], [], [], 0, False)


@pytest.fixture(scope="module", params=[None, TOKEN], ids=["by default", "with a token"])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    victim = Victim(tmp_path_factory.mktemp("victim"), request.param)
    yield victim
    victim.process.stop()


@pytest.fixture(scope="module")
def somebody() -> Iterator[Somebody]:
    somebody = Somebody()
    yield somebody
    somebody.close()


@pytest.fixture
def elsewhere(somebody: Somebody) -> str:
    """Another port of the same address: for browsers the same site."""
    return somebody.url("127.0.0.1")


BOTH = pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context
    context.close()


class Answers:
    """What the victim answered to this browser: how often which status, by method and path."""

    def __init__(self, context: BrowserContext, victim: Victim) -> None:
        self.found: dict[tuple[str, str], set[int]] = {}
        context.on("response", lambda response: self._note(response, victim.endpoint))

    def _note(self, response: Any, endpoint: str) -> None:
        if response.url.startswith(endpoint):
            key = (response.request.method, urlsplit(response.url).path)
            self.found.setdefault(key, set()).add(response.status)


def submitted(context: BrowserContext, somebody: Somebody, url: str, form: str) -> Any:
    """Open a page whose form is sent at once; give the answer that the browser then shows."""
    somebody.page = f"<!doctype html><body>{form}<script>document.forms[0].submit()</script>"
    page = context.new_page()
    with page.expect_response(lambda response: not response.url.startswith(url)) as answer:
        page.goto(url, wait_until="commit")
    return answer.value


def plain_form(action: str, document: str) -> str:
    """Write a form whose body is a JSON document, but for an equals sign in a text of it."""
    name = document.removesuffix("}") + ', "Description": "'
    hidden = f"<input type=hidden name='{name}' value='\"}}'>"
    return f"<form method=post enctype=text/plain action='{action}'>{hidden}</form>"


def test_the_forms_documents_do_create_and_run_where_they_are_signed(victim: Victim) -> None:
    scope = f"Credential={victim.key}/{SCOPE.format('lambda')}"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/json",
    }
    functions = f"{victim.endpoint}/2015-03-31/functions"

    created = requests.post(functions, data=victim.document, headers=headers, timeout=60)
    run = requests.post(f"{functions}/evil/invocations", data="{}", headers=headers, timeout=60)

    assert (created.status_code, run.status_code, victim.mark.exists()) == (201, 200, True)
    victim.functions.delete_function(FunctionName="evil")
    victim.mark.unlink()
    assert victim.state() == QUIET


@BOTH
def test_two_forms_create_no_function_and_run_none(
    victim: Victim, somebody: Somebody, name: str, context: BrowserContext
) -> None:
    elsewhere = somebody.url(name)
    functions = f"{victim.endpoint}/2015-03-31/functions"
    signed = PRESIGNED.format("lambda")

    statuses = [
        submitted(context, somebody, elsewhere, plain_form(action, document)).status
        for action, document in [
            (functions, victim.document),
            (f"{functions}/bake/invocations", "{}"),
            (f"{functions}?{signed}", victim.document),
            (f"{functions}/bake/invocations?{signed}", '{"a": 1}'),
        ]
    ]

    assert statuses == [403, 403, 403, 403]
    assert victim.state() == QUIET


def test_forms_of_other_kinds_do_nothing(
    victim: Victim, somebody: Somebody, elsewhere: str, context: BrowserContext
) -> None:
    credential = f"any/{SCOPE.format('s3')}"
    queue = "<input name=Action value=CreateQueue><input name=QueueName value=evil>"
    upload = (
        f"<input name=key value=evil><input name=X-Amz-Credential value='{credential}'>"
        "<input name=X-Amz-Signature value=0><input name=policy value=e30=><input name=file value=x>"
    )

    statuses = [
        submitted(context, somebody, elsewhere, form).status
        for form in [
            f"<form method=post action='{victim.endpoint}/'>{queue}</form>",
            f"<form method=post action='{victim.endpoint}/?{PRESIGNED.format('any', 'sqs')}'>{queue}</form>",
            f"<form method=get action='{victim.endpoint}/'>{queue}</form>",
            f"<form method=post enctype=multipart/form-data action='{victim.endpoint}/bread'>{upload}</form>",
            f"<form method=get action='{victim.endpoint}/_step/executions'></form>",
            plain_form(f"{victim.endpoint}/_step/api/start", "{}"),
        ]
    ]

    assert statuses == [403] * 6
    assert victim.state() == QUIET


FETCHES = """async ({endpoint, document, presigned}) => {
  const told = {};
  const tries = async (name, path, options) => {
    try {
      const response = await fetch(endpoint + path, options);
      told[name] = `${response.type} ${await response.text()}`;
    } catch { told[name] = "refused"; }
  };
  const functions = "/2015-03-31/functions", invocations = `${functions}/bake/invocations`, method = "POST";
  for (const mode of ["no-cors", "cors"]) {
    await tries(`${mode} create`, functions, {mode, method, body: document});
    await tries(`${mode} run`, invocations, {mode, method, body: "{}", credentials: "include"});
    await tries(`${mode} look`, "/_step/api/about", {mode, credentials: "include"});
    await tries(`${mode} news`, "/_step/api/changes", {mode});
    await tries(`${mode} object`, `/bread/key?${presigned}`, {mode});
  }
  const target = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"};
  const Authorization = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/x/aws4_request, Signature=0";
  await tries("signed", "/", {method, headers: {...target, Authorization}, body: "{}"});
  await tries("typed", functions, {method, headers: {"Content-Type": "application/json"}, body: document});
  await tries("put", "/bread/key", {method: "PUT", body: "x"});
  const own = {"X-Step-Action": "1", "X-Step-Token": "x"};
  await tries("action", "/_step/api/start", {method, headers: own, body: "{}"});
  navigator.sendBeacon(`${endpoint}${functions}/bake/invocations`, "{}");
  return told;
}"""


@BOTH
def test_no_fetch_does_or_tells_anything(
    victim: Victim, somebody: Somebody, name: str, context: BrowserContext
) -> None:
    elsewhere = somebody.url(name)
    somebody.page = "<!doctype html><title>elsewhere</title>"
    answers, page = Answers(context, victim), context.new_page()
    page.goto(elsewhere)

    given = {
        "endpoint": victim.endpoint,
        "document": victim.document,
        "presigned": PRESIGNED.format("s3"),
    }
    told = page.evaluate(FETCHES, given)

    # Without CORS a script gets an answer that says nothing, else none.
    assert {name: text for name, text in told.items() if text not in ("refused", "opaque ")} == {}
    assert len(answers.found) >= 3
    assert set().union(*answers.found.values()) == {403}, answers.found
    assert victim.state() == QUIET


PARTS = """({endpoint, presigned}) => Promise.all([
  ["img", "src", `/bread/key?${presigned}`], ["img", "src", "/?Action=CreateQueue&QueueName=evil"],
  ["script", "src", "/_step/assets/viewer.js"], ["script", "src", "/_step/api/about"],
  ["link", "href", "/_step/assets/viewer.css"], ["video", "src", "/_step/api/changes"],
].map(([tag, name, path]) => new Promise((done) => {
  const part = document.createElement(tag);
  part.onload = part.onloadeddata = () => done(`${tag} loaded`);
  part.onerror = () => done("refused");
  if (tag === "link") part.rel = "stylesheet";
  part[name] = endpoint + path;
  document.body.append(part);
})).concat([
  new Promise((done) => {
    const news = new EventSource(`${endpoint}/_step/api/changes`, {withCredentials: true});
    news.onopen = () => done("news");
    news.onerror = () => done("refused");
  }),
  new Promise((done) => {
    const socket = new WebSocket(endpoint.replace("http", "ws") + "/_step/api/changes");
    socket.onopen = () => done("socket");
    socket.onerror = () => done("refused");
  }),
]))"""


def test_no_part_of_a_page_is_loaded_from_the_service(
    victim: Victim, somebody: Somebody, elsewhere: str, context: BrowserContext
) -> None:
    somebody.page = "<!doctype html><title>elsewhere</title><body>"
    answers, page = Answers(context, victim), context.new_page()
    page.goto(elsewhere)

    told = page.evaluate(PARTS, {"endpoint": victim.endpoint, "presigned": PRESIGNED.format("s3")})

    assert told == ["refused"] * 8
    assert set().union(*answers.found.values()) == {403}, answers.found
    assert victim.state() == QUIET


def test_the_viewer_is_shown_in_no_frame_and_opened_by_no_link(
    victim: Victim, somebody: Somebody, elsewhere: str, context: BrowserContext
) -> None:
    viewer = f"{victim.endpoint}/_step/"
    somebody.page = f"<!doctype html><iframe src='{viewer}'></iframe><a href='{viewer}'>here</a>"
    page = context.new_page()
    with page.expect_response(viewer) as framed:
        page.goto(elsewhere)
    with page.expect_response(viewer) as followed:
        page.click("a")

    assert (framed.value.status, followed.value.status) == (403, 403)
    assert "error" in page.locator("body").inner_text()


# ---------------------------------------------------------------- the token


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def shows_list(page: Page) -> bool:
    page.get_by_text("Nothing has run yet.").wait_for()
    return True


def test_the_token_stays_with_the_viewer(
    victim: Victim, somebody: Somebody, elsewhere: str, context: BrowserContext
) -> None:
    address = f"{victim.endpoint}/_step/executions" + (f"#token={victim.token}" if victim.token else "")
    viewer = opened(context, address)
    assert shows_list(viewer)
    assert TOKEN not in viewer.url
    somebody.heard.clear()
    somebody.page = "<!doctype html><title>elsewhere</title>"

    # The same browser goes to another port, from the viewer's tab too.
    other = opened(context, elsewhere)
    viewer.evaluate("address => { location.href = address; }", elsewhere)
    viewer.wait_for_url(elsewhere)
    told = other.evaluate(
        "endpoint => fetch(endpoint + '/_step/api/about', {credentials: 'include'}).catch(String)",
        victim.endpoint,
    )

    assert "TypeError" in str(told)
    assert context.cookies() == []
    assert [page.evaluate("sessionStorage.length + localStorage.length") for page in (viewer, other)] == [
        0,
        0,
    ]
    assert len(somebody.heard) >= 2
    assert [request for request in somebody.heard if "cookie" in request.headers] == []
    assert victim.endpoint not in str(somebody.heard)
    assert TOKEN not in str(somebody.heard)


@pytest.mark.parametrize("victim", [TOKEN], ids=["with a token"], indirect=True)
def test_a_second_tab_has_the_token_from_the_first_and_a_stranger_is_asked(
    victim: Victim, context: BrowserContext, browser: Browser
) -> None:
    address = f"{victim.endpoint}/_step/executions"
    first = opened(context, f"{address}#token={TOKEN}")
    assert shows_list(first)
    second = opened(context, address)
    assert shows_list(second)
    first.reload()
    assert shows_list(first)

    strange = browser.new_context()
    stranger = opened(strange, address)
    stranger.get_by_role("textbox", name="Token").fill("rye")
    stranger.keyboard.press("Enter")
    stranger.get_by_role("textbox", name="Token").wait_for()
    stranger.get_by_role("textbox", name="Token").fill(TOKEN)
    stranger.get_by_role("button", name="Show it").click()
    assert shows_list(stranger)
    strange.close()
