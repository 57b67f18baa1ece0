"""Dictionaries and lists that know which of their entries changed, so that a change costs as much as itself.

Whoever was given an entry may change it: an entry counts as changed once it was reached for, unless by a
request that only reads. Pure: no disk, nothing of moto's.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, MutableMapping, MutableSequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any, Final, NamedTuple

# The keys that lead to an entry; it has as many as dictionaries are inside each other.
Path = tuple[Any, ...]
ABSENT: Final = object()


# For mypy dict is one already; what it inherits at runtime are C's methods.
_METHODS: Any = MutableMapping


class _Thread(threading.local):
    is_reading = False


_thread = _Thread()


@contextmanager
def reading() -> Iterator[None]:
    """Promise that this thread changes no entry that it reaches for."""
    before, _thread.is_reading = _thread.is_reading, True
    try:
        yield
    finally:
        _thread.is_reading = before


class Changes(NamedTuple):
    """What changed: entries, in the order of the dictionary, and the places of those that are gone."""

    paths: dict[Path, None]
    gone: list[int]


class _Notes:
    """What a dictionary knows about the entries in it and in those inside it."""

    def __init__(self) -> None:
        self.changes = Changes({}, [])
        self.places: dict[Path, int] = {}
        self.before: dict[Path, Any] | None = None

    def reached(self, path: Path, value: Any) -> None:
        """Note that an entry was given to somebody."""
        if not _thread.is_reading:
            self.changes.paths[path] = None
            self._keep(path, value)

    def set(self, path: Path, old: Any) -> None:
        """Note that an entry gets another value."""
        self._keep(path, old)
        if old is ABSENT:
            self.changes.paths.pop(path, None)  # it comes last now
        self.changes.paths[path] = None

    def deleted(self, path: Path, old: Any) -> None:
        """Note that an entry goes, with its place."""
        self._keep(path, old)
        self.changes.paths.pop(path, None)
        place = self.places.pop(path, None)
        if place is not None:
            self.changes.gone.append(place)

    def _keep(self, path: Path, old: Any) -> None:
        if self.before is not None and path not in self.before:
            self.before[path] = deepcopy(old) if old is not ABSENT else old


class Entries(_METHODS, dict[Any, Any]):  # type: ignore[misc]  # a class that mypy doesn't see
    """A dictionary whose entries are written one by one.

    dict's other methods are those of ``MutableMapping``, which end in the ones below: none gets around them.

    Attributes:
        number: What it is called on disk; None: it was never written.
        plain: The kind of dictionary that it stands for.
    """

    plain: type[dict[Any, Any]] = dict

    def __init__(self, notes: _Notes | None = None, path: Path = ()) -> None:
        self.number: int | None = None
        self._notes = notes or _Notes()
        self._path = path

    def __getitem__(self, key: Any) -> Any:
        value = dict.__getitem__(self, key)
        if not isinstance(value, Entries):
            self._notes.reached((*self._path, key), value)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        self._notes.set((*self._path, key), dict.get(self, key, ABSENT))
        dict.__setitem__(self, key, value)

    def __delitem__(self, key: Any) -> None:
        old = dict.__getitem__(self, key)
        if isinstance(old, Entries):
            old.clear()
        else:
            self._notes.deleted((*self._path, key), old)
        dict.__delitem__(self, key)

    def __iter__(self) -> Iterator[Any]:
        return dict.__iter__(self)

    def __len__(self) -> int:
        return dict.__len__(self)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Give an entry, or the default."""
        return Entries.__getitem__(self, key) if key in self else default

    def pop(self, key: Any, default: Any = ABSENT) -> Any:
        """Take an entry out, whatever kinds of dictionaries do where one is missing."""
        if key not in self:
            if default is ABSENT:
                raise KeyError(key)
            return default
        value = Entries.__getitem__(self, key)
        if isinstance(value, Entries):
            value = value.copy()  # it is emptied, so that its entries are gone on disk
        Entries.__delitem__(self, key)
        return value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Give an entry, the default as a new one where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self) -> dict[Any, Any]:
        """Give the entries themselves, in a dictionary that knows nothing."""
        return dict(self.items())

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return {key: deepcopy(value, memo) for key, value in dict.items(self)}

    # C's would get around the methods above.
    __or__ = __ror__ = __ior__ = None  # type: ignore[assignment]  # so that Python refuses

    def take(self) -> Changes:
        """Give what changed, and begin anew."""
        taken, self._notes.changes = self._notes.changes, Changes({}, [])
        return taken

    def give_back(self, changes: Changes) -> None:
        """Count as changed what was taken and not written."""
        since = self._notes.changes
        self._notes.changes = Changes({**changes.paths, **since.paths}, [*changes.gone, *since.gone])

    def find(self, path: Path) -> Any:
        """Give an entry without noting it; ABSENT: there is none."""
        value: Any = self
        for key in path:
            value = dict.get(value, key, ABSENT)
            if value is ABSENT:
                break
        return value

    def place(self, path: Path, new: Callable[[], int]) -> int:
        """Say which place an entry has on disk, a new one if it has none."""
        known = self._notes.places.get(path)
        if known is None:
            known = self._notes.places[path] = new()
        return known

    def fill(self, place: int, path: Path, value: Any) -> None:
        """Put an entry in that is on disk already."""
        self._notes.places[path] = place
        dict.__setitem__(self._owner(path), path[-1], value)

    def adopt(self, old: dict[Any, Any]) -> None:
        """Take the entries of a dictionary that knows nothing; all of them count as changed."""
        for key, value in dict.items(old):
            Entries.__setitem__(self, key, value)

    def keep_before(self) -> None:
        """Keep how every entry that is reached for was, until ``undo`` or ``forget_before``."""
        self._notes.before = {}

    def forget_before(self) -> None:
        """Stop keeping how entries were."""
        self._notes.before = None

    def undo(self) -> None:
        """Make every entry what it was."""
        before, self._notes.before = self._notes.before or {}, None
        for path, value in before.items():
            owner = self._owner(path)
            if value is not ABSENT:
                owner[path[-1]] = value
            elif path[-1] in owner:
                del owner[path[-1]]

    def _owner(self, path: Path) -> Entries:
        owner: Entries = self
        for key in path[:-1]:
            owner = owner[key]
        return owner


