"""Plan, deploy or destroy the stack of an environment: scripts/stack.py ACTION ENVIRONMENT.

Packages the functions and writes the definitions first, then runs Terraform. ENVIRONMENT local is the local
service, started where it doesn't run; every other one is AWS, with the credentials of the environment.

Exit statuses: 0 done; 1 Terraform failed; 2 wrong use, or production without a yes; 3 AWS, the local service
or Terraform can't be had; 4 credentials of another account.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
from python_terraform import IsFlagged, Terraform

from step.served import DEFAULT_STORE, Served

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / DEFAULT_STORE
ENVIRONMENTS = ROOT / "environments"
BUILD = ROOT / "build"
LOCAL = "local"
PRODUCTION = "production"
FAILED, WRONG_USE, NO_CONTACT, WRONG_ACCOUNT = 1, 2, 3, 4
_CHANGES = 2
_STEP = (sys.executable, "-m", "step")
# Nobody's keys: what the local service is called with, so that no real ones get near it.
_LOCAL_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    # Configuration files may name profiles, roles and endpoints.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class StackError(Exception):
    """What can't be done; the message says what to do, ``status`` is the exit status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Environment:
    """An environment: its variables and where its state is."""

    name: str
    variables: Mapping[str, Any]
    backend: Mapping[str, Any]

    @classmethod
    def from_name(cls, name: str) -> Environment:
        """Read the environment's two files.

        Raises:
            StackError: there is no such environment.
        """
        known = sorted(file.stem for file in ENVIRONMENTS.glob("*.tfvars"))
        if name not in known:
            raise StackError(WRONG_USE, f"ENV={name}: no such environment; there are {', '.join(known)}")
        return cls(name, _read(ENVIRONMENTS / f"{name}.tfvars"), _read(ENVIRONMENTS / f"{name}.s3.tfbackend"))

    @property
    def is_local(self) -> bool:
        """Whether the environment is the local service."""
        return self.name == LOCAL

    @property
    def package_arguments(self) -> list[str]:
        """Say what step package builds for."""
        if self.is_local:
            return ["--environment", LOCAL]
        given = {name: self.variables.get(name) for name in ("runtime", "architecture")}
        return [word for name, value in given.items() if value for word in (f"--{name}", str(value))]


def enter(environment: Environment) -> None:
    """Make this process's environment variables those of the environment; check that it is the right one.

    Raises:
        StackError: nobody answers there, or somebody else does.
    """
    if environment.is_local:
        service = start_local()
        wanted = local_environment(service.endpoint)
        for name in set(os.environ) - set(wanted):
            del os.environ[name]
        os.environ.update(wanted)
        print(f"local service {service.endpoint}, viewer {service.viewer}")
    _check_account(environment)


