"""The release: the document that says what is to be deployed, byte for byte.

Pure: no clock, no IO. It holds no code and no definition, but where they are and what their hashes are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from step.clock import format_timestamp, parse_timestamp
from step.deployer.names import RELEASES, ROLLBACKS, Target, release_key
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue
from step.tasks import encode

# What an execution adds to a release must fit into 256 KiB with it.
MAX_RELEASE_BYTES = 192 * 1024
MAX_DEFINITION_BYTES = 1_048_576
# AWS: Lambda quotas, "Deployment package (.zip file archive) size": 250 MB, unzipped.
MAX_CODE_BYTES = 250 * 1024 * 1024
MAX_FUNCTIONS = 50
# The forms of the document that are known. A release is written in the oldest one that can say it, so that a
# deployer of before can bring the one of now; a member of form 2 is written only where it says something.
NEWEST_FORM = 2
# What the deployer's machine is started with to ask each of its handlers for its version, and each gets.
CHECK_INPUT: JSONObject = {"check": {}}
_CANARY_OF_FORM_1 = {"percent", "bake_seconds", "alarms", "interval_seconds"}
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
        code: Its zip; None where it runs an image.
        content_sha256: The hash of what the zip holds, which is the same wherever it is built; only told on.
        image: The container image that it runs, by its digest; None where it has a zip.
        layers: The layers that the code needs, by their versions: the function has to have just these, since
            a release doesn't configure; None: whichever it has.
    """

    name: str
    placeholder: str
    code: Pin | None = None
    content_sha256: str | None = None
    image: str | None = None
    layers: tuple[str, ...] | None = None

    @property
    def sha256(self) -> str:
        """The hash of its code: the zip's, or the image's digest."""
        if self.code is not None:
            return self.code.sha256
        return "" if self.image is None else self.image.rpartition(":")[2]

    def to_json(self) -> JSONObject:
        """Write it: an image and layers, which came with form 2, only where there are some."""
        document = encoded(self)
        later = [name for name in ("image", "layers") if document[name] is None]
        return {name: value for name, value in document.items() if name not in later}


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
class CanaryStep:
    """A share of the executions for a while.

    Attributes:
        percent: The share, of 100.
        bake_seconds: How long.
    """

    percent: int
    bake_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A check of the new version after each step of a canary: a function or a machine of the project's.

    Attributes:
        resource: The ARN of a function's version or alias, or of a machine's.
        timeout_seconds: How long it may take: its answer has to be there by then.
    """

    resource: str
    timeout_seconds: int = 60

    @property
    def is_machine(self) -> bool:
        """Whether a machine checks, and not a function."""
        return ":stateMachine:" in self.resource

    @property
    def interval_seconds(self) -> int:
        """How long to wait between two looks at a machine's execution: twenty looks at most."""
        return max(5, -(-self.timeout_seconds // 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Shares of the executions run the new version first, each larger than the one before.

    Attributes:
        steps: The shares.
        alarms: CloudWatch alarms of the project's account; one in ALARM ends the deploy.
        interval_seconds: How long between two looks at the alarms.
        accepts_missing_data: Whether an alarm without data at the end of a step is taken for a good one.
        analysis: What is asked after each step, beside the alarms.
    """

    steps: tuple[CanaryStep, ...]
    alarms: tuple[str, ...] = ()
    interval_seconds: int = 60
    accepts_missing_data: bool = False
    analysis: Analysis | None = None

    @property
    def looks(self) -> int:
        """How often alarms and analysis are looked at, at most."""
        of_analysis = 0 if self.analysis is None else -(-self.analysis.timeout_seconds // 5)
        return sum(
            -(-step.bake_seconds // self.interval_seconds) + min(of_analysis, 20) for step in self.steps
        )

    @property
    def seconds(self) -> int:
        """How long it takes, at most."""
        of_analysis = 0 if self.analysis is None else self.analysis.timeout_seconds
        return sum(step.bake_seconds + of_analysis for step in self.steps)

    def to_json(self) -> JSONObject:
        """Write it: one step alone as form 1 has it."""
        document: JSONObject = {"alarms": list(self.alarms), "interval_seconds": self.interval_seconds}
        if len(self.steps) == 1:
            document.update(encoded(self.steps[0]))
        else:
            document["steps"] = [encoded(step) for step in self.steps]
        if self.accepts_missing_data:
            document["accepts_missing_data"] = True
        if self.analysis is not None:
            document["analysis"] = encoded(self.analysis)
        return document


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
        undoes: The release that it takes back, where it goes back: it is refused where another is live.
        requested_by: Who asked for it, as AWS knows them; told on, to the record.
        expect_live: The version that is thought to be live: the deploy is refused where it isn't.
        smoke_test: Unless None, the new version is tried first.
        canary: Unless None, the new version comes step by step.
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
    undoes: str | None = None
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
        """Write the document; ``document.parse_release`` reads it."""
        document = encoded(self)
        if self.undoes is None:
            del document["undoes"]
        document["functions"] = [function.to_json() for function in self.functions]
        if self.canary is not None:
            document["canary"] = self.canary.to_json()
        if self.form > 1:
            document["form"] = self.form
        return document

    def to_bytes(self) -> bytes:
        """Write the document as it is uploaded: equal releases have equal bytes."""
        written = json.dumps(self.to_json(), ensure_ascii=False, indent=2, sort_keys=True)
        return written.encode("utf-8", "surrogatepass") + b"\n"

    @property
    def form(self) -> int:
        """The oldest form of the document that can say it."""
        canary = {} if self.canary is None else self.canary.to_json()
        is_of_form_1 = self.undoes is None and canary.keys() <= _CANARY_OF_FORM_1
        return 1 if is_of_form_1 and all(f.image is None and f.layers is None for f in self.functions) else 2

    @property
    def sha256(self) -> str:
        """The hash of the document."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


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


def encoded(value: object) -> JSONObject:
    """Write one of the classes here with all of its members."""
    document = encode(value)
    assert isinstance(document, dict)
    return document
