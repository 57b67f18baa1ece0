"""What whoever starts a deploy needs: the release made of zips and a definition, and what its end means.

Pure: no clock, no IO; uploading, starting and watching are the command's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from step.clock import format_timestamp
from step.deployer.causes import is_of_a_broken_deployer, message_of, repair
from step.deployer.document import parse_release
from step.deployer.lock import HUMAN
from step.deployer.names import DEPLOYER, Target, code_key, definition_key, request_key
from step.deployer.release import (
    MAX_CODE_BYTES,
    MAX_DEFINITION_BYTES,
    Canary,
    FunctionRelease,
    Pin,
    Release,
    SmokeTest,
)
from step.errors import StepError
from step.jsonvalue import JSONObject

# Placeholders of TaskFn: the one Lambda function of a machine.
DEFAULT_PLACEHOLDER = "function_arn"


class ExitCode(IntEnum):
    """What ``step deploy`` exits with."""

    SUCCESS = 0
    CLEAN = 10
    LOCKED = 11
    PARTIAL = 12
    DIRTY = 20
    LOST_CONTACT = 21
    DETACHED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is uploaded.

    Attributes:
        content: Its bytes, or the file that they are read from while they are sent.
        sha256: Their SHA-256, in hexadecimal.
        size_bytes: How many they are.
    """

    content: bytes | Path
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, content: bytes) -> Upload:
        """Take bytes."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(content=content, sha256=digest, size_bytes=len(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCode:
    """A function's new zip.

    Attributes:
        function: The function's name.
        zip: The zip; None where it runs an image.
        placeholder: What stands for the function's ARN in the definition.
        content_sha256: The hash of what the zip holds, from the packages' manifest.
        image: The image, by its digest.
        layers: The layers that the code needs; None: whichever the function has.
    """

    function: str
    zip: Upload | None = None
    placeholder: str = DEFAULT_PLACEHOLDER
    content_sha256: str | None = None
    image: str | None = None
    layers: tuple[str, ...] | None = None

    @property
    def sha256(self) -> str:
        """The hash of the zip, or the image's digest."""
        return f"{self.image}".rpartition(":")[2] if self.zip is None else self.zip.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A release whose objects aren't uploaded yet.

    Attributes:
        release: The release; the version ids in it are still to come.
        objects: What to upload, by key: zips first, the definition last.
    """

    release: Release
    objects: Mapping[str, Upload]

    def finish(self, version_ids: Mapping[str, str]) -> Release:
        """Make the release of the version ids that the bucket gave to the objects, by key.

        The release is then uploaded too, as ``release.to_bytes()`` under ``release.key``, and the deployer is
        started with ``execution_input(release)`` under the name ``release.execution_name``.

        Raises:
            InvalidRelease: something about it would be refused.
        """

        def pinned(pin: Pin | None) -> Pin | None:
            return None if pin is None else replace(pin, version_id=version_ids[pin.key])

        release = self.release
        finished = replace(
            release,
            functions=tuple(replace(one, code=pinned(one.code)) for one in release.functions),
            definition=pinned(release.definition),
        )
        return parse_release(finished.to_json())


def draft_release(
    target: Target,
    *,
    release_id: str,
    created_at_ms: int,
    definition: str,
    code: Sequence[FunctionCode],
    requested_by: str | None = None,
    expect_live: str | None = None,
    smoke_test: SmokeTest | None = None,
    canary: Canary | None = None,
) -> Draft:
    """Make a release of a definition and zips.

    Args:
        target: Where it goes.
        release_id: Its name: new for each release; see ``make_release_id``.
        created_at_ms: Now, in milliseconds since 1970.
        definition: The definition's text as ``step json`` writes it, placeholders and all.
        code: The functions' zips.
        requested_by: Who asks for it.
        expect_live: The ARN of the version that a plan found live.
        smoke_test: An execution to try the new version with.
        canary: How to let it in by steps.

    Raises:
        StepError: a zip or the definition is over its limit.
    """
    mine = (target.project, target.config, release_id)
    objects: dict[str, Upload] = {}
    functions = []
    for one in code:
        key = code_key(*mine, one.function)
        if one.zip is not None:
            objects[key] = _within(one.zip, MAX_CODE_BYTES, f"the zip of {one.function}")
        functions.append(
            FunctionRelease(
                name=one.function,
                placeholder=one.placeholder,
                code=None if one.zip is None else _pin(key, one.zip),
                content_sha256=one.content_sha256,
                image=one.image,
                layers=one.layers,
            )
        )
    written = Upload.of(definition.encode("utf-8"))
    key = definition_key(*mine)
    objects[key] = _within(written, MAX_DEFINITION_BYTES, "the definition")
    release = Release(
        release_id=release_id,
        created_at=format_timestamp(created_at_ms),
        project=target.project,
        config=target.config,
        account=target.account,
        region=target.region,
        machine=target.machine,
        definition=_pin(key, written),
        functions=tuple(functions),
        requested_by=requested_by,
        expect_live=expect_live,
        smoke_test=smoke_test,
        canary=canary,
    )
    return Draft(release=release, objects=objects)


def rollback_release(
    target: Target,
    *,
    release_id: str,
    created_at_ms: int,
    version_arn: str,
    requested_by: str | None = None,
    expect_live: str | None = None,
    undoes: str | None = None,
) -> Release:
    """Make a release that goes back to a version of the machine; it has no objects beside its document.

    Raises:
        InvalidRelease: something about it would be refused.
    """
    release = Release(
        release_id=release_id,
        created_at=format_timestamp(created_at_ms),
        project=target.project,
        config=target.config,
        account=target.account,
        region=target.region,
        machine=target.machine,
        rollback_to=version_arn,
        undoes=undoes,
        requested_by=requested_by,
        expect_live=expect_live,
    )
    return parse_release(release.to_json())


def make_release_id(created_at_ms: int, *hashes: str) -> str:
    """Name a release by its time and the hashes of what it brings: ``20260102T030405Z-1f3a9c0d``."""
    digest = hashlib.sha256("\n".join(hashes).encode("utf-8", "surrogatepass"))
    moment = format_timestamp(created_at_ms).partition(".")[0].replace("-", "").replace(":", "")
    return f"{moment}Z-{digest.hexdigest()[:8]}"


def execution_input(release: Release) -> JSONObject:
    """Write what the deployer's machine is started with, to deploy a release."""
    return {"release": release.to_json()}


