"""Grades one submission: a place of its own, an exercise after the other, what is broken once more in a fresh one."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.phrase import KataError, Text, phrase
from checker.report.result import Result
from checker.verdict import Grade, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from checker.exercise import Exercise
    from checker.grading.account import Account
    from checker.grading.judge import Judge
    from checker.grading.place import Place, Places

__all__ = ["Assignment", "Task", "TaskGrader"]

SLACK = 60.0  # seconds that an exercise may take beside twice its own limit, which is for its scripts and builds


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One exercise of a submission that has to be graded.

    Attributes:
        exercise: Which; with its private checks.
        work: The SHA-256 of the work.
        checks: The SHA-256 of what it is judged by.
    """

    exercise: Exercise
    work: str
    checks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What has to be graded of one submission.

    Attributes:
        student: Whose it is.
        folder: Where its work lies, taken in: a folder ``work`` with ``NN_name/`` for each exercise. More is written
            beside that.
        assignments: The exercises, in their order; at least one.
    """

    student: str
    folder: Path
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGrader:
    """Grades submissions, also several at a time.

    Attributes:
        judge: Judges an exercise.
        places: Where a submission is graded.
        seconds: How long one submission may take; None where only its exercises are limited.
    """

    judge: Judge
    places: Places
    seconds: float | None = None

    def grade(self, task: Task, began: Callable[[str], None] = lambda _: None) -> Iterator[Result]:
        """Yield the result of each exercise as soon as it is final.

        Args:
            task: The submission.
            began: Told the name of each exercise that is begun.

        Raises:
            StoppedError: Grading was asked to stop.
        """
        attempt = _Attempt(self, task, began)
        again = []
        for assignment, result in attempt.run(task.assignments):
            if _is_broken(result):
                again.append(assignment)
            else:
                yield result
        attempt.a_script_ran = False  # if there is no time for another try, that is not for what they did in the first
        for _, result in attempt.run(again):
            yield result


class _Attempt:
    """One submission while it is graded."""

    def __init__(self, grader: TaskGrader, task: Task, began: Callable[[str], None]) -> None:
        self._grader, self._task, self._began = grader, task, began
        self._ends = time.monotonic() + (grader.seconds or math.inf)
        self.a_script_ran = False
        """Whether anything of the learner's was run: then it is theirs if time runs out."""
        self._numbers = itertools.count()

    def run(self, assignments: Iterable[Assignment]) -> Iterator[tuple[Assignment, Result]]:
        """Grade these, in one place as long as it lives."""
        with contextlib.ExitStack() as held:
            place: Place | None = None
            for assignment in assignments:
                started = time.monotonic()
                try:
                    if place is None and started < self._ends:
                        place = held.enter_context(self._grader.places.open())
                    self._began(assignment.exercise.name)
                    account, is_over = self._judged(assignment, place)
                except (KataError, OSError, ValueError) as problem:
                    result = self._broken(assignment, problem)
                    is_over = True  # whatever it was, the next one begins in a fresh place
                else:
                    result = self._result(assignment, account, is_over=is_over, seconds=time.monotonic() - started)
                yield assignment, result
                if is_over:
                    place = None
                    held.close()

    def _judged(self, assignment: Assignment, place: Place | None) -> tuple[Account | None, bool]:
        if place is None:
            return None, True
        exercise = assignment.exercise
        limit = time.monotonic() + 2 * exercise.seconds + SLACK
        desk = self._task.folder / f"desk-{next(self._numbers)}"
        work = self._task.folder / "work"
        account, is_over = self._grader.judge.judge(exercise, work, place, desk, min(limit, self._ends))
        self.a_script_ran |= account.started
        return account, is_over

    def _result(self, assignment: Assignment, account: Account | None, *, is_over: bool, seconds: float) -> Result:
        exercise = assignment.exercise
        verdicts = account.verdicts if account is not None else ()
        ran = self.a_script_ran if account is None else account.started
        if is_over and ran:
            verdicts = (*verdicts, *_out_of_time(exercise, verdicts, self._grader.seconds or seconds))
        grade = Grade.of(exercise.name, exercise.checks, verdicts)
        if not grade.verdicts:
            key = "grading.no_time" if is_over else "grading.no_verdict"
            return self._without_grade(assignment, (key, {}), seconds)
        return Result(
            student=self._task.student,
            exercise=exercise.name,
            state="graded",
            grade=grade,
            work=assignment.work,
            checks=assignment.checks,
            seconds=round(seconds, 3),
        )

    def _broken(self, assignment: Assignment, problem: Exception) -> Result:
        if isinstance(problem, KataError):
            reason = problem.key, {name: str(value) for name, value in problem.blanks.items()}
        else:
            reason = "grading.judge_failed", {"detail": f"{type(problem).__name__}: {problem}"[:300]}
        return self._without_grade(assignment, reason, 0.0)

    def _without_grade(self, assignment: Assignment, reason: tuple[str, dict[str, str]], seconds: float) -> Result:
        return Result(
            student=self._task.student,
            exercise=assignment.exercise.name,
            state="broken",
            reason=reason,
            work=assignment.work,
            checks=assignment.checks,
            seconds=round(seconds, 3),
        )


def _is_broken(result: Result) -> bool:
    return result.grade is None or not result.grade.is_final


def _out_of_time(exercise: Exercise, known: Iterable[Verdict], seconds: float) -> Iterator[Verdict]:
    """Yield a verdict on each check that time was too short for, although the learner's files had their turn."""
    judged = {verdict.check for verdict in known}
    said: Text = phrase("grading.time_ran_out").fill({"seconds": f"{seconds:.0f}"})
    for check in exercise.checks:
        if check.id not in judged:
            yield Verdict(
                exercise=exercise.name,
                check=check.id,
                outcome=Outcome.FAILED,
                feedback=said,
                mistake="grading.time_ran_out",
            )
