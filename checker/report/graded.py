"""``Graded``: an exercise and what was found of it, read back from the file that pytest's ``--grades`` wrote.

The file is read strictly, and its totals are not believed: points are reckoned from the manifest and the verdicts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.exercise import Course, Exercise
from checker.phrase import KataError, Text, phrase
from checker.report.strict import strict_json
from checker.verdict import Grade, Outcome, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from checker.verdict import Check

__all__ = ["Graded", "Row", "read_grades"]

LARGEST_FILE = 32_000_000  # bytes; a course of 24 exercises has some hundred thousand
_GRADE = frozenset({"exercise", "points", "max_points", "final", "verdicts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One check of the manifest and what became of it.

    Attributes:
        number: The exercise's number and the check's place in it, ``04.2``.
        check: The check as the manifest announces it.
        outcome: What became of it; a check that has no verdict is broken.
        feedback: What the learner reads under it; None where there is nothing to say.
        seconds: How long it took.
    """

    number: str
    check: Check
    outcome: Outcome
    feedback: Text | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it earns its points."""
        return self.outcome is Outcome.PASSED

    @property
    def points(self) -> int:
        """The points it earned."""
        return self.check.points if self.passed else 0


@dataclass(frozen=True, slots=True)
class Graded:
    """An exercise and its grade."""

    exercise: Exercise
    grade: Grade

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its checks in the manifest's order, also those that never ran."""
        found = {verdict.check: verdict for verdict in self.grade.verdicts}
        return tuple(
            _row(f"{self.exercise.number}.{place}", check, found.get(check.id))
            for place, check in enumerate(self.grade.checks, start=1)
        )

    @property
    def outcome(self) -> Outcome:
        """What became of the exercise as a whole: passed, failed, or broken where the grade is not final."""
        if not self.grade.is_final:
            return Outcome.BROKEN
        return Outcome.PASSED if all(row.passed for row in self.rows) else Outcome.FAILED


def _row(number: str, check: Check, verdict: Verdict | None) -> Row:
    if verdict is None:
        did_not_run = phrase("export.did_not_run")
        return Row(number=number, check=check, outcome=Outcome.BROKEN, feedback=did_not_run, seconds=0.0)
    return Row(number=number, check=check, outcome=verdict.outcome, feedback=verdict.feedback, seconds=verdict.seconds)


def read_grades(file: Path, course: Course) -> tuple[Graded, ...]:
    """Return the grades in a file that ``--grades`` wrote, each held against its exercise's manifest.

    Raises:
        KataError: ``export.unreadable``: the file cannot be read, is not what ``--grades`` writes, or is about
            exercises that this course does not have.
    """
    try:
        return _grades(strict_json(_content(file)), course)
    except (OSError, ValueError) as problem:
        raise KataError("export.unreadable", file=file, detail=problem) from problem


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"more than {LARGEST_FILE} bytes")
    return content


def _grades(data: object, course: Course) -> tuple[Graded, ...]:
    if not isinstance(data, dict) or set(data) != {"grades"} or not isinstance(data["grades"], list):
        raise ValueError("not a file of grades")
    if not data["grades"]:
        raise ValueError("no grades in it")
    graded = tuple(_graded(entry, course) for entry in data["grades"])
    if len({each.exercise.name for each in graded}) != len(graded):
        raise ValueError("an exercise stands twice in it")
    return graded


def _graded(entry: object, course: Course) -> Graded:
    if not isinstance(entry, dict) or set(entry) != _GRADE or not isinstance(entry["verdicts"], list):
        raise ValueError("not a grade")
    name = entry["exercise"]
    if name not in course.names():
        raise ValueError(f"no exercise of this course: {name!r}")
    exercise = Exercise.read(course.folder / name)
    verdicts = [_verdict(data, name) for data in entry["verdicts"]]
    return Graded(exercise, Grade.of(name, exercise.checks, verdicts))


def _verdict(data: object, exercise: str) -> Verdict:
    if not isinstance(data, dict):
        raise ValueError("not a verdict")  # noqa: TRY004 - of what a file holds, every flaw is a ValueError
    verdict = Verdict.from_json(data)
    if verdict.exercise != exercise:
        raise ValueError(f"a verdict on {verdict.exercise} in the grade of {exercise}")
    if not math.isfinite(verdict.seconds) or verdict.seconds < 0:
        raise ValueError("not a verdict: its seconds are no time")
    return verdict
