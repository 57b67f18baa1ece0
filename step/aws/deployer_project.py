"""A project's account behind the ports of ``step.deployer``: Lambda, Step Functions, CloudWatch.

Knows the operations; what they are good for is the deployer's.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from step.aws.carrier import Carrier
from step.aws.deployer_calls import ask, make_client
from step.aws.sessions import new_session
from step.deployer.configuration import frozen_configuration
from step.deployer.names import Target
from step.deployer.ports import FunctionFacts, MachineFacts, RoleRefused, Route, Trial, Unavailable
from step.errors import Refused
from step.jsonvalue import JSONValue

# AWS: sts:AssumeRole, "DurationSeconds": 900 is the least.
_SESSION_SECONDS = 900
_FUNCTION = ("FunctionArn", "CodeSha256")
_FIRST_PAGE = 10
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


class LambdaFunctions:
    """Lambda; see ``Functions``.

    Args:
        client: Lambda's client in the project's region.
        carrier: What brings zips of the release bucket, where that is in another region.
    """

    def __init__(self, client: Any, carrier: Carrier | None = None) -> None:
        self._client = client
        self._carrier = carrier

    def describe(self, name: str, version: str | None = None) -> FunctionFacts:
        """Read a version of a function."""
        qualifier = {} if version is None else {"Qualifier": version}
        answer = ask(self._client, "get_function_configuration", _FUNCTION, FunctionName=name, **qualifier)
        return self._with_digest(_function_facts(answer, name), name)

    def tags(self, name: str) -> Mapping[str, str]:
        """Read a function's tags."""
        answer = ask(self._client, "get_function", ["Configuration"], FunctionName=name)
        _function_facts(answer["Configuration"], name)
        tags: dict[str, str] = answer.get("Tags", {})
        if not tags and "TagsError" in answer:
            raise Refused("AccessDeniedException", f"lambda:ListTags on {name}: {answer['TagsError']}")
        return tags

    def update_code(self, name: str, bucket: str, key: str, version_id: str) -> FunctionFacts:
        """Put a version of an object into ``$LATEST``.

        AWS: Lambda API, UpdateFunctionCode, S3Bucket: "in the same AWS Region as your function".
        """
        code: Mapping[str, Any] = {"S3Bucket": bucket, "S3Key": key, "S3ObjectVersion": version_id}
        if self._carrier is not None:
            code = self._carrier.code(bucket, key, version_id)
        answer = ask(self._client, "update_function_code", _FUNCTION, FunctionName=name, **code)
        return _function_facts(answer, name)

    def update_image(self, name: str, image: str) -> FunctionFacts:
        """Have ``$LATEST`` run an image."""
        answer = ask(self._client, "update_function_code", _FUNCTION, FunctionName=name, ImageUri=image)
        return _function_facts(answer, name)

    def publish(
        self, name: str, code_sha256: str | None, revision_id: str, description: str
    ) -> FunctionFacts:
        """Make a version of ``$LATEST``."""
        code = {} if code_sha256 is None else {"CodeSha256": b64encode(bytes.fromhex(code_sha256)).decode()}
        answer = ask(
            self._client,
            "publish_version",
            (*_FUNCTION, "Version"),
            FunctionName=name,
            RevisionId=revision_id,
            Description=description,
            **code,
        )
        return self._with_digest(_function_facts(answer, name), name)

    def _with_digest(self, facts: FunctionFacts, name: str) -> FunctionFacts:
        """Take an image's digest from where Lambda has resolved it to.

        AWS: Lambda API, FunctionCodeLocation, ResolvedImageUri: "The resolved URI for the image."
        """
        if not facts.is_image:
            return facts
        qualifier = {} if facts.version == "$LATEST" else {"Qualifier": facts.version}
        answer = ask(self._client, "get_function", ["Code"], FunctionName=name, **qualifier)
        resolved = str(answer["Code"].get("ResolvedImageUri", ""))
        return replace(facts, code_sha256=resolved.rpartition("@sha256:")[2])


