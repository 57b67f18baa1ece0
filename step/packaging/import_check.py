"""Import a packed handler as Lambda would: a process of its own, the package and the runtime's modules only.

Writes the package into a temporary folder; knows no lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from step.errors import StepError

# What Lambda's Python runtimes bring. AWS: Lambda developer guide, "Runtime-included SDK versions".
RUNTIME_MODULES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")

# Run with -I and -S: nothing of this environment is on the path but what the finder lets through.
_PROGRAM = """
import importlib.machinery, json, sys, time
folder, module, provided, site = sys.argv[1], sys.argv[2], sys.argv[3].split(","), json.loads(sys.argv[4])

class Runtime:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is None and name in provided:
            return importlib.machinery.PathFinder.find_spec(name, site)

sys.path.insert(0, folder)
sys.meta_path.append(Runtime)
before = time.perf_counter()
__import__(module)
print(time.perf_counter() - before)
"""


def import_seconds(contents: Mapping[str, bytes], module: str) -> float:
    """Import a module of a package; say how long it took, its bytecode not yet compiled.

    Raises:
        StepError: the import failed; the message is Python's last line.
    """
    with tempfile.TemporaryDirectory(prefix="step-package-") as folder:
        for name, content in contents.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        site = [entry for entry in sys.path if entry.endswith("site-packages")]
        command = [sys.executable, "-I", "-S", "-c", _PROGRAM, folder, module]
        command += [",".join(RUNTIME_MODULES), json.dumps(site)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise StepError(f"{module}: its package can't be imported: {last[0]}")
    return float(done.stdout.splitlines()[-1])
