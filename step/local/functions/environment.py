"""The environment variables that Lambda sets for a function.

Pure. AWS: Lambda developer guide, "Defined runtime environment variables".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from step.clock import format_timestamp
from step.jsonvalue import JSONObject
from step.local.confined import sdk_variables
from step.local.functions.runtimes import Python


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
