"""Lambda's operations on concurrency, and the account's limits.

Knows documents; no HTTP, no process. Kept and shown as given; only a reservation of nothing changes how
functions run here. AWS: Lambda API reference.
"""

from __future__ import annotations

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.configurations import timestamp
from step.local.functions.names import LATEST, FunctionName, Owner, named
from step.local.functions.paging import page
from step.local.functions.store import FunctionShelf
from step.local.functions.versions import existing

_CONCURRENT_EXECUTIONS = 1000
_UNRESERVED_AT_LEAST = 100


class ConcurrencyOperations:
    """How many at once; each method answers the operation of its name."""

    def __init__(self, functions: FunctionShelf) -> None:
        self._functions = functions

    def put_function_concurrency(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Reserve concurrency; 0 stops every invocation."""
        name = existing(self._functions, owner, asked)._replace(qualifier=None)
        reserved = asked["ReservedConcurrentExecutions"]
        assert isinstance(reserved, int)
        if reserved > _CONCURRENT_EXECUTIONS - _UNRESERVED_AT_LEAST:
            raise Refused(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's"
                f" UnreservedConcurrentExecution below its minimum value of [{_UNRESERVED_AT_LEAST}].",
            )
        with self._functions.changed(name) as function:
            function.concurrency = reserved
        return {"ReservedConcurrentExecutions": reserved}

    def get_function_concurrency(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show what is reserved."""
        reserved = self._functions.find(named(owner, asked)).concurrency
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def delete_function_concurrency(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Reserve nothing."""
        name = existing(self._functions, owner, asked)._replace(qualifier=None)
        with self._functions.changed(name) as function:
            function.concurrency = None
        return {}

    def put_provisioned_concurrency_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Provision concurrency of a version or alias."""
        count = asked["ProvisionedConcurrentExecutions"]
        name = existing(self._functions, owner, asked)
        if name.qualifier in (None, LATEST):
            raise Refused(
                "InvalidParameterValueException",
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
            )
        config: JSONObject = {
            "RequestedProvisionedConcurrentExecutions": count,
            "AvailableProvisionedConcurrentExecutions": count,
            "AllocatedProvisionedConcurrentExecutions": count,
            "Status": "READY",
            "LastModified": timestamp(),
        }
        with self._functions.changed(name) as function:
            function.provisioned[str(name.qualifier)] = config
        return config

    def get_provisioned_concurrency_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show what is provisioned."""
        name = existing(self._functions, owner, asked)
        config = self._functions.find(name).provisioned.get(name.qualifier or "")
        if config is None:
            raise Refused(
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        return config

    def list_provisioned_concurrency_configs(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show what is provisioned of every version and alias."""
        name = named(owner, asked)._replace(qualifier=None)
        configs = self._functions.find(name).provisioned.items()
        listed: list[JSONValue] = [
            {**config, "FunctionArn": name._replace(qualifier=qualifier).arn}
            for qualifier, config in sorted(configs)
        ]
        return page(asked, listed, "ProvisionedConcurrencyConfigs")

    def delete_provisioned_concurrency_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Provision nothing."""
        name = existing(self._functions, owner, asked)
        with self._functions.changed(name) as function:
            function.provisioned.pop(name.qualifier or "", None)
        return {}

    def get_account_settings(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show the account's limits and use."""
        names = self._functions.names(owner)
        functions = [self._functions.find(FunctionName(owner, name)) for name in names]
        sizes = [
            configuration.get("CodeSize")
            for function in functions
            for configuration in (function.latest, *function.versions.values())
        ]
        reserved = sum(function.concurrency or 0 for function in functions)
        limits: JSONObject = {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": _CONCURRENT_EXECUTIONS,
            "UnreservedConcurrentExecutions": _CONCURRENT_EXECUTIONS - reserved,
        }
        total = sum(size for size in sizes if isinstance(size, int))
        use: JSONObject = {"TotalCodeSize": total, "FunctionCount": len(names)}
        return {"AccountLimit": limits, "AccountUsage": use}
