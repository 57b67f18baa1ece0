"""Lambda's operations: who does each, and which of its parameters are honoured.

Knows names only; what an operation does is in ``operations``, ``settings``, ``concurrency``, ``layers``.
"""

from __future__ import annotations

import re

from step.local.front import Operation
from step.local.functions.concurrency import ConcurrencyOperations
from step.local.functions.event_sources import CREATE, UPDATE, EventSources
from step.local.functions.layers import LayerOperations
from step.local.functions.names import Owner
from step.local.functions.operations import FunctionOperations
from step.local.functions.settings import SettingOperations

# What is honoured of the structures within parameters, by the names of botocore's shapes.
STRUCTURES = {
    "AliasRoutingConfiguration": "AdditionalVersionWeights",
    "Cors": "AllowCredentials AllowHeaders AllowMethods AllowOrigins ExposeHeaders MaxAge",
    "DeadLetterConfig": "TargetArn",
    "DestinationConfig": "OnSuccess OnFailure",
    "Environment": "Variables",
    "EphemeralStorage": "Size",
    "Filter": "Pattern",
    "FilterCriteria": "Filters",
    "FileSystemConfig": "Arn LocalMountPath",
    "FunctionCode": "ZipFile S3Bucket S3Key S3ObjectVersion S3ObjectStorageMode=COPY",
    "LayerVersionContentInput": "ZipFile S3Bucket S3Key S3ObjectVersion S3ObjectStorageMode=COPY",
    "LoggingConfig": "LogFormat ApplicationLogLevel SystemLogLevel LogGroup",
    "OnFailure": "Destination",
    "OnSuccess": "Destination",
    "ScalingConfig": "MaximumConcurrency",
    "SnapStart": "ApplyOn",
    "TracingConfig": "Mode",
    "VpcConfig": "SubnetIds SecurityGroupIds Ipv6AllowedForDualStack",
}
_CONFIGURATION = (
    "FunctionName Role Handler Description Timeout MemorySize VpcConfig Environment Runtime DeadLetterConfig"
    " KMSKeyArn TracingConfig Layers FileSystemConfigs EphemeralStorage SnapStart LoggingConfig"
)
_NAME, _QUALIFIED, _PAGE = "FunctionName", "FunctionName Qualifier", "Marker MaxItems"
_EVENT_INVOKE = f"{_QUALIFIED} MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig"
_URL = f"{_QUALIFIED} AuthType Cors InvokeMode"
_FITTING = f"CompatibleArchitecture CompatibleRuntime {_PAGE}"
_LAYER_VERSION = "LayerName VersionNumber"
# Families of paths that only Lambda has; a test compares them with the model's routes.
_PATH = re.compile(
    r"/20\d\d-\d\d-\d\d/(functions|layers|tags|account-settings|event-source-mappings|code-signing-configs"
    r"|capacity-providers|durable-executions|durable-execution-callbacks|resource-policy)(/.*)?"
)


def is_lambda_path(path: str) -> bool:
    """Whether only Lambda has paths like this."""
    return _PATH.fullmatch(path) is not None


def function_table(on: FunctionOperations) -> dict[str, Operation[Owner]]:
    """Say who answers for functions, versions and aliases."""
    alias = f"{_NAME} Name FunctionVersion Description RoutingConfig"
    code = f"{_NAME} {STRUCTURES['FunctionCode']} Architectures Publish DryRun RevisionId"
    create = f"{_CONFIGURATION} Code Publish PackageType=Zip Tags CodeSigningConfigArn Architectures"
    return {
        "CreateAlias": Operation(on.create_alias, alias),
        "CreateFunction": Operation(on.create_function, create),
        "DeleteAlias": Operation(on.delete_alias, f"{_NAME} Name"),
        "DeleteFunction": Operation(on.delete_function, _QUALIFIED),
        "GetAlias": Operation(on.get_alias, f"{_NAME} Name"),
        "GetFunction": Operation(on.get_function, _QUALIFIED),
        "GetFunctionConfiguration": Operation(on.get_function_configuration, _QUALIFIED),
        "ListAliases": Operation(on.list_aliases, f"{_NAME} FunctionVersion {_PAGE}"),
        "ListFunctions": Operation(on.list_functions, f"FunctionVersion {_PAGE}"),
        "ListVersionsByFunction": Operation(on.list_versions_by_function, f"{_NAME} {_PAGE}"),
        "PublishVersion": Operation(on.publish_version, f"{_NAME} CodeSha256 Description RevisionId"),
        "UpdateAlias": Operation(on.update_alias, f"{alias} RevisionId"),
        "UpdateFunctionCode": Operation(on.update_function_code, code),
        "UpdateFunctionConfiguration": Operation(
            on.update_function_configuration, f"{_CONFIGURATION} RevisionId"
        ),
    }


def event_source_table(on: EventSources) -> dict[str, Operation[Owner]]:
    """Say who answers for event source mappings."""
    return {
        "CreateEventSourceMapping": Operation(on.create, CREATE),
        "DeleteEventSourceMapping": Operation(on.delete, "UUID"),
        "GetEventSourceMapping": Operation(on.get, "UUID"),
        "ListEventSourceMappings": Operation(on.list, f"EventSourceArn {_NAME} {_PAGE}"),
        "UpdateEventSourceMapping": Operation(on.update, UPDATE),
    }


