"""The results of a class in a folder: one file a student and exercise, each as it was before or as it is now.

The process may be killed at any moment, and so may the machine lose its power: a file is written beside its place, put
on the disk, and renamed. Whatever is not exactly what would have been written there counts as not there, so that it
is graded again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from typing import TYPE_CHECKING, Self

from checker.grading.names import slug
from checker.grading.record import LARGEST, read_record, record
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from checker.exercise import Exercise
    from checker.report.result import Result

__all__ = ["Store"]

_MARK = "kata-results"  # says that a folder is ours, and of which form and course
_FORM = "1"
_LOCK = ".kata-lock"
_UNFINISHED = ".unfinished"


class Store:
    """A folder of results, open and ours alone until it is closed.

    ::

        with Store(folder, course="2026-spring") as store:
            if store.needed(student, exercise, work, checks):
                store.save(grade(...))

    Args:
        folder: Where the results are; made where it does not exist.
        course: What the results are of. A folder that has results of another course is refused.
        fresh: Whether results that are there already are thrown away first.

    Raises:
        KataError: The folder cannot be used, has something else in it, or another grader is at it.
    """

    def __init__(self, folder: Path, course: str = "", *, fresh: bool = False) -> None:
        self.folder = folder
        self._results = folder / "results"
        self._lock: int | None = None
        try:
            self._open(course, fresh=fresh)
        except OSError as problem:
            self.close()
            raise _trouble(folder, problem) from problem
        except BaseException:
            self.close()
            raise

    def _open(self, course: str, *, fresh: bool) -> None:
        _check_ours(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder)
        if fresh:
            shutil.rmtree(self._results, ignore_errors=True)
        _mark(self.folder, course, anew=fresh)
        self._results.mkdir(exist_ok=True)
        for unfinished in self._results.glob(f"*/*{_UNFINISHED}"):
            unfinished.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def save(self, result: Result) -> None:
        """Keep a result; when this returns, it is on the disk.

        Raises:
            KataError: It cannot be written; what was there before is still there.
            ValueError: It is not one that could be read back.
        """
        path = self._path(result.student, result.exercise)
        data = record(result)
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
                _settle(path.parent.parent)
            _replace(path, data)
        except OSError as problem:
            raise _trouble(path, problem) from problem

    def read(self, student: str, exercise: Exercise) -> Result | None:
        """Return what a student earned in an exercise; None where that is not known, or the file is not in order."""
        try:
            result = read_record(_bytes(self._path(student, exercise.name)), exercise)
        except (OSError, ValueError):
            return None
        return result if result.student == student else None

    def results(self, students: Iterable[str], exercises: Iterable[Exercise]) -> Iterator[Result]:
        """Yield what is known of these students in these exercises, one student after the other."""
        exercises = tuple(exercises)
        for student in students:
            for exercise in exercises:
                result = self.read(student, exercise)
                if result is not None:
                    yield result

    def needed(self, student: str, exercise: Exercise, work: str, checks: str) -> bool:
        """Return whether a student's work has to be graded: whether it, or what it is judged by, has changed.

        What was broken, or came to no final grade, is graded again in any case.

        Args:
            student: Whose work.
            exercise: For what.
            work: The work's SHA-256; empty where there is none.
            checks: The SHA-256 of what it is judged by.
        """
        known = self.read(student, exercise)
        if known is None or known.state == "broken" or (known.work, known.checks) != (work, checks):
            return True
        return known.grade is not None and not known.grade.is_final

    def _path(self, student: str, exercise: str) -> Path:
        return self._results / slug(student) / f"{exercise}.json"


def _check_ours(folder: Path) -> None:
    """Refuse a folder with something in it that is not ours, before anything is written there."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise KataError("grading.results_a_file", file=folder)
    found = {path.name for path in folder.iterdir()}
    if _MARK not in found and found - {_LOCK, _MARK + _UNFINISHED}:
        raise KataError("grading.results_not_ours", folder=folder)


def _locked(folder: Path) -> int:
    """Take the folder for this process.

    A lock of POSIX's older kind belongs to the process alone. The newer kind (``flock``) would be held on by workers
    that outlive a killed grader, and the same command could not go on at once. Two stores of one process do not
    exclude each other: the grader opens one.
    """
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise KataError("grading.results_in_use", folder=folder) from None
    except OSError:
        os.close(lock)
        raise
    return lock


def _mark(folder: Path, course: str, *, anew: bool) -> None:
    """Say whose the folder is, or look whether that is said already.

    Raises:
        KataError: It has results of another form or course.
    """
    wanted = f"docker-kata results, form {_FORM}\n{course}\n".encode()
    with contextlib.suppress(FileNotFoundError):
        if _bytes(folder / _MARK) == wanted:
            return
        if not anew:
            raise KataError("grading.results_of_another_course", folder=folder)
    _replace(folder / _MARK, wanted)


def _bytes(path: Path) -> bytes:
    """Return what is in a regular file, at most one byte more than any of ours has."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, "not a regular file", str(path))
        return file.read(LARGEST + 1)


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that whoever looks, whenever, sees all of the old or all of the new one."""
    beside = path.with_name(path.name + _UNFINISHED)
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Put a folder's list of files on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trouble(path: Path, problem: OSError) -> KataError:
    return KataError("grading.cannot_write", folder=path, detail=problem.strerror or problem)
