"""Reads ``.zip`` files, as far as anybody's work needs it (APPNOTE 6.3.10, sections 4.3 and 4.4).

The central directory is the one list of members. Zip64, encryption, several disks, something before the first member
and methods other than *stored* and *deflated* are refused: no program makes them for a few scripts without being told.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

from checker.grading.archive import Listing
from checker.grading.names import decoded, parts_of, shown
from checker.grading.note import Refused
from checker.grading.source import Entry, Kind, Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checker.grading.note import Meter

__all__ = ["Zipped"]

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LARGEST_COMMENT = 65_535
_MS_DOS_FOLDER = 0x10
_STORED, _DEFLATED = 0, 8


class Zipped:
    """An open zip file.

    Args:
        file: The archive, positioned anywhere.
        meter: What counts its members and what comes out of them.

    Raises:
        Refused: It is damaged, or has what we do not read.
    """

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter
        self._directory, self._size, self._count = _end(file)
        self._listing = Listing(self._members())
        self.tops, self.kind, self.below = self._listing.tops, self._listing.kind, self._listing.below

    def _members(self) -> Iterator[Entry]:
        at, end = self._directory, self._directory + self._size
        for _ in range(self._count):
            fixed = _CENTRAL.unpack(_exactly(self._file, at, _CENTRAL.size))
            length = _CENTRAL.size + sum(fixed[10:13])
            if fixed[0] != b"PK\1\2" or at + length > end:
                raise Refused("grading.bad_archive")
            name = decoded(_exactly(self._file, at + _CENTRAL.size, fixed[10]))
            parts = parts_of(name)
            self._meter.entry(len(parts) - 1)
            if parts:
                yield _entry(name, parts, fixed, at)
            at += length

    def contents(self, root: Parts, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield what is in the wanted files.

        Raises:
            Refused: A file is damaged, encrypted, packed in an unusual way, or larger than it says.
        """
        del root  # where a member is says it all
        for entry in wanted:
            content = self._content(entry)
            self._meter.unpacked(len(content))
            yield entry, content

    def _content(self, entry: Entry) -> bytes:
        central = _CENTRAL.unpack(_exactly(self._file, entry.where, _CENTRAL.size))
        flags, method, crc, packed, size = central[3], central[4], central[7], central[8], central[9]
        if flags & 1:
            raise Refused("grading.encrypted", file=shown(entry.name))
        # deflate adds at most 5 bytes a block of 16 KB to what it cannot pack; whoever adds more wants to keep us busy
        if method not in {_STORED, _DEFLATED} or packed > size + size // 100 + 1024:
            raise Refused("grading.bad_archive")
        data = _exactly(self._file, self._start(central), packed)
        content = data if method == _STORED else _inflated(data, size, shown(entry.name))
        if len(content) != size or zlib.crc32(content) != crc:
            raise Refused("grading.bad_archive")
        return content

    def _start(self, central: tuple[int, ...]) -> int:
        """Return where a member's data begins, which only its local header says."""
        at = central[16]
        local = _LOCAL.unpack(_exactly(self._file, at, _LOCAL.size))
        start: int = at + _LOCAL.size + local[9] + local[10]
        if local[0] != b"PK\3\4":
            raise Refused("grading.bad_archive")
        return start


def _end(file: BinaryIO) -> tuple[int, int, int]:
    """Return the central directory's place and size in bytes, and how many members it has."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _LARGEST_COMMENT - _END.size)
    tail = _exactly(file, start, size - start)
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and len(tail) - at >= _END.size:
        _, disk, first, here, count, length, directory, comment = _END.unpack_from(tail, at)
        if at + _END.size + comment == len(tail):
            if disk or first or here != count or directory + length > start + at:
                break
            return directory, length, count
        at = tail.rfind(b"PK\5\6", 0, at)
    raise Refused("grading.bad_archive")


def _entry(name: str, parts: Parts, central: tuple[int, ...], at: int) -> Entry:
    mode = central[15] >> 16
    is_folder = name.endswith(("/", "\\")) or (not mode and central[15] & _MS_DOS_FOLDER)
    return Entry(
        parts=parts,
        kind=Kind.FOLDER if is_folder and not stat.S_ISLNK(mode) else _kind(mode),
        size=central[9],
        executable=bool(mode & 0o111),
        where=at,
    )


def _kind(mode: int) -> Kind:
    """Return what a Unix mode says; whoever knows no modes leaves them 0, and has only files and folders."""
    if stat.S_IFMT(mode) in {0, stat.S_IFREG}:
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER


def _inflated(data: bytes, size: int, name: str) -> bytes:
    """Unpack at most one byte more than there should be."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(data, size + 1)
    except zlib.error:
        raise Refused("grading.bad_archive") from None
    if len(content) > size:
        raise Refused("grading.larger_than_it_says", file=name)
    return content


def _exactly(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) != count:
        raise Refused("grading.bad_archive")
    return data
