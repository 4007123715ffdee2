"""``Result``: what one student earned in one exercise, as it is kept and reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.verdict import Grade

__all__ = ["Result"]

State = Literal["graded", "missing", "refused", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one student earned in one exercise.

    Attributes:
        student: Who, as the roster or the submission's folder names them.
        exercise: The exercise's folder name, ``04_run_redis``.
        state: ``graded``: there is a final grade; ``missing``: nothing was handed in for it; ``refused``: what was
            handed in could not be taken in (``reason``); ``broken``: it could not be judged, after several tries.
        grade: The verdicts; None where there are none.
        reason: The phrase's key and blanks that say why, for ``refused``; empty otherwise.
        work: The SHA-256 of what was graded; empty where there was nothing.
        checks: The SHA-256 of what it was judged by: the exercise's own files, the checker, the engine and its images.
        report: The file of the student's own report below the results' folder; empty where there is none.
        seconds: How long grading took.
    """

    student: str
    exercise: str
    state: State
    grade: Grade | None = None
    reason: tuple[str, Mapping[str, str]] | None = None
    work: str = ""
    checks: str = ""
    report: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> int:
        """What was earned: nothing where there is no grade."""
        return self.grade.points if self.grade is not None else 0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, for ``from_json``."""
        return {
            "student": self.student,
            "exercise": self.exercise,
            "state": self.state,
            "grade": self.grade.to_json() if self.grade is not None else None,
            "reason": [self.reason[0], dict(self.reason[1])] if self.reason is not None else None,
            "work": self.work,
            "checks": self.checks,
            "report": self.report,
            "seconds": self.seconds,
        }
