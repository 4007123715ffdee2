"""The learner's folder, looked at within bounds: names, lines, how a file begins."""

from __future__ import annotations

import itertools
import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["files_below", "head_of", "lines_of"]

MOST_FILES = 2_000  # of the learner's folder, when looking for a name like the missing one
HEAD = 4_096  # bytes of a file that are read to see what it is


def lines_of(folder: Path | None, name: str) -> list[str]:
    """Return the lines of a learner's file; none where it cannot be read."""
    if folder is None:
        return []
    try:
        return (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()[:MOST_FILES]
    except (OSError, ValueError):
        return []


def files_below(folder: Path) -> Iterator[str]:
    """Yield the files of ``folder`` as relative names, a bounded number of them, hidden folders left out."""
    for path in itertools.islice(folder.rglob("*"), MOST_FILES):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(".git/") and path.is_file():
            yield name


def head_of(folder: Path | None, file: str) -> bytes | None:
    """Return how the learner's file of this base name begins; None unless there is exactly one such."""
    if folder is None:
        return None
    base = posixpath.basename(file)
    heads = set()
    for name in files_below(folder):
        if posixpath.basename(name) == base:
            with (folder / name).open("rb") as opened:
                heads.add(opened.read(HEAD))
    return heads.pop() if len(heads) == 1 else None
