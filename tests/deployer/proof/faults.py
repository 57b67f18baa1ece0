"""What can go wrong at one call: each fault as a function that makes the call, or doesn't."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from step.deployer.ports import RoleRefused, Route, Unavailable
from step.errors import Refused, StepError
from tests.deployer.memory_aws import Call
from tests.deployer.world import Crash, Gone, Run, World

Do = Callable[[], Any]
Fault = Callable[[World, Run, Call, Do], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        name: What the table calls it.
        fault: What happens at the call.
        lasts: Which later calls it happens at too: none ("once"), those of the same action, of the same
            service, or all of them.
        is_stop: Whether it ends the execution from outside.
        is_redriven: Whether somebody lets the execution go on afterwards.
        is_unheard: Whether nobody is told that it was stopped: EventBridge delivers as best it can.
    """

    name: str
    fault: Fault
    lasts: str = "once"
    is_stop: bool = False
    is_redriven: bool = False
    is_unheard: bool = False

    def covers(self, first: Call, call: Call) -> bool:
        """Whether it happens at a later call too."""
        if self.lasts == "action":
            return first.action == call.action
        if self.lasts == "service":
            return first.action.partition(":")[0] == call.action.partition(":")[0]
        return self.lasts == "all"


def refused(world: World, run: Run, call: Call, do: Do) -> Any:
    raise Refused("AccessDeniedException", f"not authorized to perform: {call.action}")


def throttled(world: World, run: Run, call: Call, do: Do) -> Any:
    raise Unavailable("ThrottlingException: Rate exceeded")


def applied_but_timed_out(world: World, run: Run, call: Call, do: Do) -> Any:
    with suppress(StepError):
        do()
    raise Unavailable("Read timeout on endpoint")


def crash_before(world: World, run: Run, call: Call, do: Do) -> Any:
    raise Crash


def crash_after(world: World, run: Run, call: Call, do: Do) -> Any:
    with suppress(StepError):
        do()
    raise Crash


def stop_before(world: World, run: Run, call: Call, do: Do) -> Any:
    world.stop(run)
    raise Gone


def stop_after(world: World, run: Run, call: Call, do: Do) -> Any:
    with suppress(StepError):
        do()
    world.stop(run)
    raise Gone


def stop_while_it_works(world: World, run: Run, call: Call, do: Do) -> Any:
    world.stop(run)
    return do()


def zombie(world: World, run: Run, call: Call, do: Do) -> Any:
    """The execution is stopped, another deploy comes and goes, and the invocation still works on."""
    world.stop(run)
    world.others.append(world.deploy(world.release(world.next_number())))
    world.check_time(run)
    return do()


def late_call(world: World, run: Run, call: Call, do: Do) -> Any:
    """The invocation has sent its call when it ends; it arrives right before the other deploy's flip."""
    world.stop(run)
    release = world.release(world.next_number())
    world.arrives = (world.aws.clock.now, do)
    world.others.append(world.deploy(release))
    world.arrives = None
    raise Gone


def stop_and_deploy_another(world: World, run: Run, call: Call, do: Do) -> Any:
    """The execution is stopped, and another deploy comes and goes."""
    with suppress(StepError):
        do()
    world.stop(run)
    world.others.append(world.deploy(world.release(world.next_number())))
    raise Gone


def concurrent(world: World, run: Run, call: Call, do: Do) -> Any:
    """Another deploy begins and ends while this one waits for the answer."""
    world.others.append(world.deploy(world.release(world.next_number())))
    world.check_time(run)
    return do()


def tampered_upload(world: World, run: Run, call: Call, do: Do) -> Any:
    """Somebody who may upload puts other zips and another definition under the same keys."""
    for key in list(world.aws.objects):
        world.aws.upload(key, b"evil")
    return do()


def tampered_staging(world: World, run: Run, call: Call, do: Do) -> Any:
    """Somebody puts other code and another definition where the deploy stages its own."""
    for function in world.aws.functions.values():
        function.code = b"evil"
        function.revision += 1
    machine = world.aws.machines[world.target.machine_arn]
    machine.revisions += 1
    machine.revision = f"revision-{machine.revisions}"
    machine.definition = '{"Comment": "evil"}'
    return do()


