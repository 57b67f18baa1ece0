"""What a task needs besides that waits for the end of what it starts (``.sync``): to look, to stop, to hear.

Pure. AWS: Step Functions developer guide, "How Step Functions generates IAM policies for integrated
services", a page for each service. Where it hears of the end by EventBridge, the rule is Step Functions' own.
"""

from __future__ import annotations

from typing import NamedTuple

from step.iam.needs import UNKNOWN, ApiCall, Need

_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


class Waiting(NamedTuple):
    """How a job is waited for: what is asked of it, under which name, and the rule that tells of its end."""

    actions: str
    resource: str = "*"
    rule: str = ""


_JOBS = {
    "athena:StartQueryExecution": Waiting(
        "athena:GetQueryExecution athena:StopQueryExecution", "workgroup/{WorkGroup}"
    ),
    "batch:SubmitJob": Waiting("batch:DescribeJobs batch:TerminateJob", rule="EventsForBatchJobs"),
    "codebuild:StartBuild": Waiting(
        "codebuild:BatchGetBuilds codebuild:StopBuild", "project/{ProjectName}", "EventForCodeBuildStartBuild"
    ),
    "codebuild:StartBuildBatch": Waiting(
        "codebuild:BatchGetBuildBatches codebuild:StopBuildBatch",
        "project/{ProjectName}",
        "EventForCodeBuildStartBuildBatch",
    ),
    "databrew:StartJobRun": Waiting("databrew:ListJobRuns databrew:StopJobRun", "job/{Name}"),
    "ecs:RunTask": Waiting("ecs:DescribeTasks ecs:StopTask", rule="EventsForECSTask"),
    "elasticmapreduce:AddStep": Waiting(
        "elasticmapreduce:DescribeStep elasticmapreduce:CancelSteps",
        "cluster/{ClusterId}",
        "EventForEMRAddJobFlowSteps",
    ),
    "elasticmapreduce:CreateCluster": Waiting(
        "elasticmapreduce:DescribeCluster elasticmapreduce:TerminateJobFlows", "*", "EventForEMRRunJobFlow"
    ),
    "elasticmapreduce:TerminateCluster": Waiting(
        "elasticmapreduce:DescribeCluster", "cluster/{ClusterId}", "EventForEMRTerminateJobFlows"
    ),
    "glue:StartJobRun": Waiting("glue:GetJobRun glue:GetJobRuns glue:BatchStopJobRun", "job/{JobName}"),
    "mediaconvert:CreateJob": Waiting(
        "mediaconvert:GetJob mediaconvert:CancelJob", "jobs/*", "EventsForMediaConvertJob"
    ),
    "sagemaker:CreateHyperParameterTuningJob": Waiting(
        "sagemaker:DescribeHyperParameterTuningJob sagemaker:StopHyperParameterTuningJob",
        "hyper-parameter-tuning-job/{HyperParameterTuningJobName}",
        "EventsForSageMakerTuningJobs",
    ),
    "sagemaker:CreateLabelingJob": Waiting(
        "sagemaker:DescribeLabelingJob sagemaker:StopLabelingJob",
        "labeling-job/{LabelingJobName}",
        "EventsForSageMakerLabelingJobs",
    ),
    "sagemaker:CreateProcessingJob": Waiting(
        "sagemaker:DescribeProcessingJob sagemaker:StopProcessingJob",
        "processing-job/{ProcessingJobName}",
        "EventsForSageMakerProcessingJobs",
    ),
    "sagemaker:CreateTrainingJob": Waiting(
        "sagemaker:DescribeTrainingJob sagemaker:StopTrainingJob",
        "training-job/{TrainingJobName}",
        "EventsForSageMakerTrainingJobs",
    ),
    "sagemaker:CreateTransformJob": Waiting(
        "sagemaker:DescribeTransformJob sagemaker:StopTransformJob",
        "transform-job/{TransformJobName}",
        "EventsForSageMakerTransformJobs",
    ),
    "states:StartExecution": Waiting(
        "states:DescribeExecution states:StopExecution", "", "EventsForStepFunctionsExecution"
    ),
}
# The operations that an optimised integration calls otherwise than the API does.
_OPERATIONS = {
    "elasticmapreduce:AddStep": ("AddJobFlowSteps", "cluster/{ClusterId}"),
    "elasticmapreduce:CancelStep": ("CancelSteps", "cluster/{ClusterId}"),
    "elasticmapreduce:CreateCluster": ("RunJobFlow", "*"),
    "elasticmapreduce:TerminateCluster": ("TerminateJobFlows", "cluster/{ClusterId}"),
    "elasticmapreduce:SetClusterTerminationProtection": ("SetTerminationProtection", "cluster/{ClusterId}"),
}


def job_needs(call: ApiCall) -> list[Need]:
    """Say what waiting for a job needs, beside the rule that tells of its end."""
    waiting = _JOBS.get(f"{call.service}:{call.operation}")
    if waiting is None:
        return []
    resource = _execution(call) if call.service == "states" else _resource(call, waiting.resource)
    return [Need(action=action, resource=resource) for action in waiting.actions.split()]


def rule_needs(call: ApiCall) -> list[Need]:
    """Say what Step Functions' own rule needs that tells of a job's end; asked when a machine is made."""
    waiting = _JOBS.get(f"{call.service}:{call.operation}")
    if waiting is None or not waiting.rule:
        return []
    rule = call.arn(f"rule/StepFunctionsGet{waiting.rule}Rule", "events")
    return [Need(action=action, resource=rule) for action in _RULE_ACTIONS]


def renamed_needs(call: ApiCall) -> list[Need] | None:
    """Say what a call needs that the integration has another name for than the API; None: it's the same."""
    found = _OPERATIONS.get(f"{call.service}:{call.operation}")
    if found is None:
        return None
    return [Need(action=f"{call.service}:{found[0]}", resource=_resource(call, found[1]))]


def _resource(call: ApiCall, form: str) -> str:
    if form == "*":
        return "*"
    kind, _, name = form.partition("/")
    given = call.text(name.strip("{}")) if name.startswith("{") else name
    return given if given.startswith("arn:") else call.arn(f"{kind}/{given or UNKNOWN}")


def _execution(call: ApiCall) -> str:
    """Name the executions of the machine that is started."""
    parts = call.text("StateMachineArn").split(":")
    if len(parts) < 7:
        return call.arn(f"execution:{UNKNOWN}:{UNKNOWN}")
    name = parts[6].partition("/")[0]
    return ":".join([*parts[:5], "execution", name, UNKNOWN])
