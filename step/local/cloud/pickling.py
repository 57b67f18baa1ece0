"""A backend of moto as bytes, and back: what it holds, and each entry of its large dictionaries for itself.

Knows what of moto pickle can't write or would write wrongly. Large contents are kept apart, under their hash.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import marshal
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import CellType, FunctionType
from typing import Any, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary

from step.local.cloud.backends import BackendKey, backend_of, key_of, share, shared
from step.local.cloud.entries import Entries, Path, kind_of
from step.local.cloud.growing import adopt

# A text of bytes as long as this is kept apart, under its hash: written once, however often its owner is.
_APART_BYTES = 16_384
_Kind = TypeVar("_Kind")
_LOCKS = (type(threading.Lock()), type(threading.RLock()))

Write = Callable[[str, bytes], None]


class Written(NamedTuple):
    """A backend as bytes, but for its large dictionaries."""

    state: bytes
    entries: tuple[Entries, ...]


class Kept(Protocol):
    """What was written."""

    def contents(self, name: str) -> bytes:
        """Give a large content."""
        ...

    def entries(self, number: int) -> Iterable[tuple[int, bytes]]:
        """Give the entries of a dictionary with their places, in order."""
        ...


def write_backend(backend: Any, write: Write, new_number: Callable[[], int]) -> Written:
    """Write a backend; ``write`` keeps large contents under their names.

    Raises:
        Exception: whatever pickle raises for what can't be written.
    """
    file = io.BytesIO()
    pickler = _BackendPickler(file, backend, write, new_number)
    pickler.dump((vars(backend), shared(key_of(backend))))
    return Written(file.getvalue(), tuple(pickler.entries))


def write_entry(backend: Any, path: Path, value: Any, write: Write) -> bytes:
    """Write an entry of a large dictionary of a backend.

    Raises:
        Exception: whatever pickle raises for what can't be written.
    """
    file = io.BytesIO()
    _Pickler(file, backend, write).dump((path, value))
    return file.getvalue()


def read_backend(backend: Any, state: bytes, kept: Kept) -> tuple[Entries, ...]:
    """Give a backend what was written of it; return its large dictionaries.

    Raises:
        Exception: whatever pickle raises for what another version of moto wrote.
    """
    unpickler = _Unpickler(io.BytesIO(state), backend, kept)
    attributes, names = unpickler.load()
    # AWS's own policies are moto's; it may have got new ones.
    for arn, policy in unpickler.policies.items():
        attributes["managed_policies"].setdefault(arn, policy)
    vars(backend).clear()
    vars(backend).update(attributes)
    share(key_of(backend), names)
    return tuple(unpickler.entries.values())


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
            return ("root",) if value is self._root else ("backend", tuple(key_of(value)))
        return None

    def reducer_override(self, value: Any) -> Any:
        """Write what pickle can't, or would write wrongly."""
        kind = type(value)
        if kind is FunctionType and "<" in value.__qualname__:
            return _local_function(value)
        if isinstance(value, Entries):
            raise pickle.PicklingError("a dictionary that is written entry by entry is inside an entry")
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


class _BackendPickler(_Pickler):
    """Writes large dictionaries as references too; their entries are written for themselves."""

    def __init__(self, file: io.BytesIO, root: Any, write: Write, new_number: Callable[[], int]) -> None:
        super().__init__(file, root, write)
        self._new_number = new_number
        self.entries: list[Entries] = []

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, Entries):
            return super().persistent_id(value)
        if value.number is None:
            value.number = self._new_number()
        self.entries.append(value)
        return ("entries", value.plain, value.number)

    def reducer_override(self, value: Any) -> Any:
        """Write what pickle can't; have objects know what changes in them."""
        adopt(value)
        return super().reducer_override(value)


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
    def __init__(self, file: io.BytesIO, root: Any, kept: Kept) -> None:
        super().__init__(file)
        self._root = root
        self._kept = kept
        self.policies = _own_policies(root)
        self.entries: dict[int, Entries] = {}

    def persistent_load(self, reference: Any) -> Any:
        match reference:
            case ("contents", name):
                return self._kept.contents(name)
            case ("entries", plain, number):
                if number not in self.entries:
                    self._fill(kind_of(plain)(), number)
                return self.entries[number]
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

    def _fill(self, entries: Entries, number: int) -> None:
        entries.number = number
        self.entries[number] = entries
        for place, data in self._kept.entries(number):
            path, value = _Unpickler(io.BytesIO(data), self._root, self._kept).load()
            entries.fill(place, path, value)