class NestedEntries(Entries):
    """Entries one dictionary deeper, where moto's own made that of a missing key."""

    plain = defaultdict

    def __missing__(self, key: Any) -> Entries:
        inner = Entries(self._notes, (*self._path, key))
        dict.__setitem__(self, key, inner)
        return inner

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return defaultdict(dict, super().__deepcopy__(memo))

    def adopt(self, old: dict[Any, Any]) -> None:
        """Take the entries of dictionaries in a dictionary, or those beside them."""
        for key, value in dict.items(old):
            if type(value) is dict:
                self[key].adopt(value)
            else:
                self[key] = value


class EntryList(MutableSequence[Any]):
    """A list whose items are entries by their index; cheap to append to.

    Attributes:
        entries: The items.
    """

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.entries = Entries()
        self.extend(items)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        at = range(len(self))[index]
        return self.entries[at] if isinstance(at, int) else [self.entries[one] for one in at]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._replace([*self], index, value)
        else:
            self.entries[range(len(self))[index]] = value

    def __delitem__(self, index: Any) -> None:
        at = index if isinstance(index, slice) else slice(index, index + 1 or None)
        self._replace([*self], at, ())

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [deepcopy(item, memo) for item in dict.values(self.entries)]

    def insert(self, index: int, value: Any) -> None:
        """Insert an item; anywhere but at the end, all items after it change."""
        if index >= len(self):
            self.entries[len(self)] = value
        else:
            self._replace([*self], slice(index, index), (value,))

    def _replace(self, items: list[Any], at: slice, new: Iterable[Any]) -> None:
        items[at] = new
        self.entries.clear()
        self.extend(items)


@cache
def kind_of(plain: type[dict[Any, Any]]) -> type[Entries]:
    """Give the kind of entries that stands for a kind of dictionary, with its own methods."""
    if plain is dict:
        return Entries
    if plain is defaultdict:
        return NestedEntries
    return type(plain.__name__, (plain, Entries), {"plain": plain})


@contextmanager
def undone_if_it_fails(dictionaries: Iterable[Entries]) -> Iterator[None]:
    """Make every entry what it was before, if an exception ends the block."""
    kept = tuple(dictionaries)
    for entries in kept:
        entries.keep_before()
    try:
        yield
    except BaseException:
        for entries in kept:
            entries.undo()
        raise
    finally:
        for entries in kept:
            entries.forget_before()
