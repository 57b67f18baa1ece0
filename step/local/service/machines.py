"""State machines: create, update, describe, list, delete.

Knows records and what AWS says of them; runs nothing.
AWS: Step Functions API reference, the operations named here. Observed: sfn_api, sfn_api_versioning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, cast

from step.asl.refusal import location, refuse_errors
from step.asl.rules.place import MachineType
from step.asl.source import read_source
from step.asl.validate import validate
from step.errors import Diagnostic, Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.service.arns import MACHINE, Caller, MachineArn, invalid_arn, machine_arn
from step.local.service.paging import Page
from step.local.service.records import INITIAL, Machine, Records, Settings, Version
from step.local.service.tags import tags_of
from step.machine.create_request import (
    check_create,
    check_log_group,
    check_logging,
    check_name_is_free,
    check_version_description,
)

_NO_LOGGING: JSONObject = {"level": "OFF", "includeExecutionData": False}
_NO_TRACING: JSONObject = {"enabled": False}
_OWN_KEY: JSONObject = {"type": "AWS_OWNED_KEY"}
_CHANGES = (
    "definition",
    "roleArn",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
)


class Qualified(NamedTuple):
    """A machine, or a version of it: what an ARN stands for."""

    machine: Machine
    version: Version | None

    @property
    def settings(self) -> Settings:
        return self.machine.settings if self.version is None else self.version.settings


class Machines:
    """The operations on state machines.

    Args:
        records: What is kept.
        now: The service's time in ms.
        end_executions: Ends and forgets a machine's executions.
        has_log_group: Says whether there is a log group of an ARN.
    """

    def __init__(
        self,
        records: Records,
        now: Callable[[], int],
        end_executions: Callable[[str], None],
        has_log_group: Callable[[str], bool],
    ) -> None:
        self._records = records
        self._now = now
        self._has_log_group = has_log_group
        self._end_executions = end_executions

    # ------------------------------------------------------------ create and update

    def create(self, caller: Caller, params: JSONObject) -> JSONObject:
        check_create(params)
        arn = caller.arn(MACHINE, str(params["name"]))
        check_role(str(params["roleArn"]))
        encryption = encryption_of(params)
        type_ = str(params.get("type", "STANDARD"))
        check_definition(str(params["definition"]), type_)
        check_log_group(params.get("loggingConfiguration"), self._has_log_group)
        there = self._records.machines.get(arn)
        if there is not None:
            check_name_is_free(_identity(params), arn, _identity_of(there))
            return self._created(there, params)
        now = self._now()
        machine = Machine(
            arn=arn,
            name=str(params["name"]),
            type=type_,
            creation_ms=now,
            tags=tags_of(params),
            settings=Settings(
                definition=str(params["definition"]),
                role_arn=str(params["roleArn"]),
                logging=_logging(params),
                tracing=_tracing(params),
                encryption=encryption,
                revision_id=INITIAL,
                update_ms=now,
            ),
        )
        self._records.machines.put(machine)
        return self._created(machine, params)

    def _created(self, machine: Machine, params: JSONObject) -> JSONObject:
        answer: JSONObject = {"stateMachineArn": machine.arn, "creationDate": machine.creation_ms / 1000}
        if params.get("publish"):
            answer["stateMachineVersionArn"] = self.publish_revision(machine, _description(params)).arn
        return answer

    def update(self, caller: Caller, params: JSONObject) -> JSONObject:
        named = unlabelled(str(params["stateMachineArn"]), "UpdateStateMachine")
        if not any(name in params for name in _CHANGES):
            raise Refused(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or "
                "the EncryptionConfiguration must be specified",
            )
        check_version_description(params)
        check_logging(params.get("loggingConfiguration"))
        machine = self.machine(named)
        if "definition" in params:
            check_definition(str(params["definition"]), machine.type)
        if "roleArn" in params:
            check_role(str(params["roleArn"]))
        check_log_group(params.get("loggingConfiguration"), self._has_log_group)
        machine = replace(machine, settings=self._changed(machine.settings, params))
        self._records.machines.put(machine)
        settings = machine.settings
        answer: JSONObject = {"updateDate": settings.update_ms / 1000}
        if settings.revision_id != INITIAL:
            answer["revisionId"] = settings.revision_id
        if params.get("publish"):
            answer["stateMachineVersionArn"] = self.publish_revision(machine, _description(params)).arn
        return answer

    def _changed(self, settings: Settings, params: JSONObject) -> Settings:
        definition = str(params.get("definition", settings.definition))
        role_arn = str(params.get("roleArn", settings.role_arn))
        is_same = (definition, role_arn) == (settings.definition, settings.role_arn)
        return Settings(
            definition=definition,
            role_arn=role_arn,
            logging=_logging(params) if "loggingConfiguration" in params else settings.logging,
            tracing=_tracing(params) if "tracingConfiguration" in params else settings.tracing,
            encryption=encryption_of(params) if "encryptionConfiguration" in params else settings.encryption,
            revision_id=settings.revision_id if is_same else new_uuid(),
            update_ms=self._now(),
        )

    def delete(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Delete at once what AWS deletes after a while, its executions too."""
        named = unlabelled(str(params["stateMachineArn"]), "DeleteStateMachine")
        if named.qualifier is not None:
            raise invalid_arn(f"Invalid ARN: {named.text}")
        self._end_executions(named.machine)
        for alias in self._records.aliases.list(f"{named.machine}:"):
            self._records.aliases.delete(alias.arn)
        for version in self._records.versions.list(f"{named.machine}:"):
            self._records.versions.delete(version.arn)
        self._records.machines.delete(named.machine)
        return {}

    # ------------------------------------------------------------ describe and list

    def describe(self, caller: Caller, params: JSONObject) -> JSONObject:
        named = machine_arn(str(params["stateMachineArn"]))
        found = self.find(named)
        told = settings_told(found.settings, params) | {
            "stateMachineArn": named.text,
            "name": found.machine.name,
            "status": "ACTIVE",
            "type": found.machine.type,
            "creationDate": found.machine.creation_ms / 1000,
        }
        if found.version is not None:
            told["creationDate"] = found.version.creation_ms / 1000
            if found.version.description is not None:
                told["description"] = found.version.description
        return told

    def list(self, caller: Caller, params: JSONObject) -> JSONObject:
        page = Page.of("ListStateMachines", params)
        return page.cut(self._records.machines.list(caller.arn(MACHINE, "")), "stateMachines", _listed)

    def validate(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer ValidateStateMachineDefinition. AWS: "severity": ERROR alone unless WARNING is asked for."""
        text = str(params["definition"])
        found = _diagnostics(text, str(params.get("type", "STANDARD")))
        is_wrong = any(diagnostic.severity == "ERROR" for diagnostic in found)
        shown = [d for d in found if d.severity == "ERROR" or params.get("severity") == "WARNING"]
        most = int(str(params.get("maxResults") or 100))
        return {
            "result": "FAIL" if is_wrong else "OK",
            "diagnostics": [_diagnostic(diagnostic, text) for diagnostic in shown[:most]],
            "truncated": len(shown) > most,
        }

    # ------------------------------------------------------------ for other operations

    def machine(self, named: MachineArn) -> Machine:
        """Find a machine.

        Raises:
            Refused: StateMachineDoesNotExist.
        """
        machine = self._records.machines.get(named.machine)
        if machine is None:
            raise no_machine(named.text)
        return machine

    def find(self, named: MachineArn) -> Qualified:
        """Find a machine or a version of one; an alias stands for several."""
        machine = self.machine(named)
        if named.qualifier is None:
            return Qualified(machine, None)
        version = self._records.versions.get(named.text)
        if version is None:
            raise no_machine(named.text)
        return Qualified(machine, version)

    def publish_revision(self, machine: Machine, description: str | None) -> Version:
        """Publish the current revision, unless that has been done. AWS: PublishStateMachineVersion."""
        there = self._records.versions.list(f"{machine.arn}:")
        revision = machine.settings.revision_id
        same = [version for version in there if version.settings.revision_id == revision]
        if same:
            return same[-1]
        machine = replace(machine, last_version=machine.last_version + 1)
        version = Version(
            machine_arn=machine.arn,
            number=machine.last_version,
            description=description,
            creation_ms=self._now(),
            settings=machine.settings,
        )
        self._records.machines.put(machine)
        self._records.versions.put(version)
        return version


def settings_told(settings: Settings, params: JSONObject) -> JSONObject:
    """Tell of settings as descriptions do. AWS: METADATA_ONLY leaves out what may be encrypted."""
    told: JSONObject = {
        "definition": settings.definition,
        "roleArn": settings.role_arn,
        "loggingConfiguration": settings.logging,
        "tracingConfiguration": settings.tracing,
        "encryptionConfiguration": settings.encryption,
    }
    if settings.revision_id != INITIAL:
        told["revisionId"] = settings.revision_id
    if params.get("includedData") == "METADATA_ONLY":
        told["definition"] = "{}"
    return told


def unlabelled(text: str, operation: str) -> MachineArn:
    """Read the ARN of a machine that isn't a distributed Map's."""
    named = machine_arn(text)
    if named.is_labelled:
        raise Refused("ValidationException", f"{operation} does not support labeled ARNs")
    return named


def no_machine(arn: str) -> Refused:
    return Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def check_role(arn: str) -> None:
    if not arn.startswith("arn:") or ":iam::" not in arn or ":role/" not in arn:
        raise invalid_arn(arn)


def check_definition(text: str, type: str) -> None:
    """Refuse a definition with errors, all of them at once."""
    refuse_errors(_diagnostics(text, type))


def _diagnostics(text: str, type: str) -> list[Diagnostic]:
    return validate(read_source(text), type=cast(MachineType, type))


def _diagnostic(diagnostic: Diagnostic, text: str) -> JSONObject:
    """Tell of a problem; with step's hint, since AWS says of these words that they may change."""
    told: JSONObject = {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.text,
    }
    place = location(diagnostic)
    # Observed: validate_state_machine_definition_not_a_definition: a text without anything has no place.
    return told if place is None or not text.strip() else told | {"location": place}


def _listed(machine: Machine) -> JSONValue:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "creationDate": machine.creation_ms / 1000,
    }


