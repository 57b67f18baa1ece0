"""What optimised integrations tell of the HTTP exchange: ``SdkHttpMetadata`` and ``SdkResponseMetadata``.

Pure: no clock, no IO. It is worded as AWS's own endpoints answer, whoever did: a double has other headers.
Observed: callback, services_sns, services_sqs, services_sfn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from zlib import crc32

from step.jsonvalue import JSONObject, JSONValue, to_text

_EPOCH_DATE = "Thu, 01 Jan 1970 00:00:00 GMT"
_JSON = "application/x-amz-json-1.0"


def metadata(service: str, output: JSONObject, request_id: str) -> JSONObject:
    """Describe the exchange that gave an output; empty for a service that doesn't tell.

    Args:
        service: As a Resource names it: "sqs".
        output: The response's members, in PascalCase.
        request_id: The request's id.
    """
    head = _HEADS.get(service)
    if head is None:
        return {}
    headers = {**head(output, request_id), "Date": _EPOCH_DATE, "x-amzn-RequestId": request_id}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": {**headers},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _sqs(output: JSONObject, request_id: str) -> dict[str, str]:
    return _plain(_JSON, to_text(output))


def _sns(output: JSONObject, request_id: str) -> dict[str, str]:
    # The length is told as if the id were one of SNS's own.
    request_id = f"{request_id:.36}".ljust(36)
    result = "".join(f"    <{name}>{value}</{name}>\n" for name, value in output.items())
    body = (
        '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">\n'
        f"  <PublishResult>\n{result}  </PublishResult>\n"
        f"  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n"
        "</PublishResponse>\n"
    )
    return _plain("text/xml", body)


def _states(output: JSONObject, request_id: str) -> dict[str, str]:
    told = {
        f"{name[:1].lower()}{name[1:]}": _seconds(value, request_id)
        if name == "StartDate"
        else to_text(value)
        for name, value in output.items()
    }
    members = (f'"{name}":{value}' for name, value in told.items())
    return _plain(_JSON, f"{{{','.join(members)}}}")


def _dynamodb(output: JSONObject, request_id: str) -> dict[str, str]:
    body = to_text(output)
    return {
        "Connection": "keep-alive",
        "Content-Length": _length(body),
        "Content-Type": _JSON,
        "Server": "Server",
        "x-amz-crc32": str(crc32(body.encode())),
    }


def _plain(content_type: str, body: str) -> dict[str, str]:
    return {"connection": "keep-alive", "Content-Length": _length(body), "Content-Type": content_type}


def _length(body: str) -> str:
    return str(len(body.encode("utf-8", "surrogatepass")))


def _seconds(time_ms: JSONValue, request_id: str) -> str:
    """Write a time as the API's JSON does: seconds, in Java's notation ("1.767225600123456E9").

    Observed: since 2024 to the microsecond (services_sfn, credentials, callback; to the millisecond in 2023
    and in two recordings of October 2025). A clock of milliseconds has the rest from the request's id.
    """
    if not isinstance(time_ms, int) or time_ms < 10_000_000:
        return to_text(time_ms)
    exponent = int(math.log10(time_ms)) - 3
    microseconds = crc32(request_id.encode()) % 1000 // 10 * 10 + 1
    digits = f"{time_ms}{microseconds:03}"
    return f"{digits[0]}.{digits[1:]}E{exponent}"


_HEADS: dict[str, Callable[[JSONObject, str], dict[str, str]]] = {
    "dynamodb": _dynamodb,
    "sns": _sns,
    "sqs": _sqs,
    "states": _states,
}