class StateMachines:
    """Step Functions; see ``Machines``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, arn: str) -> MachineFacts:
        """Read a machine or a version of it."""
        answer = _describe(self._client, arn)
        return MachineFacts(
            arn=answer["stateMachineArn"],
            definition=answer["definition"],
            revision_id=answer.get("revisionId"),
            type=answer["type"],
        )

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a machine's tags."""
        answer = ask(self._client, "list_tags_for_resource", ["tags"], resourceArn=arn)
        return {tag["key"]: tag["value"] for tag in answer["tags"]}

    def routes(self, alias_arn: str) -> tuple[Route, ...]:
        """Read where an alias leads."""
        answer = _describe_alias(self._client, alias_arn)
        return tuple(
            Route(one["stateMachineVersionArn"], int(one["weight"])) for one in answer["routingConfiguration"]
        )

    def update(self, arn: str, definition: str) -> str:
        """Give the machine a definition."""
        answer = _change(
            self._client, "update_state_machine", ["updateDate"], stateMachineArn=arn, definition=definition
        )
        # AWS: Step Functions API, UpdateStateMachine: the answer may have no revisionId.
        revision = answer.get("revisionId") or self.describe(arn).revision_id
        if revision is None:
            raise Unavailable(f"{arn} has no revision yet")
        return str(revision)

    def publish(self, arn: str, revision_id: str, description: str) -> str:
        """Make a version of a revision."""
        answer = ask(
            self._client,
            "publish_state_machine_version",
            ["stateMachineVersionArn"],
            stateMachineArn=arn,
            revisionId=revision_id,
            description=description,
        )
        version = str(answer["stateMachineVersionArn"])
        if version.rpartition(":")[0] != arn:
            raise Unavailable(f"what answered isn't AWS, or answered something else: no version of {arn}")
        return version

    def route(self, alias_arn: str, routes: Sequence[Route]) -> None:
        """Lead an alias elsewhere."""
        _change(
            self._client,
            "update_state_machine_alias",
            ["updateDate"],
            stateMachineAliasArn=alias_arn,
            routingConfiguration=[
                {"stateMachineVersionArn": route.version_arn, "weight": route.weight} for route in routes
            ],
        )


class CloudWatchAlarms:
    """CloudWatch; see ``Alarms``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def states(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give the alarms' states."""
        answer = ask(
            self._client,
            "describe_alarms",
            AlarmNames=list(names),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            MaxRecords=100,
        )
        found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


class RoleTrials:
    """Step Functions and Lambda as the role that tries and asks; see ``Trials``.

    Args:
        client: Step Functions' client.
        functions: Makes a client of Lambda that waits so many seconds for an answer, once.
    """

    def __init__(self, client: Any, functions: Callable[[int], Any]) -> None:
        self._client = client
        self._functions = functions

    def start(self, version_arn: str, name: str, input: JSONValue) -> str:
        """Start an execution of a version, once."""
        text = json.dumps(input)
        try:
            answer = ask(
                self._client,
                "start_execution",
                ["executionArn"],
                stateMachineArn=version_arn,
                name=name,
                input=text,
            )
        except Refused as refused:
            if refused.code != "ExecutionAlreadyExists":
                raise
            # It was started before, and has ended since.
            machine = version_arn.rpartition(":")[0]
            return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        return str(answer["executionArn"])

    def describe(self, arn: str) -> Trial:
        """Say how an execution stands."""
        answer = ask(self._client, "describe_execution", ["status"], {"executionArn": arn}, executionArn=arn)
        return Trial(
            status=str(answer["status"]),
            error=str(answer.get("error", "")),
            cause=str(answer.get("cause", "")),
            output=_json(answer.get("output")),
        )

    def invoke(self, function_arn: str, payload: JSONValue, timeout_seconds: int) -> Trial:
        """Invoke a function and wait for its answer."""
        from botocore.exceptions import ReadTimeoutError

        try:
            answer = ask(
                self._functions(timeout_seconds),
                "invoke",
                ["Payload", "StatusCode"],
                FunctionName=function_arn,
                Payload=json.dumps(payload).encode(),
            )
            said = _json(answer["Payload"].read())
        except Unavailable as lost:
            if not isinstance(lost.__cause__, ReadTimeoutError):
                raise
            return Trial("TIMED_OUT")
        if not answer.get("FunctionError"):
            return Trial("SUCCEEDED", output=said)
        failed = said if isinstance(said, dict) else {}
        return Trial("FAILED", str(failed.get("errorType", "")), str(failed.get("errorMessage", "")))


