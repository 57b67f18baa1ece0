"""What TestState refuses of a mock: results that the mocked API could not give, and where none may be.

Pure: no clock, no IO. What an API gives is a port: ``aws.models`` implements it over botocore's models.
AWS: API reference, "MockInput"; Step Functions developer guide, "Testing state machines with TestState API".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from step.asl import model
from step.engine.resources import Resource
from step.errors import Refused
from step.jsonvalue import JSONValue
from step.machine.test_state_definition import inner_names
from step.machine.test_state_request import Mock, StateRequest

T = TypeVar("T")
# The kinds of shapes in botocore's models that JSON tells apart.
Kind = Literal["structure", "list", "map", "number", "boolean", "string"]


class Shape(Protocol):
    """What a value of an API may be. Names are written as Step Functions writes them: ``ExecutionArn``."""

    @property
    def kind(self) -> Kind: ...

    @property
    def members(self) -> Mapping[str, Shape]:
        """A structure's members."""

    @property
    def required(self) -> Sequence[str]:
        """The members that a structure must have."""

    @property
    def element(self) -> Shape:
        """What a list's or map's values are."""

    @property
    def words(self) -> Sequence[str]:
        """The texts that are allowed; empty: all."""

    @property
    def least(self) -> float | None:
        """A number's smallest value, anything else's smallest length; None: no limit."""

    @property
    def most(self) -> float | None:
        """A number's greatest value, anything else's greatest length; None: no limit."""


# (service, operation), as a Task's Resource names them ("aws-sdk:s3", "getObject") -> what it gives;
# None: nothing is known of it.
OutputShape = Callable[[str, str], "Shape | None"]

# What a .sync integration polls; its answer is the job's result.
# AWS: Step Functions developer guide, "Testing state machines with TestState API", for .sync patterns.
_POLLED = {
    ("athena", "startQueryExecution"): "getQueryExecution",
    ("batch", "submitJob"): "describeJobs",
    ("bedrock", "createModelCustomizationJob"): "getModelCustomizationJob",
    ("codebuild", "retryBuildBatch"): "batchGetBuildBatches",
    ("codebuild", "startBuild"): "batchGetBuilds",
    ("codebuild", "startBuildBatch"): "batchGetBuildBatches",
    ("databrew", "startJobRun"): "describeJobRun",
    ("ecs", "runTask"): "describeTasks",
    ("eks", "createCluster"): "describeCluster",
    ("eks", "createFargateProfile"): "describeFargateProfile",
    ("eks", "createNodegroup"): "describeNodegroup",
    ("eks", "deleteCluster"): "describeCluster",
    ("eks", "deleteFargateProfile"): "describeFargateProfile",
    ("eks", "deleteNodegroup"): "describeNodegroup",
    ("elasticmapreduce", "addStep"): "describeStep",
    ("elasticmapreduce", "createCluster"): "describeCluster",
    ("elasticmapreduce", "terminateCluster"): "describeCluster",
    ("emr-containers", "deleteVirtualCluster"): "describeVirtualCluster",
    ("emr-containers", "startJobRun"): "describeJobRun",
    ("emr-serverless", "cancelJobRun"): "getJobRun",
    ("emr-serverless", "createApplication"): "getApplication",
    ("emr-serverless", "deleteApplication"): "getApplication",
    ("emr-serverless", "startApplication"): "getApplication",
    ("emr-serverless", "startJobRun"): "getJobRun",
    ("emr-serverless", "stopApplication"): "getApplication",
    ("glue", "startJobRun"): "getJobRun",
    ("mediaconvert", "createJob"): "getJob",
    ("sagemaker", "createHyperParameterTuningJob"): "describeHyperParameterTuningJob",
    ("sagemaker", "createLabelingJob"): "describeLabelingJob",
    ("sagemaker", "createProcessingJob"): "describeProcessingJob",
    ("sagemaker", "createTrainingJob"): "describeTrainingJob",
    ("sagemaker", "createTransformJob"): "describeTransformJob",
    ("states", "startExecution"): "describeExecution",
}
# Members that an optimised integration gives as JSON, where the API gives a text.
_ANY_JSON = {("lambda", "invoke"): "Payload"}
_NUMBER_LIMITS = ("is less than the minimum value", "exceeds the maximum value")
_LENGTH_LIMITS = ("is smaller than the minimum length", "exceeds the maximum length")


