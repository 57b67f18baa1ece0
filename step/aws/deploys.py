"""Deploys as their client sees them: prepare a release, upload it, start the deployer, watch it.

Everything that can be checked is checked before the first byte is uploaded; what a deploy changes is
changed by the deployer, never from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from step.arn import machine_of
from step.aws.connection import Aws
from step.aws.deployer_table import DynamoTable
from step.aws.release_client import Deployer, LambdaFacts, NoDeployer, ReleaseClient
from step.aws.released import Released, outcome_in
from step.aws.step_functions import Event
from step.aws.zips import check_zip, code_sha256, upload_of
from step.clock import now_ms, pause
from step.deployer import names
from step.deployer.by_hand import LockByHand
from step.deployer.client import (
    DeployOutcome,
    Draft,
    FunctionCode,
    PruneRequest,
    Upload,
    draft_release,
    execution_input,
    lost_contact,
    make_release_id,
    outcome_of,
    recover_input,
    rollback_release,
)
from step.deployer.configuration import frozen_configuration
from step.deployer.definition import called_versions
from step.deployer.document import parse_release
from step.deployer.names import Target
from step.deployer.plan import FunctionState, Plan, make_plan
from step.deployer.ports import Unavailable
from step.deployer.release import Canary, Release, SmokeTest, check_age
from step.deployer.rollout import Rollout
from step.deployer.signature import ALGORITHMS, Signature, signature_key
from step.errors import NoContact, Refused, StepError
from step.jsonvalue import JSONValue
from step.packaging.archive import content_hash_of_zip

# So often a deploy that can't be asked about is asked about again, a second apart.
_MISSES = 60
# So many versions are asked for what starts them.
_LOOKED_AT = 10
# Stands for what only the bucket can say; a document that has it is never uploaded.
_PINNED_LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a user says of a deploy; what is None is found out.

    Attributes:
        machine: The state machine's name.
        functions: The functions' names with their placeholders in the definition.
        zips: A file for each of them; None: it runs an image.
        images: The images, by the functions' names.
        layers: The layers that functions need, by their names.
        project, config: Default: the functions' tags.
        account, region: Default: the functions' own.
        deployer: Its name; default: ``step-deployer-CONFIG``, or ``step-deployer``.
        bucket: Default: what the deployer says.
    """

    machine: str
    functions: Sequence[tuple[str, str]] = ()
    zips: Sequence[Path | None] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    project: str | None = None
    config: str | None = None
    account: str | None = None
    region: str | None = None
    deployer: str | None = None
    bucket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What else a release may ask for; see ``Release``."""

    expect_live: str | None = None
    smoke_test: SmokeTest | None = None
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a deploy goes and through which deployer, once everything is found out."""

    target: Target
    deployer: Deployer
    functions: tuple[LambdaFacts, ...]


