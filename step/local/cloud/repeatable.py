"""moto's clock and chance in the hands of whoever asks it: at the same moment it gives the same answer.

moto reads the time and draws ids wherever it likes. Each of its modules gets stand-ins for what it took from
the standard library (and for moto's own ``mock_random``), which ask the moment that this thread is in. Keys
that OpenSSL makes can't be repeated: they are written down when they are made. Knows moto's modules, none of
its objects.
"""

from __future__ import annotations

import datetime
import os
import random
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from step.clock import now_ms

# A lint rule keeps modules from reading the wall clock: this is what moto's modules have, to know it by.
_TIME: ModuleType = sys.modules["time"]
# Where moto numbers its own objects: what it draws there is nobody's id.
_LEFT_ALONE = "moto.core.base_backend"
_KEY_MAKERS = (
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.asymmetric.ec",
)


class _Moment(threading.local):
    """What a thread's requests see: a time (None: that of the wall clock), and where ids come from."""

    at_ms: int | None = None
    chance: Any = None
    made: list[bytes] | None = None
    made_before: Iterator[bytes] = iter(())


_moment = _Moment()


@contextmanager
def moment(at_ms: int | None, seed: str, made_before: Sequence[bytes] = ()) -> Iterator[list[bytes]]:
    """Let what this thread asks moto happen at a time, with what is drawn from a seed.

    Args:
        at_ms: Milliseconds since 1970; None: the time goes on by itself, for a request that waits.
        seed: Any text.
        made_before: What the same request gave here when it was asked first.

    Yields:
        The keys that are made meanwhile, in PKCS 8.
    """
    before = _moment.at_ms, _moment.chance, _moment.made, _moment.made_before
    made: list[bytes] = []
    _moment.at_ms, _moment.chance = at_ms, type(_Moment.chance)(seed)
    _moment.made, _moment.made_before = made, iter(made_before)
    try:
        yield made
    finally:
        _moment.at_ms, _moment.chance, _moment.made, _moment.made_before = before


def install() -> None:
    """Give the modules of moto that were imported until now their stand-ins; calling it again is cheap."""
    if _Moment.chance is None:
        from moto.moto_api._internal.moto_random import MotoRandom

        # For what moto draws while nobody asks it anything: seeded by the operating system.
        _Moment.chance = MotoRandom()
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and name != _LEFT_ALONE and "_is_repeatable" not in vars(module):
            for attribute, value in list(vars(module).items()):
                stand_in = _stand_in_of(value)
                if stand_in is not None:
                    setattr(module, attribute, stand_in)
            vars(module)["_is_repeatable"] = True


def _seconds() -> float:
    return (now_ms() if _moment.at_ms is None else _moment.at_ms) / 1000


class _IsDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime.datetime)


class _Datetime(datetime.datetime, metaclass=_IsDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return datetime.datetime.fromtimestamp(_seconds(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return datetime.datetime.fromtimestamp(_seconds(), datetime.UTC).replace(tzinfo=None)


def _uuid4() -> uuid.UUID:
    return uuid.UUID(int=int(_moment.chance.getrandbits(128)), version=4)


def _urandom(size: int) -> bytes:
    return bytes(_moment.chance.randbytes(size))


class _Chance:
    """The random numbers of this thread's moment."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_moment.chance, name)


def _with(original: ModuleType, **instead: Any) -> ModuleType:
    """Give a module that has something else under some names."""
    module = ModuleType(original.__name__, original.__doc__)
    vars(module).update({**vars(original), **instead})
    return module


def _stand_in_of(value: Any) -> Any:
    """Give what moto's modules have instead of something; None: nothing."""
    if isinstance(value, ModuleType):
        return _module_instead_of(value)
    if isinstance(value, type(_Moment.chance)):
        return _CHANCE
    for original, stand_in in _NAMES:
        if value is original:
            return stand_in
    return None


def _module_instead_of(module: ModuleType) -> Any:
    if module.__name__ in _KEY_MAKERS:
        # A stand-in has the same name: it isn't replaced again.
        generate = module.generate_private_key
        return _with(module, generate_private_key=_written_down(generate)) if not _is_ours(generate) else None
    return _MODULES.get(id(module))


def _written_down(generate: Callable[..., Any]) -> Callable[..., Any]:
    """Have a private key that OpenSSL makes come again when the same is asked again."""

    def generate_private_key(*args: Any, **more: Any) -> Any:
        from cryptography.hazmat.primitives import serialization

        before = next(_moment.made_before, None)
        if before is not None:
            key: Any = serialization.load_der_private_key(before, password=None)
        else:
            key = generate(*args, **more)
            before = key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        if _moment.made is not None:
            _moment.made.append(before)
        return key

    return generate_private_key


def _is_ours(function: Callable[..., Any]) -> bool:
    return function.__module__ == __name__


_CHANCE = _Chance()
_NAMES: tuple[tuple[Any, Any], ...] = (
    (datetime.datetime, _Datetime),
    (_TIME.time, _seconds),
    (uuid.uuid4, _uuid4),  # noqa: TID251 - to know it by
    (os.urandom, _urandom),  # noqa: TID251 - to know it by
)
_MODULES = {
    id(datetime): _with(datetime, datetime=_Datetime),
    id(_TIME): _with(_TIME, time=_seconds),
    id(uuid): _with(uuid, uuid4=_uuid4),
    id(os): _with(os, urandom=_urandom),
    id(random): _CHANCE,
}
