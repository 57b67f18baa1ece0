"""The viewer's answers: pages, their files, JSON for them, news, and the actions that a page may ask for.

Knows HTTP and the catalogue. Everything is under ``/_step/``; a browser that asks for ``/`` is sent there.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from step.errors import NoContact, Refused, StepError
from step.local.http import Request, Response
from step.local.viewer import security
from step.local.viewer.catalogue import Catalogue
from step.local.viewer.changes import Changes
from step.local.viewer.covering import covering_page
from step.local.viewer.listing import MOST_SEARCHED, JSONDocument, Listing
from step.local.viewer.source import ExecutionSource
from step.machine.report import asset, report, script
from step.view.page import render_html
from step.view.pytest_text import pytest_text

BASE = "/_step/"
# An action holds an execution's input at most.
MOST_BODY_BYTES = 2 * 1024 * 1024
# The same page for each: the script reads the address.
_PAGES = frozenset({BASE, *(f"{BASE}{name}" for name in ("machines", "executions", "execution", "compare"))})
_MOST_EVENTS = 5000
_MOST_LISTED = 1000
# A coverage is of so many executions: each history is read, on AWS with a request a thousand events.
_MOST_COVERED = 100
_SHELL = render_html(
    "step",
    "<noscript>The viewer needs JavaScript.</noscript>",
    '<link rel="icon" href="data:,">',
    f'<link rel="stylesheet" href="{BASE}assets/viewer.css">',
    f'<script type="module" src="{BASE}assets/viewer.js"></script>',
)
_STATUSES = {
    "TokenMissing": 401,
    "CrossSite": 403,
    "ForeignHost": 403,
    "ReadOnly": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
}
# How a task that waits for its token may be answered: the operation, and what it takes from the action.
_ANSWERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "success": ("SendTaskSuccess", {"output": "output"}),
    "failure": ("SendTaskFailure", {"error": "error", "cause": "cause"}),
    "heartbeat": ("SendTaskHeartbeat", {}),
}
_log = logging.getLogger("step.local.viewer")

Query = Mapping[str, str]


class Viewer:
    """Pages over a source.

    Args:
        source: What they show.
        most_read: How many inputs a request for a text reads; each is a request to the source.
    """

    def __init__(self, source: ExecutionSource, *, most_read: int = MOST_SEARCHED) -> None:
        self._source = source
        self._catalogue = Catalogue(source)
        self._listing = Listing(source, most_read=most_read)
        self._changes = Changes(source.subscribe)
        self._reads: Mapping[str, Callable[[Query], Response]] = {
            "api/about": self._about,
            "api/machines": lambda query: _json({"machines": self._listing.machines()}),
            "api/executions": self._executions,
            "api/execution": lambda query: _json(self._catalogue.execution(_arn(query))),
            "api/facts": lambda query: _json(self._catalogue.facts(_arn(query))),
            "api/error": lambda query: _json(self._catalogue.error(_arn(query))),
            "api/map_run": lambda query: _json(self._catalogue.map_run(_arn(query))),
            "api/history": self._history,
            "api/changes": self._stream,
            "api/pytest": self._pytest,
            "export": self._export,
            "coverage": self._coverage,
            "assets/viewer.css": lambda query: _text(self._style, "text/css"),
            "assets/viewer.js": lambda query: _text(self._script, "text/javascript"),
        }
        self._actions: Mapping[str, Callable[[Mapping[str, str]], JSONDocument]] = {
            "api/start": self._start,
            "api/stop": self._stop,
            "api/redrive": self._redrive,
            "api/answer": self._answer_task,
        }

    def close(self) -> None:
        """End the streams of news."""
        self._changes.close()

    def answer(self, request: Request) -> Response:
        """Answer a request; whatever it is, never with an exception."""
        try:
            response = self._answer(request)
        except Refused as refusal:
            response = refused(refusal)
        except NoContact as error:
            response = _json({"error": "NoContact", "message": str(error)}, 502)
        except StepError as error:
            response = _json({"error": "StepError", "message": str(error)}, 400)
        except Exception:  # a foreign definition or answer must not end the page's connection without a word
            _log.exception("%s %s", request.method, request.path)
            response = _json({"error": "Internal", "message": "the service's log says more"}, 500)
        # What is asked for by its head only has no body; a stream would never end.
        body = response.body if request.method != "HEAD" or isinstance(response.body, bytes) else b""
        return Response(response.status, {**security.HEADERS, **response.headers}, body)

    def _answer(self, request: Request) -> Response:
        if request.path in ("/", BASE.rstrip("/")):
            return Response(302, {"Location": BASE})
        name = request.path.removeprefix(BASE) if request.path.startswith(BASE) else ""
        action = self._actions.get(name)
        if action is not None:
            return self._act(request, action)
        if request.method not in ("GET", "HEAD"):
            raise Refused("MethodNotAllowed", "pages are asked for with GET")
        if request.path in _PAGES:
            return _text(_SHELL, "text/html")
        read = self._reads.get(name)
        if read is None:
            raise Refused("NotFound", "there is no such page")
        response = read(_query(request.query))
        return _unless_known(request, response)

    # ------------------------------------------------------------ reading

    def _about(self, query: Query) -> Response:
        return _json({"where": self._source.where, "can_act": self._source.can_act})

    def _executions(self, query: Query) -> Response:
        limit = min(_number(query, "limit", 50), _MOST_LISTED)
        machine, status, text, cursor = (
            query.get(name, "") for name in ("machine", "status", "search", "cursor")
        )
        return _json(
            self._listing.executions(machine=machine, status=status, text=text, limit=limit, cursor=cursor)
        )

    def _history(self, query: Query) -> Response:
        limit = min(_number(query, "limit", _MOST_EVENTS), _MOST_EVENTS)
        return _json({"events": self._catalogue.history(_arn(query), _number(query, "after", 0), limit)})

    def _stream(self, query: Query) -> Response:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        return Response(200, headers, self._changes.stream(query.get("arn")))

    def _pytest(self, query: Query) -> Response:
        arn = _arn(query)
        about = self._catalogue.execution(arn)
        events = self._catalogue.whole_history(arn)
        return _text(pytest_text(self._catalogue.definition(arn), about["machine"], events), "text/plain")

    def _export(self, query: Query) -> Response:
        arn = _arn(query)
        about = self._catalogue.execution(arn)
        facts = {
            key: about[key]
            for key in ("arn", "name", "machine", "status", "error", "cause", "redrives", "now")
        }
        page = report(self._catalogue.definition(arn), facts, self._catalogue.whole_history(arn))
        return _file(f"{about['machine']}-{about['name']}", page)

    def _coverage(self, query: Query) -> Response:
        name, page = covering_page(
            self._source, self._catalogue, self._listing, query.get("machine", ""), most=_MOST_COVERED
        )
        return _file(f"{name}-coverage", page)

    @cached_property
    def _style(self) -> str:
        return asset("page.css") + asset("viewer.css")

    @cached_property
    def _script(self) -> str:
        return script("viewer")

    # ------------------------------------------------------------ acting

    def _act(self, request: Request, action: Callable[[Mapping[str, str]], JSONDocument]) -> Response:
        if request.method != "POST":
            raise Refused("MethodNotAllowed", "actions are asked for with POST")
        body = security.read_action(request)
        if not self._source.can_act:
            raise Refused("ReadOnly", "this viewer only looks; start it with --actions to let it act")
        return _json(action(body))

    def _start(self, body: Mapping[str, str]) -> JSONDocument:
        wanted = _wanted(body, {"machine": "stateMachineArn", "input": "input", "name": "name"})
        return {"arn": self._source.call("StartExecution", wanted)["executionArn"]}

    def _stop(self, body: Mapping[str, str]) -> JSONDocument:
        self._source.call(
            "StopExecution", _wanted(body, {"arn": "executionArn", "error": "error", "cause": "cause"})
        )
        return {}

    def _redrive(self, body: Mapping[str, str]) -> JSONDocument:
        self._source.call("RedriveExecution", _wanted(body, {"arn": "executionArn"}))
        return {}

    def _answer_task(self, body: Mapping[str, str]) -> JSONDocument:
        answer = _ANSWERS.get(body.get("kind", ""))
        if answer is None:
            raise Refused("ValidationException", f"kind: expected one of {', '.join(_ANSWERS)}")
        operation, names = answer
        self._source.call(operation, _wanted(body, {"token": "taskToken", **names}))
        return {}


def is_for_viewer(request: Request) -> bool:
    """Say whether a browser looks into the service: the viewer's path, or the root without a signature."""
    if request.path.startswith(BASE):
        return True
    is_read = request.path in ("/", BASE.rstrip("/")) and request.method in ("GET", "HEAD")
    is_signed = "authorization" in request.headers or "X-Amz-" in request.query
    return is_read and "text/html" in request.headers.get("accept", "") and not is_signed


