"""The release document: what is refused, all at once; and that what isn't can be deployed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from step.deployer.client import execution_input, rollback_release
from step.deployer.document import parse_release
from step.deployer.names import Target
from step.deployer.release import MAX_RELEASE_BYTES, Analysis, Canary, CanaryStep, InvalidRelease, check_age
from step.jsonvalue import JSONValue
from tests.deployer.proof.judge import CANARY, CHECKER, SMOKE_TEST
from tests.deployer.world import TARGET, World
from tests.exploring import examples

# The members that a deployer of before form 2 knows.
FORM_1 = {
    "account",
    "canary",
    "config",
    "created_at",
    "definition",
    "expect_live",
    "functions",
    "machine",
    "project",
    "region",
    "release_id",
    "requested_by",
    "rollback_to",
    "smoke_test",
}
DAY_MS = 24 * 3600 * 1000


def document(**changes: JSONValue) -> dict[str, Any]:
    """Write a release that is right but for some members; None takes one away."""
    written: dict[str, Any] = World().release(1).to_json()
    written.update(changes)
    return written


def problems_of(value: JSONValue) -> tuple[str, ...]:
    with pytest.raises(InvalidRelease) as refused:
        parse_release(value)
    return refused.value.problems


def test_document_reads_back_as_the_release_that_wrote_it() -> None:
    world = World()
    live = f"{TARGET.machine_arn}:1"
    for release in (
        world.release(1, canary=CANARY, smoke_test=SMOKE_TEST, expect_live=live),
        rollback_release(TARGET, release_id="back", created_at_ms=0, version_arn=live),
    ):
        assert parse_release(json.loads(release.to_bytes())) == release


STEPS = (CanaryStep(percent=5, bake_seconds=60), CanaryStep(percent=50, bake_seconds=600))
OF_FORM_2 = [
    replace(CANARY, steps=STEPS),
    replace(CANARY, accepts_missing_data=True),
    replace(CANARY, alarms=(), analysis=Analysis(resource=CHECKER, timeout_seconds=9)),
]


def test_release_that_form_1_can_say_is_written_in_it() -> None:
    """A deployer of before, which refuses members that it doesn't know, brings the one of now."""
    written = World().release(1, canary=CANARY, smoke_test=SMOKE_TEST).to_json()

    assert set(written) == FORM_1
    assert written["canary"] == {
        "percent": 10,
        "bake_seconds": 120,
        "alarms": ["bread-fails"],
        "interval_seconds": 60,
    }


@pytest.mark.parametrize("canary", OF_FORM_2)
def test_release_that_says_more_tells_its_form_and_reads_back(canary: Canary) -> None:
    release = World().release(1, canary=canary)
    written = release.to_json()

    assert written["form"] == 2
    assert parse_release(written) == release
    assert problems_of({**written, "form": 1}) == ("release/form: what it says needs form 2, and it says 1",)


def test_release_of_a_form_to_come_is_refused_with_what_to_do() -> None:
    assert problems_of(document(form=3, wings=2)) == (
        "release/form: 3 is of a newer step than this deployer's, which knows up to 2: "
        "deploy the deployer first",
    )


BAD_CANARIES: list[tuple[dict[str, Any], str]] = [
    ({"steps": [{"percent": 20, "bake_seconds": 9}, {"percent": 5, "bake_seconds": 9}]}, "has to be larger"),
    ({"steps": [{"percent": 5, "bake_seconds": 9}], "percent": 5}, "unknown member 'percent'"),
    ({"percent": 5, "bake_seconds": 9, "alarms": []}, "nothing would end it"),
    ({"steps": [{"percent": p, "bake_seconds": 86_400} for p in (1, 2)]}, "172,800 s are more than 129,600"),
    ({"percent": 5, "bake_seconds": 86_400, "interval_seconds": 9}, "9,600 looks at 9 s are more than 2,000"),
    ({"percent": 5, "bake_seconds": 9, "accepts_missing_data": "no"}, "expected true or false, got 'no'"),
    *(
        ({"percent": 5, "bake_seconds": 9, "analysis": {"resource": arn, "timeout_seconds": 61}}, told)
        for arn, told in (
            (CHECKER, "a function has 60 s at most"),
            (CHECKER.rpartition(":")[0], "expected the ARN of a function's version or alias"),
            (CHECKER.replace(":3", ":$LATEST"), "expected the ARN of a function's version or alias"),
            (CHECKER.replace("eu-central-1", "us-east-1"), "in the project's account and region"),
        )
    ),
]


@pytest.mark.parametrize(("canary", "told"), BAD_CANARIES, ids=[told for _, told in BAD_CANARIES])
def test_canary_that_could_not_end_well_is_refused(canary: dict[str, Any], told: str) -> None:
    assert told in "; ".join(problems_of(document(form=2, canary={"alarms": ["a"], **canary})))


