"""The release: the document that says what is to be deployed, byte for byte.

Pure: no clock, no IO. It holds no code and no definition, but where they are and what their hashes are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from step.clock import format_timestamp, parse_timestamp
from step.deployer.names import (
    MAX_EXECUTION_NAME,
    RELEASES,
    ROLLBACKS,
    Target,
    code_key,
    definition_key,
    release_key,
)
from step.deployer.reading import (
    Members,
    account,
    alarm_names,
    function_name,
    machine_name,
    machine_version,
    name,
    number,
    object_key,
    placeholder,
    project_name,
    region,
    sha256_hex,
    text,
    timestamp,
)
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue
from step.tasks import encode

# What an execution adds to a release must fit into 256 KiB with it.
MAX_RELEASE_BYTES = 192 * 1024
MAX_DEFINITION_BYTES = 1_048_576
# AWS: Lambda quotas, "Deployment package (.zip file archive) size": 250 MB, unzipped.
MAX_CODE_BYTES = 250 * 1024 * 1024
MAX_FUNCTIONS = 50
# A look takes nine events of the 25,000 that an execution may have.
MAX_LOOKS = 2000
# What the deployer's machine is started with to ask each of its handlers for its version, and each gets.
CHECK_INPUT: JSONObject = {"check": {}}
MAX_AGE_MS, MAX_AHEAD_MS = 10 * 24 * 3600 * 1000, 2 * 60 * 1000


class InvalidRelease(StepError):  # noqa: N818 - the error's name in the deployer's history
    """A release that is refused; the message lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("the release is refused:\n" + "\n".join(f"- {problem}" for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version of one object in the release bucket, and what is in it.

    Attributes:
        key: The object's key.
        version_id: The bucket's id of the version.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        size_bytes: How many they are.
    """

    key: str
    version_id: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRelease:
    """The new code of one function.

    Attributes:
        name: The function's name.
        placeholder: ``${placeholder}`` in the definition stands for the ARN of its new version.
        code: Its zip.
        content_sha256: The hash of what the zip holds, which is the same wherever it is built; only told on.
    """

    name: str
    placeholder: str
    code: Pin
    content_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """An execution of the new version that has to succeed before anybody else gets it.

    Attributes:
        input: What it is started with.
        timeout_seconds: How long it may take.
    """

    input: JSONValue
    timeout_seconds: int = 300

    @property
    def interval_seconds(self) -> int:
        """How long to wait between two looks at it: sixty looks at most, however long it may take."""
        return max(5, -(-self.timeout_seconds // 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A share of the executions runs the new version first.

    Attributes:
        percent: The share, of 100.
        bake_seconds: How long, before all of them do.
        interval_seconds: How long between two looks at the alarms.
        alarms: CloudWatch alarms of the project's account; one in ALARM ends the deploy.
    """

    percent: int
    bake_seconds: int
    alarms: tuple[str, ...]
    interval_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What to deploy: a definition with the code of its functions, or an earlier version to go back to.

    Attributes:
        release_id: The release's name, and that of the execution that deploys it: it is deployed once.
        created_at: When it was made; an RFC 3339 timestamp.
        project, config, account, region, machine: Where it goes; see ``Target``.
        definition: The definition; None where it goes back.
        functions: The functions that get new code; none where it goes back.
        rollback_to: The ARN of the machine's version to go back to.
        requested_by: Who asked for it, as AWS knows them; told on, to the record.
        expect_live: The version that is thought to be live: the deploy is refused where it isn't.
        smoke_test: Unless None, the new version is tried first.
        canary: Unless None, the new version comes in two steps.
    """

    release_id: str
    created_at: str
    project: str
    config: str
    account: str
    region: str
    machine: str
    definition: Pin | None = None
    functions: tuple[FunctionRelease, ...] = ()
    rollback_to: str | None = None
    requested_by: str | None = None
    expect_live: str | None = None
    smoke_test: SmokeTest | None = None
    canary: Canary | None = None

    @property
    def target(self) -> Target:
        """Where it goes."""
        return Target(
            project=self.project,
            config=self.config,
            account=self.account,
            region=self.region,
            machine=self.machine,
        )

    @property
    def created_at_ms(self) -> int:
        """When it was made: milliseconds since 1970."""
        nanoseconds = parse_timestamp(self.created_at)
        assert nanoseconds is not None, "a release is parsed before it is used"
        return nanoseconds // 1_000_000

    @property
    def key(self) -> str:
        """Where its document is in the bucket."""
        kind = RELEASES if self.rollback_to is None else ROLLBACKS
        return release_key(self.project, self.config, self.release_id, kind)

    @property
    def execution_name(self) -> str:
        """The name of the execution that deploys it."""
        return self.target.execution_name(self.release_id)

    def to_json(self) -> JSONObject:
        """Write the document; ``parse_release`` reads it."""
        document = encode(self)
        assert isinstance(document, dict)
        return document

    def to_bytes(self) -> bytes:
        """Write the document as it is uploaded: equal releases have equal bytes."""
        written = json.dumps(self.to_json(), ensure_ascii=False, indent=2, sort_keys=True)
        return written.encode("utf-8", "surrogatepass") + b"\n"

    @property
    def sha256(self) -> str:
        """The hash of the document."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def parse_release(document: JSONValue) -> Release:
    """Read a release's document, strictly: no member too many, none that isn't as it has to be.

    Raises:
        InvalidRelease: lists every problem.
    """
    members = Members(document, "release")
    release = Release(
        release_id=members.needed("release_id", name),
        created_at=members.needed("created_at", timestamp),
        project=members.needed("project", project_name),
        config=members.needed("config", project_name),
        account=members.needed("account", account),
        region=members.needed("region", region),
        machine=members.needed("machine", machine_name),
        definition=_pin(members.inner("definition"), MAX_DEFINITION_BYTES),
        functions=tuple(_function(inner) for inner in members.each("functions", MAX_FUNCTIONS)),
        rollback_to=members.optional("rollback_to", machine_version),
        requested_by=members.optional("requested_by", text(1, 512)),
        expect_live=members.optional("expect_live", machine_version),
        smoke_test=_smoke_test(members.inner("smoke_test")),
        canary=_canary(members.inner("canary")),
    )
    members.finish()
    problems = members.problems or _contradictions(release)
    if problems:
        raise InvalidRelease(problems)
    if len(release.to_bytes()) > MAX_RELEASE_BYTES:
        raise InvalidRelease([f"release: more than {MAX_RELEASE_BYTES:,} bytes of JSON"])
    return release


def check_age(release: Release, now_ms: int) -> None:
    """Refuse a release that is too old, or from the future.

    Raises:
        InvalidRelease: says how far off it is.
    """
    age = now_ms - release.created_at_ms
    if age > MAX_AGE_MS:
        days = age / (24 * 3600 * 1000)
        raise InvalidRelease(
            [f"release/created_at: {release.created_at} is {days:.1f} days ago, more than 10: make a new one"]
        )
    if -age > MAX_AHEAD_MS:
        raise InvalidRelease(
            [
                f"release/created_at: {release.created_at} is in the future (here it is "
                f"{format_timestamp(now_ms)}), more than 2 minutes: set the clock that made it"
            ]
        )


def _pin(members: Members | None, limit: int) -> Pin | None:
    if members is None:
        return None
    pin = Pin(
        key=members.needed("key", object_key),
        version_id=members.needed("version_id", text(1, 1024)),
        sha256=members.needed("sha256", sha256_hex),
        size_bytes=members.needed("size_bytes", number(1, limit)),
    )
    members.finish()
    return pin


def _function(members: Members) -> FunctionRelease:
    code = _pin(members.inner("code", is_needed=True), MAX_CODE_BYTES)
    function = FunctionRelease(
        name=members.needed("name", function_name),
        placeholder=members.needed("placeholder", placeholder),
        code=code or Pin(key="", version_id="", sha256="", size_bytes=0),
        content_sha256=members.optional("content_sha256", sha256_hex),
    )
    members.finish()
    return function


def _smoke_test(members: Members | None) -> SmokeTest | None:
    if members is None:
        return None
    test = SmokeTest(
        input=members.value("input"),
        timeout_seconds=members.optional("timeout_seconds", number(1, 24 * 3600)) or 300,
    )
    members.finish()
    return test


def _canary(members: Members | None) -> Canary | None:
    if members is None:
        return None
    canary = Canary(
        percent=members.needed("percent", number(1, 99)),
        bake_seconds=members.needed("bake_seconds", number(1, 24 * 3600)),
        alarms=members.needed("alarms", alarm_names),
        interval_seconds=members.optional("interval_seconds", number(1, 3600)) or 60,
    )
    members.finish()
    return canary


def _contradictions(release: Release) -> list[str]:
    """Compare members that are right by themselves."""
    problems: list[str] = []
    if (release.definition is None) == (release.rollback_to is None):
        problems.append("release: expected either definition, with functions, or rollback_to")
    if release.rollback_to is not None and release.functions:
        problems.append("release/functions: a release that goes back brings no code")
    for member in ("rollback_to", "expect_live"):
        version = getattr(release, member)
        if version is not None and version.rpartition(":")[0] != release.target.machine_arn:
            problems.append(f"release/{member}: {version} is no version of {release.target.machine_arn}")
    if len(release.execution_name) > MAX_EXECUTION_NAME:
        problems.append(
            f"release/release_id: project, config and release_id have more than {MAX_EXECUTION_NAME - 4} "
            "characters together"
        )
    canary = release.canary
    if canary is not None and canary.bake_seconds > MAX_LOOKS * canary.interval_seconds:
        problems.append(
            f"release/canary: {canary.bake_seconds} s at {canary.interval_seconds} s are more than "
            f"{MAX_LOOKS:,} looks at the alarms: look less often"
        )
    return problems + _doubles(release) + _strange_keys(release)


def _doubles(release: Release) -> list[str]:
    problems = []
    for what in ("name", "placeholder"):
        given = [getattr(function, what) for function in release.functions]
        for double in sorted({one for one in given if given.count(one) > 1}):
            problems.append(f"release/functions: two have the {what} {double!r}")
    return problems


def _strange_keys(release: Release) -> list[str]:
    """A release brings what was uploaded for it, under its own name."""
    mine = (release.project, release.config, release.release_id)
    expected = [(f.code.key, code_key(*mine, f.name), f"functions/{f.name}/code") for f in release.functions]
    if release.definition is not None:
        expected.append((release.definition.key, definition_key(*mine), "definition"))
    return [
        f"release/{place}/key: expected {wanted}, got {key}"
        for key, wanted, place in expected
        if key != wanted
    ]