class UnusedVersions:
    """Lambda and Step Functions as the role that deletes versions; see ``OldVersions``."""

    def __init__(self, machines: Any, functions: Any) -> None:
        self._machines = machines
        self._functions = functions

    def machine_versions(self, arn: str) -> Sequence[str]:
        """List a machine's versions, newest first."""
        listed = _pages(
            self._machines, "list_state_machine_versions", "stateMachineVersions", stateMachineArn=arn
        )
        found = [str(version["stateMachineVersionArn"]) for version in listed]
        return sorted(found, key=lambda version: int(version.rpartition(":")[2]), reverse=True)

    def routed(self, arn: str) -> Iterable[str]:
        """List the versions that an alias of the machine leads to."""
        listed = _pages(
            self._machines, "list_state_machine_aliases", "stateMachineAliases", stateMachineArn=arn
        )
        for alias in listed:
            about = _describe_alias(self._machines, alias["stateMachineAliasArn"])
            for route in about["routingConfiguration"]:
                yield route["stateMachineVersionArn"]

    def has_executions_since(self, version_arn: str, time_ms: int) -> bool:
        """Whether an execution of the version runs, or could still be redriven.

        AWS: Step Functions API, ListExecutions: ended executions are "sorted by their stopDate", the most
        recent first, so that the first page decides. PENDING_REDRIVE, which is refused with a machine's ARN,
        is a status of a Map Run's children alone.
        """
        try:
            return bool(self._executions(version_arn, "RUNNING")) or any(
                execution["stopDate"].timestamp() * 1000 >= time_ms
                for status in _UNSUCCESSFUL
                for execution in self._executions(version_arn, status)
            )
        except Refused as refused:
            # An Express machine's executions aren't listed; they end within five minutes.
            if refused.code == "StateMachineTypeNotSupported":
                return False
            raise

    def definition(self, version_arn: str) -> str:
        """Read a version's definition."""
        return str(_describe(self._machines, version_arn)["definition"])

    def delete_machine_version(self, version_arn: str) -> None:
        """Delete a version."""
        ask(self._machines, "delete_state_machine_version", stateMachineVersionArn=version_arn)

    def aliased(self, name: str) -> Iterable[str]:
        """List the versions that an alias of the function leads to."""
        marker: dict[str, str] = {}
        while True:
            answer = ask(self._functions, "list_aliases", ["Aliases"], FunctionName=name, **marker)
            for alias in answer["Aliases"]:
                yield alias["FunctionVersion"]
                yield from alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            if not answer.get("NextMarker"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def delete_function_version(self, name: str, version: str) -> None:
        """Delete a version."""
        try:
            ask(self._functions, "delete_function", FunctionName=name, Qualifier=version)
        except Refused as refused:
            if refused.code != "ResourceNotFoundException":
                raise

    def _executions(self, version_arn: str, status: str) -> list[dict[str, Any]]:
        answer = ask(
            self._machines,
            "list_executions",
            ["executions"],
            stateMachineArn=version_arn,
            statusFilter=status,
            maxResults=_FIRST_PAGE,
        )
        return list(answer["executions"])


class RoleProject:
    """A project's account and region as the role that a deploy takes; see ``Project``."""

    def __init__(self, session: Any, carrier: Carrier | None = None) -> None:
        self.functions = LambdaFunctions(make_client(session, "lambda"), carrier)
        self.machines = StateMachines(make_client(session, "stepfunctions"))
        self.alarms = CloudWatchAlarms(make_client(session, "cloudwatch"))


class RoleAccounts:
    """Takes the projects' roles; see ``Accounts``.

    Args:
        session: The deployer's own session.
        external_id: What the roles want to hear.
        region_buckets: Where zips are copied to for functions of other regions, by region.
    """

    def __init__(
        self, session: Any, external_id: str, region_buckets: Mapping[str, str] | None = None
    ) -> None:
        self._session = session
        self._region_buckets = region_buckets or {}
        self._sts = make_client(session, "sts")
        self._external_id = external_id

    def deploy(self, target: Target) -> RoleProject:
        """Take the role that a deploy takes."""
        session, region = self._assume(target, target.role_arn), target.region
        if region == self._session.region_name:
            return RoleProject(session)
        here, there = make_client(self._session, "s3"), make_client(self._session, "s3", region)
        return RoleProject(session, Carrier(here, there, self._region_buckets.get(region)))

    def trials(self, target: Target) -> RoleTrials:
        """Take the role that tries and asks."""
        session = self._assume(target, target.smoke_role_arn)
        return RoleTrials(
            make_client(session, "stepfunctions"),
            lambda seconds: make_client(session, "lambda", read_seconds=seconds, attempts=1),
        )

    def prune(self, target: Target) -> UnusedVersions:
        """Take the role that deletes versions."""
        session = self._assume(target, target.prune_role_arn)
        return UnusedVersions(make_client(session, "stepfunctions"), make_client(session, "lambda"))

    def _assume(self, target: Target, role_arn: str) -> Any:
        try:
            answer = ask(
                self._sts,
                "assume_role",
                ["Credentials"],
                RoleArn=role_arn,
                RoleSessionName=f"{target.project}-{target.config}"[:64],
                ExternalId=self._external_id,
                DurationSeconds=_SESSION_SECONDS,
                Tags=[{"Key": key, "Value": value} for key, value in target.tags.items()],
            )
        except Refused as refused:
            # A role that was made or changed seconds ago isn't known everywhere yet.
            raise RoleRefused(refused.code, refused.message) from refused
        keys = answer["Credentials"]
        return new_session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=target.region,
        )