def test_every_problem_is_listed_with_its_place() -> None:
    wrong = document(project="a/b", account=12, region="Frankfurt", surprise=True)
    del wrong["machine"]
    wrong["functions"][0]["code"]["sha256"] = "123"
    wrong["functions"][1]["code"]["size_bytes"] = True

    assert problems_of(wrong) == (
        "release/project: expected 1 to 64 letters, digits, _ . and - "
        "(no path, no ARN, no __, and no _ at its ends), got 'a/b'",
        "release/account: expected an account's id: twelve digits, got 12",
        "release/region: expected a region, as eu-central-1, got 'Frankfurt'",
        "release/machine: is missing",
        "release/functions/0/code/sha256: expected a SHA-256 in hexadecimal: 64 of 0-9 and a-f, got '123'",
        "release/functions/1/code/size_bytes: expected a whole number from 1 to 262,144,000, got true",
        "release: unknown member 'surprise'; it knows account, canary, config, created_at, definition, "
        "expect_live, form, functions, machine, project, region, release_id, requested_by, rollback_to, "
        "smoke_test, undoes",
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("project", ".."),
        ("project", "a#b"),
        ("config", "../production"),
        ("release_id", "arn:aws:s3:::bucket"),
        ("release_id", "x" * 65),
        ("machine", "arn:aws:states:eu-central-1:210987654321:stateMachine:other"),
        ("region", "eu-central-1.evil.example"),
        ("created_at", "yesterday"),
        ("created_at", "2026-02-30T00:00:00Z"),
        ("expect_live", "arn:aws:states:eu-central-1:210987654321:stateMachine:other:1"),
        ("rollback_to", "arn:aws:states:eu-central-1:210987654321:stateMachine:bread-test:1"),
        ("definition", None),
        ("functions", {"name": "bread-test"}),
        ("functions", [1]),
        ("canary", {"percent": 100, "bake_seconds": 60, "alarms": ["a"]}),
        ("canary", {"percent": 10, "bake_seconds": 60, "alarms": []}),
        ("smoke_test", {"timeout_seconds": 0, "input": {}}),
        ("smoke_test", {"input": "x" * MAX_RELEASE_BYTES}),
        ("uuid", "mine"),
        ("started_at", "2026-01-01T00:00:00Z"),
    ],
)
def test_release_with_a_wrong_member_is_refused(member: str, value: JSONValue) -> None:
    assert problems_of(document(**{member: value}))


def test_objects_of_another_release_are_refused() -> None:
    wrong = document()
    wrong["functions"][0]["code"]["key"] = "releases/bread/production/r1/bread-test.zip"
    wrong["definition"]["key"] = "releases/bread/test/../test/r1/definition.json"

    assert len(problems_of(wrong)) == 1  # the second is no key at all
    wrong["definition"]["key"] = "releases/bread/test/r2/definition.json"
    assert len(problems_of(wrong)) == 2


def test_two_functions_of_one_name_or_placeholder_are_refused() -> None:
    wrong = document()
    wrong["functions"][1] = copy.deepcopy(wrong["functions"][0])

    assert problems_of(wrong) == (
        "release/functions: two have the name 'bread-test'",
        "release/functions: two have the placeholder 'bread_test_arn'",
    )


@pytest.mark.parametrize(
    ("age_ms", "is_refused"),
    [(10 * DAY_MS, False), (10 * DAY_MS + 1, True), (-2 * 60_000, False), (-2 * 60_000 - 1, True)],
)
def test_release_is_at_most_ten_days_old_and_two_minutes_early(age_ms: int, is_refused: bool) -> None:
    release = World().release(1)
    now = release.created_at_ms + age_ms

    if is_refused:
        with pytest.raises(InvalidRelease, match="created_at"):
            check_age(release, now)
    else:
        check_age(release, now)


def test_no_two_targets_share_a_lock_a_record_or_a_folder() -> None:
    targets = [
        Target(project=project, config=config, account="1" * 12, region="eu-central-1", machine="m")
        for project, config in (("a", "b"), ("a-b", "c"), ("a", "b-c"), ("a.b", "c"), ("b", "a"))
    ]

    assert len({target.lock_key for target in targets}) == len(targets)
    assert len({target.record_key("r") for target in targets}) == len(targets)
    assert len({target.release_prefixes for target in targets}) == len(targets)


