"""Errors in the shape of each of AWS's protocols, for what isn't admitted and what the emulation can't do.

Pure. AWS: Smithy, "AWS protocols".
"""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from step.errors import Refused
from step.local.cloud.addressing import Address
from step.local.entropy import new_uuid
from step.local.http import Request, Response

_REST_XML = frozenset({"cloudfront", "route53"})
_UNSIGNED = "MissingAuthenticationToken"
_ACCESS_DENIED = "AccessDenied"
# What some services call it.
_FORBIDDEN = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}


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
    if address.service == "s3" or not (address.service or address.action):
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


def denied(request: Request, address: Address, why: Refused) -> Response:
    """Answer a request that isn't admitted, as AWS denies access."""
    if why.code == "UnsupportedMediaTypeException":
        return refusal(request, address, 415, why.code, why.message)
    code = "AccessDeniedException" if _is_json(request, address) else "AccessDenied"
    return refusal(request, address, 403, code, why.message)


def forbidden(request: Request, address: Address, message: str) -> Response:
    """Answer a request that policies don't allow. AWS: "Common Errors" of the services' API references."""
    if request.path.startswith("/service/"):
        return _cbor(403, _ACCESS_DENIED, message)
    if "x-amz-target" in request.headers:
        return refusal(request, address, 400, f"{_ACCESS_DENIED}Exception", message)
    if address.service not in ("s3", "") and not address.action and address.service not in _REST_XML:
        return refusal(request, address, 403, f"{_ACCESS_DENIED}Exception", message)
    return refusal(request, address, 403, _FORBIDDEN.get(address.service, _ACCESS_DENIED), message)


def _cbor(status: int, code: str, message: str) -> Response:
    """Write an error of RPC v2 CBOR: a map of two texts."""
    body = b"\xa2" + b"".join(_cbor_text(text) for text in ("__type", code, "message", message))
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return Response(status, {**headers, "x-amzn-RequestId": new_uuid()}, body)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2) + data


def unsigned(request: Request, address: Address) -> Response:
    """Answer a request without a signature.

    AWS: "Common Errors" of the services' API references; DynamoDB developer guide, "Error handling" (400).
    """
    if "x-amz-target" in request.headers:
        return refusal(request, address, 400, f"{_UNSIGNED}Exception", "Missing Authentication Token")
    if _is_json(request, address):
        return refusal(request, address, 403, f"{_UNSIGNED}Exception", "Missing Authentication Token")
    if address.service or address.action:
        return refusal(request, address, 403, _UNSIGNED, "Request is missing Authentication Token")
    return refusal(request, address, 403, "AccessDenied", "Access Denied")


def _is_json(request: Request, address: Address) -> bool:
    return "x-amz-target" in request.headers or address.service == "lambda"


def _response(status: int, content_type: str, body: str, request_id: str) -> Response:
    headers = {"Content-Type": content_type, "x-amzn-RequestId": request_id, "x-amz-request-id": request_id}
    return Response(status, headers, body.encode("utf-8", "replace"))