def _describe(client: Any, arn: str) -> dict[str, Any]:
    needs = ["definition", "type"]
    return ask(client, "describe_state_machine", needs, {"stateMachineArn": arn}, stateMachineArn=arn)


def _describe_alias(client: Any, arn: str) -> dict[str, Any]:
    needs, echoes = ["routingConfiguration"], {"stateMachineAliasArn": arn}
    return ask(client, "describe_state_machine_alias", needs, echoes, stateMachineAliasArn=arn)


def _change(client: Any, operation: str, needs: Sequence[str], **parameters: Any) -> dict[str, Any]:
    """Change a machine or an alias; that somebody else is at it passes.

    AWS: Step Functions API, ConflictException: concurrent requests for PublishStateMachineVersion,
    DeleteStateMachineVersion and UpdateStateMachine with ``publish``.
    """
    try:
        return ask(client, operation, needs, **parameters)
    except Refused as refused:
        if refused.code != "ConflictException":
            raise
        raise Unavailable(str(refused)) from refused


def _json(text: str | bytes | None) -> JSONValue:
    """Read what was answered; what is no JSON is no answer."""
    try:
        value: JSONValue = json.loads(text or "null")
    except ValueError:
        return None
    return value


def _function_facts(answer: Mapping[str, Any], name: str) -> FunctionFacts:
    arn, version = str(answer.get("FunctionArn")), str(answer.get("Version", "$LATEST"))
    if arn.split(":")[6:7] != [name] or not answer.get("CodeSha256"):
        raise Unavailable(f"what answered isn't AWS, or answered something else: no function {name}")
    is_failed_update = answer.get("LastUpdateStatus") == "Failed"
    reasons = [answer.get("StateReason"), answer.get("LastUpdateStatusReason")]
    if version != "$LATEST" and not arn.endswith(f":{version}"):
        arn = f"{arn}:{version}"
    is_image = answer.get("PackageType") == "Image"
    return FunctionFacts(
        arn=arn,
        version=version,
        code_sha256="" if is_image else b64decode(answer["CodeSha256"]).hex(),
        is_image=is_image,
        revision_id=str(answer.get("RevisionId", "")),
        state=str(answer.get("State", "Active")),
        last_update=str(answer.get("LastUpdateStatus", "Successful")),
        reason=str(next(filter(None, reversed(reasons) if is_failed_update else reasons), "")),
        configuration=frozen_configuration(answer),
    )


def _pages(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        answer = ask(client, operation, [key], **parameters, **token)
        yield from answer[key]
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}