def refuse_unfit(request: StateRequest, state: model.State) -> None:
    """Refuse a state that can't be tested as the request wants it.

    Raises:
        Refused: it needs a mock or a role, or may have no mock.
    """
    kind = type(state).__name__
    if request.mock is not None:
        if not isinstance(state, model.Task | model.Map | model.Parallel):
            raise Refused(
                "ValidationException", f"State type '{kind}' is not supported when a mock is specified"
            )
        return
    if isinstance(state, model.Map | model.Parallel):
        # Observed: the words are older than mocks.
        raise Refused(
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. "
            "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if request.context is not None:
        raise Refused("ValidationException", "A Context object may only be specified with a mock")
    if request.configuration.map_iteration_failure_count is not None:
        raise Refused("ValidationException", "Map iteration failure count may only be specified with a mock")
    if isinstance(state, model.Task):
        if needs_mock(Resource.from_text(state.resource)):
            raise Refused("ValidationException", f"A mock must be specified to test {state.resource}")
        if request.role_arn is None:
            raise Refused("ValidationException", "RoleArn must be specified when testing a Task state")


def needs_mock(resource: Resource) -> bool:
    """Tell whether TestState doesn't do a resource's work: it waits for a job, a token or a worker."""
    return resource.kind == "activity" or resource.pattern != ""


def check_mock(
    mock: Mock, request: StateRequest, state: model.State, output_shape: OutputShape | None
) -> None:
    """Refuse a mock that the state can't have.

    Raises:
        Refused: the result isn't what the state's work gives.
    """
    if mock.error is not None:
        cause = request.configuration.error_caused_by_state
        if isinstance(state, model.Map | model.Parallel) and cause not in {None, *inner_names(state)}:
            raise Refused("ValidationException", f"State {cause} not found in the tested state")
        return
    assert not isinstance(mock.result, model.Absent)
    match state:
        case model.Parallel():
            results = _array(mock.result)
            if len(results) != len(state.branches):
                raise Refused(
                    "ValidationException",
                    "Mocked result must contain the same number of items as number of Parallel branches.",
                )
        case model.Map() if "Resource" in (state.result_writer or {}):
            # The results are in the bucket; the state's result says where.
            if not isinstance(mock.result, dict):
                raise Refused("ValidationException", "Mocked result must be an object.")
        case model.Map():
            _array(mock.result)
        case model.Task():
            _check_task_result(mock, Resource.from_text(state.resource), output_shape)


def _array(result: JSONValue) -> list[JSONValue]:
    if not isinstance(result, list):
        raise Refused("ValidationException", "Mocked result must be an array.")
    return result


# ---------------------------------------------------------------- a Task's result against its API


def _check_task_result(mock: Mock, resource: Resource, output_shape: OutputShape | None) -> None:
    # A function's own result, a worker's, and what SendTaskSuccess sends, are of no API.
    if mock.mode == "NONE" or output_shape is None or resource.kind != "service":
        return
    if resource.pattern == "waitForTaskToken":
        return
    service, action = resource.service, resource.action.partition(".")[0]
    if resource.pattern:
        action = _POLLED.get((service, action), action)
    shape = output_shape(service, action)
    if shape is None:
        return
    result = mock.result
    if isinstance(result, dict):
        result = {name: value for name, value in result.items() if name != _ANY_JSON.get((service, action))}
    _check_value("result", result, shape, is_strict=mock.mode == "STRICT")


def _check_value(name: str, value: object, shape: Shape, *, is_strict: bool) -> None:
    """Check a value under its field's name; fields that a structure doesn't know are let through."""
    match shape.kind:
        case "structure":
            fields = _expect(name, value, dict, "an object")
            if is_strict:
                for field in shape.required:
                    if field not in fields:
                        raise _unlike(f"Required field '{field}' is missing")
            for field, member in shape.members.items():
                if field in fields:
                    _check_value(field, fields[field], member, is_strict=is_strict)
        case "map":
            for key, item in _expect(name, value, dict, "an object").items():
                _check_value(key, item, shape.element, is_strict=is_strict)
        case "list":
            items = _expect(name, value, list, "an array")
            _check_limits(name, len(items), shape, _LENGTH_LIMITS)
            for item in items:
                _check_value(name, item, shape.element, is_strict=is_strict)
        case "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _unlike(f"Field '{name}' must be a number")
            _check_limits(name, value, shape, _NUMBER_LIMITS)
        case "boolean":
            _expect(name, value, bool, "a boolean")
        case "string":
            text = _expect(name, value, str, "a string")
            _check_limits(name, len(text), shape, _LENGTH_LIMITS)
            if shape.words and text not in shape.words:
                raise _unlike(f"Field '{name}' is not an expected value")


def _expect(name: str, value: object, type_: type[T], called: str) -> T:
    if not isinstance(value, type_):
        raise _unlike(f"Field '{name}' must be {called}")
    return value


def _check_limits(name: str, size: float, shape: Shape, words: tuple[str, str]) -> None:
    too_small, too_large = words
    if shape.least is not None and size < shape.least:
        raise _unlike(f"Field '{name}' {too_small}")
    if shape.most is not None and size > shape.most:
        raise _unlike(f"Field '{name}' {too_large}")


def _unlike(problem: str) -> Refused:
    return Refused("ValidationException", f"Mock result schema validation error: {problem}")
