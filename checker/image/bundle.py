"""A bundle: all images of the catalogue in one file, for a class room whose learners share one rate limit.

It is what ``docker save`` writes, with one more member at the very end that says what is in it. So plain
``docker load`` can read it too, and a bundle without its last member is one that was cut off.
"""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.image.catalogue import catalogue, on_engine
from checker.image.client import docker, said
from checker.image.pulling import fetch, pull_error
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checker.engine import Engine

__all__ = ["load", "save"]

_CONTENTS = "docker-kata.json"


def save(engine: Engine, path: Path, tell: Callable[[str], None]) -> None:
    """Write every image of the catalogue to ``path``; what is there is replaced once the new one is whole.

    Raises:
        KataError: ``image.save``: the file cannot be written, or what docker said; ``image.disk_full``;
            or why an image that the engine lacks could not be pulled.
    """
    cached = on_engine(engine)
    for image in catalogue():
        if image.tagged not in cached:
            tell(say("image.pulling_one", name=image.name))
            fetch(engine, image)
    tell(say("image.saving", file=path, total=len(catalogue())))
    try:
        with _replacing(path) as fresh:
            _save(engine, fresh)
    except OSError as error:
        raise _writing(path, error) from error
    tell(say("image.saved", file=path, megabytes=path.stat().st_size // 1_000_000))


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path`` that takes its place if all goes well, and is gone if not."""
    # a folder, because the CLI puts a temporary file of its own beside the one it writes
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.absolute().parent) as folder:
        fresh = Path(folder) / path.name
        yield fresh
        fresh.chmod(0o644)
        fresh.replace(path)


def _save(engine: Engine, file: Path) -> None:
    done = docker(engine, "save", "--output", file, *(image.tagged for image in catalogue()))
    if done.returncode != 0:
        raise pull_error(done.stderr) or KataError("image.save", file=file, detail=said(done))
    images = {image.tagged: on_engine(engine)[image.tagged]["Id"] for image in catalogue()}
    content = json.dumps({"architecture": _architecture(engine), "images": images}, indent=2).encode()
    member = tarfile.TarInfo(_CONTENTS)
    member.size = len(content)
    with tarfile.open(file, "a") as archive:
        archive.addfile(member, io.BytesIO(content))


def _writing(path: Path, error: OSError) -> KataError:
    detail = error.strerror or str(error)
    return pull_error(detail) or KataError("image.save", file=path, detail=detail)


def load(engine: Engine, path: Path, tell: Callable[[str], None]) -> None:
    """Read a bundle's images into the engine.

    Raises:
        KataError: ``image.no_file``, ``image.not_a_bundle``, ``image.cut_off``, ``image.other_machine``;
            ``image.disk_full``; ``image.load`` with what docker said.
    """
    contents = _contents(path)
    there, here = contents["architecture"], _architecture(engine)
    if there != here:
        raise KataError("image.other_machine", file=path, there=there, here=here)
    tell(say("image.loading", file=path, total=len(contents["images"])))
    done = docker(engine, "load", "--quiet", "--input", path)
    if done.returncode != 0:
        raise pull_error(done.stderr) or KataError("image.load", file=path, detail=said(done))
    tell(say("image.loaded", names=", ".join(contents["images"])))


def _contents(path: Path) -> Mapping[str, Any]:
    """Return what a bundle says is in it, having walked all of it."""
    try:
        with tarfile.open(path, "r:") as archive:
            names = archive.getnames()  # fails where the file ends within a member
            member = archive.extractfile(_CONTENTS) if _CONTENTS in names else None
            contents = json.loads(member.read()) if member else None
    except OSError as error:
        raise KataError("image.no_file", file=path, detail=error.strerror or str(error)) from error
    except tarfile.ReadError as error:
        key = "image.cut_off" if _starts_like_one(path) else "image.not_a_bundle"
        raise KataError(key, file=path) from error
    except ValueError as error:
        raise KataError("image.not_a_bundle", file=path) from error
    if contents is None and "manifest.json" in names:
        raise KataError("image.cut_off", file=path)
    if not isinstance(contents, dict) or not {"architecture", "images"} <= contents.keys():
        raise KataError("image.not_a_bundle", file=path)
    return contents


def _starts_like_one(path: Path) -> bool:
    """Return whether a file begins with the header of a tar member (POSIX pax, section ustar)."""
    with path.open("rb") as file:
        return file.read(263)[257:262] == b"ustar"


def _architecture(engine: Engine) -> str:
    return str(engine.request("GET", "/info")[1].get("Architecture", "?"))
