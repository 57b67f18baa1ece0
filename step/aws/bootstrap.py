"""Deploy without the deployer, with the caller's permissions: the deployer's first release, or its repair.

The order is the deployer's: everything is staged before the alias moves, so that a failure before that
changes nothing that anybody calls. No lock is taken: it is the deployer's own that may be stuck.
"""

from __future__ import annotations

from collections.abc import Callable

from step.aws.connection import Aws
from step.aws.release_client import ReleaseClient
from step.clock import pause
from step.deployer.definition import bind_functions, check_definition
from step.deployer.names import LIVE
from step.errors import Refused, StepError

# AWS: Lambda quotas: a zip that comes with the request itself.
MAX_DIRECT_BYTES = 50 * 1024 * 1024
_SFN = "stepfunctions"
_LOOKS, _LOOK_SECONDS = 300, 1.0


class Bootstrap:
    """Stages and flips one function and one machine."""

    def __init__(self, aws: Aws, *, wait: Callable[[float], None] = pause) -> None:
        self._aws = aws
        self._client = ReleaseClient(aws)
        self._wait = wait

    def deploy(
        self,
        function: str,
        machine: str,
        code: bytes,
        definition: str,
        placeholder: str,
        say: Callable[[str], None],
    ) -> str:
        """Publish code and definition and lead the alias there; return the live version's ARN.

        Args:
            function: The function's name.
            machine: The machine's name.
            code: The function's zip.
            definition: The definition, with a placeholder for the function.
            placeholder: What stands for the function's ARN in it.
            say: Hears of each step.

        Raises:
            StepError: it failed; unless the message says otherwise, what was live is live.
        """
        if len(code) > MAX_DIRECT_BYTES:
            raise StepError(
                f"the zip has {len(code):,} bytes; without a deployer it may have {MAX_DIRECT_BYTES:,}"
            )
        plain = self._client.function(function).arn
        machine_arn = self._client.machine_arn(machine)
        bound = bind_functions(definition, {plain: f"{plain}:1"}, {placeholder: plain})
        problems = check_definition(
            bound, machine_type="STANDARD", own={plain: f"{plain}:1"}, allowed=("arn:*:states:::*",)
        )
        if problems:
            raise StepError("\n".join(problems))
        self._aws.call("lambda", "update_function_code", FunctionName=function, ZipFile=code)
        self._until_ready(function, None)
        version = str(self._aws.call("lambda", "publish_version", FunctionName=function)["Version"])
        self._until_ready(function, version)
        say(f"published {function}:{version}")
        return self._flip(
            machine_arn, bind_functions(definition, {plain: f"{plain}:{version}"}, {placeholder: plain}), say
        )

    def back(self, machine: str) -> str:
        """Lead the alias to the version before the live one; return its ARN.

        Raises:
            StepError: there is none.
        """
        version = self._client.version_before_live(machine)
        self._route(self._client.machine_arn(machine), version)
        return version

    def _flip(self, machine_arn: str, definition: str, say: Callable[[str], None]) -> str:
        updated = self._aws.call(
            _SFN, "update_state_machine", stateMachineArn=machine_arn, definition=definition, publish=True
        )
        live = str(updated["stateMachineVersionArn"])
        say(f"published {live}")
        self._route(machine_arn, live)
        return live

    def _route(self, machine_arn: str, version_arn: str) -> None:
        """Lead the alias to a version, and make it where there is none."""
        routing = [{"stateMachineVersionArn": version_arn, "weight": 100}]
        try:
            self._aws.call(
                _SFN,
                "update_state_machine_alias",
                stateMachineAliasArn=f"{machine_arn}:{LIVE}",
                routingConfiguration=routing,
            )
        except Refused as error:
            if error.code not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
            self._aws.call(_SFN, "create_state_machine_alias", name=LIVE, routingConfiguration=routing)

    def _until_ready(self, function: str, version: str | None) -> None:
        """Wait until Lambda has taken a change up; a version that isn't Active can't be called."""
        which = {} if version is None else {"Qualifier": version}
        for _ in range(_LOOKS):
            about = self._aws.call("lambda", "get_function_configuration", FunctionName=function, **which)
            state, update = about.get("State", "Active"), about.get("LastUpdateStatus", "Successful")
            if state == "Failed" or update == "Failed":
                reason = (
                    about.get("LastUpdateStatusReason") or about.get("StateReason") or "it gives no reason"
                )
                raise StepError(f"Lambda refuses the code of {function!r}: {reason}")
            if state in ("Active", "Inactive") and update == "Successful":
                return
            self._wait(_LOOK_SECONDS)
        raise StepError(
            f"Lambda is still not done with {function!r}; try again later: nothing live is changed"
        )
