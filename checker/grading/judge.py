"""Judges one exercise: one pytest process, which runs outside the place, and whose journal is all that is believed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import checker
from checker.engine.place import Place as Ours
from checker.forked import start_pytest
from checker.grading.account import Account, read_account
from checker.phrase import KataError, plain

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from checker.exercise import Course, Exercise
    from checker.forked import Forked
    from checker.grading.place import Place

__all__ = ["Judge", "StoppedError"]

GRACE = 5.0  # seconds for pytest to put away what it has on the engine
_PASSED_ON = ("PATH", "KATA_LANG", "LC_ALL", "LANG", "TZ")


class StoppedError(Exception):
    """Grading was asked to stop; what was under way is graded another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges exercises of one course.

    Attributes:
        course: The instructor's copy.
        stop: Set where everything has to end soon.
    """

    course: Course
    stop: threading.Event

    def judge(self, exercise: Exercise, work: Path, place: Place, desk: Path, until: float) -> tuple[Account, bool]:
        """Judge a piece of work.

        Args:
            exercise: Of the course.
            work: The folder with the learner's folder ``NN_name``; only ever read.
            place: Where the scripts run. It is killed where time runs out.
            desk: A folder that no submission reaches, not there yet.
            until: The deadline, as ``time.monotonic`` counts.

        Returns:
            What was found, and whether time ran out before the end.

        Raises:
            StoppedError: ``stop`` was set.
            KataError: ``grading.judge_ended``: the process ended before it was done.
            ValueError: What was found cannot be read.
            OSError: The process cannot be started.
        """
        desk.mkdir(parents=True, mode=0o700)
        journal = desk / "journal"
        process = self._start(exercise, work, place, desk)
        try:
            in_time = self._wait(process, until)
            account = read_account(journal, exercise)  # before anything is ended, which would find its way in there
        finally:
            _end(process, place)
        if self.stop.is_set():
            raise StoppedError
        if in_time and not account.is_complete:
            raise KataError("grading.judge_ended", code=process.code, detail=_last_words(desk / "said"))
        return account, not in_time

    def _start(self, exercise: Exercise, work: Path, place: Place, desk: Path) -> Forked:
        empty = desk / "cwd"
        empty.mkdir()
        return start_pytest(
            _arguments(self.course, exercise, work, desk / "journal"),
            root=_root(self.course),
            folder=empty,
            environment=_environment(place.environment, empty),
            complaints=desk / "said",
            network=place.network,
        )

    def _wait(self, process: Forked, until: float) -> bool:
        while not self.stop.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return False
            if process.wait(min(left, 0.5)):
                return True
        return True


def _root(course: Course) -> Path:
    """Return where the checker is that judges: a course that has one of its own is judged by that."""
    return course.root if (course.root / "checker").is_dir() else Path(checker.__file__).resolve().parent.parent


def _arguments(course: Course, exercise: Exercise, work: Path, journal: Path) -> list[str]:
    trusted = str(course.root)
    options = ["-c", f"{trusted}/pyproject.toml", "--rootdir", trusted, "--confcutdir", trusted, "-p", "checker.plugin"]
    more = ["-p", "no:cacheprovider", "--private", f"--work={work}", f"--journal={journal}"]
    return [*options, *more, str(exercise.folder)]


def _environment(place: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the few variables that pytest gets: none of a submission's, and none that steer Python or pytest."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    ours = {"HOME": str(home), "KATA_DATA": str(Ours.here().data), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return {**kept, **ours, **place}


def _last_words(file: Path) -> str:
    """Return the last line of what the process complained about, for those who grade."""
    with file.open("rb") as opened:
        opened.seek(max(file.stat().st_size - 2000, 0))
        lines = plain(opened.read().decode(errors="replace")).split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "-")


def _end(process: Forked, place: Place) -> None:
    """See to it that a process is gone: it may clean up, for a while, after its place was killed."""
    if process.wait(0):
        return
    place.kill()
    for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        process.send(number)
        if process.wait(seconds):
            return
