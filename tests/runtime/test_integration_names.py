"""Names of services, members and exceptions as Step Functions' integrations have them."""

from __future__ import annotations

import pytest

from step.runtime.integrations.names import class_name, exception_name, member_name


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("EC2", "Ec2"),
        ("Secrets Manager", "SecretsManager"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("SESv2", "SesV2"),
        ("ApiGatewayV2", "ApiGatewayV2"),
        ("Database Migration Service", "DatabaseMigration"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
    ],
)
def test_service_is_named_after_its_id(service_id: str, name: str) -> None:
    assert class_name(service_id) == name


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("executionArn", "ExecutionArn"),
        ("ETag", "ETag"),
        ("ChecksumCRC32", "ChecksumCRC32"),
        ("DBInstances", "DbInstances"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("VPCId", "VpcId"),
        ("ACL", "Acl"),
    ],
)
def test_member_has_the_name_of_its_accessor(member: str, name: str) -> None:
    assert member_name(member) == name


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("InvalidToken", "InvalidTokenException"),
        ("NoSuchBucket", "NoSuchBucketException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("DBInstanceNotFoundFault", "DBInstanceNotFoundException"),
    ],
)
def test_exception_ends_in_exception_once(shape: str, name: str) -> None:
    assert exception_name(shape) == name
