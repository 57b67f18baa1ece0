"""restJson1 against botocore's own client: what it sends is read, what is written it reads."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from step.aws.requests import Operations
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.functions.api import is_lambda_path
from step.local.http import Request, Response
from step.local.protocols import REQUEST_ID, Rest

LAMBDA = Operations("lambda")
REST = Rest(LAMBDA)
NAME = "bread"
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}"


def sent(operation: str, params: dict[str, Any]) -> Request:
    """Write a request as boto3 does."""
    serializer = create_serializer("rest-json", include_validation=False)
    made = serializer.serialize_to_request(params, LAMBDA.model.operation_model(operation))
    path, _, query = made["url_path"].partition("?")
    pairs = [query] if query else []
    for name, value in made["query_string"].items():
        pairs += [f"{name}={item}" for item in (value if isinstance(value, list) else [value])]
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    return Request(made["method"], path, "&".join(pairs), headers, made["body"] or b"", "")


def received(operation: str, response: Response) -> Any:
    """Read an answer as boto3 does."""
    found = {"status_code": response.status, "headers": response.headers, "body": response.body}
    shape = LAMBDA.model.operation_model(operation).output_shape
    return create_parser("rest-json").parse(found, shape)


@pytest.mark.parametrize("operation", sorted(LAMBDA.names))
def test_every_operation_of_the_model_is_found_by_what_a_client_sends(operation: str) -> None:
    shape = LAMBDA.input_shape(operation)
    in_path = [
        name for name, member in shape.members.items() if member.serialization.get("location") == "uri"
    ]

    request = sent(operation, dict.fromkeys(in_path, ARN))

    assert REST.find(request).operation == operation
    assert REST.find(request._replace(path=f"{request.path}/")).operation == operation
    assert is_lambda_path(request.path)


@pytest.mark.parametrize(
    ("operation", "params", "read"),
    [
        ("GetFunction", {"FunctionName": ARN, "Qualifier": "live"}, {}),
        ("ListFunctions", {"Marker": "5", "MaxItems": 7}, {}),
        ("GetLayerVersion", {"LayerName": "flour", "VersionNumber": 3}, {}),
        ("GetLayerVersionByArn", {"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:flour:3"}, {}),
        ("UntagResource", {"Resource": ARN, "TagKeys": ["one", "two"]}, {}),
        ("TagResource", {"Resource": ARN, "Tags": {"Größe": "4 kg"}}, {}),
        (
            "UpdateFunctionCode",
            {"FunctionName": NAME, "ZipFile": b"PK", "DryRun": False},
            {"ZipFile": "UEs="},
        ),
        ("Invoke", {"FunctionName": NAME, "InvocationType": "Event", "Payload": b"{}"}, {"Payload": "{}"}),
        ("Invoke", {"FunctionName": NAME, "Payload": b"\xff"}, {"Payload": "\udcff"}),
        ("GetAccountSettings", {}, {}),
    ],
)
def test_parameters_are_read_from_wherever_the_model_puts_them(
    operation: str, params: dict[str, Any], read: JSONObject
) -> None:
    request = sent(operation, params)

    found = REST.find(request)

    assert found.operation == operation
    assert REST.read(found, request) == {**params, **read}


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (("POST", "/2015-03-31/functions", "", b"{"), "InvalidRequestContentException", ""),
        (("POST", "/2015-03-31/functions", "", b"[]"), "SerializationException", "object"),
        (
            ("POST", "/2015-03-31/functions", "", b""),
            "ValidationException",
            "'functionName'",
        ),
        (
            ("GET", "/2015-03-31/functions", "MaxItems=0", b""),
            "ValidationException",
            "maxItems",
        ),
        (
            ("GET", "/2015-03-31/functions", "MaxItems=x", b""),
            "SerializationException",
            "'x'",
        ),
        (("GET", "/2015-03-31/functions/a%2Fb", "", b""), "ValidationException", "'a/b'"),
        (
            ("POST", f"/2017-03-31/tags/{ARN}", "", b'{"Tags": {"a;b": "x"}}'),
            "ValidationException",
            "Value 'a;b' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint",
        ),
    ],
)
def test_parameters_that_are_not_those_of_the_model_are_refused(
    request_: tuple[str, str, str, bytes], code: str, words: str
) -> None:
    method, path, query, body = request_
    request = Request(method, path, query, {}, body, "")

    with pytest.raises(Refused) as refused:
        REST.read(REST.find(request), request)

    assert refused.value.code == code
    assert words in refused.value.message


def test_an_answer_is_what_the_client_reads() -> None:
    invoked = REST.write(
        "Invoke",
        {
            "StatusCode": 202,
            "ExecutedVersion": "3",
            "FunctionError": None,
            "Payload": "\udcff",
            REQUEST_ID: "r",
        },
    )
    shown = REST.write(
        "CreateFunction", {"FunctionName": NAME, "_digest": "x", "Layers": [{"_a": 1, "Arn": ARN}]}
    )
    gone = REST.write("DeleteFunction", {"StatusCode": 204})

    assert received("Invoke", invoked._replace(body=b""))["ExecutedVersion"] == "3"
    assert (invoked.status, invoked.body, invoked.headers["x-amzn-RequestId"]) == (202, b"\xff", "r")
    assert "X-Amz-Function-Error" not in invoked.headers
    read = received("CreateFunction", shown)
    assert (shown.status, read["FunctionName"], read["Layers"]) == (201, NAME, [{"Arn": ARN}])
    assert shown.body == b'{"FunctionName": "bread", "Layers": [{"Arn": "%s"}]}' % ARN.encode()
    assert (gone.status, gone.body) == (204, b"")


@pytest.mark.parametrize("shape", LAMBDA.model.error_shapes, ids=lambda shape: shape.name)
def test_every_error_of_the_model_is_written_with_its_status(shape: Any) -> None:
    response = REST.refuse(Refused(shape.name, "too hot"))

    error = received("GetFunction", response)["Error"]
    assert (error["Code"], error["Message"]) == (shape.name, "too hot")
    # Clients try again where they get 502; that a runtime isn't here doesn't change by itself.
    own = {"InvalidRuntimeException": 501}
    assert response.status == own.get(shape.name, shape.metadata["error"]["httpStatusCode"])
