"""The environment of code under trial: Lambda's variables, and SDKs that find this service and no account.

AWS: Lambda developer guide, "Defined runtime environment variables"; SDKs and Tools guide, "Settings".
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from step.clock import format_timestamp
from step.jsonvalue import JSONObject
from step.local.functions.boundary import Boundary, kept
from step.local.functions.runtimes import Python

# What an account's owner may reach with --allow-aws, the places where SDKs find credentials among it.
AWS_HOSTS = (
    "*.amazonaws.com",
    "*.amazonaws.com.cn",
    "*.api.aws",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::254",
)
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# A proxy on this machine leads to others.
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def sdk_variables(endpoint: str, access_key: str) -> dict[str, str]:
    """Say how SDKs find the service, and neither an account's credentials nor its settings."""
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_ENDPOINT_URL": endpoint,
        # A host like "sync-127.0.0.1" is nowhere.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
    }


@contextmanager
def confined(endpoint: str, region: str, hosts: Sequence[str]) -> Iterator[None]:
    """Let code in this process find the service alone: with its SDKs, and by name but for ``hosts``.

    The environment is the process's own, so this holds for all of it; it is put back at the end.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_") or name.lower() in _PROXIES:
            del os.environ[name]
    own = next((before[name] for name in _REGIONS if before.get(name)), region)
    # boto3 reads one of them only, other SDKs the other.
    os.environ.update(dict.fromkeys(_REGIONS, own), **sdk_variables(endpoint, "local"))
    try:
        with kept(Boundary(hosts)):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def log_stream(version: str, moment_ms: int, process_id: str) -> str:
    """Name the log stream of a process."""
    return f"{format_timestamp(moment_ms)[:10].replace('-', '/')}/[{version}]{process_id.replace('-', '')}"


def environment(
    configuration: JSONObject,
    region: str,
    access_key: str,
    python: Python,
    task_root: Path,
    layers: Sequence[Path],
    endpoint: str,
    stream: str,
) -> Mapping[str, str]:
    """Make a function's whole environment; nothing of this process's own but its PATH."""
    runtime = str(configuration["Runtime"])
    logging = configuration["LoggingConfig"]
    assert isinstance(logging, dict)
    modules = [str(task_root), *_layer_folders(layers, runtime), *python.folders]
    variables = {
        **sdk_variables(endpoint, access_key),
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": str(configuration["FunctionName"]),
        "AWS_LAMBDA_FUNCTION_VERSION": str(configuration["Version"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": str(logging["LogGroup"]),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "_HANDLER": str(configuration["Handler"]),
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": python.folders[0] if python.folders else str(task_root),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.pathsep.join([*(str(layer / "bin") for layer in layers), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(modules),
    }
    if logging["LogFormat"] == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = str(logging.get("ApplicationLogLevel", "INFO"))
    own = _own(configuration)
    if "PYTHONPATH" in own:
        # The runtime client is found there too.
        own["PYTHONPATH"] = os.pathsep.join([own["PYTHONPATH"], variables["PYTHONPATH"]])
    return {**variables, **own}


def _own(configuration: JSONObject) -> dict[str, str]:
    environment = configuration.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    return {name: str(value) for name, value in variables.items()} if isinstance(variables, dict) else {}


def _layer_folders(layers: Sequence[Path], runtime: str) -> list[str]:
    found = []
    for layer in layers:
        found += [str(layer / "python"), str(layer / "python" / "lib" / runtime / "site-packages")]
    return found
