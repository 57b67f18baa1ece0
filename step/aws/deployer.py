"""The deployer's own account behind the ports of ``step.deployer``, and all of the ports together.

Knows boto3; the environment says the names, and clients never do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from step.arn import machine_of
from step.aws.carrier import MAX_SENT_BYTES, REGION_BUCKETS, read_region_buckets
from step.aws.deployer_calls import ask, make_client
from step.aws.deployer_project import RoleAccounts
from step.aws.deployer_table import DynamoTable
from step.aws.sessions import new_session
from step.clock import now_ms, pause
from step.deployer.names import LIVE
from step.deployer.ports import ExecutionFacts, Ports, Stored, Unavailable
from step.errors import Refused, StepError
from step.jsonvalue import JSONValue

_CHUNK_BYTES = 1024 * 1024
# A SHA-256 in base64.
_DIGEST = re.compile(r"[A-Za-z0-9+/]{43}=")
# Its own account.
ACCOUNT = "STEP_DEPLOYER_ACCOUNT"
ACCOUNTS, BUCKET, TABLE = "STEP_DEPLOYER_ACCOUNTS", "STEP_DEPLOYER_BUCKET", "STEP_DEPLOYER_TABLE"
SIGNING_KEYS = "STEP_DEPLOYER_SIGNING_KEYS"
EXTERNAL_ID, RESOURCES = "STEP_DEPLOYER_EXTERNAL_ID", "STEP_DEPLOYER_RESOURCES"
_EVERY_INTEGRATION = "arn:*:states:::*"


class WallClock:
    """Real time; see ``Clock``."""

    def now_ms(self) -> int:
        """Read the time."""
        return now_ms()

    def pause(self, seconds: float) -> None:
        """Wait."""
        pause(seconds)


class ReleaseBucket:
    """S3; see ``Bucket``."""

    def __init__(
        self,
        client: Any,
        name: str,
        owner: str = "",
        *,
        region: str = "",
        region_buckets: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._served = {region, *(region_buckets or {})}
        # Nobody else's bucket, should this one be deleted and its name be taken.
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self._name

    def read(self, key: str, version_id: str | None, limit: int) -> bytes:
        """Read a version of an object."""
        answer = self._get(key, version_id)
        size = int(answer["ContentLength"])
        if size > limit:
            raise Refused("EntityTooLarge", f"{key} has {size:,} bytes; {limit:,} are allowed")
        return b"".join(self._chunks(answer))

    def measure(self, key: str, version_id: str) -> Stored:
        """Ask S3 for the hash that it checked at the upload; read a version through that has none.

        AWS: S3 user guide, "Checking object integrity": of an object that came in one piece it is the
        object's, of one in parts that of its parts' hashes.
        """
        return self._checked(key, version_id) or self._read_through(key, version_id)

    def serves(self, region: str, size_bytes: int) -> bool:
        """Whether functions of a region can get an object: by a bucket there, or in a request."""
        return region in self._served or size_bytes <= MAX_SENT_BYTES

    def _checked(self, key: str, version_id: str) -> Stored | None:
        more = {**self._owner, "VersionId": version_id, "ChecksumMode": "ENABLED"}
        try:
            answer = ask(self._client, "head_object", ["ContentLength"], Bucket=self._name, Key=key, **more)
        except Refused:
            # Without a body it can't say why; who reads is told.
            return None
        text = str(answer.get("ChecksumSHA256", ""))
        if answer.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT" or not _DIGEST.fullmatch(text):
            return None
        return Stored(b64decode(text).hex(), int(answer["ContentLength"]))

    def _read_through(self, key: str, version_id: str) -> Stored:
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(self._get(key, version_id)):
            digest.update(chunk)
            size += len(chunk)
        return Stored(digest.hexdigest(), size)

    def _get(self, key: str, version_id: str | None) -> dict[str, Any]:
        more = self._owner if version_id is None else {**self._owner, "VersionId": version_id}
        return ask(self._client, "get_object", ["Body", "ContentLength"], Bucket=self._name, Key=key, **more)

    def _chunks(self, answer: dict[str, Any]) -> Iterator[bytes]:
        from botocore.exceptions import BotoCoreError

        try:
            yield from answer["Body"].iter_chunks(_CHUNK_BYTES)
        except (BotoCoreError, OSError) as error:
            raise Unavailable(f"the connection broke off: {error}") from error


class KmsSignatures:
    """KMS; see ``Signatures``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def verify(self, key_arn: str, algorithm: str, digest: bytes, signature: bytes) -> bool:
        """Whether a signature was made with a key."""
        try:
            answer = ask(
                self._client,
                "verify",
                ["SignatureValid"],
                {"KeyId": key_arn},
                KeyId=key_arn,
                Message=digest,
                MessageType="DIGEST",
                Signature=signature,
                SigningAlgorithm=algorithm,
            )
        except Refused as refused:
            if refused.code in ("KMSInvalidSignatureException", "ParamValidationError"):
                return False
            raise
        return bool(answer["SignatureValid"])


