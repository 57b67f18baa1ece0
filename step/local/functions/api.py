"""Lambda's API over HTTP: which operation a request means.

Knows paths and operations; what an operation does is in ``operations``, ``settings`` and ``layers``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from step.errors import Refused
from step.local.functions.call import Call, refusal
from step.local.functions.names import Owner
from step.local.http import Request, Response

Operation = Callable[[Call], Response]

_FUNCTION = "/2015-03-31/functions/{FunctionName}"
# Method, path and operation, as botocore's model has them; a slash at the end is allowed everywhere.
ROUTES = (
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", _FUNCTION, "GetFunction"),
    ("DELETE", _FUNCTION, "DeleteFunction"),
    ("GET", f"{_FUNCTION}/configuration", "GetFunctionConfiguration"),
    ("PUT", f"{_FUNCTION}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", f"{_FUNCTION}/code", "UpdateFunctionCode"),
    ("POST", f"{_FUNCTION}/versions", "PublishVersion"),
    ("GET", f"{_FUNCTION}/versions", "ListVersionsByFunction"),
    ("POST", f"{_FUNCTION}/aliases", "CreateAlias"),
    ("GET", f"{_FUNCTION}/aliases", "ListAliases"),
    ("GET", f"{_FUNCTION}/aliases/{{Name}}", "GetAlias"),
    ("PUT", f"{_FUNCTION}/aliases/{{Name}}", "UpdateAlias"),
    ("DELETE", f"{_FUNCTION}/aliases/{{Name}}", "DeleteAlias"),
    ("POST", f"{_FUNCTION}/policy", "AddPermission"),
    ("GET", f"{_FUNCTION}/policy", "GetPolicy"),
    ("DELETE", f"{_FUNCTION}/policy/{{StatementId}}", "RemovePermission"),
    ("POST", f"{_FUNCTION}/invocations", "Invoke"),
    ("POST", "/2014-11-13/functions/{FunctionName}/invoke-async", "InvokeAsync"),
    ("GET", "/2017-03-31/tags/{Resource}", "ListTags"),
    ("POST", "/2017-03-31/tags/{Resource}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{Resource}", "UntagResource"),
    ("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", "DeleteFunctionConcurrency"),
    ("GET", "/2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency"),
    (
        "PUT",
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "PutProvisionedConcurrencyConfig",
    ),
    (
        "GET",
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "GetProvisionedConcurrencyConfig",
    ),
    (
        "DELETE",
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
        "DeleteProvisionedConcurrencyConfig",
    ),
    ("PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ("POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", "UpdateFunctionEventInvokeConfig"),
    ("GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    (
        "GET",
        "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
        "ListFunctionEventInvokeConfigs",
    ),
    ("POST", "/2021-10-31/functions/{FunctionName}/url", "CreateFunctionUrlConfig"),
    ("GET", "/2021-10-31/functions/{FunctionName}/url", "GetFunctionUrlConfig"),
    ("PUT", "/2021-10-31/functions/{FunctionName}/url", "UpdateFunctionUrlConfig"),
    ("DELETE", "/2021-10-31/functions/{FunctionName}/url", "DeleteFunctionUrlConfig"),
    ("GET", "/2021-10-31/functions/{FunctionName}/urls", "ListFunctionUrlConfigs"),
    ("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config", "PutFunctionCodeSigningConfig"),
    ("DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config", "DeleteFunctionCodeSigningConfig"),
    ("GET", "/2024-08-31/functions/{FunctionName}/recursion-config", "GetFunctionRecursionConfig"),
    ("PUT", "/2024-08-31/functions/{FunctionName}/recursion-config", "PutFunctionRecursionConfig"),
    ("GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", "GetRuntimeManagementConfig"),
    ("PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config", "PutRuntimeManagementConfig"),
    ("GET", "/2016-08-19/account-settings", "GetAccountSettings"),
    ("GET", "/2018-10-31/layers", "ListLayers"),
    ("POST", "/2018-10-31/layers/{LayerName}/versions", "PublishLayerVersion"),
    ("GET", "/2018-10-31/layers/{LayerName}/versions", "ListLayerVersions"),
    ("GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", "GetLayerVersion"),
    ("DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", "DeleteLayerVersion"),
    ("GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", "GetLayerVersionPolicy"),
)
# The operations that a route stands for too, told apart by the query.
ALSO = {
    "GetProvisionedConcurrencyConfig": "ListProvisionedConcurrencyConfigs",
    "ListLayers": "GetLayerVersionByArn",
}


class _Route(NamedTuple):
    method: str
    path: re.Pattern[str]
    operation: str


def _route(method: str, path: str, operation: str) -> _Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return _Route(method, re.compile(f"{pattern}/?"), operation)


_ROUTES = tuple(_route(*route) for route in ROUTES)
_PATH = re.compile(r"/20\d\d-\d\d-\d\d/(functions|layers|tags|account-settings|event-source-mappings)\b.*")


class Api:
    """Lambda's API.

    Args:
        operations: By name; every name that ``ROUTES`` mentions.
    """

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = operations

    def answer(self, request: Request, owner: Owner) -> Response:
        """Answer a request of an account in a region; what it can't do is refused in Lambda's way."""
        try:
            call = _call(request, owner)
            return self._operations[call.operation](call)
        except Refused as refused:
            return refusal(refused)
        except OSError as error:
            return refusal(Refused("StoreFull", f"the store can't be written: {error.strerror}"))


def is_lambda_path(path: str) -> bool:
    """Whether only Lambda has paths like this."""
    return _PATH.fullmatch(path) is not None


def _call(request: Request, owner: Owner) -> Call:
    for route in _ROUTES:
        found = route.path.fullmatch(request.path) if route.method == request.method else None
        if found is not None:
            path = {name: unquote(value) for name, value in found.groupdict().items()}
            query = parse_qs(request.query, keep_blank_values=True)
            return Call(route.operation, owner, path, query, request.headers, request.body)
    raise Refused(
        "NotImplemented", f"The local service has no {request.method} {request.path[:200]} of Lambda"
    )
