"""A service that enforces permissions, with what it takes to make users, roles and functions in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.durable.clocks import VirtualClock
from step.local.permissions.permissions import Mode
from step.local.serving import LocalService, Options
from tests.serving import ACCOUNT, client_at, ended

Statement = dict[str, Any]


class Realm:
    """An account, as its owner sees it, and as others do."""

    def __init__(self, store: Path, mode: Mode) -> None:
        self._store, self._mode = store, mode
        self._open()

    def _open(self) -> None:
        options = Options(store=self._store, clock=VirtualClock(), iam=self._mode)
        self.service = LocalService.start(options)

    def close(self) -> None:
        self.service.close()

    def restart(self) -> None:
        """Forget all that the service didn't write."""
        self.service.close()
        self._open()

    def root(self, service: str) -> Any:
        """Make a client with the account's own key."""
        return client_at(self.service.endpoint, service)

    def user(
        self, *statements: Statement, name: str = "ann", tags: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Make a user with a policy; give the keys."""
        iam = self.root("iam")
        iam.create_user(
            UserName=name, Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        )
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def role(
        self, name: str, *statements: Statement, trust: Any = "states.amazonaws.com", **more: Any
    ) -> str:
        """Make a role with a policy; ``trust`` is a service's name or a Principal."""
        principal = {"Service": trust} if isinstance(trust, str) else trust
        taken = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        iam = self.root("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(taken), **more)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        return str(made["Role"]["Arn"])

    def client(self, service: str, keys: dict[str, str], **more: Any) -> Any:
        """Make somebody's client."""
        return client_at(self.service.endpoint, service, **keys, **more)

    def session(self, keys: dict[str, str] | None, role: str, **more: Any) -> dict[str, str]:
        """Assume a role; give the session's keys."""
        sts = self.root("sts") if keys is None else self.client("sts", keys)
        given = sts.assume_role(RoleArn=role, RoleSessionName="monday", **more)["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    def machine(self, name: str, definition: Any, role: str, **more: Any) -> str:
        made = self.root("stepfunctions").create_state_machine(
            name=name, roleArn=role, definition=json.dumps(definition), **more
        )
        return str(made["stateMachineArn"])

    def run(self, machine: str, value: Any = None) -> Any:
        """Run an execution to its end; give its description."""
        states = self.root("stepfunctions")
        started = states.start_execution(stateMachineArn=machine, input=json.dumps(value))
        return ended(states, started["executionArn"])

    def function(self, name: str, source: str, role: str, **more: Any) -> str:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("handler.py", source)
        made = self.root("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="handler.handle",
            Role=role,
            Code={"ZipFile": data.getvalue()},
            Timeout=60,
            **more,
        )
        return str(made["FunctionArn"])


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **condition: Any) -> Statement:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    realm = Realm(tmp_path / "store", "enforce")
    yield realm
    realm.close()


ARN = f"arn:aws:iam::{ACCOUNT}"