class DeployerExecutions:
    """Step Functions; see ``Executions``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, arn: str) -> ExecutionFacts | None:
        """Read an execution of the deployer."""
        try:
            answer = ask(
                self._client, "describe_execution", ["status"], {"executionArn": arn}, executionArn=arn
            )
        except Refused as refused:
            if refused.code in ("ExecutionDoesNotExist", "InvalidArn"):
                return None
            raise
        return ExecutionFacts(
            status=str(answer["status"]),
            input=str(answer.get("input", "{}")),
            error=str(answer.get("error", "")),
            cause=str(answer.get("cause", "")),
        )

    def start(self, execution: str, name: str, input: JSONValue) -> str:
        """Start another execution of an execution's machine, as everybody does: by its alias."""
        machine = machine_of(execution)
        try:
            answer = ask(
                self._client,
                "start_execution",
                ["executionArn"],
                stateMachineArn=f"{machine}:{LIVE}",
                name=name,
                input=json.dumps(input),
            )
        except Refused as refused:
            if refused.code != "ExecutionAlreadyExists":
                raise
            # It has ended since, or was started with something else: who asks about it will see.
            return f"{execution.rpartition(':')[0]}:{name}"
        return str(answer["executionArn"])


def make_ports(session: Any, variables: Mapping[str, str]) -> Ports:
    """Make the ports with a boto3 session and the variables of the deployer's environment.

    Raises:
        StepError: a variable is missing.
    """
    missing = [name for name in (ACCOUNTS, BUCKET, TABLE, EXTERNAL_ID) if not variables.get(name)]
    if missing:
        raise StepError(f"the environment lacks {', '.join(missing)}")
    resources = variables.get(RESOURCES) or _EVERY_INTEGRATION
    region_buckets = read_region_buckets(variables.get(REGION_BUCKETS, ""))
    return Ports(
        clock=WallClock(),
        table=DynamoTable(make_client(session, "dynamodb"), variables[TABLE]),
        bucket=ReleaseBucket(
            make_client(session, "s3"),
            variables[BUCKET],
            variables.get(ACCOUNT, ""),
            region=session.region_name,
            region_buckets=region_buckets,
        ),
        executions=DeployerExecutions(make_client(session, "stepfunctions")),
        accounts=RoleAccounts(session, variables[EXTERNAL_ID], region_buckets),
        signatures=KmsSignatures(make_client(session, "kms")),
        signing_keys=tuple(filter(None, variables.get(SIGNING_KEYS, "").split(","))),
        allowed_accounts=frozenset(variables[ACCOUNTS].split(",")),
        allowed_resources=tuple(resources.split(",")),
    )


@lru_cache(maxsize=1)
def ports_of_environment() -> Ports:
    """Make the ports of this process's environment, once."""
    return make_ports(new_session(), os.environ)
