"""Packs files into archives, honest ones and such as no program would make."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PLACE = "exercises/01_first"
WORK = {"run.sh": b"#!/bin/sh\necho hi\n", "Dockerfile": b"FROM busybox:1\n"}


@dataclass(frozen=True)
class Thing:
    """One member of an archive: ``kind`` is a type of tar's; ``link`` is where a link leads."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644


def work(place: str = PLACE, **more: bytes) -> list[Thing]:
    """Return honest work, packed below ``place``."""
    return [Thing(f"{place}/{name}", content) for name, content in {**WORK, **more}.items()]


def into_folder(path: Path, things: Iterable[Thing]) -> Path:
    """Write regular files and links below a folder."""
    path.mkdir(parents=True, exist_ok=True)
    for thing in things:
        target = path / thing.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if thing.kind == tarfile.SYMTYPE:
            target.symlink_to(thing.link)
        else:
            target.write_bytes(thing.content)
            target.chmod(thing.mode)
    return path


def tar_bytes(things: Iterable[Thing], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for thing in things:
            info = tarfile.TarInfo(thing.name)
            info.type, info.linkname, info.mode = thing.kind, thing.link, thing.mode
            info.size = len(thing.content)
            archive.addfile(info, io.BytesIO(thing.content))
    return buffer.getvalue()


def into_tar_gz(path: Path, things: Iterable[Thing], form: int = tarfile.PAX_FORMAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gz(tar_bytes(things, form)))
    return path


def into_tar(path: Path, things: Iterable[Thing]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_bytes(things))
    return path


def gz(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(data) + packer.flush()


_MODES = {tarfile.REGTYPE: stat.S_IFREG, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.FIFOTYPE: stat.S_IFIFO}


def zip_bytes(things: Iterable[Thing], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for thing in things:
            info = zipfile.ZipInfo(thing.name)
            info.compress_type = method
            info.external_attr = (_MODES.get(thing.kind, 0) | thing.mode) << 16
            archive.writestr(info, thing.link or thing.content)
    return buffer.getvalue()


def into_zip(path: Path, things: Iterable[Thing]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zip_bytes(things))
    return path


def raw_zip(
    members: Iterable[tuple[bytes, bytes]], *, flags: int = 0, method: int = 8, says: int | None = None
) -> bytes:
    """Pack names that are bytes, as they are; ``says`` is the size that each member claims to unpack to."""
    local, central, count = b"", b"", 0
    for name, content in members:
        packer = zlib.compressobj(9, wbits=-15)
        packed = packer.compress(content) + packer.flush() if method == 8 else content
        size = len(content) if says is None else says
        common = struct.pack(
            "<4H3L2H", flags, method, 0, 0, zlib.crc32(content[:size]), len(packed), size, len(name), 0
        )
        central += b"PK\1\2" + struct.pack("<2H", 20, 20) + common
        central += struct.pack("<3H2L", 0, 0, 0, 0, len(local)) + name
        local += b"PK\3\4" + struct.pack("<H", 20) + common + name + packed
        count += 1
    return local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central), len(local), 0)


def tree(folder: Path) -> Mapping[str, tuple[int, bytes]]:
    """Return all that is below a folder: modes, and contents or where links lead."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else b""
        found[str(path.relative_to(folder))] = (mode, str(path.readlink()).encode() if stat.S_ISLNK(mode) else content)
    return found
