"""The scripts behind make plan, deploy and stop: which environment, whose credentials, what is refused."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import stack

from step.local.http import Response
from step.local.http_server import Server


def test_local_environment_has_nothing_of_a_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "real")

    environment = stack.local_environment("http://127.0.0.1:1")

    assert "real" not in environment.values()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["PATH"] == os.environ["PATH"]


def test_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(stack.StackError, match="development, local, production") as refused:
        stack.Environment.from_name("../local")

    assert refused.value.status == stack.WRONG_USE


def test_environment_says_what_is_packed() -> None:
    local = stack.Environment.from_name("local")
    production = stack.Environment.from_name("production")

    assert local.package_arguments == ["--environment", "local"]
    assert production.package_arguments == ["--runtime", "python3.13", "--architecture", "arm64"]


@pytest.mark.parametrize(("confirmation", "passes"), [("production", True), ("yes", False), ("", False)])
def test_production_needs_its_name_where_nobody_can_answer(
    monkeypatch: pytest.MonkeyPatch, confirmation: str, passes: bool
) -> None:
    monkeypatch.setenv("CONFIRM", confirmation)
    monkeypatch.setattr("sys.stdin", io.StringIO("production\n"))
    production = stack.Environment.from_name("production")

    if passes:
        stack.confirm(production, "deploy")
    else:
        with pytest.raises(stack.StackError, match="needs CONFIRM=production") as refused:
            stack.confirm(production, "deploy")
        assert refused.value.status == stack.WRONG_USE


def identity(account: str) -> Server:
    document = (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>arn:aws:iam::{account}:user/me</Arn><UserId>me</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    server = Server(lambda request: Response(200, {"Content-Type": "text/xml"}, document.encode()))
    server.start()
    return server


def test_credentials_of_another_account_end_before_terraform_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    server = identity("999999999999")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    with pytest.raises(stack.StackError, match=r"is account 111111111111, .* are of 999999999999") as refused:
        stack.enter(stack.Environment.from_name("development"))

    server.close()
    assert refused.value.status == stack.WRONG_ACCOUNT


def test_missing_credentials_are_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(stack.StackError, match="AWS_PROFILE, or aws sso login") as refused:
        stack.enter(stack.Environment.from_name("development"))

    assert refused.value.status == stack.NO_CONTACT


@pytest.mark.requires_component("terraform")
def test_mirror_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(stack.ROOT / "scripts" / "tf"), "init"],
        cwd=tmp_path,
        env={**os.environ, "TERRAFORM": "", "TF_PLUGIN_MIRROR": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == stack.NO_CONTACT
    assert "is no folder" in done.stderr


def test_terraform_that_is_none_is_refused() -> None:
    command = [str(stack.ROOT / "scripts" / "tf"), "version"]

    done = subprocess.run(
        command, env={**os.environ, "TERRAFORM": sys.executable}, capture_output=True, text=True, check=False
    )

    assert done.returncode == stack.NO_CONTACT
    assert "is no Terraform from 1.10 on" in done.stderr
