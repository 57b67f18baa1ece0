"""How a zip gets to functions of another region: Lambda reads buckets of its own region only.

Knows S3; the buckets of other regions are the operator's choice, as the release bucket is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from step.aws.deployer_calls import ask
from step.deployer.ports import Unavailable
from step.errors import Refused

# AWS: Lambda quotas, "Deployment package (.zip file archive) size": 50 MB in a request.
MAX_SENT_BYTES = 50 * 1024 * 1024
# By the names of the regions: "eu-west-1=step-releases-eu-west-1,...".
REGION_BUCKETS = "STEP_DEPLOYER_REGION_BUCKETS"


def read_region_buckets(text: str) -> dict[str, str]:
    """Read which bucket zips are copied to for which region."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair)
    return {region.strip(): bucket.strip() for region, _, bucket in pairs}


class Carrier:
    """Brings zips of the release bucket to one other region.

    Args:
        here: S3's client where the release bucket is.
        there: S3's client in the functions' region.
        bucket: The bucket there; None: zips are sent in the request, which Lambda takes up to 50 MB.
    """

    def __init__(self, here: Any, there: Any, bucket: str | None) -> None:
        self._here = here
        self._there = there
        self._bucket = bucket

    def code(self, bucket: str, key: str, version_id: str) -> Mapping[str, Any]:
        """Bring a version of an object; say where it is as UpdateFunctionCode wants it.

        Raises:
            Refused: it is too large to be sent, and there is no bucket ("EntityTooLarge").
        """
        if self._bucket is None:
            return {"ZipFile": self._read(bucket, key, version_id)}
        # S3 copies it, whatever its size up to 5 GB; what came of it is known by Lambda's hash.
        answer = ask(
            self._there,
            "copy_object",
            ["CopyObjectResult", "VersionId"],
            Bucket=self._bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key, "VersionId": version_id},
        )
        return {"S3Bucket": self._bucket, "S3Key": key, "S3ObjectVersion": answer["VersionId"]}

    def _read(self, bucket: str, key: str, version_id: str) -> bytes:
        from botocore.exceptions import BotoCoreError

        needs = ["Body", "ContentLength"]
        answer = ask(self._here, "get_object", needs, Bucket=bucket, Key=key, VersionId=version_id)
        if int(answer["ContentLength"]) > MAX_SENT_BYTES:
            raise Refused(
                "EntityTooLarge",
                f"{key} has {answer['ContentLength']:,} bytes; {MAX_SENT_BYTES:,} can be sent",
            )
        try:
            content: bytes = answer["Body"].read()
        except (BotoCoreError, OSError) as error:
            raise Unavailable(f"the connection broke off: {error}") from error
        return content
