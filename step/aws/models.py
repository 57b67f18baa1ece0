"""What AWS's APIs give, from botocore's models: the port ``machine.test_state_mocks.OutputShape``.

Reads the models that come with botocore; calls nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from step.aws.sessions import models
from step.machine.test_state_mocks import Kind, Shape
from step.runtime.integrations.names import member_name

_SDK_PREFIX = "aws-sdk:"
# How optimised integrations call a service, where botocore says it otherwise.
_OPTIMISED = {"elasticmapreduce": "emr", "states": "stepfunctions"}
# How ``aws-sdk`` calls a service, where it isn't botocore's name without hyphens: by its service id.
_SDK = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "databasemigrationservice": "dms",
    "directory": "ds",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntime": "lex-runtime",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlement": "marketplace-entitlement",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
_NUMBERS = frozenset({"integer", "long", "float", "double"})
_KINDS: dict[str, Kind] = {"structure": "structure", "list": "list", "map": "map", "boolean": "boolean"}


class ModelShape:
    """A shape of botocore's; ``naming`` writes its members' names as Step Functions does."""

    def __init__(self, shape: Any, naming: Callable[[str], str]) -> None:
        self._shape = shape
        self._naming = naming

    @property
    def kind(self) -> Kind:
        # Blobs and timestamps are texts in JSON.
        name: str = self._shape.type_name
        return "number" if name in _NUMBERS else _KINDS.get(name, "string")

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        members = self._shape.members.items()
        return {self._naming(name): ModelShape(shape, self._naming) for name, shape in members}

    @property
    def required(self) -> Sequence[str]:
        return [self._naming(name) for name in self._shape.required_members]

    @cached_property
    def element(self) -> Shape:
        inner = self._shape.value if self.kind == "map" else self._shape.member
        return ModelShape(inner, self._naming)

    @property
    def words(self) -> Sequence[str]:
        return getattr(self._shape, "enum", None) or ()

    @property
    def least(self) -> float | None:
        return _number(self._shape.metadata.get("min"))

    @property
    def most(self) -> float | None:
        return _number(self._shape.metadata.get("max"))


def _number(limit: object) -> float | None:
    # Some models write their limits as texts.
    return None if limit is None else float(str(limit))


def pascal(name: str) -> str:
    """Write an operation's name as the models do, an optimised integration's member as it is told."""
    return name[:1].upper() + name[1:]


def output_shape(service: str, action: str) -> Shape | None:
    """Give the output of an operation as a Task's Resource names it; None: botocore has no such model."""
    model = _service(service)
    if model is None or pascal(action) not in model.operation_names:
        return None
    shape = model.operation_model(pascal(action)).output_shape
    return None if shape is None else ModelShape(shape, member_name if _is_sdk(service) else pascal)


def _is_sdk(service: str) -> bool:
    return service.startswith(_SDK_PREFIX)


@lru_cache(maxsize=256)
def client_name(service: str) -> str:
    """Give botocore's name of a service that a Resource names ("aws-sdk:sfn", "states")."""
    if not _is_sdk(service):
        return _OPTIMISED.get(service, service)
    name = service.removeprefix(_SDK_PREFIX)
    found = [model for model in _names() if model.replace("-", "") == name]
    return found[0] if found else _SDK.get(name, name)


@lru_cache(maxsize=16)
def service_model(service: str) -> Any:
    """Load the model of a service by botocore's name.

    Raises:
        UnknownServiceError: botocore has none.
    """
    from botocore.model import ServiceModel

    return ServiceModel(models().load_service_model(service, "service-2"), service)


def _service(service: str) -> Any:
    from botocore.exceptions import UnknownServiceError

    try:
        return service_model(client_name(service))
    except UnknownServiceError:
        return None


@lru_cache(maxsize=1)
def _names() -> list[str]:
    # A look-up reads botocore's whole folder of models; it doesn't change while a process runs.
    known: list[str] = models().list_available_services("service-2")
    return known
