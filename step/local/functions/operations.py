"""Lambda's operations on functions, versions and aliases.

Knows documents and zips; no HTTP, no process. AWS: Lambda API reference.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from typing import Protocol

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.archives import Archive, Archives
from step.local.functions.configurations import (
    check_revision,
    configure,
    new_configuration,
    set_code,
)
from step.local.functions.names import LATEST, FunctionName, Owner, named
from step.local.functions.paging import page
from step.local.functions.store import Function, FunctionShelf, LayerShelf
from step.local.functions.versions import aliased, publish, qualified, routed, versions

_MOST_VERSIONS_LISTED = 50


class CodeObjects(Protocol):
    """Where code is read from that a request only names: S3."""

    def read(self, owner: Owner, bucket: str, key: str, version: str | None) -> bytes:
        """Give an object's bytes.

        Raises:
            Refused: there is no such bucket, object or version; ``code`` is S3's.
        """


class FunctionOperations:
    """What can be asked of functions; each method answers the operation of its name."""

    def __init__(
        self,
        functions: FunctionShelf,
        layers: LayerShelf,
        archives: Archives,
        objects: CodeObjects,
        forget: Callable[[FunctionName], None],
        location: Callable[[JSONValue], str],
    ) -> None:
        self._functions = functions
        self._layers = layers
        self._archives = archives
        self._objects = objects
        self._forget = forget
        self._location = location

    # ------------------------------------------------------------ functions

    def create_function(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Make a function, and with ``Publish`` its version 1."""
        name = FunctionName.from_text(str(asked["FunctionName"]), owner)._replace(qualifier=None)
        if self._functions.get(name) is not None:
            raise Refused("ResourceConflictException", f"Function already exist: {name.name}")
        configuration = new_configuration(name, asked, self._layers)
        set_code(configuration, self.code(owner, _object(asked["Code"])))
        function = Function(latest=configuration, tags=_texts(asked.get("Tags")))
        signing = asked.get("CodeSigningConfigArn")
        function.code_signing = str(signing) if signing else None
        result = configuration
        if asked.get("Publish"):
            result = publish(function, name)
        with self._functions.changed(name, function):
            pass
        return result

    def get_function(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a function: its configuration, tags, and where its code is."""
        name = named(owner, asked)
        function = self._functions.find(name)
        configuration = self._functions.configuration(name)
        location = self._location(configuration["_digest"])
        shown_function: JSONObject = {
            "Configuration": qualified(configuration, name),
            "Code": {"RepositoryType": "S3", "Location": location},
        }
        if function.tags:
            shown_function["Tags"] = {**function.tags}
        if function.concurrency is not None:
            shown_function["Concurrency"] = {"ReservedConcurrentExecutions": function.concurrency}
        return shown_function

    def get_function_configuration(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a version's configuration."""
        name = named(owner, asked)
        return qualified(self._functions.configuration(name), name)

    def list_functions(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List the functions, with ``FunctionVersion=ALL`` every version of each."""
        listed: list[JSONValue] = []
        is_all = asked.get("FunctionVersion") == "ALL"
        for text in self._functions.names(owner):
            name = FunctionName(owner, text)
            function = self._functions.get(name)
            if function is None:
                continue
            if is_all:
                listed += versions(function, name)
            else:
                listed.append(function.latest)
        return page(asked, listed, "Functions")

    def update_function_code(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Set ``$LATEST``'s code, unless it is a dry run."""
        name = named(owner, asked)._replace(qualifier=None)
        check_revision(self._functions.find(name).latest, asked.get("RevisionId"))
        archive = self.code(owner, asked)
        with self._functions.changed(name, is_dry=bool(asked.get("DryRun"))) as function:
            check_revision(function.latest, asked.get("RevisionId"))
            set_code(function.latest, archive)
            if asked.get("Architectures"):
                function.latest["Architectures"] = asked["Architectures"]
            return publish(function, name) if asked.get("Publish") else function.latest

    def update_function_configuration(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Set ``$LATEST``'s configuration."""
        name = named(owner, asked)._replace(qualifier=None)
        self._functions.find(name)
        with self._functions.changed(name) as function:
            check_revision(function.latest, asked.get("RevisionId"))
            configure(function.latest, asked, self._layers, name.owner)
        return function.latest

    def delete_function(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Delete a function, or one of its versions that no alias uses."""
        name = named(owner, asked)
        function = self._functions.find(name)
        version = name.qualifier
        if version is None:
            self._functions.drop(name)
            self._forget(name)
            return {"StatusCode": 204}
        if version == LATEST:
            raise Refused(
                "InvalidParameterValueException",
                "$LATEST version cannot be deleted without deleting the function.",
            )
        users = sorted(alias for alias, its in function.aliases.items() if version in routed(its))
        if users:
            raise Refused(
                "ResourceConflictException",
                f"Version {version} is currently used by alias(es): {', '.join(users)}",
            )
        if version in function.aliases:
            raise Refused("InvalidParameterValueException", "Use DeleteAlias to delete an alias.")
        if version in function.versions:
            with self._functions.changed(name) as changed:
                del changed.versions[version]
        return {"StatusCode": 204}

    # ------------------------------------------------------------ versions

    def publish_version(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Publish ``$LATEST``; nothing changed since the last time: that version again."""
        name = named(owner, asked)._replace(qualifier=None)
        self._functions.find(name)
        with self._functions.changed(name) as function:
            check_revision(function.latest, asked.get("RevisionId"))
            sha256 = asked.get("CodeSha256")
            if sha256 and sha256 != function.latest["CodeSha256"]:
                raise Refused(
                    "InvalidParameterValueException",
                    f"CodeSHA256 ({sha256}) is different from current CodeSHA256 in $LATEST"
                    f" ({function.latest['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST.",
                )
            return publish(function, name, asked.get("Description"))

    def list_versions_by_function(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List ``$LATEST`` and the versions, oldest first."""
        name = named(owner, asked)
        found = versions(self._functions.find(name), name)
        return page(asked, found, "Versions", most=_MOST_VERSIONS_LISTED)

    # ------------------------------------------------------------ aliases

    def create_alias(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Point a new alias at a version."""
        name = named(owner, asked)._replace(qualifier=None)
        alias = str(asked["Name"])
        self._functions.find(name)
        with self._functions.changed(name) as function:
            if alias in function.aliases:
                arn = name._replace(qualifier=alias).arn
                raise Refused("ResourceConflictException", f"Alias already exists: {arn}")
            made: JSONObject = {
                "AliasArn": name._replace(qualifier=alias).arn,
                "Name": alias,
                "Description": "",
            }
            function.aliases[alias] = aliased(function, name, made, asked)
        return function.aliases[alias]

    def get_alias(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show an alias."""
        return self._alias(owner, asked)[1]

    def update_alias(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Point an alias at another version, or weigh a second one."""
        name, old = self._alias(owner, asked)
        with self._functions.changed(name) as function:
            check_revision(function.aliases[str(asked["Name"])], asked.get("RevisionId"))
            changed = aliased(function, name, old, asked)
            function.aliases[str(asked["Name"])] = changed
        return changed

    def delete_alias(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Delete an alias; that it isn't there is no error."""
        name = named(owner, asked)._replace(qualifier=None)
        if str(asked["Name"]) in self._functions.find(name).aliases:
            with self._functions.changed(name) as function:
                function.aliases.pop(str(asked["Name"]), None)
        return {}

    def list_aliases(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List the aliases, or those of a version."""
        function = self._functions.find(named(owner, asked))
        version = asked.get("FunctionVersion")
        found = [its for _, its in sorted(function.aliases.items()) if version in (None, *routed(its))]
        return page(asked, found, "Aliases")

    # ------------------------------------------------------------ within

    def _alias(self, owner: Owner, asked: JSONObject) -> tuple[FunctionName, JSONObject]:
        name = named(owner, asked)._replace(qualifier=None)
        found = self._functions.find(name).aliases.get(str(asked["Name"]))
        if found is None:
            raise Refused(
                "ResourceNotFoundException",
                f"Cannot find alias arn: {name._replace(qualifier=str(asked['Name'])).arn}",
            )
        return name, found

    def code(self, owner: Owner, code: JSONObject) -> Archive:
        """Fetch, check and keep the code that a request names.

        Raises:
            Refused: it names none, or one that isn't there or isn't good.
        """
        if "ZipFile" in code:
            try:
                data = b64decode(str(code["ZipFile"]), validate=True)
            except (NotBase64, ValueError):
                raise Refused("SerializationException", "ZipFile is not base64") from None
            return self._archives.keep(data, is_direct=True)
        if not (code.get("S3Bucket") and code.get("S3Key")):
            raise Refused(
                "InvalidParameterValueException", "Please provide a source for function code: ZipFile or S3."
            )
        version = code.get("S3ObjectVersion")
        try:
            data = self._objects.read(
                owner, str(code["S3Bucket"]), str(code["S3Key"]), str(version) if version else None
            )
        except Refused as refused:
            raise Refused(
                "InvalidParameterValueException",
                f"Error occurred while GetObject. S3 Error Code: {refused.code}."
                f" S3 Error Message: {refused.message}",
            ) from refused
        return self._archives.keep(data, is_direct=False)


def _object(value: JSONValue) -> JSONObject:
    assert isinstance(value, dict)  # as the request's shape says
    return value


def _texts(value: JSONValue) -> dict[str, str]:
    return {key: str(item) for key, item in value.items()} if isinstance(value, dict) else {}
