"""Failures of services as Step Functions names and words them.

Pure: no clock, no IO. Optimised integrations were made with version 1 of the AWS SDK for Java, SDK
integrations with version 2; their errors' names and causes differ.
"""

from __future__ import annotations

from typing import NamedTuple

from step.errors import StateError
from step.jsonvalue import to_text
from step.runtime.integrations.names import class_name, exception_name
from step.runtime.services import Misfit, Refusal, Unreachable


class Optimised(NamedTuple):
    """What an optimised integration's errors say: their prefix, the service, and its nameless exception."""

    prefix: str
    service: str

    @property
    def base(self) -> str:
        return f"{self.service.removesuffix('v2')}Exception"


# By the service's name in a Resource.
OPTIMISED = {
    "athena": Optimised("Athena", "AmazonAthena"),
    "batch": Optimised("Batch", "AWSBatch"),
    "codebuild": Optimised("CodeBuild", "AWSCodeBuild"),
    "dynamodb": Optimised("DynamoDB", "AmazonDynamoDBv2"),
    "ecs": Optimised("ECS", "AmazonECS"),
    "events": Optimised("EventBridge", "AmazonEventBridge"),
    "glue": Optimised("Glue", "AWSGlue"),
    "lambda": Optimised("Lambda", "AWSLambda"),
    "sagemaker": Optimised("SageMaker", "AmazonSageMaker"),
    "sns": Optimised("SNS", "AmazonSNS"),
    "sqs": Optimised("SQS", "AmazonSQS"),
    "states": Optimised("StepFunctions", "AWSStepFunctions"),
}


def optimised_failure(named: Optimised, failure: Refusal | Unreachable) -> StateError:
    """Name and word an optimised integration's failure.

    Observed: an error that the service's model doesn't have is the service's own exception
    ("DynamoDB.AmazonDynamoDBException"); a call that doesn't arrive is an "SdkClientException".
    """
    if isinstance(failure, Unreachable):
        return StateError(f"{named.prefix}.SdkClientException", failure.message)
    name = named.base if failure.exception is None else exception_name(failure.exception)
    told = {
        "Service": named.service,
        "Status Code": failure.status,
        "Error Code": failure.code,
        "Request ID": failure.request_id,
        "Proxy": "null",
    }
    details = "; ".join(f"{key}: {value}" for key, value in told.items())
    return StateError(f"{named.prefix}.{name}", f"{failure.message} ({details})")


def sdk_failure(failure: Refusal | Unreachable) -> StateError:
    """Name and word an SDK integration's failure.

    Observed: "Sfn.InvalidTokenException"; "SecretsManager.SecretsManagerException" where the service's model
    doesn't have the error; the number of attempts stands at the end since 2025.
    """
    prefix = class_name(failure.service_id)
    if isinstance(failure, Unreachable):
        return StateError(f"{prefix}.SdkClientException", f"{failure.message} (SDK Attempt Count: 1)")
    name = f"{prefix}Exception" if failure.exception is None else exception_name(failure.exception)
    told = {
        "Service": prefix,
        "Status Code": str(failure.status),
        "Request ID": failure.request_id,
        "Extended Request ID": failure.extended_request_id,
    }
    details = ", ".join(f"{key}: {value}" for key, value in told.items() if value is not None)
    return StateError(f"{prefix}.{name}", f"{failure.message} ({details}) (SDK Attempt Count: 1)")


def misfit_failure(misfit: Misfit, parameters: object) -> StateError:
    """Word what is wrong with parameters that a service's model doesn't have."""
    text = to_text(parameters)  # type: ignore[arg-type]  # a task's payload is JSON
    problems = ", ".join(misfit.problems)
    return StateError(
        "States.Runtime", f"The Parameters '{text}' could not be used to start the Task: [{problems}]"
    )
