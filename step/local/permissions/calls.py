"""Which call of an API a request is, of any of AWS's protocols.

Reads botocore's models; knows no service. What can't be read of the parameters is left out: whoever answers
the request refuses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from step.aws.requests import Operations, cbor_object
from step.errors import Refused
from step.iam.needs import ApiCall, Home
from step.iam.table import prefix_of_signature
from step.jsonvalue import JSONObject, JSONValue
from step.local.cloud.addressing import Address
from step.local.functions.names import partition_of
from step.local.http import Request
from step.local.protocols import Rest

_RPC = re.compile(r"/service/[^/]+/operation/(\w+)")
# The services whose operations are named by method and path, by the names that they sign with.
_BY_PATH = {
    "apigateway": "apigateway",
    "batch": "batch",
    "cloudfront": "cloudfront",
    "eks": "eks",
    "lambda": "lambda",
    "pipes": "pipes",
    "route53": "route53",
    "scheduler": "scheduler",
    "xray": "xray",
}
# What S3 tells in headers and the models have as parameters.
_HEADERS = {
    "x-amz-copy-source": "CopySource",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-tagging": "Tagging",
}
# Where a method and path alone don't tell, or a parameter that is no part does.
_OBJECT_ROUTES = {
    ("GET", False, False, ""): "ListBuckets",
    ("GET", True, False, ""): "ListObjectsV2",
    ("PUT", True, True, ""): "PutObject",
    ("PUT", True, True, "uploadId"): "UploadPart",
    ("DELETE", True, True, ""): "DeleteObject",
    ("POST", True, True, "uploadId"): "CompleteMultipartUpload",
    ("DELETE", True, True, "uploadId"): "AbortMultipartUpload",
    ("GET", True, True, "uploadId"): "ListParts",
    # A form of a browser.
    ("POST", True, False, ""): "PutObject",
}
_QUERY = {"versionId": "VersionId", "prefix": "Prefix", "delimiter": "Delimiter", "max-keys": "MaxKeys"}


def call_of(request: Request, address: Address, account: str, region: str) -> ApiCall:
    """Read the call that a request makes; its operation is "" where it can't be told."""
    where = address.region or region
    service = address.service or "s3"
    operation, parameters = _read(service, request, address)
    return ApiCall(
        service=prefix_of_signature(service),
        operation=operation,
        parameters=parameters,
        home=Home(partition_of(where), where, account),
    )


def _read(service: str, request: Request, address: Address) -> tuple[str, JSONObject]:
    if "x-amz-target" in request.headers:
        return address.action, _document(request.body)
    if found := _RPC.fullmatch(request.path):
        return found[1], _rpc(request)
    if service == "s3":
        return _object_call(request)
    if address.action:
        return address.action, _form(request)
    return _by_path(service, request)


def _document(body: bytes) -> JSONObject:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _rpc(request: Request) -> JSONObject:
    is_json = "json" in request.headers.get("content-type", "")
    return _document(request.body) if is_json else cbor_object(request.body)


def _form(request: Request) -> JSONObject:
    """Read a query protocol's form: ``Tags.member.1.Key`` is a member of a list of objects."""
    text = request.body.decode("latin-1") if request.body else request.query
    try:
        pairs = parse_qs(text, max_num_fields=2000)
    except ValueError:
        return {}
    tree: dict[str, Any] = {}
    for name, values in pairs.items():
        place = tree
        *steps, last = [step for step in name.split(".") if step != "member" and step != "entry"]
        for step in steps:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                break
        else:
            place[last] = values[0]
    found = _listed(tree)
    return found if isinstance(found, dict) else {}


def _listed(value: Any) -> JSONValue:
    if not isinstance(value, dict):
        return str(value)
    if value and all(name.isdigit() for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return {name: _listed(item) for name, item in value.items()}


def _object_call(request: Request) -> tuple[str, JSONObject]:
    """S3: method, whether there are bucket and key, and what of the query names a part of them."""
    bucket, _, key = unquote(_path_style(request).path).lstrip("/").partition("/")
    query = parse_qs(request.query, keep_blank_values=True)
    parameters: JSONObject = {"Bucket": bucket} if bucket else {}
    if key:
        parameters["Key"] = key
    for header, name in _HEADERS.items():
        if header in request.headers:
            parameters[name] = unquote(request.headers[header])
    parameters |= {name: query[asked][0] for asked, name in _QUERY.items() if asked in query}
    place = request.method, bool(bucket), bool(key)
    named = (name for name in query if (*place, name) in _object_routes())
    operation = _object_routes().get((*place, next(named, "")), "Unknown")
    if operation == "DeleteObjects":
        parameters["Delete"] = {"Objects": [{"Key": name} for name in _keys_in(request.body)]}
    if "CopySource" in parameters:
        operation = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}.get(operation, operation)
    return operation, parameters


@lru_cache(maxsize=1)
def _object_routes() -> dict[tuple[str, bool, bool, str], str]:
    """Name S3's operations by method, bucket, key and the part that the query names."""
    routes = {}
    model = Operations("s3").model
    for name in sorted(model.operation_names, reverse=True):
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        part = query.partition("&")[0]
        if "=" not in part:
            routes[http["method"], "{Bucket}" in path, "{Key+}" in path, part] = name
    return routes | _OBJECT_ROUTES


def _path_style(request: Request) -> Request:
    """Put the bucket into the path where the host names it."""
    host = request.headers.get("host", "").partition(":")[0]
    bucket = host.removesuffix(".localhost").removesuffix(".s3")
    if bucket == host or bucket in ("s3", ""):
        return request
    return request._replace(path=f"/{bucket}{request.path}")


def _keys_in(body: bytes) -> list[str]:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return []
    return [one.text or "" for one in root.iter() if one.tag.rpartition("}")[2] == "Key"]


@lru_cache(maxsize=16)
def _protocol(service: str) -> Rest:
    return Rest(Operations(service))


def _by_path(service: str, request: Request) -> tuple[str, JSONObject]:
    if service not in _BY_PATH:
        return "Unknown", {}
    protocol = _protocol(_BY_PATH[service])
    found = protocol.find(request)
    path: JSONObject = {**found.path}
    if not found.operation or service in ("route53", "cloudfront"):
        return found.operation or "Unknown", path
    read: Callable[[], JSONObject] = lambda: protocol.read(found, request)  # noqa: E731
    try:
        return found.operation, read()
    except Refused:
        return found.operation, path
