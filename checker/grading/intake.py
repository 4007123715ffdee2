"""Takes one exercise's work out of a submission: regular files of harmless names, in bounded number, size and time.

What a submission is made of is never trusted. It is only read, through ``folder``, ``zipped`` or ``tarred``, and what
is written is written by us, under names that were looked at, into a fresh folder. What does not belong to the work is
left out with a sentence; what cannot be an accident, or is a file that the exercise asks for, is refused with one.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Literal

from checker.grading.digest import digest_of
from checker.grading.folder import Folder
from checker.grading.names import is_ordinary, shown
from checker.grading.note import Limits, Meter, Note, Refused
from checker.grading.source import STEERS_US, Kind
from checker.grading.tarred import Tarred
from checker.grading.zipped import Zipped
from checker.phrase import KataError
from checker.report.result import Result
from checker.work import LARGEST_FILE, MOST_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from checker.exercise import Exercise
    from checker.grading.source import Entry, Parts, Source
    from checker.grading.submissions import Submission

__all__ = ["Intake", "take_in"]

MOST_NOTES = 20
_OURS = frozenset({"README.md", "README.ko.md", "exercise.toml"})
_NOT_A_STUDENTS = frozenset({"exercises", "solutions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was taken in of one submission for one exercise.

    Attributes:
        student: Whose it is.
        exercise: The exercise's folder name, ``04_run_redis``.
        state: ``taken``: it lies in the folder; ``missing``: nothing was handed in; ``refused``: see ``reason``.
        digest: The SHA-256 over the names and bytes of ``files``; empty unless taken.
        files: The paths of what was taken in, sorted.
        left_out: What was not, and why; the first ``MOST_NOTES`` of them.
        reason: Why it was refused; None otherwise.
    """

    student: str
    exercise: str
    state: Literal["taken", "missing", "refused"]
    digest: str = ""
    files: tuple[str, ...] = ()
    left_out: tuple[Note, ...] = ()
    reason: Note | None = None

    def settled(self, checks: str) -> Result | None:
        """Return the result where there is nothing to grade: it is missing or refused; None where it was taken.

        Args:
            checks: The SHA-256 of what it would have been judged by.
        """
        if self.state == "taken":
            return None
        reason = self.reason.reason if self.reason is not None else None
        return Result(student=self.student, exercise=self.exercise, state=self.state, reason=reason, checks=checks)


def take_in(submission: Submission, exercise: Exercise, into: Path | None, limits: Limits | None = None) -> Intake:
    """Copy what belongs to an exercise's work out of a submission into a fresh folder.

    Args:
        submission: Whose work, and where it is.
        exercise: What it is for; from the instructor's copy of the course.
        into: Where the files go; does not exist yet, or is empty. Nothing is written anywhere else, and nothing at
            all unless the work is taken in. None to look only.
        limits: How much of it is looked at.

    Returns:
        What came of it. A hostile submission is never an exception.

    Raises:
        KataError: The work cannot be written.
    """
    intake = Intake(student=submission.student, exercise=exercise.name, state="missing")
    try:
        files, left_out = _work(submission, exercise, Meter(limits or Limits()))
    except Refused as refused:
        return replace(intake, state="refused", reason=refused.note)
    if not files:
        return replace(intake, left_out=left_out)
    if into is not None:
        _write(files, into)
    return replace(
        intake,
        state="taken",
        digest=digest_of((entry.name, entry.executable, content) for entry, content in files),
        files=tuple(sorted(entry.name for entry, _ in files)),
        left_out=left_out,
    )


_Files = list[tuple["Entry", bytes]]


def _work(submission: Submission, exercise: Exercise, meter: Meter) -> tuple[_Files, tuple[Note, ...]]:
    """Read the work into memory, which ``Limits.work`` allows for."""
    if submission.problem is not None:
        raise Refused(submission.problem.key, **submission.problem.blanks)
    if submission.path is None:
        return [], ()
    try:
        with _opened(submission.path, meter) as source:
            place = _place(source, exercise.name)
            if place is None:
                return [], ()
            sieve = _Sieve(exercise, meter.limits)
            wanted = sieve.kept(source.below(place))
            return list(source.contents(place, wanted)), tuple(sieve.notes)
    except OSError:  # it goes away, or may not be read
        raise Refused("grading.unreadable", file=shown(submission.path.name)) from None


