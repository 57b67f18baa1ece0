"""The client's part: drafts, names of releases, and what the end of a deploy means."""

from __future__ import annotations

import hashlib
import json

import pytest

from step.deployer.causes import redact
from step.deployer.client import (
    ExitCode,
    FunctionCode,
    Upload,
    draft_release,
    make_release_id,
    outcome_of,
    read_cause,
)
from step.deployer.definition import bind_functions
from step.errors import StepError
from tests.deployer.world import TARGET, World

AT_MS = 1_767_225_600_000


def test_draft_names_what_to_upload_and_pins_it() -> None:
    draft = draft_release(
        TARGET,
        release_id="r1",
        created_at_ms=AT_MS,
        definition="{}",
        code=[FunctionCode(function="bread-test", zip=Upload.of(b"zip"))],
    )

    release = draft.finish({key: f"version of {key}" for key in draft.objects})

    assert dict(draft.objects) == {
        "releases/bread/test/r1/bread-test.zip": Upload.of(b"zip"),
        "releases/bread/test/r1/definition.json": Upload.of(b"{}"),
    }
    code = release.functions[0].code
    assert code is not None
    assert code.sha256 == hashlib.sha256(b"zip").hexdigest()
    assert code.version_id == "version of releases/bread/test/r1/bread-test.zip"
    assert release.created_at == "2026-01-01T00:00:00.000Z"


def test_definition_over_its_limit_is_refused() -> None:
    with pytest.raises(StepError, match=r"the definition has 1,048,577 bytes; it may have 1,048,576"):
        draft_release(TARGET, release_id="r", created_at_ms=AT_MS, definition="x" * 1_048_577, code=[])


def test_release_id_tells_time_and_content() -> None:
    one, other = make_release_id(AT_MS, "zip", "{}"), make_release_id(AT_MS, "zi", "p{}")

    assert one.startswith("20260101T000000Z-")
    assert one != other


@pytest.mark.parametrize(
    ("status", "error", "cause", "code", "part"),
    [
        ("SUCCEEDED", None, None, ExitCode.SUCCESS, "the lock is free"),
        (
            "FAILED",
            "FailureClean",
            "Halted: ann halted deploys at noon: black friday",
            ExitCode.CLEAN,
            "Halted: bread/test runs what it ran before, and this deploy holds no lock. ann halted deploys "
            "at noon: black friday. `step halt -step bread-test --resume` lets deploys go on; "
            "then deploy anew.",
        ),
        (
            "FAILED",
            "FailureClean",
            "LockHeld: human:ann holds the lock (inventory)",
            ExitCode.LOCKED,
            "ann holds the lock (inventory). `step unlock -step bread-test --reason WHY` gives it back.",
        ),
        ("FAILED", "FailureClean", 'Oops: {"errorMessage": "no"}', ExitCode.CLEAN, "Oops: no"),
        ("FAILED", "FailureClean", "LockHeld: ann holds the lock", ExitCode.LOCKED, "ann holds the lock"),
        (
            "FAILED",
            "FailureClean",
            "Runtime.ImportModuleError: Unable to import module 'deployer'",
            ExitCode.CLEAN,
            "The deployer itself is broken: Runtime.ImportModuleError: Unable to import module 'deployer'. "
            "`step bootstrap -deployer step-deployer --back` leads it back to the version before",
        ),
        ("FAILED", "FailureClean", "Refused: AccessDenied: no", ExitCode.CLEAN, "Mend this and deploy anew"),
        (
            "FAILED",
            "FailureClean",
            "LiveMoved: the alias leads to 7",
            ExitCode.CLEAN,
            "runs what somebody else has made live",
        ),
        ("FAILED", "FailureDirty", "The alias ...", ExitCode.DIRTY, "The alias ..."),
        ("FAILED", "States.Runtime", None, ExitCode.DIRTY, "step recover bread__test__r1"),
        ("ABORTED", None, None, ExitCode.DIRTY, "step recover bread__test__r1"),
        ("TIMED_OUT", None, None, ExitCode.DIRTY, "step recover bread__test__r1"),
        ("RUNNING", None, None, ExitCode.LOST_CONTACT, "runs on"),
    ],
)
def test_end_of_a_deploy_is_an_exit_code_and_a_last_line(
    status: str, error: str | None, cause: str | None, code: ExitCode, part: str
) -> None:
    outcome = outcome_of(World().release(1), status, error=error, cause=cause)

    assert outcome.exit_code == code
    assert part in outcome.text


def test_cause_is_read_out_of_a_lambdas_json() -> None:
    assert read_cause('InvalidRelease: {"errorMessage": "too old", "errorType": "x"}') == (
        "InvalidRelease",
        "too old",
    )
    assert read_cause("LockHeld: ann: away") == ("LockHeld", "ann: away")
    assert read_cause(None) == ("", "no cause is told")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key AKIAIOSFODNN7EXAMPLE is old", "key *** is old"),
        ("https://ann:hunter2@example.org/x", "https://***@example.org/x"),
        ('{"DB_PASSWORD": "hunter2", "size": 3}', '{"DB_PASSWORD": ***, "size": 3}'),
        ("Authorization: Bearer abc.def, next", "Authorization: ***, next"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "***"),
        ("the alias live leads to version 7", "the alias live leads to version 7"),
    ],
)
def test_secrets_are_masked(text: str, left: str) -> None:
    assert redact(text) == left


def test_functions_are_bound_to_versions_by_placeholder_arn_and_name() -> None:
    arn = TARGET.function_arn("bread-test")
    text = json.dumps(
        {
            "a": "${bread}",
            "b": arn,
            "c": {"FunctionName": "bread-test"},
            "d": f"{arn}:live",
            "e": "bread-test",
        }
    )

    bound = bind_functions(text, {arn: f"{arn}:7"}, {"bread": arn})

    assert bound.count(f'"{arn}:7"') == 3
    assert f'"d": "{arn}:live"' in bound
    assert '"e": "bread-test"' in bound
