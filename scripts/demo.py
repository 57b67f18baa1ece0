"""The whole of it on one machine: scripts/demo.py.

The local service, Terraform, the deployer that deploys itself and then the bread, and a loaf under the
virtual clock. The service goes on running.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import local_service
import stack

ROOT = stack.ROOT
DEPLOYER, BREAD = "step-deployer-local", "bread-local"
LOG = stack.BUILD / "terraform" / "demo.log"


def say(text: str) -> None:
    """Print what happens next."""
    print(f"\n== {text}", flush=True)


def step(*words: str) -> None:
    """Run a command of step against the local service.

    Raises:
        StackError: it failed.
    """
    print(f"$ step {' '.join(words)}", flush=True)
    command = [sys.executable, "-m", "step.cli.main", *words]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "ENV": stack.LOCAL}, check=False).returncode
    if code:
        raise stack.StackError(code, f"step {words[0]} failed with exit status {code}")


def release(name: str, states: str) -> None:
    """Deploy one project with the deployer."""
    step(
        *("deploy", "-deployer", DEPLOYER, "-lambda", name, "-step", name),
        *("-states", f"build/definitions/{states}.asl.json", "-zip", f"build/package/{states}.zip"),
    )


def run() -> None:
    """Do it all.

    Raises:
        StackError: something failed.
    """
    environment = stack.Environment.from_name(stack.LOCAL)
    say("The local service")
    stack.enter(environment)
    say("The stack, by Terraform: roles, functions, machines, lock table, release bucket, alarms")
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    stack.deploy(environment, LOG)
    print(f"done; Terraform's words are in {LOG.relative_to(ROOT)}")
    say("The deployer, for the first time without itself")
    step("bootstrap", "-deployer", DEPLOYER)
    say("The deployer deploys itself")
    release(DEPLOYER, "deployer")
    say("The deployer deploys the bread")
    release(BREAD, "bread")
    say("The bread: fourteen hours, by the virtual clock")
    step("start", f"{BREAD}:live", "--wait", "--quiet")


def main() -> int:
    """Run the demo; say how long it took."""
    start = time.monotonic()
    try:
        run()
    except stack.StackError as error:
        print(error, file=sys.stderr)
        return error.status
    service = local_service.find(ROOT / local_service.FOLDER)
    say(
        f"{time.monotonic() - start:.0f} seconds. See every execution at {service.viewer if service else '?'}"
    )
    print("The service goes on running; make stop ends it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
