"""Goes through the submissions and finds out, one at a time, what is left to be graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.grading.intake import take_in
from checker.grading.task import Assignment, Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checker.exercise import Exercise
    from checker.grading.store import Store
    from checker.grading.submissions import Submission
    from checker.report.result import Result

__all__ = ["Plan", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done for one submission.

    Attributes:
        student: Whose it is.
        settled: Results that need no grading: nothing was handed in, or it cannot be taken in.
        unchanged: How many results are there already and still hold.
        task: What has to be graded; None where nothing has.
    """

    student: str
    settled: tuple[Result, ...]
    unchanged: int
    task: Task | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who handed in something, and what it is judged by.

    Attributes:
        submissions: One a student.
        judged_by: The exercises with the SHA-256 of what each one's work is judged by.
        store: The results so far.
        corner: A folder of ours, where work is taken in.
    """

    submissions: tuple[Submission, ...]
    judged_by: tuple[tuple[Exercise, str], ...]
    store: Store
    corner: Path

    @property
    def works(self) -> int:
        """How many results there are in the end."""
        return len(self.submissions) * len(self.judged_by)

    def steps(self) -> Iterator[Step]:
        """Yield what is to be done, a submission at a time; each one's work is there when it is yielded.

        Raises:
            KataError: The work cannot be written.
        """
        for number, submission in enumerate(self.submissions):
            yield self._step(submission, self.corner / f"{number:05}")

    def _step(self, submission: Submission, folder: Path) -> Step:
        settled: list[Result] = []
        assignments: list[Assignment] = []
        for exercise, checks in self.judged_by:
            if not self._is_needed(submission, exercise, checks):
                continue
            intake = take_in(submission, exercise, folder / "work" / exercise.name)
            result = intake.settled(checks)
            if result is not None:
                settled.append(result)
            else:
                assignments.append(Assignment(exercise=exercise, work=intake.digest, checks=checks))
        task = Task(student=submission.student, folder=folder, assignments=tuple(assignments))
        return Step(
            student=submission.student,
            settled=tuple(settled),
            unchanged=len(self.judged_by) - len(settled) - len(assignments),
            task=task if assignments else None,
        )

    def _is_needed(self, submission: Submission, exercise: Exercise, checks: str) -> bool:
        looked_at = take_in(submission, exercise, None)  # most of a class has not changed: nothing is written for it
        return self.store.needed(submission.student, exercise, looked_at.digest, checks)
