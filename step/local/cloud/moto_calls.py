"""moto's web applications: a request in, a response out.

The only module that calls them. Imports moto when it is asked to and a service with its first request; what
moto can't do is ``Unsupported``. Knows nothing of what moto holds.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable
from threading import RLock
from typing import Any
from urllib.parse import unquote_to_bytes

from step.errors import StepError
from step.local.cloud.addressing import Address
from step.local.cloud.notices import mend_notices
from step.local.cloud.queues import mend_queues
from step.local.cloud.repeatable import install, moment
from step.local.cloud.rule_delivery import mend_rules
from step.local.http import Request, Response

_log = logging.getLogger("step.local.cloud")
_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})
# The emulation knows whose a request is from this header, before anything else.
_ACCOUNT = "x-moto-account-id"


class Unsupported(StepError):  # noqa: N818 - reads as the sentence it is
    """The emulation can't do what was asked; the message says why."""


class FailedHalfWay(Unsupported):
    """moto failed while it did what was asked: it may have done some of it."""


class Moto:
    """moto's services, once they are loaded."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._applications: dict[str, Any] = {}
        self._dispatcher: Any = None
        self._begun: set[tuple[str, str, str]] = set()
        # Which of them requests with a target are for: what they are signed for, and the target's first part.
        self._by_target: dict[tuple[str, str], str] = {}

    @property
    def is_loaded(self) -> bool:
        """Whether moto was imported."""
        return self._dispatcher is not None

    def load(self) -> None:
        """Import moto."""
        from moto.core.config import default_user_config
        from moto.moto_server import werkzeug_app

        # A web page may not read from the service what CORS of a bucket doesn't allow.
        vars(werkzeug_app)["DISABLE_GLOBAL_CORS"] = True
        # Roles refer to AWS's own policies.
        default_user_config["iam"]["load_aws_managed_policies"] = True
        default_user_config["lambda"]["use_docker"] = False
        default_user_config["batch"]["use_docker"] = False
        _leave_out_conditions()
        mend_rules()
        mend_queues()
        mend_notices()
        install()
        self._dispatcher = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)

    def reset(self) -> None:
        """Have moto hold nothing."""
        from moto.core.base_backend import BackendDict
        from moto.core.config import default_user_config

        # It makes each backend anew and drops it; AWS's policies would be read for each account.
        default_user_config["iam"]["load_aws_managed_policies"] = False
        try:
            BackendDict.reset()
        finally:
            default_user_config["iam"]["load_aws_managed_policies"] = True
        self._begun.clear()

    def ask(self, request: Request, address: Address, account: str) -> Response:
        """Have a request of an account answered.

        Raises:
            Unsupported: moto has no such service or operation.
        """
        environ = _environ(request, account)
        application = self._application(environ, address, account)
        try:
            response = _call(application, environ)
        except NotImplementedError as error:
            raise Unsupported(str(error) or "not implemented") from None
        except Exception as error:  # moto is foreign code
            _log.info("%s %s: moto failed", request.method, request.path, exc_info=True)
            raise FailedHalfWay(f"its emulation failed ({type(error).__name__}: {error})") from None
        return _understood(response, address)

    def _application(self, environ: dict[str, Any], address: Address, account: str) -> Any:
        with self._lock:
            service = self._service(environ, address)
            if service not in self._applications:
                try:
                    self._applications[service] = self._dispatcher.create_app(service)
                except ImportError as error:
                    raise Unsupported(f"moto's {service} needs the package {error.name}") from None
            self._begin(service, account, address.region)
            return self._applications[service]

    def _service(self, environ: dict[str, Any], address: Address) -> str:
        """Name the service of moto's that a request is for.

        Raises:
            Unsupported: none is.
        """
        target = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0]
        known = self._by_target.get((address.service, target))
        if known is not None:
            return known
        try:
            host = self._dispatcher.infer_service_region_host(environ, environ["PATH_INFO"])
            service: str | None = self._dispatcher.get_backend_for_host(host or "s3.us-east-1.amazonaws.com")
        except Exception as error:  # moto reads headers that may be missing
            raise Unsupported(f"which service is meant? ({type(error).__name__}: {error})") from None
        if service is None or service in ("moto_api", "instance_metadata"):
            raise Unsupported(f"no service signs as {address.service!r} here")
        if target and address.service:
            self._by_target[address.service, target] = service
        return service

    def _begin(self, service: str, account: str, region: str) -> None:
        """Make what services have from the start (a default VPC, say) the same in every process."""
        from moto.backends import get_backend

        # moto looks at IAM with every request.
        for name, place in (("iam", "aws"), (service, "aws"), (service, region)):
            if (name, account, place) in self._begun:
                continue
            self._begun.add((name, account, place))
            with moment(None, f"{name}/{account}/{place}"):
                try:
                    backends = get_backend(name)  # type: ignore[call-overload]  # any of its names
                    install()
                    backends[account][place]
                except (ImportError, AttributeError, KeyError):  # a service that has none there
                    install()


def _leave_out_conditions() -> None:
    """Let moto judge a bucket's policy by the statements that it can judge: those without a condition.

    It would take a denial of requests in the clear for one of every request.
    """
    from moto.iam.access_control import IAMPolicy
    from moto.s3.models import FakeBucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        document = json.loads(bucket.policy or b'{"Statement": []}')
        statements = document["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        kept = [statement for statement in listed if "Condition" not in statement]
        return IAMPolicy(json.dumps({**document, "Statement": kept})).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission  # type: ignore[assignment]  # there is no other place for it


def _environ(request: Request, account: str) -> dict[str, Any]:
    host, _, port = request.headers.get("host", "localhost").partition(":")
    raw = f"{request.path}?{request.query}" if request.query else request.path
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": raw,
        "REQUEST_URI": raw,
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdigit() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # Metadata of S3's objects may have underscores, which WSGI's names for headers don't keep.
        "moto.preserved_header_names": {},
    }
    for name, value in {**request.headers, _ACCOUNT: account}.items():
        _set_header(environ, name, value)
    return environ


def _set_header(environ: dict[str, Any], name: str, value: str) -> None:
    if name in ("content-length", "content-type", "transfer-encoding"):
        return
    key = f"HTTP_{name.upper().replace('-', '_')}"
    if "_" in name:
        # One that spells another with underscores must not stand in for it.
        if not name.startswith("x-amz-meta-") or key in environ:
            return
        environ["moto.preserved_header_names"][key] = name
    environ[key] = value


def _call(application: Any, environ: dict[str, Any]) -> Response:
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        told["status"] = int(status.split(" ")[0])
        told["headers"] = headers

    pieces: Iterable[bytes] = application(environ, start)
    body = b"".join(pieces)
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
    headers = {name: value for name, value in told["headers"] if name.lower() not in _HOP_BY_HOP}
    return Response(told["status"], headers, body)


def _understood(response: Response, address: Address) -> Response:
    """Tell moto's "I don't know that" from AWS's answers."""
    body = response.body if isinstance(response.body, bytes) else b""
    content_type = next((v for name, v in response.headers.items() if name.lower() == "content-type"), "")
    if response.status == 500:
        raise FailedHalfWay("its emulation failed")
    if response.status in (404, 405) and address.service not in ("", "s3"):
        is_page = content_type.startswith("text/html") and b"<!doctype html>" in body[:64].lower()
        if is_page or not body:
            raise Unsupported("no such operation")
    return response
