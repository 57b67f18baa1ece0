"""Errors in the shape of each of AWS's protocols, for what the emulation can't do.

Pure. AWS: Smithy, "AWS protocols".
"""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from step.local.cloud.addressing import Address
from step.local.entropy import new_uuid
from step.local.http import Request, Response

_REST_XML = frozenset({"cloudfront", "route53"})


def refusal(request: Request, address: Address, status: int, code: str, message: str) -> Response:
    """Answer with an error that the client's SDK reads as its own.

    Args:
        code: The error's name, as in boto3's ``response["Error"]["Code"]``.
    """
    request_id = new_uuid()
    target = request.headers.get("x-amz-target")
    if target is not None:
        body = json.dumps({"__type": code, "message": message})
        return _response(status, "application/x-amz-json-1.1", body, request_id)
    if address.service == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
        return _response(status, "text/xml", body, request_id)
    if address.service in ("", "s3"):
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>{escape(message)}</Message><RequestId>{request_id}</RequestId></Error>"
        )
        return _response(status, "application/xml", body, request_id)
    if address.action or address.service in _REST_XML:
        whose = "Sender" if status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{whose}</Type><Code>{code}</Code>"
            f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _response(status, "text/xml", body, request_id)
    response = _response(status, "application/json", json.dumps({"message": message}), request_id)
    return response._replace(headers={**response.headers, "x-amzn-ErrorType": code})


def _response(status: int, content_type: str, body: str, request_id: str) -> Response:
    headers = {"Content-Type": content_type, "x-amzn-RequestId": request_id, "x-amz-request-id": request_id}
    return Response(status, headers, body.encode("utf-8", "replace"))
