"""Lambda's operations on layers.

Knows documents and zips; no HTTP, no process. AWS: Lambda API reference.
"""

from __future__ import annotations

from collections.abc import Callable

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.archives import Archive
from step.local.functions.configurations import timestamp
from step.local.functions.names import LayerName, Owner
from step.local.functions.paging import page
from step.local.functions.store import Layer, LayerShelf


class LayerOperations:
    """What can be asked of layers; each method answers the operation of its name.

    Args:
        layers: The layers.
        code: Fetches, checks and keeps the code that a request names.
        location: Says where a zip can be downloaded.
    """

    def __init__(
        self,
        layers: LayerShelf,
        code: Callable[[Owner, JSONObject], Archive],
        location: Callable[[JSONValue], str],
    ) -> None:
        self._layers = layers
        self._code = code
        self._location = location

    def publish_layer_version(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Make a layer's next version."""
        name = LayerName.from_text(str(asked["LayerName"]), owner)
        content = asked["Content"]
        assert isinstance(content, dict)
        archive = self._code(owner, content)
        new = Layer() if self._layers.get(name) is None else None
        with self._layers.changed(name, new) as layer:
            layer.last_version += 1
            version = self._version(name, layer.last_version, asked, archive)
            layer.versions[str(layer.last_version)] = version
        return self._shown(version)

    def get_layer_version(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a layer's version."""
        return self._shown(self._layers.version(self._name(owner, asked)))

    def get_layer_version_by_arn(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show the version of an ARN."""
        return self._shown(self._layers.version(LayerName.from_text(str(asked["Arn"]), owner)))

    def list_layers(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List the layers with the newest version that fits."""
        listed: list[JSONValue] = []
        for text in self._layers.names(owner):
            name = LayerName(owner, text)
            layer = self._layers.get(name)
            fitting = _fitting(layer, asked)
            if fitting:
                listed.append({"LayerName": text, "LayerArn": name.arn, "LatestMatchingVersion": fitting[0]})
        return page(asked, listed, "Layers")

    def list_layer_versions(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List a layer's versions, newest first."""
        layer = self._layers.get(LayerName.from_text(str(asked["LayerName"]), owner))
        return page(asked, _fitting(layer, asked), "LayerVersions")

    def delete_layer_version(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Delete a layer's version; that it isn't there is no error."""
        name = self._name(owner, asked)
        layer = self._layers.get(name)
        if layer is not None and name.version in layer.versions:
            with self._layers.changed(name) as changed:
                changed.versions.pop(str(name.version), None)
        return {}

    def get_layer_version_policy(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Say that a layer's version is shared with nobody."""
        self._layers.version(self._name(owner, asked))
        raise Refused("ResourceNotFoundException", "No policy is associated with the given resource.")

    def _shown(self, version: JSONObject) -> JSONObject:
        content = version["Content"]
        assert isinstance(content, dict)
        located = {**content, "Location": self._location(version["_digest"])}
        return {**version, "Content": located}

    def _name(self, owner: Owner, asked: JSONObject) -> LayerName:
        name = LayerName.from_text(str(asked["LayerName"]), owner)
        return name._replace(version=str(asked["VersionNumber"]))

    def _version(self, name: LayerName, number: int, asked: JSONObject, archive: Archive) -> JSONObject:
        rest = {key: value for key, value in asked.items() if key not in ("Content", "LayerName")}
        return {
            **rest,
            "_digest": archive.digest,
            "Content": {
                "CodeSha256": archive.code_sha256,
                "CodeSize": archive.size_bytes,
            },
            "LayerArn": name.arn,
            "LayerVersionArn": f"{name.arn}:{number}",
            "Version": number,
            "CreatedDate": timestamp(),
        }


def _fitting(layer: Layer | None, asked: JSONObject) -> list[JSONValue]:
    """Give a layer's versions for a runtime and an architecture, newest first."""
    versions = layer.versions if layer is not None else {}
    newest_first = [versions[number] for number in sorted(versions, key=int, reverse=True)]
    return [
        version
        for version in newest_first
        if _fits(version.get("CompatibleRuntimes"), asked.get("CompatibleRuntime"))
        and _fits(version.get("CompatibleArchitectures"), asked.get("CompatibleArchitecture"))
    ]


def _fits(words: JSONValue, wanted: JSONValue) -> bool:
    return wanted is None or (isinstance(words, list) and wanted in words)
