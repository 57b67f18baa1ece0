"""Find the machines and functions of a SAM or CloudFormation template, packaged or not, CDK's among them.

Reads the files that the template names; knows nothing of running.
AWS: SAM specification; CloudFormation's template reference, "AWS::StepFunctions::StateMachine".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from step.asl.source import Source, join, refused
from step.jsonvalue import JSONObject, JSONValue
from step.projects.application import ProjectFunction, ProjectMachine, ProjectResource
from step.projects.cloudformation import Template, local_path, pointer_of, refuse_shape
from step.projects.document import Document, fill, fill_text, moved, read_document, read_text
from step.projects.names import arn_of
from step.projects.resources import resources_of

_MACHINES = frozenset({"AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine"})
_FUNCTIONS = frozenset({"AWS::Serverless::Function", "AWS::Lambda::Function"})
_LAYERS = frozenset({"AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"})
_STACKS: Mapping[str, str] = {
    "AWS::Serverless::Application": "Location",
    "AWS::CloudFormation::Stack": "TemplateURL",
}
TEMPLATES = ("template.yaml", "template.yml", "template.json")
_DEEPEST = 10


class TemplateReader:
    """Reads one template, and those that it nests.

    Args:
        document: The template.
        parameters: Values by parameter name.
        filled: Texts for placeholders that the template's own substitutions leave.
        prefix: What the keys of its machines begin with: the nested stacks that lead to it.

    Attributes:
        machines, functions, resources: What it has.
        notes: What could not be known.
        outputs: Its outputs by name, and its exports by the names that other stacks import.
    """

    def __init__(
        self, document: Document, parameters: Mapping[str, str], filled: Mapping[str, str], prefix: str = ""
    ) -> None:
        refuse_shape(document)
        self._filled = filled
        self._given = dict(parameters)
        self._template = Template(document, self._given)
        self._document = document
        self._folder = document.file.parent
        self._prefix = prefix
        self._globals = self._template.section("Globals")
        self.machines: list[ProjectMachine] = []
        self.functions: list[ProjectFunction] = []
        self.resources: list[ProjectResource] = []
        self.notes: list[str] = []
        self.outputs: dict[str, str] = {}
        self.exports: dict[str, str] = {}

    def read(self) -> TemplateReader:
        """Read it all."""
        resources = [*self._template.resources()]
        for name, type, resource in resources:
            if type in _STACKS:
                self._nest(name, type, resource)
        for name, type, resource in resources:
            if type in _MACHINES:
                self.machines.append(self._machine(name, type, resource))
            elif type in _FUNCTIONS:
                self.functions.append(self._function(name, type, resource))
        self.resources += resources_of(self._template)
        for name, output in self._template.section("Outputs").items():
            if isinstance(output, dict):
                self.outputs[name] = self._template.text(output.get("Value"))
                if isinstance(output.get("Export"), dict):
                    export = self._template.value(output["Export"])
                    self.exports[str(export.get("Name") if isinstance(export, dict) else name)] = (
                        self.outputs[name]
                    )
        self.notes = [*self._template.notes, *self.notes]
        return self

    def _nest(self, name: str, type: str, resource: JSONObject) -> None:
        properties = _object(resource.get("Properties"))
        location = self._asset(resource) or self._template.value(properties.get(_STACKS[type]))
        file = local_path(self._folder, location)
        if file is None or not file.is_file() or self._prefix.count("/") >= _DEEPEST:
            self.notes.append(f"{name}: the nested stack isn't on this machine: {location}")
            return
        given = _object(self._template.value(properties.get("Parameters")))
        parameters = {key: _as_text(value) for key, value in given.items()}
        inner = TemplateReader(read_document(file), parameters, self._filled, f"{self._prefix}{name}/").read()
        self.machines += inner.machines
        self.functions += inner.functions
        self.resources += inner.resources
        self.notes += inner.notes
        self._given |= {f"{name}.Outputs.{key}": value for key, value in inner.outputs.items()}

    def _machine(self, name: str, type: str, resource: JSONObject) -> ProjectMachine:
        properties = _object(resource.get("Properties"))
        kind = self._template.text(properties.get("Type") or properties.get("StateMachineType")).upper()
        file, source = self._definition(name, properties)
        return ProjectMachine(
            key=f"{self._prefix}{name}",
            path=_cdk_path(resource),
            name=self._template.physical_name(name),
            file=file,
            source=source,
            type="EXPRESS" if kind == "EXPRESS" else "STANDARD",
        )

    def _definition(self, name: str, properties: JSONObject) -> tuple[Path, Source]:
        """Find a machine's definition: where it stands, and what it is with its substitutions."""
        given = _object(self._template.value(properties.get("DefinitionSubstitutions")))
        filled = {**self._filled, **{key: _as_text(value) for key, value in given.items()}}
        here = self._document.file
        if "DefinitionString" in properties:
            return here, self._string(pointer_of(name, "DefinitionString"), properties, filled)
        if "Definition" in properties:
            value = self._template.value(properties["Definition"])
            source = self._document.part(pointer_of(name, "Definition"), fill(value, filled))
            return here, source
        location = properties.get("DefinitionUri", properties.get("DefinitionS3Location"))
        worked = self._template.value(location)
        file = self._code_file(worked) or self._unpackaged(name, "DefinitionUri")
        if file is None or not file.is_file():
            where = worked if isinstance(worked, str) else "/".join(map(_as_text, _object(worked).values()))
            told = f"{name}: its definition isn't on this machine: {where or 'no Definition in the template'}"
            return here, refused(
                "INVALID_JSON_DESCRIPTION", told, self._document.source.line(pointer_of(name))
            )
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as fault:
            return file, refused("INVALID_JSON_DESCRIPTION", f"Not UTF-8 text, at byte {fault.start}", 1)
        return file, read_text(fill_text(text, filled), file)

    def _string(self, pointer: str, properties: JSONObject, filled: Mapping[str, str]) -> Source:
        """Read a definition that is a text in the template; its lines are the template's."""
        text = fill_text(self._template.text(properties["DefinitionString"]), filled)
        source = read_text(text, self._document.file)
        inner = (pointer, join(pointer, "Fn::Sub"), join(pointer, "Fn::Sub", 0))
        block = next((self._document.blocks[at] for at in inner if at in self._document.blocks), None)
        first = self._document.source.line(pointer)

        return moved(source, lambda within: first if block is None else block + within - 1)

    def _function(self, name: str, type: str, resource: JSONObject) -> ProjectFunction:
        properties = _merged(_object(self._globals.get("Function")), _object(resource.get("Properties")))
        text, physical = self._template.text, self._template.physical_name(name)
        code = properties.get("CodeUri", properties.get("Code"))
        inline = properties.get("InlineCode", _object(code).get("ZipFile"))
        folder = None if inline is not None else self._code_folder(name, resource, code)
        runtime = text(properties.get("Runtime"))
        missing = ""
        if text(properties.get("PackageType")) == "Image" or "ImageUri" in {*properties, *_object(code)}:
            missing = "its code is a container image"
        elif not runtime.startswith("python"):
            missing = f"it runs on {runtime or 'no runtime that the template names'}"
        elif inline is None and folder is None:
            missing = f"its code isn't on this machine: {_as_text(self._template.value(code))[:200]}"
        variables = _object(self._template.value(_object(properties.get("Environment")).get("Variables")))
        return ProjectFunction(
            key=f"{self._prefix}{name}",
            name=physical,
            arn=arn_of(type, physical),
            runtime=runtime,
            handler=text(properties.get("Handler")) or "index.handler",
            folders=(*([folder] if folder else ()), *self._layers(properties), *self._built(name)),
            inline="" if inline is None else text(inline),
            environment={key: _as_text(value) for key, value in variables.items()},
            missing=missing,
        )

    def _layers(self, properties: JSONObject) -> Iterator[Path]:
        """List the folders of a function's layers that are in this template."""
        layers = properties.get("Layers")
        for layer in layers if isinstance(layers, list) else []:
            named = _as_text(_object(layer).get("Ref"))
            resource = _object(self._template.section("Resources").get(named))
            if resource.get("Type") in _LAYERS:
                written = _object(resource.get("Properties"))
                content = written.get("ContentUri", written.get("Content"))
                folder = self._code_folder(named, resource, content)
                if folder is not None:
                    yield from (folder / "python", folder)

    def _built(self, name: str) -> Iterator[Path]:
        """Find what ``sam build`` made of a function: what it depends on is there."""
        built = self._folder / ".aws-sam" / "build" / name
        if built.is_dir():
            yield built

    def _code_folder(self, name: str, resource: JSONObject, code: JSONValue) -> Path | None:
        """Find a function's code: a folder, a zip, or the folder of the one file that it is."""
        asset = self._asset(resource)
        found = local_path(self._folder, asset) if asset else None
        if found is None:
            worked = self._template.value(code) if code is not None else "."
            found = self._code_file(worked) or self._unpackaged(name, "CodeUri")
        return found.parent if found is not None and found.suffix == ".py" else found

    def _code_file(self, location: JSONValue) -> Path | None:
        """Find a file or folder by its path, or by the key under which CDK puts it into its bucket."""
        if isinstance(location, str):
            return local_path(self._folder, location)
        parts = _object(location)
        key = parts.get("S3Key", parts.get("Key"))
        if not isinstance(key, str):
            return None
        stem = Path(key).name
        names = (f"asset.{stem}", f"asset.{stem.removesuffix('.zip')}", stem)
        return next((path for name in names if (path := self._folder / name).exists()), None)

    @staticmethod
    def _asset(resource: JSONObject) -> str:
        """Give the path that CDK and SAM note beside a resource."""
        path = _object(resource.get("Metadata")).get("aws:asset:path")
        return path if isinstance(path, str) else ""

    def _unpackaged(self, name: str, key: str) -> Path | None:
        """Find what a packaged template has in a bucket: where the template that it was made of says."""
        for folder in (self._folder, self._folder.parent):
            for file in (folder / template for template in TEMPLATES):
                if file.is_file() and file != self._document.file:
                    beside = read_document(file).value
                    resource = _object(_object(beside.get("Resources")).get(name))
                    found = local_path(folder, _object(resource.get("Properties")).get(key))
                    if found is not None:
                        return found
        return None


def _cdk_path(resource: JSONObject) -> str:
    """Give the names of the constructs that lead to a resource, without the stack's and CDK's own."""
    path = _object(resource.get("Metadata")).get("aws:cdk:path")
    return path.partition("/")[2].removesuffix("/Resource") if isinstance(path, str) else ""


def _object(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _as_text(value: JSONValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _merged(base: JSONObject, own: JSONObject) -> JSONObject:
    """Lay a resource's properties over SAM's Globals: objects are merged, lists joined."""
    merged: dict[str, Any] = dict(base)
    for key, value in own.items():
        held = merged.get(key)
        if isinstance(held, dict) and isinstance(value, dict) and not _is_function(value):
            merged[key] = _merged(held, value)
        elif isinstance(held, list) and isinstance(value, list):
            merged[key] = [*held, *value]
        else:
            merged[key] = value
    return merged


def _is_function(value: JSONObject) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
