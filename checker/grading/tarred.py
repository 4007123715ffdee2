"""Reads ``.tar.gz`` and ``.tar`` files, as far as anybody's work needs it (POSIX pax, and GNU's long names).

The archive is read as a stream, twice: once to list its members, once more to read those that are wanted. What comes
out of gzip is counted while it comes, so that a few kilobytes that unpack to gigabytes end at the limit.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from checker.grading.archive import Listing
from checker.grading.names import decoded, parts_of
from checker.grading.note import Refused
from checker.grading.source import Entry, Kind, Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checker.grading.note import Meter

__all__ = ["Tarred"]

_BLOCK = 512
_PIECE = 1 << 16  # bytes
_LONGEST_EXTRA = 1 << 16  # bytes; a long name or a few attributes
_KINDS = {b"1": Kind.LINK, b"2": Kind.LINK, b"3": Kind.OTHER, b"4": Kind.OTHER, b"5": Kind.FOLDER, b"6": Kind.OTHER}
_PAX_RECORD = re.compile(rb"(\d{1,6}) ([^=\n]+)=")


class Tarred:
    """An open tar file, packed by gzip or not.

    Args:
        file: The archive, positioned anywhere.
        meter: What counts its members and what comes out of it.

    Raises:
        Refused: It is damaged, or has what we do not read.
    """

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter
        self._listing = Listing(entry for entry, _ in self._members() if entry.parts)
        self.tops, self.kind, self.below = self._listing.tops, self._listing.kind, self._listing.below

    def _members(self) -> Iterator[tuple[Entry, _Stream]]:
        stream = _Stream(self._file, self._meter)
        for number, member in enumerate(_headers(stream)):
            parts = parts_of(member.name)
            self._meter.entry(len(parts) - 1)
            at = stream.position
            yield (
                Entry(parts=parts, kind=member.kind, size=member.size, executable=member.executable, where=number),
                stream,
            )
            stream.skip(member.stored - (stream.position - at))

    def contents(self, root: Parts, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield what is in the wanted files, in the archive's order.

        Raises:
            Refused: The archive is damaged, or unpacks to too much.
        """
        del root  # where a member is says it all
        wanted_at = {entry.where: entry for entry in wanted}
        self._meter.again()
        for member, stream in self._members():
            if member.where in wanted_at:
                yield wanted_at.pop(member.where), stream.exactly(member.size)
            if not wanted_at:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: str
    kind: Kind
    size: int
    stored: int
    """The bytes up to the next header."""
    executable: bool


class _Stream:
    """What comes out of the archive's packing, from its beginning, counted."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        file.seek(0)
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        self._from: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file, mode="rb") if packed else file
        self._meter = meter
        self.position = 0

    def exactly(self, count: int) -> bytes:
        """Read ``count`` bytes, which the caller has found to be few."""
        try:
            data = self._from.read(count)
        except (OSError, EOFError, zlib.error):
            raise Refused("grading.bad_archive") from None
        self.position += len(data)
        self._meter.unpacked(len(data))
        if len(data) != count:
            raise Refused("grading.bad_archive")
        return data

    def skip(self, count: int) -> None:
        """Read on by ``count`` bytes in pieces."""
        while count > 0:
            count -= len(self.exactly(min(count, _PIECE)))


def _headers(stream: _Stream) -> Iterator[_Member]:
    """Yield the members; whoever takes one leaves the stream anywhere in what it stores, and skips the rest."""
    longer: dict[str, bytes] = {}
    while (block := stream.exactly(_BLOCK)).strip(b"\0"):
        _check_sum(block)
        kind, size = block[156:157], _number(block[124:136])
        if kind in {b"L", b"x", b"X"}:
            extra = _extra(stream, size)
            longer |= {"path": extra.split(b"\0")[0]} if kind == b"L" else _pax(extra)
        elif kind in {b"K", b"g"}:  # where a link leads, and what concerns all members: neither matters
            stream.skip(_padded(size))
        else:
            yield _member(block, kind, size, longer)
            longer = {}


def _member(block: bytes, kind: bytes, size: int, longer: dict[str, bytes]) -> _Member:
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    name = b"/".join(filter(None, (prefix, block[:100].split(b"\0")[0])))
    name = longer.get("path", name)
    if "size" in longer:
        size = _decimal(longer["size"])
    what = _kind(kind, name, longer)
    has_data = kind not in _KINDS
    return _Member(
        name=decoded(name),
        kind=what,
        size=size if has_data else 0,
        stored=_padded(size) if has_data else 0,
        executable=bool(_number(block[100:108]) & 0o111),
    )


def _kind(kind: bytes, name: bytes, longer: dict[str, bytes]) -> Kind:
    if kind == b"S":  # its header may go on for any number of blocks
        raise Refused("grading.bad_archive")
    if kind in {b"0", b"\0", b"7"} and not any(key.startswith("GNU.sparse") for key in longer):
        return Kind.FOLDER if name.endswith(b"/") else Kind.FILE  # before POSIX, a slash was all that said so
    return _KINDS.get(kind, Kind.OTHER)


def _extra(stream: _Stream, size: int) -> bytes:
    if size > _LONGEST_EXTRA:
        raise Refused("grading.bad_archive")
    return stream.exactly(_padded(size))[:size]


def _pax(data: bytes) -> dict[str, bytes]:
    """Return the attributes of a pax header: ``LENGTH KEY=VALUE``, the length counting all of the line."""
    found, at = {}, 0
    while at < len(data) and data[at]:
        record = _PAX_RECORD.match(data, at)
        end = at + int(record[1]) if record else 0
        if record is None or not record.end() < end <= len(data) or data[end - 1] != 0x0A:
            raise Refused("grading.bad_archive")
        found[decoded(record[2])] = data[record.end() : end - 1]
        at = end
    return found


def _check_sum(block: bytes) -> None:
    if _number(block[148:156]) != sum(block[:148]) + 8 * 0x20 + sum(block[156:]):
        raise Refused("grading.bad_archive")


def _number(field: bytes) -> int:
    """Return an octal number, or the binary one that GNU writes where octal digits do not suffice."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise Refused("grading.bad_archive")
    return int(digits or b"0", 8)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise Refused("grading.bad_archive")
    return int(digits)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
