"""Lambda's operations on what surrounds a function: permissions, tags, retries, URLs.

Knows documents; no HTTP, no process. Kept and shown as given; only retries of asynchronous
invocations change how functions run here. AWS: Lambda API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from step.clock import now_ms
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.functions.configurations import check_revision, timestamp
from step.local.functions.event_sources import EventSources
from step.local.functions.names import LATEST, FunctionName, Owner, named
from step.local.functions.paging import page
from step.local.functions.store import FunctionShelf
from step.local.functions.versions import existing


class SettingOperations:
    """What can be set around a function; each method answers the operation of its name."""

    def __init__(self, functions: FunctionShelf, sources: EventSources) -> None:
        self._functions = functions
        self._sources = sources

    # ------------------------------------------------------------ permissions

    def add_permission(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Add a statement to the policy of a function, version or alias."""
        name = existing(self._functions, owner, asked)
        with self._functions.changed(name) as function:
            policy = function.policies.get(name.qualifier or "") or {"Statement": [], "RevisionId": ""}
            if asked.get("RevisionId") is not None:
                check_revision(policy, asked["RevisionId"])
            statements = policy["Statement"]
            assert isinstance(statements, list)
            if any(_id_of(its) == asked["StatementId"] for its in statements):
                raise Refused(
                    "ResourceConflictException",
                    f"The statement id ({asked['StatementId']}) provided already exists. Please provide a"
                    " new statement id, or remove the existing statement.",
                )
            statement = _statement(asked, name)
            function.policies[name.qualifier or ""] = {
                "Statement": [*statements, statement],
                "RevisionId": new_uuid(),
            }
        return {"Statement": json.dumps(statement)}

    def get_policy(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show the policy of a function, version or alias."""
        name = existing(self._functions, owner, asked)
        policy = self._functions.find(name).policies.get(name.qualifier or "")
        if policy is None:
            raise Refused("ResourceNotFoundException", "The resource you requested does not exist.")
        document = {"Version": "2012-10-17", "Id": "default", "Statement": policy["Statement"]}
        return {"Policy": json.dumps(document), "RevisionId": policy["RevisionId"]}

    def remove_permission(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Take a statement out of a policy."""
        name = existing(self._functions, owner, asked)
        wanted = str(asked["StatementId"])
        with self._functions.changed(name) as function:
            policy = function.policies.get(name.qualifier or "") or {"Statement": [], "RevisionId": ""}
            statements = policy["Statement"]
            assert isinstance(statements, list)
            left = [statement for statement in statements if _id_of(statement) != wanted]
            if len(left) == len(statements):
                raise Refused(
                    "ResourceNotFoundException", f"Statement {wanted} is not found in resource policy."
                )
            check_revision(policy, asked.get("RevisionId"))
            function.policies[name.qualifier or ""] = {"Statement": left, "RevisionId": new_uuid()}
            if not left:
                del function.policies[name.qualifier or ""]
        return {}

    # ------------------------------------------------------------ tags

    def list_tags(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a function's tags."""
        source = self._sources.tagged(owner, str(asked["Resource"]))
        if source is not None:
            return {"Tags": {**self._sources.found(owner, source.name).tags}}
        return {"Tags": {**self._functions.find(self._tagged(owner, asked)).tags}}

    def tag_resource(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Set tags."""
        given = asked["Tags"]
        assert isinstance(given, dict)
        with self._changed_tags(owner, asked) as tags:
            tags |= {key: str(value) for key, value in given.items()}
            if len(tags) > 50:
                raise Refused("InvalidParameterValueException", "Tag limit exceeded: at most 50 tags")
        return {}

    def untag_resource(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Remove tags."""
        keys = asked["TagKeys"]
        assert isinstance(keys, list)  # as the model says
        with self._changed_tags(owner, asked) as tags:
            for key in keys:
                tags.pop(str(key), None)
        return {}

    @contextmanager
    def _changed_tags(self, owner: Owner, asked: JSONObject) -> Iterator[dict[str, str]]:
        """Give the tags of a function or of an event source mapping to change."""
        source = self._sources.tagged(owner, str(asked["Resource"]))
        if source is not None:
            self._sources.found(owner, source.name)
            with self._sources.shelf.changed(source) as kept:
                yield kept.tags
            return
        name = self._tagged(owner, asked)
        self._functions.find(name)
        with self._functions.changed(name) as function:
            yield function.tags

    # ------------------------------------------------------------ asynchronous invocation

    def put_function_event_invoke_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Say how often asynchronous invocations are tried again."""
        return self._set_event_invoke(owner, asked, {})

    def update_function_event_invoke_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Change how often asynchronous invocations are tried again."""
        name = existing(self._functions, owner, asked)
        return self._set_event_invoke(owner, asked, self._event_invoke(name))

    def get_function_event_invoke_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show how often asynchronous invocations are tried again."""
        return self._event_invoke(existing(self._functions, owner, asked))

    def delete_function_event_invoke_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Try asynchronous invocations as often as Lambda does by itself."""
        name = existing(self._functions, owner, asked)
        self._event_invoke(name)
        with self._functions.changed(name) as function:
            function.event_invoke.pop(name.qualifier or LATEST, None)
        return {}

    def list_function_event_invoke_configs(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List what is said of every version and alias."""
        configs = self._functions.find(named(owner, asked)).event_invoke
        return page(asked, list(configs.values()), "FunctionEventInvokeConfigs")

    def _event_invoke(self, name: FunctionName) -> JSONObject:
        found = self._functions.find(name).event_invoke.get(name.qualifier or LATEST)
        if found is None:
            raise Refused(
                "ResourceNotFoundException", f"The function {name.arn} doesn't have an EventInvokeConfig"
            )
        return found

    def _set_event_invoke(self, owner: Owner, asked: JSONObject, old: JSONObject) -> JSONObject:
        name = existing(self._functions, owner, asked)
        qualifier = name.qualifier or LATEST
        config: JSONObject = {
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
            **old,
            **_said(asked),
            "FunctionArn": name._replace(qualifier=qualifier).arn,
            "LastModified": now_ms() / 1000,
        }
        with self._functions.changed(name) as function:
            function.event_invoke[qualifier] = config
        return config

    # ------------------------------------------------------------ URLs

    def create_function_url_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Give a function a URL; nothing listens there."""
        name = existing(self._functions, owner, asked)
        if (name.qualifier or "") in self._functions.find(name).urls:
            raise Refused("ResourceConflictException", f"Function url exists for {name.arn}")
        host = f"{new_uuid().replace('-', '')}.lambda-url.{name.owner.region}.on.aws"
        config: JSONObject = {
            "InvokeMode": "BUFFERED",
            **_said(asked),
            "FunctionUrl": f"https://{host}/",
            "FunctionArn": name.arn,
            "CreationTime": timestamp(),
            "LastModifiedTime": timestamp(),
        }
        with self._functions.changed(name) as function:
            function.urls[name.qualifier or ""] = config
        return config

    def get_function_url_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a function's URL."""
        return self._url(existing(self._functions, owner, asked))

    def update_function_url_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Change what is said of a function's URL."""
        name = existing(self._functions, owner, asked)
        config = {**self._url(name), **_said(asked), "LastModifiedTime": timestamp()}
        with self._functions.changed(name) as function:
            function.urls[name.qualifier or ""] = config
        return config

    def delete_function_url_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Take a function's URL away."""
        name = existing(self._functions, owner, asked)
        self._url(name)
        with self._functions.changed(name) as function:
            function.urls.pop(name.qualifier or "", None)
        return {}

    def list_function_url_configs(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List the URLs of a function and its aliases."""
        return page(
            asked, list(self._functions.find(named(owner, asked)).urls.values()), "FunctionUrlConfigs"
        )

    def _url(self, name: FunctionName) -> JSONObject:
        found = self._functions.find(name).urls.get(name.qualifier or "")
        if found is None:
            raise Refused("ResourceNotFoundException", "The resource you requested does not exist.")
        return found

    # ------------------------------------------------------------ the rest

    def get_function_code_signing_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show which code signing configuration a function has; none is enforced here."""
        name = named(owner, asked)
        found = self._functions.find(name).code_signing
        shown: JSONObject = {"FunctionName": name.name}
        return shown if found is None else {**shown, "CodeSigningConfigArn": found}

    def put_function_code_signing_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Give a function a code signing configuration."""
        arn = str(asked["CodeSigningConfigArn"])
        name = existing(self._functions, owner, asked)._replace(qualifier=None)
        with self._functions.changed(name) as function:
            function.code_signing = arn
        return {"CodeSigningConfigArn": arn, "FunctionName": name.name}

    def delete_function_code_signing_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Take a function's code signing configuration away."""
        name = existing(self._functions, owner, asked)._replace(qualifier=None)
        with self._functions.changed(name) as function:
            function.code_signing = None
        return {}

    def get_function_recursion_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show what happens to a function that invokes itself."""
        return {"RecursiveLoop": self._functions.find(named(owner, asked)).recursion}

    def put_function_recursion_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Say what happens to a function that invokes itself."""
        loop = str(asked["RecursiveLoop"])
        name = existing(self._functions, owner, asked)._replace(qualifier=None)
        with self._functions.changed(name) as function:
            function.recursion = loop
        return {"RecursiveLoop": loop}

    def get_runtime_management_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show when a function's runtime is updated."""
        name = existing(self._functions, owner, asked)
        kept = self._functions.find(name).runtime_management.get(name.qualifier or LATEST)
        found = kept or {"UpdateRuntimeOn": "Auto"}
        return {**found, "FunctionArn": name._replace(qualifier=name.qualifier or LATEST).arn}

    def put_runtime_management_config(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Say when a function's runtime is updated."""
        name = existing(self._functions, owner, asked)
        qualifier = name.qualifier or LATEST
        with self._functions.changed(name) as function:
            function.runtime_management[qualifier] = _said(asked)
        return {**_said(asked), "FunctionArn": name._replace(qualifier=qualifier).arn}

    # ------------------------------------------------------------ within

    def _tagged(self, owner: Owner, asked: JSONObject) -> FunctionName:
        return FunctionName.from_text(str(asked["Resource"]), owner)._replace(qualifier=None)


def _said(asked: JSONObject) -> JSONObject:
    """Give what a request says beside whom it means."""
    return {name: value for name, value in asked.items() if name not in ("FunctionName", "Qualifier")}


def _statement(asked: JSONObject, name: FunctionName) -> JSONObject:
    principal = str(asked["Principal"])
    if principal == "*":
        who: JSONValue = "*"
    elif principal.endswith(".amazonaws.com"):
        who = {"Service": principal}
    else:
        who = {"AWS": f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal}
    statement: JSONObject = {
        "Sid": asked["StatementId"],
        "Effect": "Allow",
        "Principal": who,
        "Action": asked["Action"],
        "Resource": name.arn,
    }
    condition = _condition(asked)
    if condition:
        statement["Condition"] = condition
    return statement


_CONDITIONS = {
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}


def _condition(asked: JSONObject) -> JSONObject:
    condition: dict[str, dict[str, JSONValue]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in asked:
            condition.setdefault(operator, {})[key] = asked[member]
    if "InvokedViaFunctionUrl" in asked:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": asked["InvokedViaFunctionUrl"]}
    return {**condition}


def _id_of(statement: JSONValue) -> JSONValue:
    return statement.get("Sid") if isinstance(statement, dict) else None