class Deploys:
    """The client of a deployer.

    Args:
        home: Where the deployer is.
        away: Where the project is: the same place, or another region of it.
    """

    def __init__(self, home: Aws, away: Aws, *, wait: Callable[[float], None] = pause) -> None:
        self._wait = wait
        self._home_aws = home
        self._home = ReleaseClient(home, wait=wait)
        self._away = ReleaseClient(away, wait=wait)

    # ------------------------------------------------------------ before

    def goal(self, wish: Wish) -> Goal:
        """Find out what wasn't said, and check all names.

        Raises:
            StepError: a name is none, or something isn't there.
        """
        _check_names(wish)
        for file in filter(None, wish.zips):
            check_zip(file)
        caller = self._away.account()
        account = wish.account or caller
        facts: list[LambdaFacts] = []
        told: Mapping[str, str] = {}
        # Another account's functions are the deployer's to look at, not this caller's.
        if account == caller:
            facts = [self._away.function(name) for name, _ in wish.functions]
            _check_tags(facts)
            told = _told_by_tags(facts) or self._told_by_machine(wish)
        project, config = wish.project or told.get("project"), wish.config or told.get("config")
        if project is None or config is None:
            raise StepError(
                f"whose deploy is this? No tags ({names.PROJECT_NAME}, {names.CONFIG_NAME}) tell it: "
                "give -project and -config"
            )
        target = Target(
            project=project,
            config=config,
            account=account,
            region=wish.region or self._away.region,
            machine=wish.machine,
        )
        return Goal(target=target, deployer=self._deployer(wish, config), functions=tuple(facts))

    def draft(
        self, goal: Goal, wish: Wish, definition: str, more: More, *, release_id: str | None = None
    ) -> Draft:
        """Make a release of a definition and zips, and check it as the deployer will; nothing is uploaded.

        Raises:
            StepError: a zip is none, or too large; the release would be refused; the machine has no alias.
        """
        codes = [
            FunctionCode(
                function=name,
                placeholder=placeholder,
                zip=None if file is None else upload_of(file),
                content_sha256=None if file is None else content_hash_of_zip(file),
                image=wish.images.get(name),
                layers=wish.layers.get(name),
            )
            for (name, placeholder), file in zip(wish.functions, wish.zips, strict=True)
        ]
        now = now_ms()
        hashes = [Upload.of(definition.encode("utf-8", "surrogatepass")).sha256]
        hashes += [code.sha256 for code in codes]
        draft = draft_release(
            goal.target,
            release_id=release_id or new_id(now, *hashes),
            created_at_ms=now,
            definition=definition,
            code=codes,
            requested_by=self._home.who(),
            expect_live=more.expect_live,
            smoke_test=more.smoke_test,
            canary=more.canary,
        )
        draft.finish(dict.fromkeys(draft.objects, _PINNED_LATER))
        if goal.functions:
            self._away.live_machine(wish.machine)
        return draft

    @property
    def region(self) -> str:
        """The project's region."""
        return self._away.region

    def live_version(self, goal: Goal) -> str:
        """Name the version that is live."""
        return self._away.live_machine(goal.target.machine).version_arn

    def rollback(self, goal: Goal, version: str | None, more: More) -> Release:
        """Make a release that goes back to a version of the machine; None: the one before the live one.

        Raises:
            StepError: there is no version to go back to.
        """
        machine = goal.target.machine
        if version is None:
            version_arn = self._away.version_before_live(
                machine, lambda release_id: outcome_in(self._table(goal), goal.target, release_id)
            )
        else:
            version_arn = version if version.startswith("arn:") else f"{goal.target.machine_arn}:{version}"
        now = now_ms()
        release_id = new_id(now, version_arn)
        return rollback_release(
            goal.target,
            release_id=release_id,
            created_at_ms=now,
            version_arn=version_arn,
            requested_by=self._home.who(),
            expect_live=more.expect_live,
        )

    def plan(self, goal: Goal, wish: Wish, definition: str) -> Plan:
        """Compare what is live with what a deploy would bring."""
        live = self._away.live_machine(wish.machine)
        called = called_versions(live.definition)
        contents = self._recorded_contents(goal, live.release_id)
        before, after = {}, {}
        for facts, file in zip(goal.functions, wish.zips, strict=True):
            digest = wish.images.get(facts.name, "").rpartition(":")[2]
            after[facts.name] = FunctionState(
                code_sha256=digest if file is None else code_sha256(file),
                configuration=frozen_configuration(facts.configuration),
                content_sha256=None if file is None else content_hash_of_zip(file),
                size_bytes=None if file is None else file.stat().st_size,
            )
            version = next((arn for arn in called if arn.rpartition(":")[0] == facts.arn), None)
            if version is not None:
                configuration = self._away.configuration(version)
                before[facts.name] = FunctionState(
                    code_sha256=self._away.code_hash(version, configuration),
                    configuration=frozen_configuration(configuration),
                    content_sha256=contents.get(version),
                    size_bytes=_size(configuration.get("CodeSize")),
                )
        # Of versions the newest alone: each is a question of its own.
        versions = self._away.versions(wish.machine)
        starters, unread = self._away.starters(live.arn, versions[:_LOOKED_AT])
        plan = make_plan(
            live_definition=live.definition,
            new_definition=definition,
            function_arns={
                placeholder: facts.arn
                for facts, (_, placeholder) in zip(goal.functions, wish.functions, strict=True)
            },
            live_functions=before,
            new_functions=after,
            versions=len(versions),
            live=live.version_arn,
            starters=starters,
        )
        if unread:
            return replace(plan, warnings=(*plan.warnings, f"what starts the machine isn't known: {unread}"))
        return plan

    # ------------------------------------------------------------ the deploy

    def upload(self, goal: Goal, draft: Draft) -> Release:
        """Store zips and definition, pin their versions in the release, and store that."""
        versions = {key: self._send(goal, key, upload) for key, upload in draft.objects.items()}
        release = draft.finish(versions)
        self.upload_document(goal, release)
        return release

    def upload_document(self, goal: Goal, release: Release) -> None:
        """Store a release's document."""
        self._put(goal, release.key, release.to_bytes())

    def upload_rollout(self, goal: Goal, rollout: Rollout) -> None:
        """Store a rollout's document."""
        self._put(goal, rollout.key, rollout.to_bytes())

    def roll_out(self, goal: Goal, rollout: Rollout) -> str:
        """Start a rollout that was uploaded; return its execution's ARN. Started twice it runs once."""
        return self._home.start(goal.deployer.machine_arn, rollout.execution_name, rollout.to_json())

    def sign(self, goal: Goal, release: Release, key: str) -> None:
        """Sign a release with a key of KMS, and store the signature beside it.

        Args:
            goal: Where the release goes.
            release: The release, whose document is stored.
            key: The key's id, ARN or alias.

        Raises:
            StepError: the key signs no SHA-256.
        """
        about = self._home_aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]
        algorithm = next((one for one in ALGORITHMS if one in about.get("SigningAlgorithms", ())), None)
        if algorithm is None:
            raise StepError(
                f"the key {key} signs no SHA-256: {about.get('KeyUsage')}, {about.get('KeySpec')}"
            )
        answer = self._home_aws.call(
            "kms",
            "sign",
            KeyId=about["Arn"],
            Message=bytes.fromhex(release.sha256),
            MessageType="DIGEST",
            SigningAlgorithm=algorithm,
        )
        signed = Signature(key_arn=about["Arn"], algorithm=algorithm, signature=answer["Signature"])
        self._put(goal, signature_key(release), signed.to_bytes())

    def _put(self, goal: Goal, key: str, body: bytes) -> str:
        return self._send(goal, key, Upload.of(body))

    def _send(self, goal: Goal, key: str, upload: Upload) -> str:
        # Nobody else's bucket of that name: its owner is the deployer's account.
        owner = goal.deployer.machine_arn.split(":")[4]
        return self._home.put(goal.deployer.bucket, key, upload, owner)

    def deploy(self, goal: Goal, release: Release) -> str:
        """Start the deploy of an uploaded release; return its execution's ARN. Started twice it runs once."""
        check_age(parse_release(release.to_json()), now_ms())
        return self._home.start(goal.deployer.machine_arn, release.execution_name, execution_input(release))

    def recover(self, release: str) -> str:
        """Start the cleaning up after a deploy that was stopped; a release is named as its execution is.

        Its execution is called after the project, too: who may watch the project's may watch it.

        Raises:
            StepError: there is no such execution.
        """
        arn = self._home.execution_arn(release)
        project, _, _ = arn.rpartition(":")[2].rpartition("__")
        name = f"{project}__{new_id(now_ms(), arn)}" if project else None
        return self._home.start(machine_of(arn), name, recover_input(arn))

    def prune(self, goal: Goal, keep: int) -> str:
        """Start the deletion of old versions; what is asked for is uploaded, as a release is."""
        now = now_ms()
        request = PruneRequest(
            target=goal.target,
            keep=keep,
            request_id=new_id(now, "prune"),
            requested_by=self._home.who(),
        )
        self._put(goal, request.key, request.to_bytes())
        return self._home.start(goal.deployer.machine_arn, request.execution_name, request.to_json())

    def follow(self, arn: str) -> Iterator[Event]:
        """Yield the events of a deploy until it has ended; lost contact is looked for again for a minute.

        Raises:
            NoContact: it wasn't found again; the deploy runs on.
        """
        told, misses = 0, 0
        while True:
            try:
                for event in self._home.follow(arn):
                    misses = 0
                    if event["id"] > told:
                        told = event["id"]
                        yield event
                return
            except NoContact:
                misses += 1
                if misses > _MISSES:
                    raise
                self._wait(1)

    def outcome(self, release: Release, arn: str) -> DeployOutcome:
        """Say how a deploy stands."""
        try:
            about = self._home.describe(arn)
        except NoContact:
            return lost_contact(release)
        return outcome_of(
            release,
            about["status"],
            error=about.get("error"),
            cause=about.get("cause"),
            deployer=arn.split(":")[6],
        )

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe an execution of the deployer, as the API does."""
        return self._home.describe(arn)

    def releases(self, goal: Goal, limit: int) -> list[Released]:
        """List releases, the newest first, with what became of them."""
        target = goal.target
        found = [
            one
            for prefix in target.release_prefixes
            for one in self._home.release_ids(goal.deployer.bucket, prefix)
        ]
        ids = sorted(found, reverse=True)[:limit]
        table = self._table(goal)
        return [Released.from_record(one, table.get(target.record_key(one)) or {}) for one in ids]

    def lock(self, goal: Goal) -> LockByHand:
        """Give the target's lock into the hands of who asks.

        Raises:
            StepError: the deployer doesn't say where its table is.
        """
        return LockByHand(self._table(goal), goal.target.lock_key, self._home.who())

    def _table(self, goal: Goal) -> DynamoTable:
        name = goal.deployer.table
        if not name:
            raise StepError(f"the deployer {goal.deployer.name!r} doesn't say where its table is")
        return DynamoTable(self._home_aws.client("dynamodb"), name)

    def _recorded_contents(self, goal: Goal, release_id: str) -> dict[str, str]:
        """Read what the live release's record says that its functions' versions hold: hashes by ARN.

        Nothing where there is no record, or where it isn't this caller's to read: zips are then compared.
        """
        if not goal.deployer.table or not names.is_name(release_id):
            return {}
        try:
            record = self._table(goal).get(goal.target.record_key(release_id)) or {}
        except (Refused, Unavailable):
            return {}
        functions = record.get("functions")
        staged = functions.values() if isinstance(functions, dict) else ()
        return {
            str(one["version"]): str(one["content_sha256"])
            for one in staged
            if isinstance(one, dict) and one.get("version") and one.get("content_sha256")
        }

    def _told_by_machine(self, wish: Wish) -> Mapping[str, str]:
        if wish.project is not None and wish.config is not None:
            return {}
        tags = self._away.machine_tags(wish.machine)
        told = {"project": tags.get(names.PROJECT_NAME), "config": tags.get(names.CONFIG_NAME)}
        return {word: text for word, text in told.items() if text is not None}

    def _deployer(self, wish: Wish, config: str) -> Deployer:
        wanted = [wish.deployer] if wish.deployer else [f"{names.DEPLOYER}-{config}", names.DEPLOYER]
        for name in wanted:
            try:
                deployer = self._home.deployer(name)
            except NoDeployer:
                continue
            bucket = wish.bucket or deployer.bucket
            if not bucket:
                raise StepError(f"the deployer {name!r} doesn't say where releases go: give -bucket")
            return replace(deployer, bucket=bucket)
        raise StepError(
            f"no deployer {' nor '.join(map(repr, wanted))} at {self._home.where}: name it with -deployer; "
            "Terraform makes it (module `deployer`)"
        )


def _size(value: JSONValue) -> int | None:
    """Read a zip's size; an image has none."""
    return value if isinstance(value, int) and value > 0 else None


