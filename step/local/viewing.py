"""A viewer with a port of its own: for executions that aren't this machine's, on AWS for one.

What it shows is read with somebody's credentials, so the address holds a token that nobody else knows: other
users of this machine reach the port too. It stands behind a ``#``, where browsers send it to nobody.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from step.local.entropy import new_uuid
from step.local.http import Request, Response
from step.local.http_server import Server
from step.local.service.gateway import Gateway
from step.local.viewer.source import ExecutionSource
from step.local.viewer.viewer import BASE, MOST_BODY_BYTES, Viewer

# AWS lets an account describe a few executions a second.
_MOST_READ = 50


class StandaloneViewer:
    """A viewer that is served on loopback; port 0 picks a free one."""

    def __init__(self, source: ExecutionSource, *, port: int = 0) -> None:
        self._viewer = Viewer(source, most_read=_MOST_READ)
        self._token = new_uuid()
        gateway = Gateway(
            service=_nothing_here, viewer=self._viewer.answer, cloud=_nothing_here, token=self._token
        )
        self._server = Server(gateway.answer, port=port, most_body_bytes=MOST_BODY_BYTES, admit=gateway.admit)

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()

    def close(self) -> None:
        """Stop answering."""
        self._viewer.close()
        self._server.close()

    def url(self, arn: str | None = None) -> str:
        """Say where a browser finds the list of executions, or one of them."""
        page = f"execution?{urlencode({'arn': arn})}" if arn else "executions"
        return f"http://127.0.0.1:{self._server.port}{BASE}{page}#token={quote(self._token)}"


def _nothing_here(request: Request) -> Response:
    return Response(404, {}, b"This is a viewer only; `step serve` is a service.\n")
