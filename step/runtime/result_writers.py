"""The files that a distributed Map's ResultWriter makes: results by status, and a manifest of them.

Pure over the port ``Objects``: no clock. Results are written as they come, never gathered.
AWS: Step Functions developer guide, "ResultWriter".
"""

from __future__ import annotations

from collections.abc import Iterable

from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.objects import Objects, Sink

# AWS: a larger file is followed by another one.
_FILE_BYTES = 5 * 1024**3


class ResultWriter:
    """The results of one Map Run on their way into a bucket."""

    def __init__(self, run_arn: str, writer: JSONObject, objects: Objects) -> None:
        parameters, config = writer.get("Parameters"), writer.get("WriterConfig")
        named = parameters if isinstance(parameters, dict) else {}
        self._run_arn = run_arn
        self._objects = objects
        self._bucket = str(named.get("Bucket"))
        prefix = str(named.get("Prefix", "")).rstrip("/")
        run = run_arn.rpartition(":")[2]
        self._folder = f"{prefix}/{run}" if prefix else run
        self._is_lines = isinstance(config, dict) and config.get("OutputType") == "JSONL"
        self._open: dict[str, _File] = {}
        self._closed: dict[str, list[JSONValue]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}

    def write(self, results: Iterable[tuple[str, JSONValue]]) -> None:
        """Write results behind those before; raises ObjectFailure."""
        for status, result in results:
            # AWS has files for what failed, succeeded and never began; what timed out has failed.
            kind = "SUCCEEDED" if status == "SUCCEEDED" else "FAILED"
            file = self._open.get(kind)
            if file is not None and file.size >= _FILE_BYTES:
                self._close(kind)
                file = None
            if file is None:
                file = self._open[kind] = self._begin(kind)
            file.add(result)

    def _begin(self, kind: str) -> _File:
        number = len(self._closed[kind])
        key = f"{self._folder}/{kind}_{number}.{'jsonl' if self._is_lines else 'json'}"
        return _File(key, self._objects.open(self._bucket, key), is_lines=self._is_lines)

    def _close(self, kind: str) -> None:
        file = self._open.pop(kind)
        file.close()
        self._closed[kind].append({"Key": file.key, "Size": file.size})

    def finish(self) -> JSONValue:
        """Close the files, write the manifest, and give the Map state's result; raises ObjectFailure."""
        for kind in list(self._open):
            self._close(kind)
        manifest: JSONObject = {
            "DestinationBucket": self._bucket,
            "MapRunArn": self._run_arn,
            "ResultFiles": dict(self._closed.items()),
        }
        key = f"{self._folder}/manifest.json"
        sink = self._objects.open(self._bucket, key)
        sink.write(to_text(manifest).encode())
        sink.close()
        return {"MapRunArn": self._run_arn, "ResultWriterDetails": {"Bucket": self._bucket, "Key": key}}


class _File:
    """One file: a JSON array, or JSON Lines."""

    def __init__(self, key: str, sink: Sink, *, is_lines: bool) -> None:
        self.key = key
        self.size = 0
        self._sink = sink
        self._is_lines = is_lines

    def add(self, result: JSONValue) -> None:
        text = to_text(result)
        if self._is_lines:
            self._put(f"{text}\n")
        else:
            self._put(f",{text}" if self.size else f"[{text}")

    def close(self) -> None:
        if not self._is_lines:
            self._put("]")
        self._sink.close()

    def _put(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self.size += len(data)
        self._sink.write(data)
