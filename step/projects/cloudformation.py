"""A CloudFormation template: parameters, conditions, mappings and intrinsic functions, and what they give.

Reads the files that AWS::Include names. Lenient: what can't be known (a parameter without default, another
stack's export) gets a text that names it, and a note that says how to give it.
AWS: CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from step.asl.source import join
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue
from step.projects.document import Document, read_document
from step.projects.names import ACCOUNT, PARTITION, REGION, arn_of, attribute_of, name_properties, ref_of

STACK = "stack"
_PSEUDO: Mapping[str, JSONValue] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NotificationARNs": [],
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_FUNCTION = "AWS::Serverless::Function"
# What the value of an Fn::If is where it is to be left out.
_NOTHING: Any = object()


class Template:
    """A template with values for its parameters.

    Args:
        document: The template.
        parameters: Values by parameter name.

    Attributes:
        notes: What could not be known, a sentence each.
    """

    def __init__(self, document: Document, parameters: Mapping[str, str]) -> None:
        self.document = document
        self.folder = document.file.parent
        self.notes: list[str] = []
        self._given = parameters
        self._open: list[str] = []
        self._functions: Mapping[str, Callable[[JSONValue], Any]] = {
            "Condition": self._condition,
            "Fn::And": lambda value: all(map(bool, self._list(value))),
            "Fn::Base64": lambda value: base64.b64encode(self._text(value).encode()).decode(),
            "Fn::Cidr": self._cidr,
            "Fn::Equals": lambda value: len({_compared(item) for item in self._list(value)}) == 1,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda value: [f"{REGION}{zone}" for zone in "abc"],
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Include": self._include,
            "Fn::Join": self._join,
            "Fn::Length": lambda value: len(self._list(value)),
            "Fn::Not": lambda value: not any(map(bool, self._list(value))),
            "Fn::Or": lambda value: any(map(bool, self._list(value))),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": lambda value: json.dumps(self.value(value)),
            "Fn::Transform": self._include,
            "Ref": lambda value: self.ref(str(value)),
        }

    def section(self, name: str) -> JSONObject:
        """Give a section of the template, as it is written."""
        section = self.document.value.get(name)
        return section if isinstance(section, dict) else {}

    def resources(self) -> Iterator[tuple[str, str, JSONObject]]:
        """List the resources whose condition holds: logical id, type, and the resource as it is written."""
        for name, resource in self.section("Resources").items():
            if isinstance(resource, dict) and isinstance(resource.get("Type"), str):
                condition = resource.get("Condition")
                if not isinstance(condition, str) or self._condition(condition):
                    yield name, str(resource["Type"]), resource

    def value(self, value: JSONValue) -> JSONValue:
        """Work out a value of the template."""
        worked = self._value(value)
        return None if worked is _NOTHING else worked

    def text(self, value: JSONValue) -> str:
        """Work out a value of the template that is to be a text."""
        return self._text(value)

    def ref(self, name: str) -> Any:
        """Give what a Ref to a parameter, a pseudo parameter or a resource stands for."""
        if name == "AWS::NoValue":
            return _NOTHING
        if name in _PSEUDO:
            return self._given.get(name, _PSEUDO[name])
        if name in self.section("Parameters"):
            return self._parameter(name)
        type = self._type(name)
        if type == "AWS::Lambda::Version":
            return self.text(self.property(name, "FunctionName"))
        if type == "AWS::Lambda::Alias":
            return (
                f"{self.text(self.property(name, 'FunctionName'))}:{self.text(self.property(name, 'Name'))}"
            )
        if type:
            return ref_of(type, self.physical_name(name))
        owner, _, part = name.partition(".")
        if part and self._type(owner) == _FUNCTION:
            # What SAM makes beside a function: its Alias and Version.
            return arn_of(_FUNCTION, self.physical_name(owner))
        return self._given.get(name, name)

    def property(self, name: str, key: str) -> JSONValue:
        """Give a property of a resource as it is written."""
        resource = self.section("Resources").get(name)
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        return properties.get(key) if isinstance(properties, dict) else None

    def physical_name(self, name: str) -> str:
        """Name a resource as it is called once it is there; its logical id where the template doesn't say."""
        for key in name_properties(self._type(name)):
            written = self.property(name, key)
            if written is not None and name not in self._open and len(self._open) < 50:
                self._open.append(name)
                try:
                    told = self.value(written)
                finally:
                    self._open.pop()
                if isinstance(told, str) and told:
                    return told
        return name

    def _type(self, name: str) -> str:
        resource = self.section("Resources").get(name)
        type = resource.get("Type") if isinstance(resource, dict) else None
        return type if isinstance(type, str) else ""

    def _parameter(self, name: str) -> JSONValue:
        declared = self.section("Parameters")[name]
        declared = declared if isinstance(declared, dict) else {}
        type = str(declared.get("Type", "String"))
        value: JSONValue = self._given.get(name, declared.get("Default"))
        if value is None:
            allowed = declared.get("AllowedValues")
            value = allowed[0] if isinstance(allowed, list) and allowed else "1" if type == "Number" else name
            self.note(f"parameter {name} has no default, {value!r} stands for it: --parameter {name}=VALUE")
        if type == "CommaDelimitedList" or type.startswith("List<"):
            return [*map(str.strip, value.split(","))] if isinstance(value, str) else value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def note(self, text: str) -> None:
        """Remember, once, what can't be known."""
        if text not in self.notes:
            self.notes.append(text)

    def _value(self, value: JSONValue) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._value, value) if item is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, given), *_ = value.items()
            function = self._functions.get(name)
            if function is not None and not (name == "Condition" and not isinstance(given, str)):
                return function(given)
        worked = {key: self._value(item) for key, item in value.items()}
        return {key: item for key, item in worked.items() if item is not _NOTHING}

    def _list(self, value: JSONValue) -> list[Any]:
        worked = self.value(value)
        return worked if isinstance(worked, list) else [] if worked is None else [worked]

    def _text(self, value: JSONValue) -> str:
        worked = self.value(value)
        if isinstance(worked, bool):
            return "true" if worked else "false"
        if isinstance(worked, dict | list):
            return json.dumps(worked)
        return "" if worked is None else str(worked)

    def _condition(self, name: JSONValue) -> bool:
        """Say whether a condition holds; one that leads back to itself doesn't."""
        key = f"?{name}"
        if key in self._open:
            return False
        self._open.append(key)
        try:
            return bool(self.value(self.section("Conditions").get(str(name))))
        finally:
            self._open.pop()

    def _if(self, value: JSONValue) -> Any:
        if not isinstance(value, list) or len(value) != 3:
            return _NOTHING
        return self._value(value[1] if self._condition(self.value(value[0])) else value[2])

    def _find_in_map(self, value: JSONValue) -> JSONValue:
        first, *rest = [*value, *[None] * 4] if isinstance(value, list) else [None] * 4
        found: JSONValue = self.section("Mappings").get(self._text(first))
        for key in rest[:2]:
            found = found.get(self._text(key)) if isinstance(found, dict) else None
        if found is None and isinstance(rest[2], dict):
            found = self.value(rest[2].get("DefaultValue"))
        if found is None:
            where = ", ".join(self._text(key) for key in [first, *rest[:2]])
            self.note(f"Fn::FindInMap: Mappings has nothing for {where}")
            return where
        return found

    def _get_att(self, value: JSONValue) -> str:
        parts = value.split(".", 1) if isinstance(value, str) else self._list(value)
        name, attribute = [*map(str, parts), "", ""][:2]
        given = self._given.get(f"{name}.{attribute}")
        type = self._type(name)
        if given is not None or not type:
            return given or f"{name}.{attribute}"
        if type.startswith("AWS::Lambda::") and type.endswith(("Alias", "Version")):
            return str(self.ref(name))
        return attribute_of(type, self.physical_name(name), attribute)

    def _import_value(self, value: JSONValue) -> str:
        name = self._text(value)
        if name not in self._given:
            self.note(f"{name} is another stack's export, its name stands for it: --parameter {name}=VALUE")
        return self._given.get(name, name)

    def _include(self, value: JSONValue) -> JSONValue:
        parameters = value.get("Parameters") if isinstance(value, dict) else None
        location = self._text(parameters.get("Location") if isinstance(parameters, dict) else None)
        file = self.folder / location
        if location and "://" not in location and file.is_file():
            return self.value(read_document(file).source.value)
        self.note(f"AWS::Include: {location or 'a transform'} isn't on this machine")
        return {}

    def _join(self, value: JSONValue) -> str:
        if not isinstance(value, list) or len(value) != 2:
            return self._text(value)
        return self._text(value[0]).join(self._text(item) for item in self._list(value[1]))

    def _select(self, value: JSONValue) -> JSONValue:
        index, items, *_ = [*value, None, None] if isinstance(value, list) else [None, None]
        worked, at = self._list(items), self._text(index)
        if at.isdigit() and int(at) < len(worked):
            return worked[int(at)]  # type: ignore[no-any-return]  # JSON's items are JSON
        self.note(f"Fn::Select: no item {at} in a list of {len(worked)}")
        return ""

    def _split(self, value: JSONValue) -> JSONValue:
        by, text, *_ = [*value, None, None] if isinstance(value, list) else [None, None]
        separator = self._text(by)
        return [*self._text(text).split(separator)] if separator else [self._text(text)]

    def _cidr(self, value: JSONValue) -> JSONValue:
        block, count, bits = [*map(str, self._list(value)), "", "1", "8"][:3]
        try:
            subnets = ipaddress.ip_network(str(block)).subnets(new_prefix=32 - int(bits))
            return [str(net) for net, _ in zip(subnets, range(min(int(count), 256)), strict=False)]
        except ValueError:
            return [str(block)]

    def _sub(self, value: JSONValue) -> str:
        text, given = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, None)
        if isinstance(text, list):
            text = text[0] if text else ""
        own = given if isinstance(given, dict) else {}

        def fill(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return self._text(own[name])
            return self._filled(name, match[0])

        return _PLACEHOLDER.sub(fill, text if isinstance(text, str) else self._text(text))

    def _filled(self, name: str, written: str) -> str:
        owner, _, attribute = name.partition(".")
        if name in _PSEUDO or name in self.section("Parameters") or self._type(name):
            return self._text({"Ref": name})
        if attribute and self._type(owner):
            return self._get_att([owner, attribute])
        # A placeholder of something else, as of a definition's substitutions.
        return self._given.get(name, written)


def _compared(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if not isinstance(value, str) else f'"{value}"'


def pointer_of(name: str, *keys: str) -> str:
    """Point to a property of a resource."""
    return join("", "Resources", name, "Properties", *keys)


def local_path(folder: Path, location: JSONValue) -> Path | None:
    """Find what a template's URI names on this machine; None: it is elsewhere, or nothing."""
    if not isinstance(location, str) or "://" in location or not location:
        return None
    path = folder / location
    return path if path.exists() else None


def refuse_shape(document: Document) -> None:
    """See that a template is an object.

    Raises:
        StepError: it couldn't be read, or is something else.
    """
    error = document.source.error
    if error is not None:
        raise StepError(f"{document.file}:{error.line}: {error.message}")
    if not isinstance(document.source.value, dict):
        raise StepError(f"{document.file}: expected an object with Resources")
