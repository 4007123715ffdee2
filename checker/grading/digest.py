"""One SHA-256 for many files, the same wherever and whenever they lie."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.exercise import Exercise

__all__ = ["digest_of", "digest_of_checks"]


def digest_of(files: Iterable[tuple[str, bool, bytes]]) -> str:
    """Return the SHA-256 of files, as hexadecimal digits.

    Args:
        files: Each one's path with slashes, whether it can be executed, and what is in it, in any order. Lengths go
            into the sum, so that no two different sets of files make the same one.
    """
    total = hashlib.sha256(b"kata 1\0")
    for name, executable, content in sorted(files):
        path = name.encode("utf-8", "surrogateescape")
        total.update(b"%d %d %d\0" % (len(path), executable, len(content)))
        total.update(path + hashlib.sha256(content).digest())
    return total.hexdigest()


def digest_of_checks(exercise: Exercise) -> str:
    """Return the SHA-256 of what an exercise's work is judged by: its manifest and its ``.checks``."""
    judging = [exercise.folder / "exercise.toml", *exercise.hidden.rglob("*")]
    files = [path for path in judging if path.is_file() and "__pycache__" not in path.parts]
    return digest_of(
        (path.relative_to(exercise.folder).as_posix(), bool(path.stat().st_mode & 0o100), path.read_bytes())
        for path in files
    )