def is_page(request: Request) -> bool:
    """Say whether a request is for a page or one of its files, the same for everybody, without any data."""
    path = request.path
    return path in _PAGES or path in ("/", BASE.rstrip("/")) or path.startswith(f"{BASE}assets/")


def refused(refusal: Refused) -> Response:
    """Write a refusal as the viewer does."""
    body = {"error": refusal.code, "message": refusal.message}
    response = _json(body, _STATUSES.get(refusal.code, 400))
    asked = {"WWW-Authenticate": "Bearer"} if response.status == 401 else {}
    return response._replace(headers={**security.HEADERS, **response.headers, **asked})


def _wanted(body: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Take what an operation takes from an action; what is empty isn't said."""
    return {to: body[name] for name, to in names.items() if body.get(name)}


def _query(text: str) -> dict[str, str]:
    try:
        return {name: values[-1] for name, values in parse_qs(text, max_num_fields=20).items()}
    except ValueError:
        raise Refused("ValidationException", "the query can't be read") from None


def _arn(query: Query) -> str:
    arn = query.get("arn")
    if not arn:
        raise Refused("ValidationException", "expected ?arn=, an execution's ARN")
    return arn


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused("ValidationException", f"{name}: expected a number")
    return int(text)


def _json(value: Any, status: int = 200) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(status, headers, json.dumps(value).encode())


def _text(text: str, kind: str) -> Response:
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-cache"}
    return Response(200, headers, text.encode("utf-8", "replace"))


def _file(name: str, page: str) -> Response:
    """Give a page to be saved: the policy in it counts there; shown here, ours would too."""
    response = _text(page, "text/html")
    file = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{name}.html")
    more = {"Content-Disposition": f'attachment; filename="{file}"'}
    return Response(200, {**response.headers, **more}, response.body)


def _unless_known(request: Request, response: Response) -> Response:
    """Answer 304 where a browser has the file already."""
    if not request.path.startswith(f"{BASE}assets/") or not isinstance(response.body, bytes):
        return response
    tag = f'"{sha256(response.body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(304, {"ETag": tag})
    return Response(200, {**response.headers, "ETag": tag}, response.body)
