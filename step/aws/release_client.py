"""What the client of a deployer asks AWS: facts of functions and machines, uploads, executions.

Knows the operations and what their refusals mean; the documents are made by ``step.deployer``.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from step.aws.connection import Aws
from step.aws.starters import starters_of
from step.aws.step_functions import Event, StepFunctions
from step.clock import pause
from step.deployer.client import Upload
from step.deployer.names import LIVE
from step.deployer.plan import Starter
from step.errors import Refused, StepError
from step.jsonvalue import JSONObject

_SFN = "stepfunctions"
# What the deployer's function knows of its own place; the client reads it there and needs no flag.
_BUCKET, _TABLE = "STEP_DEPLOYER_BUCKET", "STEP_DEPLOYER_TABLE"
# How often something is looked for that is there, and how long in between.
_READS, _READ_SECONDS = 8, 0.5
_NOT_THERE = frozenset({"ResourceNotFoundException", "ResourceNotFound", "StateMachineDoesNotExist"})


class NoDeployer(StepError):  # noqa: N818 - reads as the sentence it is
    """There is no deployer of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployer:
    """Where a deployer is: its machine, and what its function says of bucket and table ("": nothing)."""

    name: str
    machine_arn: str
    bucket: str
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFacts:
    """A function as Lambda has it."""

    name: str
    arn: str
    tags: Mapping[str, str]
    configuration: JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMachine:
    """What a machine's alias leads to: the version that most executions get, and its definition.

    ``release_id`` is the release that the version was published for; "" where a deployer didn't publish it.
    """

    arn: str
    version_arn: str
    definition: str
    release_id: str