def start_local() -> Served:
    """Start the local service on a free port, unless it runs; it goes on when this process ends.

    Raises:
        StackError: it doesn't start; it has said why.
    """
    # Waits are jumped: a bread is baked in a second. CLOCK=real takes the time that it takes.
    clock = os.environ.get("CLOCK", "virtual")
    # Whether policies are enforced: off, log or enforce; and whether it is as unkind as AWS may be.
    iam = os.environ.get("IAM", "off")
    words = ["--clock", clock, "--iam", iam, *(["--strict"] if os.environ.get("STRICT") == "1" else [])]
    done = subprocess.run(
        [*_STEP, "serve", "--detach", "--port", "0", "--output", "json", "--store", str(STORE), *words],
        cwd=ROOT,
        env=local_environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise StackError(NO_CONTACT, "the local service doesn't start")
    about = json.loads(done.stdout)
    return Served(about["endpoint"], about["viewer"], about["pid"])


def local_environment(endpoint: str | None = None) -> dict[str, str]:
    """Return this process's environment without anything of a real AWS; with the service's address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    address = {} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint}
    return {**kept, **_LOCAL_ENVIRONMENT, **address}


def _check_account(environment: Environment) -> None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    region, wanted = environment.variables["region"], environment.variables["account_id"]
    try:
        answer = boto3.Session().client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise StackError(
            NO_CONTACT,
            f"ENV={environment.name}: AWS can't be asked who is asking: {error}. "
            "Give credentials: AWS_PROFILE, or aws sso login, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ) from error
    if answer["Account"] != wanted:
        raise StackError(
            WRONG_ACCOUNT,
            f"ENV={environment.name} is account {wanted}, and the credentials are of {answer['Account']} "
            f"({answer['Arn']}); see environments/{environment.name}.tfvars",
        )


def confirm(environment: Environment, action: str) -> None:
    """Ask before production is changed.

    Raises:
        StackError: the answer isn't yes, or nobody can answer and CONFIRM doesn't.
    """
    if environment.name != PRODUCTION or os.environ.get("CONFIRM") == PRODUCTION:
        return
    if not sys.stdin.isatty():
        raise StackError(WRONG_USE, f"make {action} ENV={PRODUCTION} needs CONFIRM={PRODUCTION}")
    if input(f"{action} {PRODUCTION}? Type its name: ") != PRODUCTION:
        raise StackError(WRONG_USE, "nothing was changed")


def build(environment: Environment) -> None:
    """Write what Terraform reads: the packages and the definitions.

    Raises:
        StackError: a function can't be packed, or a definition is wrong; step has said why.
    """
    if subprocess.run([*_STEP, "package", *environment.package_arguments], cwd=ROOT, check=False).returncode:
        raise StackError(FAILED, "the functions can't be packed")
    folder = BUILD / "definitions"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "states").glob("*.asl.json")):
        written = subprocess.run([*_STEP, "json", str(file)], cwd=ROOT, check=False, stdout=subprocess.PIPE)
        if written.returncode:
            raise StackError(FAILED, f"{file.relative_to(ROOT)} is no definition that AWS accepts")
        (folder / file.name).write_bytes(written.stdout)


def make_state_bucket(environment: Environment) -> None:
    """Make the bucket of Terraform's state, which Terraform can't make itself; nothing where it is there.

    Raises:
        StackError: AWS refuses it.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    name, region = environment.backend["bucket"], environment.backend["region"]
    s3 = boto3.Session().client("s3", region_name=region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    try:
        is_there = name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        if not is_there:
            s3.create_bucket(Bucket=name, **place)
        # Also of one that is there: what comes after its creation may have failed.
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    except (BotoCoreError, ClientError) as error:
        raise StackError(FAILED, f"the state's bucket {name} can't be made: {error}") from error
    if not is_there:
        print(f"state bucket {name}")


class Stack:
    """The stack of one environment, as python-terraform runs it."""

    def __init__(self, environment: Environment, log: Path | None = None) -> None:
        """Connect to nothing yet.

        Args:
            environment: Whose stack.
            log: Where Terraform's own words go instead of the terminal.
        """
        # Each environment has its own folder of Terraform's, so that one is never another's by mistake.
        os.environ["TF_DATA_DIR"] = str(BUILD / "terraform" / environment.name)
        self._environment = environment
        self._log = log
        self._terraform = Terraform(
            working_dir=str(ROOT),
            terraform_bin_path=str(ROOT / "scripts" / "tf"),
            var_file=f"environments/{environment.name}.tfvars",
        )

    def init(self) -> None:
        """Connect to the state; lay the providers out."""
        backend = f"environments/{self._environment.name}.s3.tfbackend"
        code, out, err = self._terraform.cmd(
            "init", input=False, no_color=IsFlagged, reconfigure=IsFlagged, backend_config=backend
        )
        if code:
            hint = "; make state-bucket makes its bucket" if "NoSuchBucket" in f"{out}{err}" else ""
            raise StackError(NO_CONTACT, f"terraform init failed{hint}\n{err or out}")

    def plan(self, file: Path | None = None) -> bool:
        """Show what would change, keep it in a file; say whether anything would."""
        code = self._run("plan", out=None if file is None else str(file), detailed_exitcode=IsFlagged)
        return code == _CHANGES

    def apply(self, file: Path) -> None:
        """Do what a plan says."""
        self._run("apply", str(file), var_file=None)

    def destroy(self) -> None:
        """Take everything away."""
        self._run("destroy", auto_approve=IsFlagged)

    def _run(self, command: str, *arguments: str, **options: Any) -> int:
        """Run one of Terraform's commands on the stack; return its exit status.

        Raises:
            StackError: it failed.
        """
        given = {"input": False, "no_color": _colourless(), "var_file": self._terraform.var_file, **options}
        code, out, err = self._terraform.cmd(command, *arguments, capture_output=bool(self._log), **given)
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"{out}{err}")
        if code not in (0, _CHANGES):
            said = f"; see {self._log}" if self._log else ""
            raise StackError(FAILED, f"terraform {command} failed{said}: make plan shows what is left to do")
        return int(code)

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs by name."""
        document = self._terraform.output() or {}
        return {name: entry["value"] for name, entry in document.items()}


def _colourless() -> Any:
    return None if sys.stdout.isatty() else IsFlagged


def _read(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8") as stream:
        values = hcl2.load(stream)
    return {
        name: value.strip('"') if isinstance(value, str) else value
        for name, value in values.items()
        if not name.startswith("__")
    }


def open_stack(environment: Environment, log: Path | None = None) -> Stack:
    """Build what Terraform reads and connect to the state."""
    build(environment)
    if environment.is_local:
        make_state_bucket(environment)
    stack = Stack(environment, log)
    stack.init()
    return stack


def deploy(environment: Environment, log: Path | None = None) -> Stack:
    """Bring the stack to what the files say."""
    stack = open_stack(environment, log)
    plan = BUILD / "terraform" / f"{environment.name}.plan"
    if stack.plan(plan):
        stack.apply(plan)
    return stack


def run(action: str, name: str) -> None:
    """Do one action in one environment.

    Raises:
        StackError: it can't be done.
    """
    environment = Environment.from_name(name)
    if action in ("deploy", "destroy"):
        confirm(environment, action)
    if action == "package":
        build(environment)
        return
    enter(environment)
    match action:
        case "state-bucket":
            make_state_bucket(environment)
        case "plan":
            open_stack(environment).plan()
        case "deploy":
            deploy(environment)
        case "destroy":
            open_stack(environment).destroy()


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("package", "plan", "deploy", "destroy", "state-bucket"))
    parser.add_argument("environment")
    options = parser.parse_args()
    try:
        run(options.action, options.environment)
    except StackError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
