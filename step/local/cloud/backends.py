"""moto's backends: the objects that hold a service's state, per account and region.

Knows moto's inside: which backend a request touched, and how one becomes bytes and back.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import marshal
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CellType, FunctionType
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

# A text of bytes as long as this is kept apart, under its hash: written once, however often its owner is.
_APART_BYTES = 16_384
# Every request looks at these; they change by their own requests only.
_LOOKED_AT = {"iam": frozenset({"iam", "sts"})}
_Kind = TypeVar("_Kind")
_LOCKS = (type(threading.Lock()), type(threading.RLock()))

Write = Callable[[str, bytes], None]
Read = Callable[[str], bytes]


class BackendKey(NamedTuple):
    """A backend: moto's module, an account, a region (or "aws")."""

    module: str
    account: str
    region: str


class Touched:
    """Notes which backends a request reaches for."""

    def __init__(self) -> None:
        self._local = threading.local()

    def install(self) -> None:
        """Have moto say so; loads its core."""
        from moto.core.base_backend import AccountSpecificBackend

        original = getattr(AccountSpecificBackend.__getitem__, "original", AccountSpecificBackend.__getitem__)
        local = self._local

        def noted(self: Any, region: str) -> Any:
            backend = original(self, region)
            found = getattr(local, "found", None)
            if found is not None:
                found.add(_key_of(backend))
            return backend

        noted.original = original  # type: ignore[attr-defined]  # a function takes any attribute
        patched: Any = AccountSpecificBackend
        patched.__getitem__ = noted

    @contextmanager
    def noting(self, service: str) -> Iterator[set[BackendKey]]:
        """Collect what the requests of this thread touch."""
        found: set[BackendKey] = set()
        self._local.found = found
        try:
            yield found
        finally:
            self._local.found = None
            for module, changing in _LOOKED_AT.items():
                if service not in changing:
                    found -= {key for key in found if key.module == module}


def backend_of(key: BackendKey) -> Any:
    """Give a backend, new where there was none.

    Raises:
        LookupError: this moto has none of that name.
    """
    try:
        module = importlib.import_module(f"moto.{key.module}.models")
    except ImportError:
        raise LookupError(f"moto has no service {key.module}") from None
    from moto.core.base_backend import BackendDict

    for value in vars(module).values():
        if isinstance(value, BackendDict) and value.backend.__module__.startswith(module.__name__):
            return value[key.account][key.region]
    raise LookupError(f"moto has no backends in {module.__name__}")


def to_bytes(backend: Any, write: Write) -> bytes:
    """Write a backend as bytes; ``write`` keeps large contents under their names.

    Raises:
        Exception: whatever pickle raises for what can't be written.
    """
    file = io.BytesIO()
    _Pickler(file, backend, write).dump(vars(backend))
    return file.getvalue()


def from_bytes(backend: Any, data: bytes, read: Read) -> None:
    """Give a backend the state that was written.

    Raises:
        Exception: whatever pickle raises for what another version of moto wrote.
    """
    unpickler = _Unpickler(io.BytesIO(data), backend, read)
    state = unpickler.load()
    vars(backend).clear()
    vars(backend).update(state)
    # AWS's own policies are moto's; it may have got new ones.
    for arn, policy in unpickler.policies.items():
        backend.managed_policies.setdefault(arn, policy)


def _key_of(backend: Any) -> BackendKey:
    return BackendKey(type(backend).__module__.split(".")[1], backend.account_id, backend.region_name)