def layer_table(on: LayerOperations) -> dict[str, Operation[Owner]]:
    """Say who answers for layers."""
    publish = "LayerName Description Content CompatibleArchitectures CompatibleRuntimes LicenseInfo"
    return {
        "DeleteLayerVersion": Operation(on.delete_layer_version, _LAYER_VERSION),
        "GetLayerVersion": Operation(on.get_layer_version, _LAYER_VERSION),
        "GetLayerVersionByArn": Operation(on.get_layer_version_by_arn, "Arn"),
        "GetLayerVersionPolicy": Operation(on.get_layer_version_policy, _LAYER_VERSION),
        "ListLayerVersions": Operation(on.list_layer_versions, f"LayerName {_FITTING}"),
        "ListLayers": Operation(on.list_layers, _FITTING),
        "PublishLayerVersion": Operation(on.publish_layer_version, publish),
    }


def concurrency_table(on: ConcurrencyOperations) -> dict[str, Operation[Owner]]:
    """Say who answers for concurrency."""
    provision = f"{_QUALIFIED} ProvisionedConcurrentExecutions"
    return {
        "DeleteFunctionConcurrency": Operation(on.delete_function_concurrency, _NAME),
        "DeleteProvisionedConcurrencyConfig": Operation(on.delete_provisioned_concurrency_config, _QUALIFIED),
        "GetAccountSettings": Operation(on.get_account_settings, ""),
        "GetFunctionConcurrency": Operation(on.get_function_concurrency, _NAME),
        "GetProvisionedConcurrencyConfig": Operation(on.get_provisioned_concurrency_config, _QUALIFIED),
        "ListProvisionedConcurrencyConfigs": Operation(
            on.list_provisioned_concurrency_configs, f"{_NAME} {_PAGE}"
        ),
        "PutFunctionConcurrency": Operation(
            on.put_function_concurrency, f"{_NAME} ReservedConcurrentExecutions"
        ),
        "PutProvisionedConcurrencyConfig": Operation(on.put_provisioned_concurrency_config, provision),
    }


def setting_table(on: SettingOperations) -> dict[str, Operation[Owner]]:
    """Say who answers for what surrounds a function."""
    permission = (
        f"{_QUALIFIED} StatementId Action Principal SourceArn FunctionUrlAuthType InvokedViaFunctionUrl"
        " SourceAccount EventSourceToken RevisionId PrincipalOrgID"
    )
    manage = f"{_QUALIFIED} UpdateRuntimeOn RuntimeVersionArn"
    return {
        "AddPermission": Operation(on.add_permission, permission),
        "CreateFunctionUrlConfig": Operation(on.create_function_url_config, _URL),
        "DeleteFunctionCodeSigningConfig": Operation(on.delete_function_code_signing_config, _NAME),
        "DeleteFunctionEventInvokeConfig": Operation(on.delete_function_event_invoke_config, _QUALIFIED),
        "DeleteFunctionUrlConfig": Operation(on.delete_function_url_config, _QUALIFIED),
        "GetFunctionCodeSigningConfig": Operation(on.get_function_code_signing_config, _NAME),
        "GetFunctionEventInvokeConfig": Operation(on.get_function_event_invoke_config, _QUALIFIED),
        "GetFunctionRecursionConfig": Operation(on.get_function_recursion_config, _NAME),
        "GetFunctionUrlConfig": Operation(on.get_function_url_config, _QUALIFIED),
        "GetPolicy": Operation(on.get_policy, _QUALIFIED),
        "GetRuntimeManagementConfig": Operation(on.get_runtime_management_config, _QUALIFIED),
        "ListFunctionEventInvokeConfigs": Operation(
            on.list_function_event_invoke_configs, f"{_NAME} {_PAGE}"
        ),
        "ListFunctionUrlConfigs": Operation(on.list_function_url_configs, f"{_NAME} {_PAGE}"),
        "ListTags": Operation(on.list_tags, "Resource"),
        "PutFunctionCodeSigningConfig": Operation(
            on.put_function_code_signing_config, f"{_NAME} CodeSigningConfigArn"
        ),
        "PutFunctionEventInvokeConfig": Operation(on.put_function_event_invoke_config, _EVENT_INVOKE),
        "PutFunctionRecursionConfig": Operation(on.put_function_recursion_config, f"{_NAME} RecursiveLoop"),
        "PutRuntimeManagementConfig": Operation(on.put_runtime_management_config, manage),
        "RemovePermission": Operation(on.remove_permission, f"{_QUALIFIED} StatementId RevisionId"),
        "TagResource": Operation(on.tag_resource, "Resource Tags"),
        "UntagResource": Operation(on.untag_resource, "Resource TagKeys"),
        "UpdateFunctionEventInvokeConfig": Operation(on.update_function_event_invoke_config, _EVENT_INVOKE),
        "UpdateFunctionUrlConfig": Operation(on.update_function_url_config, _URL),
    }
