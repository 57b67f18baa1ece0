"""Where the code of a function comes from."""

from __future__ import annotations

import io
from typing import Any

import pytest

from step.aws.deployer_project import LambdaFunctions


class Client:
    """Answers what a client of boto3 would, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            self.asked.append(parameters)
            return self._answer

        return call


META = {"RequestId": "one"}
FUNCTION = {
    "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:f",
    "CodeSha256": "AAAA",
    "ResponseMetadata": META,
}
OBJECT = {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}


@pytest.mark.parametrize(
    ("elsewhere", "code"),
    [(None, OBJECT), (Client({"Body": io.BytesIO(b"zip"), "ResponseMetadata": META}), {"ZipFile": b"zip"})],
)
def test_code_is_sent_along_where_its_bucket_is_in_another_region(
    elsewhere: Client | None, code: dict[str, Any]
) -> None:
    client = Client(FUNCTION)

    LambdaFunctions(client, elsewhere).update_code("f", "b", "k", "v")

    assert client.asked == [{"FunctionName": "f", **code}]
    if elsewhere is not None:
        assert elsewhere.asked == [{"Bucket": "b", "Key": "k", "VersionId": "v"}]