def halted(world: World, run: Run, call: Call, do: Do) -> Any:
    """Somebody halts deploys."""
    item = world.aws.items.setdefault(world.target.lock_key, {"key": world.target.lock_key})
    item["halt"] = {"by": "someone", "why": "the shop is on fire", "at": "2026-01-01T00:00:00Z"}
    return do()


# What a call says of something that was made a moment ago, and isn't known everywhere yet.
_NOT_YET = {
    "lambda:GetFunctionConfiguration": "ResourceNotFoundException",
    "states:DescribeStateMachine": "StateMachineDoesNotExist",
    "states:StartExecution": "StateMachineDoesNotExist",
    "states:UpdateStateMachineAlias": "ResourceNotFound",
    "sts:AssumeRole": "AccessDenied",
}


def stale(world: World, run: Run, call: Call, do: Do) -> Any:
    """The answer is a moment old: what was made isn't there, what has ended runs, the alias isn't led."""
    is_new = call.resource.rpartition(":")[2].isdecimal() and not call.resource.endswith(":1")
    if call.action == "states:DescribeExecution" and not call.role:
        facts = do()
        return facts if facts is None else facts._replace(status="RUNNING")
    if call.action == "states:DescribeStateMachineAlias" and run.state != "Prune":
        return world.aws.led_before.get(call.resource) or do()
    if call.action == "sts:AssumeRole":
        raise RoleRefused(_NOT_YET[call.action], "not authorized to perform: sts:AssumeRole")
    if call.action in _NOT_YET and (is_new or call.action == "states:UpdateStateMachineAlias"):
        raise Refused(_NOT_YET[call.action], "does not exist")
    return do()


def led_elsewhere(world: World, run: Run, call: Call, do: Do) -> Any:
    """Somebody makes another version live by hand."""
    machine = world.aws.machines[world.target.machine_arn]
    number = max(machine.versions) + 1
    machine.versions[number] = machine.versions[1]
    if world.hotfix is not None:
        world.earlier.append((Route(world.hotfix, 100),))
    world.hotfix = f"{world.target.machine_arn}:{number}"
    # Nobody can see to it between the last look, whose answer is a moment old, and the call itself.
    world.is_overtaken = call.action in (
        "dynamodb:UpdateItem",
        "states:DescribeStateMachineAlias",
        "states:UpdateStateMachineAlias",
    )
    world.aws.route(world.target.alias_arn, (Route(world.hotfix, 100),))
    return do()


KINDS = (
    Kind("refused once", refused),
    Kind("refused for good", refused, "action"),
    Kind("throttled", throttled),
    Kind("applied but timed out", applied_but_timed_out),
    Kind("applied but timed out, for good", applied_but_timed_out, "action"),
    Kind("crash before", crash_before),
    Kind("crash after", crash_after),
    Kind("crash before, for good", crash_before, "action"),
    Kind("stopped before", stop_before, is_stop=True),
    Kind("stopped after", stop_after, is_stop=True),
    Kind("stopped, works on", stop_while_it_works, is_stop=True),
    Kind("outage of the service", throttled, "service"),
    Kind("outage of everything", throttled, "all"),
    Kind("answers lost for good", applied_but_timed_out, "all"),
    Kind("zombie", zombie, is_stop=True),
    Kind("late call of a zombie", late_call, is_stop=True),
    Kind("stopped, redriven", stop_after, is_stop=True, is_redriven=True),
    Kind("redriven after another deploy", stop_and_deploy_another, is_stop=True, is_redriven=True),
    Kind("concurrent deploy", concurrent),
    Kind("tampered upload", tampered_upload),
    Kind("tampered staging", tampered_staging),
    Kind("halted", halted),
    Kind("stale answer", stale),
    Kind("led elsewhere by hand", led_elsewhere),
    Kind("stopped after, unheard", stop_after, is_stop=True, is_unheard=True),
)