# ------------------------------------------------------------ fuzzed releases

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
# What fits the form, and often not the project: such a release gets past Validate.
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "project": st.sampled_from(["bread", "bread", "cake"]),
    "config": st.sampled_from(["test", "test", "production"]),
    "machine": st.sampled_from(["bread-test", "bread-test", "cake-test"]),
    "region": st.sampled_from(["eu-central-1", "eu-central-1", "us-east-1"]),
    "expect_live": st.sampled_from([None, f"{TARGET.machine_arn}:1", f"{TARGET.machine_arn}:9"]),
    "smoke_test": st.builds(lambda value: {"input": value}, JSON),
    "canary": st.builds(
        lambda percent, alarm: {"percent": percent, "bake_seconds": 60, "alarms": [alarm]},
        st.integers(1, 99),
        st.sampled_from(["bread-fails", "nobody"]),
    )
    | st.builds(
        lambda shares: {
            "steps": [{"percent": share, "bake_seconds": 60} for share in shares],
            "alarms": ["bread-fails"],
        },
        st.lists(st.integers(1, 99), min_size=2, max_size=4),
    ),
    "form": st.just(2),
    "created_at": st.sampled_from(["2026-01-01T00:00:01Z", "2025-12-31T00:00:00Z", "2025-01-01T00:00:00Z"]),
}


@st.composite
def fuzzed(draw: st.DrawFn) -> dict[str, Any]:
    """Change a release that is right in a few places, mostly into what has the form."""
    written = document()
    for member in draw(st.lists(st.sampled_from(sorted(LIKELY)), max_size=3, unique=True)):
        written[member] = draw(LIKELY[member])
    if draw(st.integers(0, 3)) == 0:
        back = draw(st.sampled_from([f"{TARGET.machine_arn}:1", f"{TARGET.machine_arn}:9"]))
        written |= {"rollback_to": back, "definition": None, "functions": []}
    if draw(st.integers(0, 3)) == 0:
        written[draw(st.sampled_from(sorted(written)) | st.text(max_size=6))] = draw(JSON)
    for function in written["functions"] or [] if isinstance(written["functions"], list) else []:
        if isinstance(function, dict) and isinstance(function.get("code"), dict):
            if draw(st.integers(0, 3)) == 0:
                function["name"] = draw(st.sampled_from(["bread-test", "oven-test", "other"]))
            if draw(st.integers(0, 5)) == 0:
                function["code"]["sha256"] = "0" * 64
            if draw(st.integers(0, 5)) == 0:
                function["code"]["version_id"] = "nobody's"
            if draw(st.integers(0, 5)) == 0:
                function["placeholder"] = draw(st.sampled_from(["bread_test_arn", "other_arn"]))
    return written


def upload(world: World, written: dict[str, Any]) -> None:
    """Upload a document where its kind of release goes: both who starts and who uploads say it."""
    kind = "releases" if written["rollback_to"] is None else "rollbacks"
    world.aws.upload(f"{kind}/bread/test/r1/release.json", json.dumps(written).encode())


@examples(60)
@given(fuzzed())
def test_fuzzed_release_is_live_alone_or_nothing_has_changed(written: dict[str, Any]) -> None:
    world = World()
    world.release(1)
    world.aws.alarm_states["bread-fails"] = "OK"
    before = world.aws.live(TARGET)
    upload(world, written)

    run = world.start("bread__test__r1", {"release": written})

    assert run.end in ("Success", "FailureClean")
    assert not world.is_locked
    assert world.mixes == []
    if run.end == "FailureClean":
        assert world.aws.live(TARGET) == before
    elif written["rollback_to"] is None:
        assert [route.weight for route in world.aws.live(TARGET)] == [100]
        assert world.aws.live(TARGET) != before
    next_run = world.deploy(world.release(2))
    assert next_run.end == "Success", next_run.cause


def test_fuzzed_releases_get_past_validate() -> None:
    """The fuzz above is worth something: a third of it gets further, and some of it to the end."""
    seen: list[list[str]] = []

    @settings(max_examples=80, database=None, derandomize=True)
    @given(fuzzed())
    def collect(written: dict[str, Any]) -> None:
        world = World()
        world.release(1)
        world.aws.alarm_states["bread-fails"] = "OK"
        upload(world, written)
        seen.append(world.start("bread__test__r1", {"release": written}).path)

    collect()

    assert sum("ValidateResources" in path for path in seen) > len(seen) / 3
    assert sum("Success" in path for path in seen) > 5
    assert sum("Refused" in path for path in seen) > 5


@examples(50)
@given(JSON)
def test_any_json_is_refused_without_a_trace(value: JSONValue) -> None:
    world = World()

    run = world.start("bread__test__r1", {"release": value})

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith("InvalidRelease: ")
    assert world.aws.items == {}


def test_release_that_was_started_with_other_words_than_uploaded_is_refused() -> None:
    world = World()
    release = world.release(1)
    started: dict[str, Any] = {**release.to_json(), "smoke_test": {"input": {}, "timeout_seconds": 300}}

    run = world.start("bread__test__r1", {"release": started})

    assert run.end == "FailureClean"
    assert "what was uploaded is not what this execution was started with" in (run.cause or "")


def test_execution_is_called_as_its_release() -> None:
    world = World()

    run = world.start("again", execution_input(world.release(1)))

    assert run.end == "FailureClean"
    assert "has to be called bread__test__r1" in (run.cause or "")
