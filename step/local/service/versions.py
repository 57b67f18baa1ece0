"""Versions of machines and the aliases that lead to them.

AWS: Step Functions developer guide, "Manage continuous deployments with versions and aliases"; API
reference, the operations named here. Observed: sfn_api_aliasing, sfn_api_versioning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.service.arns import Caller, MachineArn, invalid_arn, machine_arn
from step.local.service.machines import Machines, unlabelled
from step.local.service.paging import Page
from step.local.service.records import Alias, Records, Version

# AWS: developer guide, "Quotas": versions of a machine, aliases of a machine.
_MOST_VERSIONS, _MOST_ALIASES = 1000, 100


class Versions:
    """The operations on versions and aliases."""

    def __init__(self, records: Records, machines: Machines, now: Callable[[], int]) -> None:
        self._records = records
        self._machines = machines
        self._now = now

    # ------------------------------------------------------------ versions

    def publish(self, caller: Caller, params: JSONObject) -> JSONObject:
        named = unlabelled(str(params["stateMachineArn"]), "PublishStateMachineVersion")
        if named.qualifier is not None:
            raise invalid_arn(f"Invalid ARN: {named.text}")
        machine = self._machines.machine(named)
        wanted, current = params.get("revisionId"), machine.settings.revision_id
        if wanted is not None and wanted != current:
            raise Refused(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {wanted}. The current State "
                f"Machine revision is {current}.",
            )
        if len(self._versions(machine.arn)) >= _MOST_VERSIONS:
            raise Refused("ServiceQuotaExceededException", f"{machine.arn} has {_MOST_VERSIONS} versions")
        version = self._machines.publish_revision(machine, _text(params.get("description")))
        return {"stateMachineVersionArn": version.arn, "creationDate": version.creation_ms / 1000}

    def list_versions(self, caller: Caller, params: JSONObject) -> JSONObject:
        named = machine_arn(str(params["stateMachineArn"]))
        page = Page.of("ListStateMachineVersions", params)
        newest_first = self._versions(named.machine)[::-1]
        return page.cut(newest_first, "stateMachineVersions", _version_listed)

    def delete_version(self, caller: Caller, params: JSONObject) -> JSONObject:
        named = machine_arn(str(params["stateMachineVersionArn"]))
        if not named.is_version:
            raise invalid_arn(f"Invalid ARN: {named.text}")
        aliases = self._aliases(named.machine, named.text)
        if aliases:
            raise Refused(
                "ConflictException",
                "Version to be deleted must not be referenced by an alias. Current list of aliases "
                f"referencing this version: [{', '.join(alias.name for alias in aliases)}]",
            )
        self._records.versions.delete(named.text)
        return {}

    # ------------------------------------------------------------ aliases

    def create_alias(self, caller: Caller, params: JSONObject) -> JSONObject:
        routes = self._routes(params["routingConfiguration"])
        machine_arn_ = machine_arn(routes[0][0]).machine
        now = self._now()
        alias = Alias(
            machine_arn=machine_arn_,
            name=str(params["name"]),
            description=_text(params.get("description")),
            routes=routes,
            creation_ms=now,
            update_ms=now,
        )
        there = self._records.aliases.get(alias.arn)
        if there is not None and (there.routes, there.description) != (alias.routes, alias.description):
            raise Refused(
                "ConflictException",
                "Failed to create alias because an alias with the same name and a different routing "
                "configuration already exists.",
            )
        if there is None and len(self._aliases(machine_arn_)) >= _MOST_ALIASES:
            raise Refused("ServiceQuotaExceededException", f"{machine_arn_} has {_MOST_ALIASES} aliases")
        kept = there or alias
        self._records.aliases.put(kept)
        return {"stateMachineAliasArn": kept.arn, "creationDate": kept.creation_ms / 1000}

    def update_alias(self, caller: Caller, params: JSONObject) -> JSONObject:
        alias = self.alias(_alias_arn(params))
        if "description" not in params and "routingConfiguration" not in params:
            raise Refused(
                "ValidationException", "Either the description or the RoutingConfiguration must be specified"
            )
        if "routingConfiguration" in params:
            routes = self._routes(params["routingConfiguration"])
            if machine_arn(routes[0][0]).machine != alias.machine_arn:
                raise _misrouted("Routing configuration must contain versions of the alias's state machine")
            alias = replace(alias, routes=routes)
        description = _text(params.get("description", alias.description))
        alias = replace(alias, description=description, update_ms=self._now())
        self._records.aliases.put(alias)
        return {"updateDate": alias.update_ms / 1000}

    def describe_alias(self, caller: Caller, params: JSONObject) -> JSONObject:
        alias = self.alias(_alias_arn(params))
        told: JSONObject = {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "routingConfiguration": [
                {"stateMachineVersionArn": version, "weight": weight} for version, weight in alias.routes
            ],
            "creationDate": alias.creation_ms / 1000,
            "updateDate": alias.update_ms / 1000,
        }
        return told if alias.description is None else told | {"description": alias.description}

    def list_aliases(self, caller: Caller, params: JSONObject) -> JSONObject:
        """List a machine's aliases, or those that lead to a version."""
        named = machine_arn(str(params["stateMachineArn"]))
        self._machines.find(named)
        page = Page.of("ListStateMachineAliases", params)
        listed = self._aliases(named.machine, None if named.qualifier is None else named.text)
        return page.cut(listed, "stateMachineAliases", _alias_listed)

    def delete_alias(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Delete an alias. Observed: delete_no_such_alias_arn: one that isn't there is deleted too."""
        self._records.aliases.delete(_alias_arn(params).text)
        return {}

    def alias(self, named: MachineArn) -> Alias:
        """Find an alias.

        Raises:
            Refused: ResourceNotFound.
        """
        alias = self._records.aliases.get(named.text)
        if alias is None:
            raise Refused("ResourceNotFound", "Request references a resource that does not exist.")
        return alias

    # ------------------------------------------------------------ parts

    def _versions(self, machine: str) -> list[Version]:
        return sorted(self._records.versions.list(f"{machine}:"), key=lambda version: version.number)

    def _aliases(self, machine: str, version: str | None = None) -> list[Alias]:
        """List a machine's aliases; only those that lead to a version, where one is given."""
        return [
            alias
            for alias in self._records.aliases.list(f"{machine}:")
            if version is None or any(route[0] == version for route in alias.routes)
        ]

    def _routes(self, given: JSONValue) -> list[list[Any]]:
        """Read a routing configuration: one version, or two versions of one machine.

        Raises:
            Refused: it leads to no version, or its weights don't add up to 100.
        """
        assert isinstance(given, list)
        routes: list[list[Any]] = [
            [str(route["stateMachineVersionArn"]), int(str(route["weight"]))]
            for route in given
            if isinstance(route, dict)
        ]
        named = [machine_arn(route[0]) for route in routes]
        if not all(name.is_version for name in named):
            listed = ", ".join(name.text for name in named)
            message = f"Routing configuration must contain state machine version ARNs. Received: [{listed}]"
            raise _misrouted(message)
        if len({name.machine for name in named}) > 1 or len({name.text for name in named}) < len(named):
            raise _misrouted("Routing configuration must contain distinct versions of one state machine")
        if sum(route[1] for route in routes) != 100:
            raise _misrouted("Sum of routing configuration weights must equal 100")
        for name in named:
            self._machines.machine(name)
            if self._records.versions.get(name.text) is None:
                raise Refused("ResourceNotFound", "Request references a resource that does not exist.")
        return routes


def _misrouted(message: str) -> Refused:
    return Refused("ValidationException", message)


def _alias_arn(params: JSONObject) -> MachineArn:
    named = machine_arn(str(params["stateMachineAliasArn"]))
    if named.qualifier is None or named.is_version:
        raise invalid_arn(f"Invalid ARN: {named.text}")
    return named


def _version_listed(version: Version) -> JSONObject:
    return {"stateMachineVersionArn": version.arn, "creationDate": version.creation_ms / 1000}


def _alias_listed(alias: Alias) -> JSONObject:
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.creation_ms / 1000}


def _text(value: JSONValue) -> str | None:
    return None if value is None else str(value)
