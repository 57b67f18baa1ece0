"""Pack the functions of a repository: one zip for each file in ``lambda/``, and a manifest of them all.

Writes into the output folder only; knows no AWS but Lambda's limits.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from step.errors import StepError
from step.jsonvalue import JSONValue
from step.packaging.archive import content_hash, write_zip
from step.packaging.import_check import RUNTIME_MODULES, import_seconds
from step.packaging.imports import find_needs
from step.packaging.target import PackageTarget
from step.packaging.wheels import Wheel, WheelHouse

MANIFEST = "manifest.json"
# AWS: Lambda developer guide, "Lambda quotas", "Deployment package (.zip file archive) size".
MOST_ZIPPED_BYTES = 50 * 1024 * 1024
MOST_UNZIPPED_BYTES = 250 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One function's zip. ``import_seconds`` is None where the target can't run here."""

    name: str
    file: Path
    handler: str
    content_sha256: str
    zip_sha256: str
    size_bytes: int
    unzipped_bytes: int
    modules: tuple[str, ...]
    distributions: tuple[str, ...]
    import_seconds: float | None

    def to_json(self) -> dict[str, JSONValue]:
        """Return what the manifest says: facts that are the same at every build."""
        return {
            "zip": self.file.name,
            "handler": self.handler,
            "content_sha256": self.content_sha256,
            # As Lambda's API says CodeSha256.
            "code_sha256": base64.b64encode(bytes.fromhex(self.zip_sha256)).decode(),
            "size_bytes": self.size_bytes,
            "unzipped_bytes": self.unzipped_bytes,
            "modules": list(self.modules),
            "distributions": list(self.distributions),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where a repository keeps what is packed.

    ``package_root`` is the folder that holds ``step`` itself.
    """

    functions: Path
    lock: Path
    cache: Path
    package_root: Path

    def handler_files(self, names: Iterable[str]) -> list[Path]:
        """Find the files of the functions named, or of all.

        Raises:
            StepError: there is no such file, or none at all.
        """
        wanted = list(names)
        files = [self.functions / f"{name}.py" for name in wanted]
        missing = [file for file in files if not file.is_file()]
        if missing:
            raise StepError(f"{missing[0]}: no such function")
        found = files if wanted else sorted(self.functions.glob("*.py"))
        if not found:
            raise StepError(f"{self.functions}: no function to pack; each is a file NAME.py")
        return found


def pack_functions(
    repository: Repository, target: PackageTarget, output: Path, names: Iterable[str] = ()
) -> Iterator[Package]:
    """Pack functions one by one; the manifest is written when the last is taken.

    Raises:
        StepError: a function that can't be packed, can't be imported, or is over one of Lambda's limits.
    """
    house = WheelHouse(repository.lock, repository.cache, target)
    packages: list[Package] = []
    for handler in repository.handler_files(names):
        package = _pack(handler, repository.package_root, house, target, output)
        packages.append(package)
        yield package
    _write_manifest(output / MANIFEST, target, packages)


def _pack(handler: Path, root: Path, house: WheelHouse, target: PackageTarget, output: Path) -> Package:
    needs = find_needs(handler, root)
    wheels = house.for_imports(needs.foreign, RUNTIME_MODULES)
    contents = {handler.name: handler.read_bytes()}
    contents |= {name: file.read_bytes() for name, file in needs.files.items()}
    for wheel in wheels:
        contents |= _merged(contents, wheel)
    seconds = import_seconds(contents, handler.stem) if target.runs_here else None
    file = output / f"{handler.stem}.zip"
    write_zip(file, contents)
    package = Package(
        name=handler.stem,
        file=file,
        handler=needs.entry,
        content_sha256=content_hash(contents),
        zip_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        size_bytes=file.stat().st_size,
        unzipped_bytes=sum(map(len, contents.values())),
        modules=tuple(needs.files),
        distributions=tuple(f"{wheel.name}=={wheel.version}" for wheel in wheels),
        import_seconds=seconds,
    )
    check_limits(package)
    return package


def _merged(contents: dict[str, bytes], wheel: Wheel) -> dict[str, bytes]:
    """Take a wheel's files, as they lie once it is installed."""
    taken: dict[str, bytes] = {}
    for name, content in wheel.contents.items():
        head, _, rest = name.partition(".data/")
        if rest:
            kind, _, rest = rest.partition("/")
            if kind not in ("purelib", "platlib"):
                continue
        path = rest or head
        if contents.get(path, content) != content:
            raise StepError(f"{wheel.file.name}: {path} is in another package too, and not the same")
        taken[path] = content
    return taken


def check_limits(package: Package) -> None:
    """Refuse what Lambda wouldn't take.

    Raises:
        StepError: the zip or its contents are too large.
    """
    for what, size, most in (
        ("zipped", package.size_bytes, MOST_ZIPPED_BYTES),
        ("unzipped", package.unzipped_bytes, MOST_UNZIPPED_BYTES),
    ):
        if size > most:
            raise StepError(
                f"{package.file}: {size:,} bytes {what}; Lambda takes at most {most:,}. "
                f"It holds {', '.join(package.distributions) or 'no dependency'}"
            )


def _write_manifest(file: Path, target: PackageTarget, packages: list[Package]) -> None:
    document = {
        "runtime": target.runtime,
        "architecture": target.architecture,
        "functions": {package.name: package.to_json() for package in packages},
    }
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
