"""The rules of a Task's Resource: ARN forms, service integrations and their patterns.

Pure: no clock, no IO. AWS: developer guide, "Integrating services with Step Functions".
"""

from __future__ import annotations

import re

from step.asl.rules import messages
from step.asl.rules.place import Place, did_you_mean, has_placeholder
from step.jsonvalue import JSONValue

# Account and region stay open: examples write words in their place.
_LAMBDA = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:\s]+(:[^:\s]+)?")
_ACTIVITY = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:activity:[^:\s]+")
_INTEGRATION = re.compile(
    r"arn:[^:]+:states:[^:]*:[^:]*:([a-z0-9-]+):([A-Za-z0-9]+)((?:\.[A-Za-z]+(?::\d)?)?)"
)
_SDK = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:aws-sdk:[a-z0-9]+:[a-z][A-Za-z0-9]*(\.waitForTaskToken)?")

_WAIT, _SYNC, _SYNC2 = ".waitForTaskToken", ".sync", ".sync:2"


def _actions(plain: str, *, sync: str = "", token: str = "", sync2: str = "") -> dict[str, frozenset[str]]:
    patterns: dict[str, set[str]] = {action: {""} for action in plain.split()}
    for names, pattern in ((sync, _SYNC), (token, _WAIT), (sync2, _SYNC2)):
        for action in names.split():
            patterns[action].add(pattern)
    return {action: frozenset(found) for action, found in patterns.items()}


# Service -> API action -> the patterns it has. AWS: "Supported services", optimized integrations.
INTEGRATIONS: dict[str, dict[str, frozenset[str]]] = {
    "apigateway": _actions("invoke", token="invoke"),
    "athena": _actions(
        "startQueryExecution stopQueryExecution getQueryExecution getQueryResults", sync="startQueryExecution"
    ),
    "bedrockagentcore": _actions("invokeHarness"),
    "batch": _actions("submitJob", sync="submitJob", token="submitJob"),
    "bedrock": _actions(
        "invokeModel createModelCustomizationJob", sync="createModelCustomizationJob", token="invokeModel"
    ),
    "codebuild": _actions(
        "startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch stopBuildBatch "
        "retryBuildBatch deleteBuildBatch",
        sync="startBuild startBuildBatch retryBuildBatch",
    ),
    "databrew": _actions("startJobRun", sync="startJobRun"),
    "dynamodb": _actions("getItem putItem deleteItem updateItem"),
    "ecs": _actions("runTask", sync="runTask", token="runTask"),
    "eks": _actions(
        "createCluster deleteCluster createFargateProfile deleteFargateProfile createNodegroup "
        "deleteNodegroup runJob call",
        sync="createCluster deleteCluster createFargateProfile deleteFargateProfile createNodegroup "
        "deleteNodegroup runJob",
    ),
    "elasticmapreduce": _actions(
        "createCluster terminateCluster addStep cancelStep setClusterTerminationProtection "
        "modifyInstanceFleetByName modifyInstanceGroupByName",
        sync="createCluster terminateCluster addStep",
    ),
    "emr-containers": _actions(
        "createVirtualCluster deleteVirtualCluster startJobRun", sync="deleteVirtualCluster startJobRun"
    ),
    "emr-serverless": _actions(
        "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
        sync="createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
    ),
    "events": _actions("putEvents", token="putEvents"),
    "glue": _actions("startJobRun", sync="startJobRun"),
    "http": _actions("invoke"),
    "lambda": _actions("invoke", token="invoke"),
    "mediaconvert": _actions("createJob", sync="createJob"),
    "sagemaker": _actions(
        "createEndpoint createEndpointConfig createHyperParameterTuningJob createLabelingJob createModel "
        "createProcessingJob createTrainingJob createTransformJob updateEndpoint",
        sync="createHyperParameterTuningJob createLabelingJob createProcessingJob createTrainingJob "
        "createTransformJob",
    ),
    "sns": _actions("publish", token="publish"),
    "sqs": _actions("sendMessage", token="sendMessage"),
    "states": _actions(
        "startExecution", sync="startExecution", token="startExecution", sync2="startExecution"
    ),
}


def resource(value: JSONValue, place: Place) -> None:
    """Check the Resource of a Task."""
    if not isinstance(value, str):
        place.refuse(messages.wrong_type("String"))
        return
    if not has_placeholder(value):
        _check_form(value, place)
    if place.is_express:
        _check_express(value, place)


def _check_form(arn: str, place: Place) -> None:
    if _LAMBDA.fullmatch(arn) or _ACTIVITY.fullmatch(arn) or _SDK.fullmatch(arn):
        return
    found = _INTEGRATION.fullmatch(arn)
    if found is None or found[1] in ("aws-sdk", "activity"):
        _refuse(arn, place)
        return
    service, action, pattern = found.groups()
    actions = INTEGRATIONS.get(service)
    if actions is not None:
        if pattern not in actions.get(action, ()):
            known = [f"{name}{end}" for name, ends in actions.items() for end in ends]
            _refuse(arn, place, did_you_mean(action + pattern, sorted(known)))
        return
    hint = did_you_mean(service, INTEGRATIONS)
    if hint:
        _refuse(arn, place, hint)
    else:
        place.refuse(f"Step doesn't know the integration '{service}:{action}'", code="UNKNOWN_INTEGRATION")


def _refuse(arn: str, place: Place, hint: str = "") -> None:
    place.refuse(messages.unknown_resource(arn), hint=hint)


def _check_express(arn: str, place: Place) -> None:
    if _ACTIVITY.fullmatch(arn):
        place.refuse(messages.EXPRESS_ACTIVITY)
    elif arn.endswith(_WAIT):
        place.refuse(messages.EXPRESS_TOKEN)
    elif arn.endswith((_SYNC, _SYNC2)):
        place.refuse(messages.EXPRESS_SYNC)
