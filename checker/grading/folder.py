"""A submission that is a folder: walked by descriptors, so that no link is followed, not even one that comes later."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checker.grading.names import shown
from checker.grading.note import Refused
from checker.grading.source import Entry, Kind, Parts, is_never_work
from checker.work import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from checker.grading.note import Meter

__all__ = ["Folder"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Folder:
    """An open folder.

    Args:
        path: Where it is.
        meter: What counts its entries.
    """

    def __init__(self, path: Path, meter: Meter) -> None:
        self._meter = meter
        self._path = path

    def tops(self) -> tuple[str, ...]:
        """Return the names of the folders at its top."""
        with _opened(self._path, ()) as top:
            return tuple(entry.parts[0] for entry in self._listing(top, ()) if entry.kind is Kind.FOLDER)

    def kind(self, parts: Parts) -> Kind | None:
        """Return what lies at a path, None for nothing; a link on the way there makes it a link."""
        for end in range(1, len(parts)):
            above = self._kind(parts[:end])
            if above is not Kind.FOLDER:
                return Kind.LINK if above is Kind.LINK else None
        return self._kind(parts)

    def _kind(self, parts: Parts) -> Kind | None:
        try:
            with _opened(self._path, parts[:-1]) as above:
                return _kind(os.stat(parts[-1], dir_fd=above, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return None

    def below(self, root: Parts) -> Iterator[Entry]:
        """Yield what is below a folder that is not a folder itself, with paths relative to it."""
        waiting: list[Parts] = [()]
        while waiting:
            here = waiting.pop()
            with _opened(self._path, (*root, *here)) as folder:
                found = self._listing(folder, here)
            waiting += [entry.parts for entry in found if entry.kind is Kind.FOLDER]
            yield from (entry for entry in found if entry.kind is not Kind.FOLDER)

    def _listing(self, folder: int, above: Parts) -> list[Entry]:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self._meter.entry(len(above))
                if not is_never_work(entry.name):
                    found.append(_entry(entry, above))
        return found

    def contents(self, root: Parts, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield what is in the wanted files, as long as each still is what it was when it was found."""
        for entry in wanted:
            with _opened(self._path, (*root, *entry.parts[:-1])) as above:
                yield entry, _read(entry, above)
            self._meter.tick()


@contextmanager
def _opened(path: Path, parts: Parts) -> Iterator[int]:
    """Open a folder below ``path`` step by step; only ``path`` itself, which is the instructor's, may be a link."""
    folder = os.open(path, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            below = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _entry(entry: os.DirEntry[str], above: Parts) -> Entry:
    found = entry.stat(follow_symlinks=False)
    return Entry(
        parts=(*above, entry.name),
        kind=_kind(found.st_mode),
        size=found.st_size,
        executable=bool(found.st_mode & 0o111),
    )


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER


def _read(entry: Entry, above: int) -> bytes:
    try:
        descriptor = os.open(entry.parts[-1], _FILE, dir_fd=above)
    except OSError:
        raise Refused("grading.unreadable", file=shown(entry.name)) from None
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused("work.not_a_file", file=shown(entry.name))
        content = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise Refused("work.too_large", file=shown(entry.name), megabytes=f"{len(content) / 1e6:.0f}")
    return content
