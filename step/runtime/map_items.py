"""Where one execution's distributed Maps get their items and leave their results.

Knows attached items and the port ``Objects``; nothing of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from step.engine.vocabulary import Input, ItemsRead, ReadItems, TaskFailed, TaskSucceeded, WriteResults
from step.errors import HandlerError, StepError, TaskError
from step.jsonvalue import JSONObject, JSONValue, copy_json
from step.runtime.item_readers import ItemStream, ReaderFailure
from step.runtime.objects import ObjectFailure, Objects
from step.runtime.result_writers import ResultWriter

# (the reader's parameters) -> items
ItemSource = Callable[[JSONObject], Iterable[object]]


def item_source(target: object) -> ItemSource:
    """Make a source of what a user attached: items, a function of the reader's parameters, an exception."""
    if isinstance(target, BaseException) or (isinstance(target, type) and issubclass(target, BaseException)):
        failure = target() if isinstance(target, type) else target
        return lambda parameters: _raise(failure)
    if callable(target):
        return target
    if isinstance(target, Mapping) or not isinstance(target, Iterable) or isinstance(target, str | bytes):
        raise HandlerError(f"expected an iterable of items, or a function that gives one; found {target!r}")
    items = target
    return lambda parameters: items


def _raise(failure: BaseException) -> Iterable[object]:
    raise failure


class MapItems:
    """Reads and writes for one execution; a stream for every Map Run.

    ``attached`` has sources by Map state and by the reader's resource.
    """

    def __init__(self, attached: Mapping[str, ItemSource], objects: Objects | None) -> None:
        self._attached = attached
        self._objects = objects
        # By the Map Run's ARN: the number of the item that comes next, and the items from there on.
        self._streams: dict[str, tuple[int, Iterator[JSONValue]]] = {}
        self._writers: dict[str, ResultWriter] = {}

    def read(self, command: ReadItems) -> Input:
        """Read a Map Run's next items."""
        try:
            # Only where the read goes on: of a run that failed, an answer may have been lost.
            following, stream = self._streams.pop(command.run, (-1, iter(())))
            if following != command.first:
                stream = self._stream(command)
                for _ in islice(stream, command.first):
                    pass
            items, sources = _next_of(stream, command.at_most)
        except ReaderFailure as failure:
            return TaskFailed(command.op, "States.ItemReaderFailed", str(failure))
        except TaskError as failure:
            return TaskFailed(command.op, failure.error, failure.cause)
        is_last = len(items) < command.at_most
        if not is_last:
            self._streams[command.run] = (command.first + len(items), stream)
        return ItemsRead(command.op, items, is_last, sources)

    def _stream(self, command: ReadItems) -> Iterator[JSONValue]:
        resource = str(command.reader["Resource"])
        source = self._attached.get(command.state) or self._attached.get(resource)
        if source is not None:
            return _checked(source, command)
        if self._objects is None:
            raise HandlerError(
                f"state {command.state!r}: nothing gives it items; attach some with set_resource_function("
                f"{command.state!r}, [...]) or a store of objects with set_objects(...)"
            )
        return ItemStream.from_reader(command.reader, self._objects)

    def write(self, command: WriteResults) -> Input:
        """Write a Map Run's next results."""
        if self._objects is None:
            raise HandlerError(
                f"state {command.state!r}: nothing takes its results; attach a store of objects with "
                "set_objects(...), a dictionary will do"
            )
        writer = self._writers.get(command.run)
        if writer is None:
            writer = self._writers[command.run] = ResultWriter(command.run, command.writer, self._objects)
        try:
            writer.write(command.results)
            output = writer.finish() if command.is_last else None
        except ObjectFailure as failure:
            return TaskFailed(command.op, "States.ResultWriterFailed", str(failure))
        if command.is_last:
            del self._writers[command.run]
        return TaskSucceeded(command.op, output)


def _next_of(stream: Iterator[JSONValue], at_most: int) -> tuple[list[JSONValue], list[JSONValue] | None]:
    """Take the next items, with the objects that hold them where a reader loads several."""
    if not isinstance(stream, ItemStream):
        return list(islice(stream, at_most)), None
    items: list[JSONValue] = []
    sources: list[tuple[str, int]] = []
    for item in islice(stream, at_most):
        items.append(item)
        if stream.source is not None and (not sources or sources[-1][0] != stream.source):
            sources.append((stream.source, len(items) - 1))
    ends = [begin for _, begin in sources[1:]] + [len(items)]
    found: list[JSONValue] = [
        [end - begin, uri] for (uri, begin), end in zip(sources, ends, strict=bool(sources))
    ]
    return items, found or None


def _checked(source: ItemSource, command: ReadItems) -> Iterator[JSONValue]:
    """Copy attached items, so that nothing but JSON gets in; MaxItems holds for them too."""
    config = command.reader.get("ReaderConfig")
    limit = config.get("MaxItems") if isinstance(config, dict) else None
    most = int(limit) if isinstance(limit, int | float) and limit else None
    for index, item in enumerate(islice(_attached_items(source, command), most)):
        try:
            yield copy_json(item, f"$[{index}]")
        except TypeError as failure:
            raise HandlerError(f"state {command.state!r}: items: {failure}") from failure


def _attached_items(source: ItemSource, command: ReadItems) -> Iterator[object]:
    parameters = command.reader.get("Parameters")
    try:
        yield from source(parameters if isinstance(parameters, dict) else {})
    except StepError:
        raise
    except Exception as failure:
        raise ReaderFailure(str(failure)) from failure