_PLAIN = frozenset({str, int, float, bool, dict, list, tuple, set, type(None), bytearray, type})
# What was written of an object's contents, by the buffer that holds them.
_written: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class _Pickler(pickle.Pickler):
    """Writes other backends, locks and large contents as references."""

    def __init__(self, file: io.BytesIO, root: Any, write: Write) -> None:
        super().__init__(file, protocol=5)
        from moto.core.base_backend import BaseBackend

        self._backend_type = BaseBackend
        self._root = root
        self._write = write

    def persistent_id(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return None
        if kind is _Contents:
            return ("contents", value.name)
        if kind is bytes:
            return ("contents", self._named(value)) if len(value) >= _APART_BYTES else None
        if kind in _LOCKS:
            return ("lock", _LOCKS.index(kind))
        if kind.__name__ == "AWSManagedPolicy":
            # There are 1,400 of them, and moto brings them; what changes is how often each is used.
            return ("policy", value.arn, value.attachment_count)
        if isinstance(value, self._backend_type):
            return ("root",) if value is self._root else ("backend", tuple(_key_of(value)))
        return None

    def reducer_override(self, value: Any) -> Any:
        """Write what pickle can't, or would write wrongly."""
        kind = type(value)
        if kind is FunctionType and "<" in value.__qualname__:
            return _local_function(value)
        if isinstance(value, dict) and kind.__module__.startswith("moto."):
            # Its own items() may show less than it holds: S3's, only the newest versions.
            factory = value.default_factory if isinstance(value, defaultdict) else None
            return _new, (kind,), (vars(value), factory, dict(dict.items(value))), None, None, _fill
        if kind.__module__.startswith("cryptography."):
            return _cryptographic(value)
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """Write an object of S3 whose contents are large without looking at them again."""
        buffer = vars(value).get("_value_buffer") if hasattr(value, "__dict__") else None
        if buffer is None or buffer.closed or value.contentsize < _APART_BYTES:
            return NotImplemented
        name = _written.get(buffer)
        if name is None:
            name = _written[buffer] = self._named(value.value)
        state = {key: item for key, item in vars(value).items() if key not in ("_value_buffer", "lock")}
        return _new, (type(value),), {**state, "value": _Contents(name)}

    def _named(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self._write(name, data)
        return name


def _new(kind: type[_Kind]) -> _Kind:
    return kind.__new__(kind)


def _fill(mapping: dict[Any, Any], state: tuple[dict[str, Any], Any, dict[Any, Any]]) -> None:
    vars(mapping).update(state[0])
    if isinstance(mapping, defaultdict):
        mapping.default_factory = state[1]
    for key, value in state[2].items():
        dict.__setitem__(mapping, key, value)


def _local_function(value: FunctionType) -> Any:
    """Write a function without a name, as the default of a dictionary: its code, for this Python only."""
    cells = tuple(cell.cell_contents for cell in value.__closure__ or ())
    code = marshal.dumps(value.__code__)
    return _function, (code, value.__module__, value.__name__, value.__defaults__, cells)


def _function(code: bytes, module: str, name: str, defaults: Any, cells: tuple[Any, ...]) -> FunctionType:
    names = vars(importlib.import_module(module))
    return FunctionType(marshal.loads(code), names, name, defaults, tuple(CellType(cell) for cell in cells))


def _cryptographic(value: Any) -> Any:
    from cryptography.hazmat.primitives import serialization

    pem = serialization.Encoding.PEM
    if hasattr(value, "private_bytes"):
        plain = serialization.NoEncryption()
        return _private_key, (value.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),)
    if type(value).__name__ == "Certificate":
        return _certificate, (value.public_bytes(pem),)
    return NotImplemented


def _private_key(text: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization.load_pem_private_key(text, None)


def _certificate(text: bytes) -> Any:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(text)


def _own_policies(backend: Any) -> dict[str, Any]:
    policies = getattr(backend, "managed_policies", {})
    return {arn: its for arn, its in policies.items() if type(its).__name__ == "AWSManagedPolicy"}


class _Contents:
    """A place holder that is written as a reference to contents."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, root: Any, read: Read) -> None:
        super().__init__(file)
        self._root = root
        self._read = read
        self.policies = _own_policies(root)

    def persistent_load(self, reference: Any) -> Any:
        match reference:
            case ("contents", name):
                return self._read(name)
            case ("policy", arn, count):
                policy = self.policies[arn]
                policy.attachment_count = count
                return policy
            case ("lock", number):
                return (threading.Lock, threading.RLock)[number]()
            case ("root",):
                return self._root
            case ("backend", key):
                return backend_of(BackendKey(*key))
        raise pickle.UnpicklingError(f"unknown reference {reference!r}")