# ---------------------------------------------------------------- configurations


def _logging(params: JSONObject) -> JSONObject:
    given = params.get("loggingConfiguration")
    return {**_NO_LOGGING, **given} if isinstance(given, dict) else dict(_NO_LOGGING)


def _tracing(params: JSONObject) -> JSONObject:
    given = params.get("tracingConfiguration")
    return {**_NO_TRACING, **given} if isinstance(given, dict) else dict(_NO_TRACING)


def encryption_of(params: JSONObject) -> JSONObject:
    """Read how data is to be encrypted.

    Raises:
        Refused: a key and the kind of key don't fit together.
    """
    given = params.get("encryptionConfiguration")
    if not isinstance(given, dict):
        return dict(_OWN_KEY)
    has_key, is_own = "kmsKeyId" in given, given.get("type") == "AWS_OWNED_KEY"
    if has_key == is_own or (is_own and "kmsDataKeyReusePeriodSeconds" in given):
        raise Refused(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: a kmsKeyId goes with CUSTOMER_MANAGED_KMS_KEY alone",
        )
    return given if is_own else {"kmsDataKeyReusePeriodSeconds": 300, **given}


def _identity(params: Mapping[str, JSONValue]) -> JSONObject:
    given = dict(params)
    return {
        "definition": given["definition"],
        "type": given.get("type", "STANDARD"),
        "loggingConfiguration": _logging(given),
        "tracingConfiguration": _tracing(given),
        "encryptionConfiguration": encryption_of(given),
    }


def _identity_of(machine: Machine) -> JSONObject:
    settings = machine.settings
    return {
        "definition": settings.definition,
        "type": machine.type,
        "loggingConfiguration": settings.logging,
        "tracingConfiguration": settings.tracing,
        "encryptionConfiguration": settings.encryption,
    }


def _description(params: JSONObject) -> str | None:
    text = params.get("versionDescription")
    return None if text is None else str(text)
