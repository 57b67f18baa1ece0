"""The state ValidateResources: everything that can be known before anything is changed.

Knows the ports; changes nothing. Every problem is listed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from step.clock import parse_timestamp
from step.deployer.definition import MachineType, bind_functions, check_definition
from step.deployer.deployment import Deployment
from step.deployer.lock import Lock, LockItem, routes_to_json
from step.deployer.looking import are_same, read_routes
from step.deployer.names import LIVE
from step.deployer.ports import FunctionFacts, MachineFacts, Ports, Project, Route
from step.deployer.release import MAX_DEFINITION_BYTES, FunctionRelease, Pin, Release
from step.errors import Refused, StepError

T = TypeVar("T")


class ResourceProblem(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The release and what is in AWS don't fit; the message lists every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["the release can't be deployed:", *(f"- {one}" for one in problems)]))


class Tampered(StepError):  # noqa: N818 - the error's name in the deployer's history
    """An object isn't what the release says it is."""


def validate_resources(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Check machine, alias, functions, zips and definition.

    Raises:
        ResourceProblem: lists what is wrong.
    """
    lock = Lock(ports, deployment.target.lock_key, execution)
    lock.guard(deployment.fence, "HELD")
    look = _Look(ports, ports.accounts.deploy(deployment.target), deployment.wanted, [])
    machine = look.machine()
    routes = look.routes(lock.read())
    look.functions()
    look.definition("EXPRESS" if machine and machine.type == "EXPRESS" else "STANDARD")
    look.alarms()
    if machine is not None and machine.type == "EXPRESS" and deployment.wanted.smoke_test is not None:
        # AWS: Step Functions API, DescribeExecution: not of an Express machine's executions.
        look.problems.append(
            "an EXPRESS machine can't have a smoke test: AWS doesn't tell how its executions end"
        )
    if look.problems:
        raise ResourceProblem(look.problems)
    assert machine is not None
    version = deployment.wanted.rollback_to or ""
    return replace(
        deployment,
        prev=routes_to_json(routes),
        machine_type=machine.type,
        version=version,
        is_inherited=False,
    )


def fetch(ports: Ports, pin: Pin) -> bytes:
    """Read an object that a release pins.

    Raises:
        Tampered: it isn't what the release says.
    """
    from hashlib import sha256

    content = ports.bucket.read(pin.key, pin.version_id, pin.size_bytes)
    if sha256(content).hexdigest() != pin.sha256:
        raise Tampered(f"{pin.key} (version {pin.version_id}) is not what the release says: another SHA-256")
    return content


@dataclass(frozen=True, slots=True)
class _Look:
    ports: Ports
    project: Project
    release: Release
    problems: list[str]

    def machine(self) -> MachineFacts | None:
        """Look at the machine and its tags."""
        arn = self.release.target.machine_arn
        machine = self._ask(
            f"the machine {self.release.machine}", lambda: self.project.machines.describe(arn)
        )
        tags = self._ask(
            f"the tags of {self.release.machine}", lambda: self.project.machines.tags(arn) if machine else {}
        )
        if machine and tags is not None:
            self.problems.extend(self._wrong_tags(f"the machine {self.release.machine}", tags))
        return machine

    def routes(self, item: LockItem) -> tuple[Route, ...]:
        """Look at the alias: that it is there, leads where the client thinks, and to nothing newer."""
        target, release = self.release.target, self.release
        deployed = None if item.deployed is None else item.deployed.get("version")

        def is_known(routes: Sequence[Route]) -> bool:
            # What was deployed last is live, unless somebody else has moved it since.
            return deployed is None or deployed in [route.version_arn for route in routes]

        def read() -> tuple[Route, ...]:
            return read_routes(self.ports, self.project.machines, target.alias_arn, is_known)

        routes = self._ask(f"the alias {LIVE!r}", read) or ()
        versions = [route.version_arn for route in routes]
        if routes and release.expect_live not in (None, *versions):
            self.problems.append(
                f"live is {', '.join(versions)}, no longer {release.expect_live}: look at a new plan"
            )
        if release.canary is not None and len(routes) > 1:
            self.problems.append(f"a canary needs one live version to begin with; there are {len(routes)}")
        if release.rollback_to is not None:
            to = release.rollback_to
            self._ask("the version to go back to", lambda: self.project.machines.describe(to))
            self.problems.extend(self._superseded(item.deployed or {}, routes))
        elif item.deployed is not None and item.deployed.get("version") in versions:
            self.problems.extend(self._older(item.deployed))
        return routes

    def functions(self) -> None:
        """Look at the functions, their tags, and their zips."""
        for function in self.release.functions:
            name = function.name
            facts = self._ask(f"the function {name}", lambda name=name: self.project.functions.describe(name))  # type: ignore[misc]  # mypy can't infer lambdas with defaults
            tags = self._ask(f"the tags of {name}", lambda name=name: self.project.functions.tags(name))  # type: ignore[misc]  # mypy can't infer lambdas with defaults
            if tags is not None:
                self.problems.extend(self._wrong_tags(f"the function {name}", tags))
            if function.code is not None:
                self._check_zip(function.code)
            if facts is not None and facts.is_image != (function.image is not None):
                has, gets = ("an image", "a zip") if facts.is_image else ("a zip", "an image")
                self.problems.append(
                    f"{name} has {has}, and AWS lets it have no {gets.split()[1]}: make another"
                )
            if facts is not None and (wrong := wrong_layers(function, facts)):
                self.problems.append(wrong)

    def definition(self, machine_type: MachineType) -> None:
        """Look at the definition as it will be, with versions that stand in for those to come."""
        pin = self.release.definition
        if pin is None:
            return
        try:
            content = self._ask(pin.key, lambda: fetch(self.ports, pin))
            text = None if content is None else content.decode("utf-8")
        except (Tampered, UnicodeDecodeError) as problem:
            self.problems.append(f"{pin.key}: {problem}")
            return
        if text is None:
            return
        own = {arn: f"{arn}:1" for arn in placeholders(self.release).values()}
        bound = bind_functions(text, own, placeholders(self.release))
        if len(bound.encode()) > MAX_DEFINITION_BYTES:
            self.problems.append(f"definition: more than {MAX_DEFINITION_BYTES:,} bytes with its functions")
        self.problems.extend(
            check_definition(bound, machine_type=machine_type, own=own, allowed=self.ports.allowed_resources)
        )

    def alarms(self) -> None:
        """Look at a canary's alarms: they have to be there, and quiet."""
        canary = self.release.canary
        if canary is None or not canary.alarms:
            return
        states = self._ask("the alarms", lambda: self.project.alarms.states(canary.alarms))
        for alarm in canary.alarms if states is not None else ():
            state = states.get(alarm) if states else None
            if state is None:
                self.problems.append(f"there is no alarm {alarm!r}")
            elif state == "ALARM":
                self.problems.append(f"the alarm {alarm!r} rings before anything has changed")

    def _check_zip(self, pin: Pin) -> None:
        region = self.release.region
        if not self.ports.bucket.serves(region, pin.size_bytes):
            self.problems.append(
                f"{pin.key}: {pin.size_bytes:,} bytes are too many to be sent to {region}: "
                "the deployer needs a bucket there (region_buckets of its module)"
            )
        stored = self._ask(pin.key, lambda: self.ports.bucket.measure(pin.key, pin.version_id))
        if stored is None:
            return
        if stored.size_bytes != pin.size_bytes:
            self.problems.append(f"{pin.key}: {stored.size_bytes} bytes; the release says {pin.size_bytes}")
        if stored.sha256 != pin.sha256:
            self.problems.append(f"{pin.key}: not the code that the release says: another SHA-256")

    def _wrong_tags(self, what: str, tags: Mapping[str, str]) -> Iterator[str]:
        for key, value in self.release.target.tags.items():
            if tags.get(key) != value:
                yield f"{what} isn't this project's: its tag {key} is {tags.get(key, '')!r}, not {value!r}"

    def _superseded(self, deployed: Mapping[str, object], routes: Sequence[Route]) -> Iterator[str]:
        """What takes a release back leaves what came after it."""
        undoes = self.release.undoes
        is_live = are_same(routes, [Route(str(deployed.get("version")), 100)])
        if undoes is not None and not (deployed.get("release") == undoes and is_live):
            yield f"the release {undoes}, which it takes back, isn't what is live any more"

    def _older(self, deployed: Mapping[str, object]) -> Iterator[str]:
        at = parse_timestamp(str(deployed.get("created_at")))
        if at is not None and self.release.created_at_ms < at // 1_000_000:
            yield (
                f"live is the release {deployed.get('release')} of {deployed.get('created_at')}, "
                "which is newer; `step rollback` goes back"
            )

    def _ask(self, what: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except Refused as refused:
            self.problems.append(f"{what}: {refused}")
            return None


def wrong_layers(function: FunctionRelease, facts: FunctionFacts) -> str:
    """Say which layers a function has, where the release wants others; "": it has them."""
    has = facts.configuration.get("Layers") or []
    if function.layers is None or has == list(function.layers):
        return ""
    told = ", ".join(map(str, has)) if isinstance(has, list) and has else "none"
    return (
        f"{function.name} has the layers {told}; the release wants {', '.join(function.layers) or 'none'}: "
        "who configures the function (Terraform) changes them"
    )


def placeholders(release: Release) -> dict[str, str]:
    """Name the functions' plain ARNs by their placeholders."""
    return {
        function.placeholder: release.target.function_arn(function.name) for function in release.functions
    }
