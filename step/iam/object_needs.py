"""What S3's operations have to be allowed: most have another name than their action.

Pure. AWS: S3 user guide, "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

from step.iam.needs import UNKNOWN, ApiCall, Need

# Operations whose action has another name.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListDirectoryBuckets": "ListAllMyDirectoryBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_OF_A_VERSION = frozenset(
    {
        *("GetObject", "GetObjectAcl", "GetObjectTagging", "GetObjectAttributes", "PutObjectAcl"),
        *("DeleteObject", "DeleteObjectTagging", "PutObjectTagging"),
    }
)
_NOWHERE = frozenset({"ListAllMyBuckets", "ListAllMyDirectoryBuckets"})


def object_needs(call: ApiCall) -> list[Need]:
    """Say what an operation of S3 needs."""
    action = _ACTIONS.get(call.operation, call.operation)
    if action in _NOWHERE:
        return [_need(action, "*")]
    bucket = call.text("Bucket")
    if call.operation == "DeleteObjects":
        return [_need("DeleteObject", _arn(call, bucket, key)) for key in _deleted_keys(call)]
    key, version = call.text("Key"), call.text("VersionId")
    if version and action in _OF_A_VERSION:
        action = action.replace("Object", "ObjectVersion", 1)
    arn = _arn(call, bucket, key) if key else _arn(call, bucket)
    keys = {"s3:versionid": version} if version else {}
    for name in ("Prefix", "Delimiter"):
        if text := call.text(name):
            keys[f"s3:{name.lower()}"] = text
    if call.operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions") and (
        most := call.get("MaxKeys")
    ):
        keys["s3:max-keys"] = str(most)
    needs = [Need(action=f"s3:{action}", resource=arn, keys=keys)]
    if call.operation in ("GetObject", "HeadObject"):
        # Without it nobody is told that an object isn't there: 403 instead of 404.
        needs.append(Need(action="s3:ListBucket", resource=_arn(call, bucket), falls_back=True))
    if call.get("Tagging") and call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        needs.append(_need("PutObjectTagging", arn))
    return needs + _source_needs(call) + _key_needs(call)


def _need(action: str, resource: str) -> Need:
    return Need(action=f"s3:{action}", resource=resource)


def _arn(call: ApiCall, bucket: str, key: str | None = None) -> str:
    if bucket.startswith("arn:"):
        return bucket if key is None else f"{bucket}/object/{key}"
    where = f"arn:{call.home.partition}:s3:::{bucket or UNKNOWN}"
    return where if key is None else f"{where}/{key}"


def _deleted_keys(call: ApiCall) -> list[str]:
    told = call.get("Delete")
    objects = told.get("Objects") if isinstance(told, dict) else None
    listed = objects if isinstance(objects, list) else []
    return [str(one.get("Key", UNKNOWN)) for one in listed if isinstance(one, dict)] or [UNKNOWN]


def _source_needs(call: ApiCall) -> list[Need]:
    """Who copies reads what is copied."""
    source = call.text("CopySource")
    if not source:
        return []
    if source == UNKNOWN:
        return [_need("GetObject", _arn(call, UNKNOWN, UNKNOWN))]
    path, _, query = source.lstrip("/").partition("?")
    bucket, _, key = path.partition("/")
    action = "GetObjectVersion" if query.startswith("versionId=") else "GetObject"
    return [_need(action, _arn(call, bucket, key))]


def _key_needs(call: ApiCall) -> list[Need]:
    """AWS: S3 user guide, "Using server-side encryption with AWS KMS keys": GenerateDataKey to write, and
    Decrypt besides for an upload in parts."""
    key = call.text("SSEKMSKeyId")
    if not key or call.operation not in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        return []
    arn = key if key.startswith("arn:") else call.arn(f"key/{key}", "kms")
    actions = (
        ("GenerateDataKey", "Decrypt") if call.operation == "CreateMultipartUpload" else ("GenerateDataKey",)
    )
    return [Need(action=f"kms:{action}", resource=arn) for action in actions]