class ReleaseClient:
    """Asks one place; each answer is read when it is needed, nothing is kept."""

    def __init__(self, aws: Aws, *, wait: Callable[[float], None] = pause) -> None:
        self._aws = aws
        self._wait = wait
        self._executions = StepFunctions(aws, wait=wait)

    @property
    def where(self) -> str:
        """The place in words."""
        return self._aws.where

    @property
    def region(self) -> str:
        """The region that is asked."""
        return self._aws.region

    def account(self) -> str:
        """Say whose credentials these are: an account's id."""
        return str(self._aws.call("sts", "get_caller_identity")["Account"])

    def machine_arn(self, name: str) -> str:
        """Find a machine.

        Raises:
            StepError: there is none of this name.
        """
        return self._executions.machine_arn(name)

    def deployer(self, name: str) -> Deployer:
        """Find a deployer.

        Raises:
            NoDeployer: there is none of this name.
        """
        machine = self._executions.find_machine(name)
        if machine is None:
            raise NoDeployer(name)
        try:
            about = self._aws.call("lambda", "get_function_configuration", FunctionName=name)
        except Refused as error:
            if error.code in _NOT_THERE:
                raise NoDeployer(name) from error
            raise
        variables = about.get("Environment", {}).get("Variables", {})
        return Deployer(
            name=name,
            machine_arn=machine,
            bucket=variables.get(_BUCKET, ""),
            table=variables.get(_TABLE, ""),
        )

    def function(self, name: str) -> LambdaFacts:
        """Read what Lambda has of a function.

        Raises:
            StepError: there is none of this name.
        """
        try:
            about = self._aws.call("lambda", "get_function", FunctionName=name)
        except Refused as error:
            if error.code not in _NOT_THERE:
                raise
            raise StepError(f"no function {name!r} at {self.where}") from error
        configuration = about["Configuration"]
        return LambdaFacts(
            name=name,
            arn=configuration["FunctionArn"],
            tags=about.get("Tags", {}),
            configuration=configuration,
        )

    def machine_tags(self, name: str) -> dict[str, str]:
        """Read a machine's tags."""
        arn = self._executions.machine_arn(name)
        tags = self._aws.call(_SFN, "list_tags_for_resource", resourceArn=arn)["tags"]
        return {str(tag["key"]): str(tag["value"]) for tag in tags}

    def configuration(self, arn: str) -> JSONObject:
        """Read the configuration of a version of a function."""
        name, _, version = arn.rpartition(":")
        return self._aws.call("lambda", "get_function_configuration", FunctionName=name, Qualifier=version)

    def code_hash(self, arn: str, configuration: JSONObject) -> str:
        """Give the hash of a version's zip as Lambda has it, or its image's digest."""
        if configuration.get("PackageType") != "Image":
            return str(configuration["CodeSha256"])
        name, _, version = arn.rpartition(":")
        code = self._aws.call("lambda", "get_function", FunctionName=name, Qualifier=version)["Code"]
        return str(code.get("ResolvedImageUri", "")).rpartition(":")[2]

    def live_machine(self, name: str) -> LiveMachine:
        """Read what runs when the machine's alias is started.

        Raises:
            StepError: there is no such machine, or it has no such alias.
        """
        arn = self._executions.machine_arn(name)
        try:
            alias = self._aws.call(_SFN, "describe_state_machine_alias", stateMachineAliasArn=f"{arn}:{LIVE}")
        except Refused as error:
            if error.code not in _NOT_THERE:
                raise
            raise StepError(
                f"the machine {name!r} has no alias {LIVE!r}, which is what a deploy moves: "
                "the Terraform module `project` makes it"
            ) from error
        version = max(alias["routingConfiguration"], key=lambda route: int(route["weight"]))
        about = self._described(version["stateMachineVersionArn"])
        return LiveMachine(
            arn=arn,
            version_arn=version["stateMachineVersionArn"],
            definition=about["definition"],
            release_id=about.get("description", ""),
        )

    def _described(self, version_arn: str) -> dict[str, Any]:
        """Describe the version that an alias leads to: it is there, though a read may be older than it.

        AWS: Step Functions API reference, "DescribeStateMachine": eventually consistent.
        """
        for _ in range(_READS):
            try:
                return self._aws.call(_SFN, "describe_state_machine", stateMachineArn=version_arn)
            except Refused as error:
                if error.code not in _NOT_THERE:
                    raise
                self._wait(_READ_SECONDS)
        return self._aws.call(_SFN, "describe_state_machine", stateMachineArn=version_arn)

    def starters(self, machine_arn: str, versions: Sequence[str]) -> tuple[list[Starter], str]:
        """List what starts a machine by itself, and what of that couldn't be asked."""
        return starters_of(self._aws, machine_arn, versions)

    def versions(self, name: str) -> list[str]:
        """List the ARNs of a machine's versions, the newest first."""
        arn = self._executions.machine_arn(name)
        pages = self._aws.pages(
            _SFN, "list_state_machine_versions", "stateMachineVersions", stateMachineArn=arn
        )
        return [str(version["stateMachineVersionArn"]) for version in pages]

    def version_before_live(self, name: str, outcome: Callable[[str], str | None]) -> str:
        """Name the first of ``versions_before_live``.

        Raises:
            StepError: there is none.
        """
        for version in self.versions_before_live(name, outcome):
            return version
        live = _number(self.live_machine(name).version_arn)
        raise StepError(f"{name}: version {live} is live, and there is none before it to go back to")

    def versions_before_live(self, name: str, outcome: Callable[[str], str | None]) -> Iterator[str]:
        """Yield versions to go back to: those before the live one whose release succeeded, then unreleased.

        The newest first in both. A version that a deploy published and then refused was never live.

        Args:
            name: The machine's name.
            outcome: Says what a release has come to, by its id; None: nobody knows.
        """
        live = self.live_machine(name).version_arn
        older = [arn for arn in self.versions(name) if _number(arn) < _number(live)]
        unknown = []
        for arn in sorted(older, key=_number, reverse=True):
            about = self._aws.call(_SFN, "describe_state_machine", stateMachineArn=arn)
            # Whoever publishes a version for a release describes it so; it is staged before it is live.
            came_to = outcome(str(about.get("description", "")))
            if came_to == "Success":
                yield arn
            elif came_to is None:
                unknown.append(arn)
        yield from unknown

    def put(self, bucket: str, key: str, upload: Upload, owner: str) -> str:
        """Store an object in an account's bucket; return its version's id. S3 checks the hash.

        In one piece, so that S3 knows the whole object's hash; a file is read as it is sent.

        Raises:
            StepError: there is no such bucket, or it keeps no versions.
        """
        checksum = b64encode(bytes.fromhex(upload.sha256)).decode()
        content = upload.content
        try:
            with BytesIO(content) if isinstance(content, bytes) else content.open("rb") as body:
                stored = self._aws.call(
                    "s3",
                    "put_object",
                    Bucket=bucket,
                    Key=key,
                    Body=body,
                    ChecksumSHA256=checksum,
                    ExpectedBucketOwner=owner,
                )
        except Refused as error:
            if error.code != "NoSuchBucket":
                raise
            raise self._no_bucket(bucket) from error
        version = stored.get("VersionId")
        if not version or version == "null":
            raise StepError(
                f"the bucket {bucket!r} keeps no versions, so that a release can't be pinned in it"
            )
        return str(version)

    def release_ids(self, bucket: str, prefix: str) -> list[str]:
        """List the releases under a prefix, the newest first: their names begin with the time.

        Raises:
            StepError: there is no such bucket.
        """
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            try:
                answer = self._aws.call(
                    "s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/", **token
                )
            except Refused as error:
                if error.code != "NoSuchBucket":
                    raise
                raise self._no_bucket(bucket) from error
            found += [str(row["Prefix"])[len(prefix) : -1] for row in answer.get("CommonPrefixes", ())]
            if not answer.get("NextContinuationToken"):
                return sorted(found, reverse=True)
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def who(self) -> str:
        """Say who asks, as AWS knows them: ``user/ada``, ``assumed-role/admin/ada``."""
        return str(self._aws.call("sts", "get_caller_identity")["Arn"]).split(":")[-1]

    def _no_bucket(self, bucket: str) -> StepError:
        return StepError(f"no bucket {bucket!r} at {self.where}: name the deployer's with -bucket")

    def start(self, machine_arn: str, name: str | None, input: JSONObject) -> str:
        """Start what is live of a deployer; return its execution's ARN. Under one name it runs once."""
        return self._executions.start(f"{machine_arn}:{LIVE}", json.dumps(input), name)

    def execution_arn(self, name: str) -> str:
        """Find an execution.

        Raises:
            StepError: there is none of this name.
        """
        return self._executions.execution_arn(name)

    def follow(self, arn: str) -> Iterator[Event]:
        """Yield the events of an execution as they come, until it has ended."""
        return self._executions.follow(arn)

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe an execution, as the API does."""
        return self._executions.describe(arn)


def _number(version_arn: str) -> int:
    return int(version_arn.rpartition(":")[2])
