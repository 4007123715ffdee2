"""Which line of a ``.dockerignore`` keeps a file out of the build context.

Patterns as docs.docker.com/build/concepts/context/#dockerignore-files has them: relative to the context's
root, ``*`` and ``?`` stop at a slash, ``**`` does not, ``!`` takes back, the last line that matches counts,
and what excludes a folder excludes all in it.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Exclusion", "excluded_by"]

MOST_LINES = 1_000


class Exclusion(NamedTuple):
    """The line that excludes a file: where it is (``.dockerignore:3``) and what it says."""

    place: str
    pattern: str


def excluded_by(context: Path, path: str) -> Exclusion | None:
    """Return the line that keeps ``path`` (relative to the context) out of it; None where none does."""
    for name in ("Dockerfile.dockerignore", ".dockerignore"):  # the first that exists counts, alone
        try:
            lines = (context / name).read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError:
            continue
        return _last_word(name, lines[:MOST_LINES], path)
    return None


def _last_word(name: str, lines: list[str], path: str) -> Exclusion | None:
    found: Exclusion | None = None
    for number, line in enumerate(lines, start=1):
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        takes_back = pattern.startswith("!")
        if _matches(_parts(pattern.removeprefix("!").strip()), path.split("/")):
            found = None if takes_back else Exclusion(f"{name}:{number}", pattern)
    return found


def _parts(pattern: str) -> list[str]:
    """Split a pattern at its slashes; ``**`` inside a name (``**.py``) reaches into folders as well."""
    parts: list[str] = []
    for part in posixpath.normpath(pattern).strip("/").split("/"):
        if "**" in part and part != "**":
            parts += ["**", re.sub(r"\*+", "*", part)]
        else:
            parts.append(part.replace("[^", "[!"))  # fnmatch's way to write what Go writes with ^
    return parts


def _matches(pattern: list[str], path: list[str]) -> bool:
    """Return whether the pattern names the path or a folder above it; without backtracking."""
    reached = {0}  # how many parts of the path the pattern may have used up so far
    for index, part in enumerate(pattern):
        if part == "**":
            least = min(reached) + (index == len(pattern) - 1)
            reached = set(range(least, len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and fnmatch.fnmatchcase(path[at], part)}
        if not reached:
            return False
    return True
