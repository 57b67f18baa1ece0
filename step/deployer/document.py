"""Read a release's document, strictly: no member too many, none that isn't as it has to be.

Pure: no clock, no IO. What a release is and how it is written is said in ``release``.
"""

from __future__ import annotations

from step.deployer.names import MAX_EXECUTION_NAME, code_key, definition_key
from step.deployer.reading import (
    Members,
    account,
    alarm_names,
    checker_arn,
    function_name,
    image_uri,
    layer_versions,
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
    yes_or_no,
)
from step.deployer.release import (
    MAX_CODE_BYTES,
    MAX_DEFINITION_BYTES,
    MAX_FUNCTIONS,
    MAX_RELEASE_BYTES,
    NEWEST_FORM,
    Analysis,
    Canary,
    CanaryStep,
    FunctionRelease,
    InvalidRelease,
    Pin,
    Release,
    SmokeTest,
)
from step.jsonvalue import JSONValue

# A look takes nine events of the 25,000 that an execution may have.
MAX_LOOKS = 2000
MAX_STEPS, MAX_BAKE_SECONDS = 100, 36 * 3600
# So long an invocation of the deployer's function can wait for another function.
MAX_ANSWER_SECONDS = 60


def parse_release(document: JSONValue) -> Release:
    """Read a release's document, strictly: no member too many, none that isn't as it has to be.

    Raises:
        InvalidRelease: lists every problem.
    """
    members = Members(document, "release")
    form = members.optional("form", number(1, 1_000_000)) or 1
    if form > NEWEST_FORM:
        raise InvalidRelease(
            [
                f"release/form: {form} is of a newer step than this deployer's, which knows up to "
                f"{NEWEST_FORM}: deploy the deployer first"
            ]
        )
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
        undoes=members.optional("undoes", name),
        requested_by=members.optional("requested_by", text(1, 512)),
        expect_live=members.optional("expect_live", machine_version),
        smoke_test=_smoke_test(members.inner("smoke_test")),
        canary=_canary(members.inner("canary")),
    )
    members.finish()
    problems = members.problems or _contradictions(release)
    if not problems and release.form > form:
        problems = [f"release/form: what it says needs form {release.form}, and it says {form}"]
    if problems:
        raise InvalidRelease(problems)
    if len(release.to_bytes()) > MAX_RELEASE_BYTES:
        raise InvalidRelease([f"release: more than {MAX_RELEASE_BYTES:,} bytes of JSON"])
    return release


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
    image = members.optional("image", image_uri)
    function = FunctionRelease(
        name=members.needed("name", function_name),
        placeholder=members.needed("placeholder", placeholder),
        code=_pin(members.inner("code", is_needed=image is None), MAX_CODE_BYTES),
        content_sha256=members.optional("content_sha256", sha256_hex),
        image=image,
        layers=members.optional("layers", layer_versions),
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
    steps = tuple(_step(inner) for inner in members.each("steps", MAX_STEPS)) or (_alone(members),)
    canary = Canary(
        steps=steps,
        alarms=members.optional("alarms", alarm_names) or (),
        interval_seconds=members.optional("interval_seconds", number(1, 3600)) or 60,
        accepts_missing_data=members.optional("accepts_missing_data", yes_or_no) or False,
        analysis=_analysis(members.inner("analysis")),
    )
    members.finish()
    return canary


def _alone(members: Members) -> CanaryStep:
    """Read a canary of one step."""
    return CanaryStep(
        percent=members.needed("percent", number(1, 99)),
        bake_seconds=members.needed("bake_seconds", number(1, 24 * 3600)),
    )


def _step(members: Members) -> CanaryStep:
    step = _alone(members)
    members.finish()
    return step


def _analysis(members: Members | None) -> Analysis | None:
    if members is None:
        return None
    analysis = Analysis(
        resource=members.needed("resource", checker_arn),
        timeout_seconds=members.optional("timeout_seconds", number(1, 24 * 3600)) or 60,
    )
    members.finish()
    return analysis


def _contradictions(release: Release) -> list[str]:
    """Compare members that are right by themselves."""
    problems: list[str] = []
    if (release.definition is None) == (release.rollback_to is None):
        problems.append("release: expected either definition, with functions, or rollback_to")
    if release.rollback_to is not None and release.functions:
        problems.append("release/functions: a release that goes back brings no code")
    if release.undoes is not None and release.rollback_to is None:
        problems.append("release/undoes: only a release that goes back takes one back")
    for member in ("rollback_to", "expect_live"):
        version = getattr(release, member)
        if version is not None and version.rpartition(":")[0] != release.target.machine_arn:
            problems.append(f"release/{member}: {version} is no version of {release.target.machine_arn}")
    if len(release.execution_name) > MAX_EXECUTION_NAME:
        problems.append(
            f"release/release_id: project, config and release_id have more than {MAX_EXECUTION_NAME - 4} "
            "characters together"
        )
    problems += [
        f"release/functions/{one.name}: expected either code or an image"
        for one in release.functions
        if (one.code is None) == (one.image is None)
    ]
    return problems + _doubles(release) + _strange_keys(release) + _canary_problems(release)


def _canary_problems(release: Release) -> list[str]:
    canary = release.canary
    if canary is None:
        return []
    problems: list[str] = []
    shares = [step.percent for step in canary.steps]
    if shares != sorted(set(shares)):
        problems.append(f"release/canary/steps: {shares}: each share has to be larger than the one before")
    if not canary.alarms and canary.analysis is None:
        problems.append("release/canary: expected alarms, an analysis, or both: nothing would end it")
    if canary.looks > MAX_LOOKS:
        problems.append(
            f"release/canary: {canary.looks:,} looks at {canary.interval_seconds} s are more than "
            f"{MAX_LOOKS:,}: look less often"
        )
    if canary.seconds > MAX_BAKE_SECONDS:
        problems.append(
            f"release/canary: {canary.seconds:,} s are more than {MAX_BAKE_SECONDS:,}, all steps together"
        )
    analysis = canary.analysis
    if analysis is not None:
        place = analysis.resource.split(":")[3:5]
        if place != [release.region, release.account]:
            problems.append("release/canary/analysis: it has to be in the project's account and region")
        if not analysis.is_machine and analysis.timeout_seconds > MAX_ANSWER_SECONDS:
            problems.append(
                f"release/canary/analysis: a function has {MAX_ANSWER_SECONDS} s at most; a machine longer"
            )
    return problems


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
    expected = [
        (one.code.key, code_key(*mine, one.name), f"functions/{one.name}/code")
        for one in release.functions
        if one.code is not None
    ]
    if release.definition is not None:
        expected.append((release.definition.key, definition_key(*mine), "definition"))
    return [
        f"release/{place}/key: expected {wanted}, got {key}"
        for key, wanted, place in expected
        if key != wanted
    ]
