"""Releases: the SQL, the engine and the functions that jobs run from, stored so that the jobs can be run again."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from pyiceberg.io import FileIO

import headrace
import headrace_udfs
from headrace.environment import iceberg
from headrace.errors import Place, PlatformError, UserError
from headrace.project import function_files, job_folder, model_files, python_module
from headrace.project.job import Job
from headrace.project.model_files import Pin
from headrace.project.paths import Project

# A fixed time: with the files' own times, two zips of the same contents would differ.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}
_FOR_TYPE_CHECKERS = "py.typed"


@dataclass(frozen=True)
class Release:
    """A zip of sql/, jobs/, udfs/ and the models and functions that jobs name, named by its sha256.

    Environments are not in it.
    """

    digest: str
    packed: bytes


def pack(project: Project) -> Release:
    """Return the release of the project's current files and of the engine and functions that this process runs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, name in _files(project):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    packed = buffer.getvalue()
    return Release(hashlib.sha256(packed).hexdigest(), packed)


def store(files: FileIO, folder: str, release: Release) -> None:
    """Store the release under the address `folder`, unless a complete copy is there. Raises PlatformError."""
    address = _address(folder, release.digest)
    with iceberg.errors_reported("the release cannot be stored", address):
        if _stored(files, address) != release.packed:
            with files.new_output(address).create(overwrite=True) as stream:
                stream.write(release.packed)


def unpack(files: FileIO, folder: str, digest: str, into: Path) -> Path:
    """Return the folder below `into` with the unpacked release. Raises PlatformError if it is missing or damaged.

    A folder that is there already is compared with the release, and replaced if a file was changed, added or removed.
    """
    address = _address(folder, digest)
    with iceberg.errors_reported(f"the release {digest[:12]} cannot be read", address):
        packed = _stored(files, address)
    if packed is None or hashlib.sha256(packed).hexdigest() != digest:
        state = "not there" if packed is None else "damaged"
        raise PlatformError(f"the release {digest[:12]} is {state}", address, "deploy from a checkout of its commit")
    root = into / digest
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if root.is_dir():
            if _is_as_packed(root, archive):
                return root
            shutil.rmtree(root)
        into.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(dir=into))
        archive.extractall(part)
    try:
        part.replace(root)
    except OSError:  # another process was faster
        shutil.rmtree(part)
    return root


def _is_as_packed(root: Path, archive: zipfile.ZipFile) -> bool:
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    packed = {*archive.namelist()}
    return there == packed and all((root / name).read_bytes() == archive.read(name) for name in packed)


def functions_package() -> Path:
    """Return the folder of the functions that this process runs, and that jobs started by it run in their workers."""
    return Path(headrace_udfs.__file__).parent


def package_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a package that run in the workers, by name: its code, and the models that the code reads.

    Caches, hidden files and the marker for type checkers are left out.
    """
    names = {path: path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path.read_bytes()
        for path, name in names.items()
        if name.name != _FOR_TYPE_CHECKERS and not any(part in _CACHES or part.startswith(".") for part in name.parts)
    }


def model_package(project: Project, pin: Pin) -> dict[str, bytes]:
    """Return the files of a version of a model, by name. Raises UserError if one cannot be read."""
    folder = model_files.version_folder(project, pin)
    try:
        return {name: (folder / name).read_bytes() for name in (model_files.CARD, model_files.ARTEFACT)}
    except OSError as error:
        what = f"the model {pin} cannot be read: {error.strerror}"
        raise UserError(what, Place.of(folder), "restore its files from git") from None


def content_digest(files: Mapping[str, bytes]) -> str:
    """Return the sha256 of the files of a package, by name: of their contents and of their names."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _stored(files: FileIO, address: str) -> bytes | None:
    file = files.new_input(address)
    if not file.exists():
        return None
    with file.open() as stream:
        return bytes(stream.read())


def _address(folder: str, digest: str) -> str:
    return f"{folder.rstrip('/')}/releases/{digest}.zip"


def _files(project: Project) -> Iterator[tuple[Path, str]]:
    """Yield each file and its name in the zip."""
    packages = {
        "sql": project.sql,
        "jobs/headrace": Path(headrace.__file__).parent,
        "jobs/table_api": python_module.package(project),
        "udfs/headrace_udfs": functions_package(),
    }
    for name, folder in packages.items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _CACHES & {*path.parts}:
                yield path, f"{name}/{path.relative_to(folder).as_posix()}"
    for function in sorted({name for job in _readable(project) for name in job.functions}):
        folder = function_files.folder(project, function)
        yield from ((folder / each, f"udfs/{function}/{each}") for each in package_files(folder))
    for pin in _pinned(project):
        model, version = model_files.folder(project, pin.name), model_files.version_folder(project, pin)
        for path in (model / model_files.FILE, version / model_files.CARD, version / model_files.ARTEFACT):
            yield path, path.relative_to(project.root).as_posix()


def _pinned(project: Project) -> list[Pin]:
    """Return the versions of models that the project's jobs name and that are there."""
    pins = set()
    for job in _readable(project):
        with suppress(UserError):  # this job cannot be deployed, others can
            if job.model:
                pins.add(model_files.exact(project, job.model))
    return sorted(pins)


def _readable(project: Project) -> Iterator[Job]:
    """Yield the jobs whose job.yaml can be read: the others cannot be deployed."""
    for name in job_folder.names(project):
        with suppress(UserError):
            yield job_folder.job_of(project, name)
