"""Lambda's operations on layers.

Knows documents and zips; no HTTP, no process. AWS: Lambda API reference.
"""

from __future__ import annotations

from collections.abc import Callable

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.archives import Archive
from step.local.functions.call import Call, answer, nothing, page
from step.local.functions.configurations import timestamp
from step.local.functions.names import LayerName, Owner
from step.local.functions.store import Layer, LayerShelf
from step.local.http import Response


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

    def publish_layer_version(self, call: Call) -> Response:
        """Make a layer's next version."""
        asked = call.document()
        name = LayerName.from_text(call.path["LayerName"], call.owner)
        content = asked["Content"]
        assert isinstance(content, dict)
        archive = self._code(call.owner, content)
        new = Layer() if self._layers.get(name) is None else None
        with self._layers.changed(name, new) as layer:
            layer.last_version += 1
            version = self._version(name, layer.last_version, asked, archive)
            layer.versions[str(layer.last_version)] = version
        return answer(self._shown(version), 201)

    def get_layer_version(self, call: Call) -> Response:
        """Show a layer's version."""
        return answer(self._shown(self._layers.version(self._name(call))))

    def list_layers(self, call: Call) -> Response:
        """List the layers; with ``find=LayerVersion``, show the version of an ARN."""
        if call.parameter("find") == "LayerVersion":
            name = LayerName.from_text(call.parameter("Arn") or "", call.owner)
            return answer(self._shown(self._layers.version(name)))
        listed: list[JSONValue] = []
        for text in self._layers.names(call.owner):
            name = LayerName(call.owner, text)
            layer = self._layers.get(name)
            if layer is not None and layer.versions:
                newest = layer.versions[max(layer.versions, key=int)]
                listed.append(
                    {"LayerName": text, "LayerArn": name.arn, "LatestMatchingVersion": _listed(newest)}
                )
        return answer(page(call, listed, "Layers"))

    def list_layer_versions(self, call: Call) -> Response:
        """List a layer's versions, newest first."""
        layer = self._layers.get(LayerName.from_text(call.path["LayerName"], call.owner))
        numbers = sorted(layer.versions, key=int, reverse=True) if layer is not None else []
        found = [_listed(layer.versions[number]) for number in numbers] if layer is not None else []
        return answer(page(call, found, "LayerVersions"))

    def delete_layer_version(self, call: Call) -> Response:
        """Delete a layer's version; that it isn't there is no error."""
        name = self._name(call)
        layer = self._layers.get(name)
        if layer is not None and name.version in layer.versions:
            with self._layers.changed(name) as changed:
                changed.versions.pop(str(name.version), None)
        return nothing()

    def get_layer_version_policy(self, call: Call) -> Response:
        """Say that a layer's version is shared with nobody."""
        self._layers.version(self._name(call))
        raise Refused("ResourceNotFoundException", "No policy is associated with the given resource.")

    def _shown(self, version: JSONObject) -> JSONObject:
        content = version["Content"]
        assert isinstance(content, dict)
        located = {**content, "Location": self._location(version["_digest"])}
        return {**_public(version), "Content": located}

    def _name(self, call: Call) -> LayerName:
        name = LayerName.from_text(call.path["LayerName"], call.owner)
        return name._replace(version=call.path["VersionNumber"])

    def _version(self, name: LayerName, number: int, asked: JSONObject, archive: Archive) -> JSONObject:
        rest = {key: value for key, value in asked.items() if key != "Content"}
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


def _public(version: JSONObject) -> JSONObject:
    return {key: value for key, value in version.items() if not key.startswith("_")}


def _listed(version: JSONObject) -> JSONObject:
    return {key: value for key, value in _public(version).items() if key not in ("Content", "LayerArn")}
