"""What a version of a function keeps of its configuration from the moment it is published.

Pure: no clock, no IO. Values of the environment leave nothing but a hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from step.jsonvalue import JSONObject

# As Lambda's API names it.
_KEPT = (
    "Runtime",
    "Handler",
    "MemorySize",
    "Timeout",
    "Layers",
    "Architectures",
    "EphemeralStorage",
    "VpcConfig",
    "Role",
    "TracingConfig",
)
ENVIRONMENT = "EnvironmentSha256"


def frozen_configuration(configuration: Mapping[str, Any]) -> JSONObject:
    """Take what a version froze out of a function's configuration, as GetFunctionConfiguration gives it."""
    frozen: JSONObject = {key: configuration[key] for key in _KEPT if configuration.get(key)}
    variables = (configuration.get("Environment") or {}).get("Variables") or {}
    if variables:
        written = json.dumps(variables, sort_keys=True, ensure_ascii=False)
        frozen[ENVIRONMENT] = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
    if layers := configuration.get("Layers"):
        frozen["Layers"] = [layer["Arn"] for layer in layers]
    return frozen
