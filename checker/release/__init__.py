"""``kata release``: writes the repository that learners get, and what an autograder runs on it.

A part of its own and no report, since it reads no grade: it reads the course. What is written is prompts, starters,
checks, this checker, and the files of ``learners/`` with their blanks filled; no solutions, no tests, and no private
checks.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from checker.phrase import KataError, say
from checker.release.course import ours, refuse_uncommitted
from checker.release.pin import Pin
from checker.release.written import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from checker.exercise import Course

__all__ = ["release"]


def release(course: Course, out: Path, source: str | None, tell: Callable[[str], None], *, as_is: bool) -> None:
    """Write the learners' repository to ``out``, a folder that is new, empty, or holds nothing but ``.git``.

    Args:
        course: The course to release.
        out: The folder to write.
        source: The instructor's copy that autograders take the checks from, ``OWNER/REPOSITORY[@COMMIT]``; None
            leaves blanks to be filled by hand.
        tell: Called with each sentence about what is done.
        as_is: Whether exercises that differ from what is committed are released nevertheless.

    Raises:
        UsageError: ``source`` is not of that form.
        KataError: ``out`` is taken or cannot be written; a starter is its own solution; something is not committed.
    """
    pin = Pin.read(source, course.root)
    _refuse_taken(out)
    if not as_is:
        refuse_uncommitted(course)
    files, texts = ours(course), written(course, pin)
    try:
        _write(out, files, texts)
    except OSError as problem:
        raise KataError("release.unwritable", file=problem.filename, detail=problem.strerror) from problem
    tell(say("release.written", folder=out, count=len({*files, *texts})))
    if not pin.is_complete:
        tell(say("release.blanks", repository=pin.repository, commit=pin.commit))


def _refuse_taken(out: Path) -> None:
    try:
        found = [] if not out.exists() else [path.name for path in out.iterdir() if path.name != ".git"]
    except OSError as problem:
        raise KataError("release.unwritable", file=out, detail=problem.strerror) from problem
    if found:
        raise KataError("release.taken", folder=out, name=min(found))


def _write(out: Path, files: Mapping[str, Path], texts: Mapping[str, str]) -> None:
    for name, source in files.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)  # with the mode: scripts stay executable
    for name, text in texts.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