def recover_input(execution_arn: str) -> JSONObject:
    """Write what the deployer's machine is started with, to clean up after an execution that was stopped."""
    return {"recover": execution_arn}


def sweep_input() -> JSONObject:
    """Write what the deployer's machine is started with, to look for a lock whose holder has ended."""
    return {"sweep": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRequest:
    """What the deployer is asked for, to delete old versions; it is uploaded too, as a release is.

    Attributes:
        target: Whose versions.
        keep: So many of the newest stay, used or not.
        request_id: Its name: new for each.
        requested_by: Who asks for it.
    """

    target: Target
    keep: int
    request_id: str
    requested_by: str | None = None

    @property
    def key(self) -> str:
        """Where it is uploaded."""
        return request_key(self.target.project, self.target.config, self.request_id)

    @property
    def execution_name(self) -> str:
        """The name of the execution that prunes."""
        return self.target.execution_name(self.request_id)

    def to_json(self) -> JSONObject:
        """Write what the deployer's machine is started with."""
        return {
            "prune": {
                "project": self.target.project,
                "config": self.target.config,
                "account": self.target.account,
                "region": self.target.region,
                "machine": self.target.machine,
                "keep": self.keep,
                "request_id": self.request_id,
                "requested_by": self.requested_by,
            }
        }

    def to_bytes(self) -> bytes:
        """Write it as it is uploaded."""
        return json.dumps(self.to_json(), indent=2, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOutcome:
    """How a deploy ended, for people and for scripts.

    Attributes:
        exit_code: What the command exits with.
        text: What is live, whether the lock is free, and what to do next.
    """

    exit_code: ExitCode
    text: str


def outcome_of(
    release: Release,
    status: str,
    *,
    error: str | None = None,
    cause: str | None = None,
    deployer: str = DEPLOYER,
) -> DeployOutcome:
    """Say what the end of a deployer's execution means.

    Args:
        release: What was to be deployed.
        status: The execution's status, as DescribeExecution gives it.
        error: Its error, where it has one.
        cause: The error's cause.
        deployer: The deployer's name.
    """
    target = release.target
    subject = f"{target.project}/{target.config}"
    if status == "SUCCEEDED":
        what = f"version {release.rollback_to.rpartition(':')[2]}" if release.rollback_to else "this release"
        text = f"Success: {what} is live in {subject}, the lock is free. Nothing is left to do."
        return DeployOutcome(exit_code=ExitCode.SUCCESS, text=text)
    if status == "FAILED" and error == "FailureClean":
        return _clean(target, *read_cause(cause), deployer)
    if status == "FAILED" and error == "FailureDirty":
        text = f"FailureDirty: {subject}: {cause or 'no cause is told'}"
        return DeployOutcome(exit_code=ExitCode.DIRTY, text=text)
    if status == "RUNNING":
        return lost_contact(release)
    if status == "FAILED":
        what = f"{error or 'Failed'}: the deploy of {subject} broke off ({cause or 'no cause is told'})"
    else:
        what = f"{status}: the deploy of {subject} was ended from outside"
    text = (
        f"{what}, and may hold the lock. "
        f"The next deploy puts right what it left, and so does `step recover {release.execution_name}`."
    )
    return DeployOutcome(exit_code=ExitCode.DIRTY, text=text)


def _clean(target: Target, name: str, message: str, deployer: str) -> DeployOutcome:
    """Word a failure that changed nothing: why, and who can do what about it."""
    subject = f"{target.project}/{target.config}"
    runs_on = f"{subject} runs what it ran before"
    if name == "LockHeld":
        then = (
            f"`step unlock -step {target.machine} --reason WHY` gives it back."
            if message.startswith(HUMAN)
            else "Deploy anew when that has ended."
        )
        return DeployOutcome(exit_code=ExitCode.LOCKED, text=f"Locked: {runs_on}. {message}. {then}")
    if name == "Halted":
        text = (
            f"Halted: {runs_on}, and this deploy holds no lock. {message}. "
            f"`step halt -step {target.machine} --resume` lets deploys go on; then deploy anew."
        )
        return DeployOutcome(exit_code=ExitCode.CLEAN, text=text)
    reason = f"{name}: {message}" if name else message
    if is_of_a_broken_deployer(name):
        text = (
            f"FailureClean: {runs_on}, and this deploy holds no lock. "
            f"The deployer itself is broken: {reason}. "
            f"`{repair(deployer)}` leads it back to the version before; then deploy anew."
        )
        return DeployOutcome(exit_code=ExitCode.CLEAN, text=text)
    if name == "LiveMoved":
        runs_on = f"{subject} runs what somebody else has made live"
    text = f"FailureClean: {runs_on}, and this deploy holds no lock. Mend this and deploy anew: {reason}"
    return DeployOutcome(exit_code=ExitCode.CLEAN, text=text)


def lost_contact(release: Release) -> DeployOutcome:
    """Say what to do where a deploy runs on and can't be watched."""
    return DeployOutcome(
        exit_code=ExitCode.LOST_CONTACT,
        text=(
            f"Lost contact: the deploy {release.release_id} runs on. "
            f"See how it ends with `step history {release.execution_name}`."
        ),
    )


def detached(release: Release) -> DeployOutcome:
    """Say what to do where somebody stopped watching."""
    return DeployOutcome(
        exit_code=ExitCode.DETACHED,
        text=(
            f"Detached: the deploy {release.release_id} runs on. "
            f"See how it ends with `step history {release.execution_name}`."
        ),
    )


def read_cause(cause: str | None) -> tuple[str, str]:
    """Split a failure's cause into the error's name and its message; a Lambda's JSON is unwrapped."""
    name, colon, rest = (cause or "").partition(": ")
    if not colon:
        return "", cause or "no cause is told"
    return name, message_of(rest)


def _pin(key: str, upload: Upload) -> Pin:
    return Pin(key=key, version_id="not uploaded yet", sha256=upload.sha256, size_bytes=upload.size_bytes)


def _within(upload: Upload, limit: int, what: str) -> Upload:
    if upload.size_bytes > limit:
        raise StepError(f"{what} has {upload.size_bytes:,} bytes; it may have {limit:,}")
    return upload
