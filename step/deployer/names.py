"""What everything around a deploy is called: projects, keys of the bucket and the table, tags, roles.

Pure: no clock, no IO. Terraform's modules spell the same names; ``docs/deployer.md`` lists them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEPLOYER = "step-deployer"
# The one alias that callers start and that a deploy routes.
LIVE = "live"
RELEASES, ROLLBACKS = "releases", "rollbacks"
# AWS: Step Functions API, StartExecution, "name": 1 to 80 characters.
MAX_EXECUTION_NAME = 80
# Every function and machine that the deployer may touch carries these.
DEPLOY_WITH, PROJECT_NAME, CONFIG_NAME = "DeployWith", "ProjectName", "ConfigName"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MACHINE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One configuration of one project in one account and region: what a lock locks.

    Attributes:
        project: The project's name.
        config: Which of its configurations this is: "production", ...
        account: The account that it runs in.
        region: The region that it runs in.
        machine: The state machine's name.
    """

    project: str
    config: str
    account: str
    region: str
    machine: str

    @property
    def partition(self) -> str:
        """The partition that the region belongs to."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def machine_arn(self) -> str:
        """The machine's ARN, without a version."""
        return f"arn:{self.partition}:states:{self.region}:{self.account}:stateMachine:{self.machine}"

    @property
    def alias_arn(self) -> str:
        """The ARN that callers start."""
        return f"{self.machine_arn}:{LIVE}"

    def function_arn(self, name: str) -> str:
        """Name a function, without a version."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{name}"

    @property
    def lock_key(self) -> str:
        """The lock's key in the table. ``#`` is in no part of it, so that no two targets share one."""
        return f"lock#{self.account}#{self.region}#{self.project}#{self.config}"

    def record_key(self, release_id: str) -> str:
        """Name the record of a release in the table."""
        return f"release#{self.account}#{self.region}#{self.project}#{self.config}#{release_id}"

    @property
    def release_prefixes(self) -> tuple[str, ...]:
        """What the keys of all its releases begin with in the bucket: new ones, and those that go back."""
        return tuple(f"{kind}/{self.project}/{self.config}/" for kind in (RELEASES, ROLLBACKS))

    def execution_name(self, release_id: str) -> str:
        """Name the deployer's execution of a release: who may see a project's knows them by this."""
        return execution_name(self.project, self.config, release_id)

    @property
    def tags(self) -> dict[str, str]:
        """What function, machine and session are tagged with."""
        return {DEPLOY_WITH: DEPLOYER, PROJECT_NAME: self.project, CONFIG_NAME: self.config}

    @property
    def role_arn(self) -> str:
        """The role that a deploy takes."""
        return self._role("")

    @property
    def smoke_role_arn(self) -> str:
        """The role that tries and asks: it starts executions and invokes analyses, and changes nothing."""
        return self._role("@smoke")

    @property
    def prune_role_arn(self) -> str:
        """The role that deletes versions, and can do nothing else."""
        return self._role("@prune")

    def _role(self, suffix: str) -> str:
        # ``@`` is in no part of it, so that no two targets share a role.
        name = f"{DEPLOYER}-{self.project}@{self.config}{suffix}"
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"


def execution_name(project: str, config: str, what: str) -> str:
    """Name an execution of the deployer: who may see a project's knows them by this.

    ``__`` is in no project's or configuration's name, so that no two targets share one.
    """
    return f"{project}__{config}__{what}"


def release_key(project: str, config: str, release_id: str, kind: str = RELEASES) -> str:
    """Name a release's document in the bucket; who may only ask to go back has a prefix of their own."""
    return f"{kind}/{project}/{config}/{release_id}/release.json"


def rollout_key(project: str, config: str, rollout_id: str) -> str:
    """Name a rollout's document in the bucket."""
    return f"{RELEASES}/{project}/{config}/{rollout_id}/rollout.json"


def request_key(project: str, config: str, request_id: str) -> str:
    """Name what was asked for beside releases, where whoever may deploy may write."""
    return f"{RELEASES}/{project}/{config}/{request_id}/request.json"


def definition_key(project: str, config: str, release_id: str) -> str:
    """Name a release's definition in the bucket."""
    return f"releases/{project}/{config}/{release_id}/definition.json"


def code_key(project: str, config: str, release_id: str, function: str) -> str:
    """Name the zip of one of a release's functions in the bucket."""
    return f"releases/{project}/{config}/{release_id}/{function}.zip"


def is_name(text: str) -> bool:
    """Whether it may be the name of a project, a configuration or a release: no path, no ARN."""
    return _NAME.fullmatch(text) is not None and text.strip(".") != ""


def is_project_name(text: str) -> bool:
    """Whether it may be the name of a project or a configuration: ``__`` stands between them."""
    return is_name(text) and "__" not in text and not text.startswith("_") and not text.endswith("_")


def is_machine_name(text: str) -> bool:
    """Whether it may be a state machine's name."""
    return _MACHINE.fullmatch(text) is not None


def is_function_name(text: str) -> bool:
    """Whether it may be a function's name."""
    return _FUNCTION.fullmatch(text) is not None


def is_account(text: str) -> bool:
    """Whether it may be an account's id."""
    return _ACCOUNT.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether it may be a region."""
    return _REGION.fullmatch(text) is not None