@contextmanager
def _opened(path: Path, meter: Meter) -> Iterator[Source]:
    """Open a submission by what it is, whatever its name says."""
    if path.is_dir():
        yield Folder(path, meter)
        return
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Refused("work.not_a_file", file=shown(path.name))
        if found.st_size > meter.limits.archive:
            raise Refused("grading.archive_too_large", file=shown(path.name), most=meter.limits.archive // 10**6)
        yield _archive(file, meter)


def _archive(file: BinaryIO, meter: Meter) -> Source:
    return Zipped(file, meter) if file.read(2) == b"PK" else Tarred(file, meter)


def _place(source: Source, name: str) -> Parts | None:
    """Find the exercise's folder: in a course's repo, on its own, or either of them one folder further down."""
    direct: list[list[Parts]] = [[("exercises", name)], [(name,)]]
    for places in direct:
        found = [place for place in places if source.kind(place) is not None]
        if found:
            return _folder(source, found)
    tops = sorted(top for top in source.tops() if top not in _NOT_A_STUDENTS)
    for below in (("exercises", name), (name,)):
        found = [(top, *below) for top in tops if source.kind((top, *below)) is not None]
        if found:
            return _folder(source, found)
    return None


def _folder(source: Source, found: list[Parts]) -> Parts:
    """Return the one folder that was found."""
    names = [shown("/".join(place)) for place in found]
    if len(found) > 1:
        raise Refused("grading.several", first=names[0], second=names[1])
    kind = source.kind(found[0])
    if kind is not Kind.FOLDER:
        raise Refused("work.link" if kind is Kind.LINK else "grading.not_a_folder", file=names[0])
    return found[0]


class _Sieve:
    """Keeps what belongs to an exercise's work, and notes why the rest does not."""

    def __init__(self, exercise: Exercise, limits: Limits) -> None:
        given = exercise.hidden / "given"
        self._needed = frozenset(exercise.files)
        self._made = frozenset(exercise.made)
        self._given = frozenset(path.relative_to(given).as_posix() for path in given.rglob("*") if path.is_file())
        self._limits = limits
        self.notes: list[Note] = []

    def kept(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries to copy: those that ``Work``, which counts in the same way, would copy.

        Raises:
            Refused: A file that the exercise asks for is not one, or all of them together are too large.
        """
        kept: list[Entry] = []
        theirs = (entry for entry in sorted(entries, key=_order) if entry.name not in self._made | _OURS)
        for number, entry in enumerate(theirs):
            if entry.name in self._needed:
                _insist(entry)
            elif entry.name in self._given or not self._fits(entry, number):
                continue
            kept.append(entry)
        if sum(entry.size for entry in kept) > self._limits.work:
            raise Refused("grading.too_much_work", most=self._limits.work // 10**6)
        return kept

    def _fits(self, entry: Entry, before: int) -> bool:
        note = _objection(entry)
        if note is None and before >= MOST_FILES:
            note = Note("grading.beyond", {"most": str(MOST_FILES), "file": shown(entry.name)})
        if note is not None and len(self.notes) < MOST_NOTES:
            self.notes.append(note)
        return note is None


def _order(entry: Entry) -> list[tuple[bool, str]]:
    """Sort the files of a folder before those of its folders, both by name."""
    last = len(entry.parts) - 1
    return [(at < last, part) for at, part in enumerate(entry.parts)]


def _objection(entry: Entry) -> Note | None:
    """Return why a file that nobody asked for is left out; None where it is not."""
    if not all(map(is_ordinary, entry.parts)):
        return Note("grading.odd_name", {"file": shown(entry.name)})
    if STEERS_US.intersection(entry.parts):
        return Note("grading.steers_us", {"file": shown(entry.name)})
    return _not_a_small_file(entry)


def _not_a_small_file(entry: Entry) -> Note | None:
    blanks = {"file": shown(entry.name)}
    if entry.kind is Kind.LINK:
        return Note("work.link", blanks)
    if entry.kind is not Kind.FILE:
        return Note("work.not_a_file", blanks)
    if entry.size > LARGEST_FILE:
        return Note("work.too_large", {**blanks, "megabytes": f"{entry.size / 1e6:.0f}"})
    return None


def _insist(entry: Entry) -> None:
    note = _not_a_small_file(entry)
    if note is not None:
        raise Refused(note.key, **note.blanks)


def _write(files: _Files, into: Path) -> None:
    try:
        into.mkdir(parents=True, exist_ok=True)
        into.rmdir()  # which only works on an empty folder
        into.mkdir()
    except OSError as problem:
        raise KataError("grading.cannot_write", folder=into, detail=problem.strerror or problem) from problem
    try:
        for entry, content in files:
            target = into.joinpath(*entry.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(content)
            target.chmod(0o755 if entry.executable else 0o644)
    except OSError as problem:
        shutil.rmtree(into, ignore_errors=True)
        raise KataError("grading.cannot_write", folder=into, detail=problem.strerror or problem) from problem
