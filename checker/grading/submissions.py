"""Finds the submissions of a class: one a student, where ``gh classroom``, Classroom 50, git or a browser left them."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.grading.names import shown, told_apart
from checker.grading.note import Note
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from checker.grading.roster import Roster

__all__ = ["Submission", "submissions"]

_ARCHIVE = re.compile(r"(?P<label>.+?)\.(zip|tar\.gz|tgz|tar)", re.IGNORECASE)
_OTHER_ARCHIVE = re.compile(r"(?P<label>.+?)\.(rar|7z|alz|egg|(tar\.)?(xz|bz2|zst)|txz|tbz2?|gz)", re.IGNORECASE)
_CLONES = "-submissions"  # gh classroom puts the clones of an assignment into ASSIGNMENT-submissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: Who, as the roster names them, else as the folder or archive is called.
        name: Their own name where the roster has it; empty otherwise.
        path: The folder or archive; None where nothing was handed in.
        listed: Whether the roster has this student; True where there is no roster.
        problem: Why it cannot be read at all; None where it can.
    """

    student: str
    name: str = ""
    path: Path | None = None
    listed: bool = True
    problem: Note | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    label: str
    path: Path
    problem: Note | None = None


def submissions(folder: Path, roster: Roster | None = None) -> tuple[Submission, ...]:
    """Return the submissions in a folder, one a student, sorted by student.

    Each folder and each ``.zip``, ``.tar.gz``, ``.tgz`` or ``.tar`` in it is a submission; a folder with one archive
    in it, as learning platforms make, is that archive. Hidden files and any others are not looked at.

    Args:
        folder: Where they are; or a folder with only ``ASSIGNMENT-submissions`` in it.
        roster: Who is in the class. Those who handed in nothing get a submission without a path, and a submission
            of somebody else is there, but not ``listed``.

    Raises:
        KataError: There is no such folder, nothing in it, two submissions of one student, or nothing that the roster
            knows.
    """
    found = tuple(_found(_innermost(folder)))
    if not found:
        raise KataError("grading.no_submissions", folder=folder)
    members = roster.matches([one.label for one in found]) if roster is not None else {}
    if roster is not None and not members:
        raise KataError("grading.roster_does_not_match", folder=folder, example=shown(found[0].label))
    handed_in = []
    for one in found:
        member = members.get(one.label)
        student, name = (member.student, member.name) if member else (told_apart(one.label), "")
        listed = roster is None or member is not None
        handed_in.append(Submission(student=student, name=name, path=one.path, listed=listed, problem=one.problem))
    return tuple(sorted([*handed_in, *_missing(handed_in, roster)], key=_by_student))


def _by_student(submission: Submission) -> tuple[str, str]:
    return submission.student.casefold(), submission.student


def _missing(handed_in: Iterable[Submission], roster: Roster | None) -> Iterator[Submission]:
    """Yield those who handed in nothing, once it is sure that nobody did so twice."""
    seen: dict[str, Submission] = {}
    for submission in handed_in:
        first = seen.setdefault(submission.student, submission)
        if first is not submission and first.path is not None and submission.path is not None:
            names = {"first": shown(first.path.name), "second": shown(submission.path.name)}
            raise KataError("grading.two_of_one", student=submission.student, **names)
    for member in roster.members if roster is not None else ():
        if member.student not in seen:
            yield Submission(student=member.student, name=member.name)


def _innermost(folder: Path) -> Path:
    """Return where the submissions really are.

    Only a lone folder of ``gh classroom`` is stepped into: what is deeper down is a student's to name, and a student
    must not be able to hand in a folder that looks like several other students' submissions.
    """
    if not folder.exists():
        raise KataError("grading.no_folder", folder=folder)
    if not folder.is_dir():
        raise KataError("grading.a_file", file=folder)
    visible = _visible(folder)
    if len(visible) == 1 and visible[0].name.endswith(_CLONES) and visible[0].is_dir() and not visible[0].is_symlink():
        return visible[0]
    return folder


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__")))
    except OSError as problem:
        raise KataError("grading.cannot_read", file=folder, detail=problem.strerror or problem) from problem


def _found(folder: Path) -> Iterator[_Found]:
    for path in _visible(folder):
        mode = path.lstat().st_mode
        archive, other = _ARCHIVE.fullmatch(path.name), _OTHER_ARCHIVE.fullmatch(path.name)
        if stat.S_ISLNK(mode):
            label = archive["label"] if archive else path.name
            yield _Found(label, path, Note("work.link", {"file": shown(path.name)}))
        elif stat.S_ISDIR(mode):
            yield _Found(path.name, _only_archive(path) or path)
        elif archive:
            yield _Found(archive["label"], path)
        elif other:
            yield _Found(other["label"], path, Note("grading.other_archive", {"file": shown(path.name)}))


def _only_archive(folder: Path) -> Path | None:
    """Return the archive that is all there is in a folder; None where there is anything else."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry, _ in zip(entries, range(50), strict=False) if entry.name[0] != "."]
    except OSError:  # taking it in will say what is wrong with it
        return None
    if len(visible) == 1 and visible[0].is_file(follow_symlinks=False) and _ARCHIVE.fullmatch(visible[0].name):
        return folder / visible[0].name
    return None
