"""A class from the folder of submissions to the gradebook: everything is looked at before anything is graded."""

from __future__ import annotations

import contextlib
import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.exercise import Exercise
from checker.grading.everyone import grade_all
from checker.grading.judged_by import course_version, judged_by
from checker.grading.plan import Plan
from checker.grading.reports import write_reports
from checker.grading.roster import Roster
from checker.grading.store import Store
from checker.grading.submissions import submissions
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from checker.exercise import Course
    from checker.grading.everyone import Crew, Watch
    from checker.grading.submissions import Submission

__all__ = ["Class", "opened_class"]

LEAST_FREE = 50_000_000  # bytes in the folder of results
_CORNER = ".at-work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class that is ready to be graded: what can be wrong with its folders has been looked at.

    Attributes:
        course: The instructor's copy.
        exercises: What is graded, with private checks.
        submissions: One a student.
        store: The results.
    """

    course: Course
    exercises: tuple[Exercise, ...]
    submissions: tuple[Submission, ...]
    store: Store

    def grade(
        self, crew: Crew, watch: Watch, around: Callable[[Exercise], str], leave: threading.Event | None = None
    ) -> None:
        """Grade what has to be graded.

        Args:
            crew: By whom.
            watch: Who is told.
            around: What an exercise's work meets beside its checks: engine and images.
            leave: Set where somebody wants to stop.

        Raises:
            KataError: Results cannot be written.
            KeyboardInterrupt: Somebody wants to stop.
        """
        corner = self.store.folder / _CORNER
        digests = tuple((exercise, judged_by(exercise, around(exercise))) for exercise in self.exercises)
        plan = Plan(submissions=self.submissions, judged_by=digests, store=self.store, corner=corner)
        shutil.rmtree(corner, ignore_errors=True)  # of one that was killed
        try:
            grade_all(plan, crew, self.store, watch, leave or threading.Event())
        finally:
            shutil.rmtree(corner, ignore_errors=True)

    @property
    def works(self) -> int:
        """How many results there are in the end."""
        return len(self.submissions) * len(self.exercises)

    def report(self) -> Path:
        """Write what people read, of all exercises that there are results of, and return the gradebook's page.

        Raises:
            KataError: It cannot be written.
        """
        return write_reports(self.store, [each.student for each in self.submissions], self._columns())

    def _columns(self) -> Sequence[Exercise]:
        wanted = {exercise.name for exercise in self.exercises}
        known = {path.stem for path in (self.store.folder / "results").glob("*/*.json")}
        return [each for each in self.course.exercises(private=True) if each.name in wanted | known]


@contextlib.contextmanager
def opened_class(  # noqa: PLR0913 - as many as can be wrong
    course: Course,
    folder: Path,
    out: Path,
    *,
    only: Sequence[str] = (),
    roster: Path | None = None,
    fresh: bool = False,
) -> Iterator[Class]:
    """Yield a class; until the end of the ``with`` its folder of results is ours alone.

    Args:
        course: The instructor's copy.
        folder: Where the submissions are.
        out: Where the results go.
        only: The exercises to grade, by number or name; all where it is empty.
        roster: A CSV file of who is in the class; None where everybody is who handed in something.
        fresh: Whether results that are there are thrown away.

    Raises:
        UnknownExerciseError: There is no such exercise.
        KataError: Something is wrong with one of the folders or with the roster.
    """
    names = sorted({course.resolve(wanted) for wanted in only}) or course.names()
    exercises = tuple(Exercise.read(course.folder / name, private=True) for name in names)
    out = out.absolute()
    handed_in = submissions(folder, Roster.read(roster) if roster is not None else None)
    if out.resolve().is_relative_to(folder.resolve()):
        raise KataError("grading.inside_submissions", folder=out)
    _check_room(out)
    with Store(out, course_version(course.exercises(private=True)), fresh=fresh) as store:
        yield Class(course=course, exercises=exercises, submissions=handed_in, store=store)


def _check_room(out: Path) -> None:
    there = next(path for path in (out, *out.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        raise KataError("grading.disk_full", folder=out, megabytes=free // 1_000_000)
