"""The Python functions of a project, run in this process.

Imports the user's handlers, each function's from its own folders and with its own environment; knows nothing
of machines.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from step.errors import NoCode, TaskError
from step.projects.application import Application, ProjectFunction, ProjectMachine
from step.projects.names import REGION
from step.projects.project import open_project, split_name

# What Lambda tells every function. Without an endpoint of its own a client reaches nobody: what a handler
# does in a test must not depend on whose credentials are on this machine.
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_SESSION_TOKEN": "none",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_XRAY_SDK_ENABLED": "false",
}
# botocore's exceptions for a client that can't call at all.
_NOBODY_THERE = frozenset(
    {
        "EndpointConnectionError",
        "ConnectionClosedError",
        "NoCredentialsError",
        "NoRegionError",
        "ConnectTimeoutError",
    }
)


def open_machine(
    path: str | Path, parameters: Mapping[str, str] | None, substitutions: Mapping[str, str] | None
) -> tuple[Application, ProjectMachine]:
    """Find a machine, ``FILE`` or ``PROJECT#MACHINE``.

    Raises:
        StepError: there is none.
    """
    file, name = split_name(str(path))
    application = open_project(Path(file), parameters, substitutions)
    return application, application.machine(name)


def python_functions(application: Application) -> list[PythonFunction]:
    """List the functions of a project that can be run here."""
    return [PythonFunction(code) for code in application.functions if not code.missing]


def missing_code(application: Application, definition: str) -> list[str]:
    """Say of the functions that a definition's text names which ones aren't run, and why."""
    return [
        f"{code.key}: {code.missing}; its tasks are answered with a sample"
        for code in application.functions
        if code.missing and (code.arn in definition or f'"{code.name}"' in definition)
    ]


class PythonFunction:
    """A Lambda function's handler; it is imported when it is first called.

    Every call sees the modules, the path and the environment of its own function, so that two functions may
    both have an ``app.py``.
    """

    def __init__(self, code: ProjectFunction) -> None:
        self.code = code
        self._modules: dict[str, ModuleType] = {}

    def __call__(self, event: Any, context: Any) -> Any:
        """Call the handler.

        Raises:
            NoCode: it can't be imported, or it calls AWS where there is none.
        """
        with self._at_home():
            handler = self._handler
            try:
                return handler(event, context)
            except SystemExit as error:
                # AWS: Lambda's runtime reports an exit under this name.
                raise TaskError("Runtime.ExitError", f"RequestId: - Error: exit {error.code}") from error
            except Exception as error:
                if _calls_nobody(error):
                    raise NoCode(f"{self.code.key} calls AWS, which isn't here: {error}") from error
                raise

    @cached_property
    def _handler(self) -> Any:
        module, _, name = self.code.handler.rpartition(".")
        module = module.replace("/", ".").strip(".")
        try:
            return getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise NoCode(f"{self.code.key}: {self.code.handler} can't be imported: {told}") from error

    @cached_property
    def _folders(self) -> list[str]:
        folders = [str(folder.resolve()) for folder in self.code.folders]
        if self.code.inline:
            made = os.path.realpath(tempfile.mkdtemp(prefix="step-"))
            weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
            name = self.code.handler.partition(".")[0] or "index"
            (Path(made) / f"{name}.py").write_text(self.code.inline, encoding="utf-8")
            folders.insert(0, made)
        return folders

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        """Lay the function's modules, path and environment over the process's, and take them away again."""
        path, environment, before = sys.path[:], dict(os.environ), frozenset(sys.modules)
        own = tuple(self._folders)
        tops = _tops(own)
        # A module of this function that a test has imported is the one that the handler sees too.
        hidden = {
            name: module
            for name, module in sys.modules.items()
            if name.partition(".")[0] in tops and not _is_from(module, own)
        }
        for name in hidden:
            del sys.modules[name]
        sys.modules.update(self._modules)
        sys.path[:0] = own
        lambda_settings = {} if "AWS_ENDPOINT_URL" in environment else _ENVIRONMENT
        os.environ.update(
            {**lambda_settings, "AWS_LAMBDA_FUNCTION_NAME": self.code.name, **self.code.environment}
        )
        try:
            yield
        finally:
            added = {name: module for name, module in sys.modules.items() if name not in before - {*hidden}}
            self._modules = {name: module for name, module in added.items() if _is_from(module, own)}
            for name in self._modules:
                del sys.modules[name]
            sys.modules.update(hidden)
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)


def _tops(folders: tuple[str, ...]) -> frozenset[str]:
    """List the names that folders have modules or packages for."""
    return frozenset(
        entry.name.removesuffix(".py")
        for folder in folders
        if os.path.isdir(folder)
        for entry in os.scandir(folder)
        if entry.name.endswith(".py") or entry.is_dir()
    )


def _is_from(module: ModuleType, folders: tuple[str, ...]) -> bool:
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    return isinstance(file, str) and file.startswith(tuple(f"{folder}{os.sep}" for folder in folders))


def _calls_nobody(error: BaseException) -> bool:
    return type(error).__module__.startswith("botocore") and type(error).__name__ in _NOBODY_THERE
