"""Parameters of any type against any model: what doesn't fit is the service's refusal, never an accident."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from step.aws.shapes import Unlike, to_api, unknown_members

SERVICES = (
    "dynamodb",
    "sqs",
    "sns",
    "s3",
    "events",
    "lambda",
    "stepfunctions",
    "ecs",
    "glue",
    "batch",
    "ec2",
)
VALUES: tuple[Any, ...] = (
    "text",
    "7",
    "true",
    7,
    1.5,
    True,
    [],
    ["x"],
    [{"Q": 1}],
    {},
    {"Q": "x"},
    {"Q": {"S": "x"}},
)
WORDS = (
    "Expected null",
    "Expected list or null",
    "Expected map or null",
    "Start of structure or map found where not expected.",
)
CONVERTED = ("STRING_VALUE", "NUMBER_VALUE", "TRUE_VALUE")


def model_of(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_member_of_every_operation_takes_or_refuses_every_value(service: str) -> None:
    model = model_of(service)
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        for member in shape.members if shape is not None else ():
            for value in VALUES:
                list(unknown_members(shape, {member: value}))
                try:
                    sent = to_api(shape, {member: value})
                except Unlike as fault:
                    text = str(fault)
                    assert (
                        text in WORDS
                        or text.startswith("Supplied AttributeValue ")
                        or text.partition(" can not be converted to a")[0] in CONVERTED
                    )
                else:
                    assert set(sent) == {member}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "message"),
    [
        ("dynamodb", "PutItem", {"Item": "bread"}, "Expected map or null"),
        ("dynamodb", "PutItem", {"Item": {"id": "bread"}}, "Expected null"),
        ("dynamodb", "PutItem", {"Item": {"id": {"SS": "bread"}}}, "Expected list or null"),
        (
            "dynamodb",
            "PutItem",
            {"Item": {"id": {"NULL": "x"}}},
            "STRING_VALUE can not be converted to a Boolean",
        ),
        ("dynamodb", "Query", {"Limit": "many"}, "STRING_VALUE can not be converted to an Integer"),
        ("dynamodb", "Query", {"Limit": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("dynamodb", "Query", {"ConsistentRead": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
        ("dynamodb", "Query", {"Limit": {}}, "Start of structure or map found where not expected."),
        (
            "dynamodb",
            "PutItem",
            {"Item": {"id": {}}},
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            "dynamodb",
            "PutItem",
            {"Item": {"l": {"L": [{"S": "a", "N": "1"}]}}},
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
            "supported datatypes",
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"Time": "soon"}]},
            "STRING_VALUE can not be converted to a Timestamp",
        ),
        ("ecs", "RunTask", {"capacityProviderStrategy": ["FARGATE"]}, "Expected null"),
        ("ecs", "RunTask", {"tags": "x"}, "Expected list or null"),
        ("events", "PutEvents", {"Entries": "x"}, "Expected list or null"),
    ],
)
def test_value_of_another_type_is_named_as_the_services_name_it(
    service: str, operation: str, parameters: dict[str, Any], message: str
) -> None:
    shape = model_of(service).operation_model(operation).input_shape

    with pytest.raises(Unlike) as fault:
        to_api(shape, parameters)

    assert str(fault.value) == message


def test_text_that_says_a_number_or_a_boolean_is_one() -> None:
    shape = model_of("dynamodb").operation_model("Query").input_shape

    assert to_api(shape, {"limit": "7", "ConsistentRead": "true"}) == {"Limit": 7, "ConsistentRead": True}


def test_unknown_member_is_named_however_deep_it_stands() -> None:
    item: dict[str, Any] = {"id": {"S": "x"}, "n": {"Number": 3}, "l": {"L": [{"S": "x"}, {"Text": "y"}]}}
    shape = model_of("dynamodb").operation_model("PutItem").input_shape

    assert list(unknown_members(shape, {"tablename": "t", "Loaf": 1, "Item": item})) == [
        "Loaf",
        "Number",
        "Text",
    ]