def new_id(at_ms: int, *hashes: str) -> str:
    """Name a release so that two of the same contents in one second have two names."""
    return make_release_id(at_ms, str(at_ms), *hashes)


def _check_names(wish: Wish) -> None:
    checks = [
        ("-step", wish.machine, names.is_machine_name, "1 to 80 letters, digits, - and _"),
        ("-project", wish.project, names.is_project_name, "1 to 64 letters, digits, _ . and -, without __"),
        ("-config", wish.config, names.is_project_name, "1 to 64 letters, digits, _ . and -, without __"),
        ("-account", wish.account, names.is_account, "an account's id: twelve digits"),
        ("-region", wish.region, names.is_region, "a region, as eu-central-1"),
        ("-deployer", wish.deployer, names.is_machine_name, "1 to 80 letters, digits, - and _"),
        *(
            ("-lambda", name, names.is_function_name, "1 to 64 letters, digits, - and _")
            for name, _ in wish.functions
        ),
    ]
    for word, text, is_right, expected in checks:
        if text is not None and not is_right(text):
            raise StepError(f"{word} {text}: expected a name, no path and no ARN: {expected}")


def _check_tags(facts: Sequence[LambdaFacts]) -> None:
    for one in facts:
        if one.tags.get(names.DEPLOY_WITH) != names.DEPLOYER:
            raise StepError(
                f"the function {one.name!r} isn't tagged {names.DEPLOY_WITH}={names.DEPLOYER}: "
                "the deployer touches no other; the Terraform module `project` makes it so"
            )


def _told_by_tags(facts: Sequence[LambdaFacts]) -> Mapping[str, str]:
    """Read project and configuration from the functions' tags.

    Raises:
        StepError: two functions tell different ones.
    """
    told: dict[str, str] = {}
    for word, tag in (("project", names.PROJECT_NAME), ("config", names.CONFIG_NAME)):
        values = {one.tags[tag]: one.name for one in facts if tag in one.tags}
        if len(values) > 1:
            both = ", ".join(f"{name} in {value!r}" for value, name in values.items())
            raise StepError(f"functions of different {word}s in one release: {both} (tag {tag})")
        told.update(dict.fromkeys([word], *values) if values else {})
    return told
