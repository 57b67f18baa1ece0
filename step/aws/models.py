"""What AWS's APIs give, from botocore's models: the port ``machine.test_state_mocks.OutputShape``.

Reads the models that come with botocore; calls nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

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


def client_name(service: str) -> str:
    """Give botocore's name of a service that a Resource names ("aws-sdk:sfn", "states")."""
    from botocore.loaders import Loader

    return _model_name(service, Loader())


@lru_cache(maxsize=16)
def _service(service: str) -> Any:
    from botocore.loaders import Loader, UnknownServiceError
    from botocore.model import ServiceModel

    loader = Loader()
    try:
        return ServiceModel(loader.load_service_model(_model_name(service, loader), "service-2"))
    except UnknownServiceError:
        return None


def _model_name(service: str, loader: Any) -> str:
    if not _is_sdk(service):
        return _OPTIMISED.get(service, service)
    name = service.removeprefix(_SDK_PREFIX)
    known: list[str] = loader.list_available_services("service-2")
    found = [model for model in known if model.replace("-", "") == name]
    return found[0] if found else _SDK.get(name, name)
