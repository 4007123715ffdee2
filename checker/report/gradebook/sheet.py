"""``Sheet``: a class's results as rows and columns, before anybody says how they look.

Pure: results and exercises come in, values come out. Both the page and the spreadsheet are made of it, so that they
cannot disagree.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from checker.phrase import plain, with_remedy
from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checker.exercise import Exercise
    from checker.phrase import Text
    from checker.report.result import Result
    from checker.verdict import Check, Grade

__all__ = ["Cell", "Column", "Row", "Sheet", "Standing"]


class Standing(enum.StrEnum):
    """Where a student stands in one exercise; each is marked in its own way."""

    FULL = "full"
    """Every point was earned."""
    PARTLY = "partly"
    """Some check failed, and every other one was judged."""
    BLOCKED = "blocked"
    """A check failed that others need, so these were not tried."""
    BROKEN = "broken"
    """Not judged to the end, through no fault of the student's: the points are not final."""
    REFUSED = "refused"
    """What was handed in could not be taken in."""
    MISSING = "missing"
    """Nothing was handed in."""
    PENDING = "pending"
    """Not graded yet: grading was stopped before, or is still going on."""

    @property
    def is_final(self) -> bool:
        """Whether grading again cannot change it."""
        return self not in {Standing.BROKEN, Standing.PENDING}

    @property
    def is_judged(self) -> bool:
        """Whether its points say something about the exercise: they are final, and there was work to judge."""
        return self in {Standing.FULL, Standing.PARTLY, Standing.BLOCKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one student earned in one exercise.

    Attributes:
        standing: Where they stand.
        points: What they earned; what was earned so far where it is not final.
        most: What there was to earn.
        outcomes: What became of each of the column's checks, in their order; None where a check has no verdict.
        reason: Why the work was refused; None otherwise.
        report: The address of the student's own report, relative to the page; empty where there is none.
        grade: The verdicts; None where there are none.
    """

    standing: Standing
    points: int
    most: int
    outcomes: tuple[Outcome | None, ...]
    reason: Text | None
    report: str
    grade: Grade | None

    @property
    def tenths(self) -> int:
        """How many tenths of the points were earned, rounded down: 10 only where nothing is missing."""
        return self.points * 10 // self.most if self.most else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One exercise: what it is called, what there is to earn, and its checks in the manifest's order."""

    name: str
    number: str
    title: Text
    most: int
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One student: a cell for each column."""

    student: str
    cells: tuple[Cell, ...]

    @property
    def points(self) -> int:
        """What the student earned in all exercises together."""
        return sum(cell.points for cell in self.cells)

    @property
    def is_final(self) -> bool:
        """Whether no cell can change any more when it is graded again."""
        return all(cell.standing.is_final for cell in self.cells)

    @property
    def report(self) -> str:
        """The address of the student's report where all exercises share one; empty where they do not."""
        found = {cell.report for cell in self.cells if cell.report}
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Students down, exercises across."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def most(self) -> int:
        """What there is to earn in all exercises together."""
        return sum(column.most for column in self.columns)

    def down(self, index: int) -> tuple[Cell, ...]:
        """Return the cells of one column, in the order of the rows."""
        return tuple(row.cells[index] for row in self.rows)

    @classmethod
    def of(cls, results: Iterable[Result], exercises: Sequence[Exercise]) -> Sheet:
        """Arrange results; students by name, exercises in the order in which they are given.

        A student without a result in an exercise is *pending* there. Results of other exercises are left out, and
        of several results of one student in one exercise the last counts.
        """
        found = {(result.student, result.exercise): result for result in results}
        columns = tuple(_column(exercise, found.values()) for exercise in exercises)
        names = {column.name for column in columns}
        students = {student for student, exercise in found if exercise in names}
        rows = (
            Row(student=student, cells=tuple(_cell(found.get((student, column.name)), column) for column in columns))
            for student in sorted(students, key=_by_name)
        )
        return cls(columns=columns, rows=tuple(rows))


def _by_name(student: str) -> tuple[list[tuple[int, str]], str]:
    """Return what a name is sorted by: ``kim2`` before ``kim10``, capitals or not."""
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFKC", student).casefold())
    numbers = [part.lstrip("0") for part in parts[1::2]]  # every other part is one; as text, since it may be long
    parts[1::2] = numbers
    return [(len(part) if at % 2 else 0, part) for at, part in enumerate(parts)], student


def _column(exercise: Exercise, results: Iterable[Result]) -> Column:
    """Return an exercise's column; private checks are in no manifest, but in the grades."""
    grades = [found.grade for found in results if found.exercise == exercise.name and found.grade is not None]
    checks: Mapping[str, Check] = {
        check.id: check for source in (exercise.checks, *(grade.checks for grade in grades)) for check in source
    }
    return Column(
        name=exercise.name,
        number=exercise.number,
        title=exercise.title,
        most=max((grade.max_points for grade in grades), default=sum(check.points for check in exercise.checks)),
        checks=tuple(checks.values()),
    )


def _cell(result: Result | None, column: Column) -> Cell:
    grade = None if result is None else result.grade
    became = {} if grade is None else {verdict.check: verdict.outcome for verdict in grade.verdicts}
    return Cell(
        standing=_standing(result),
        points=0 if grade is None else grade.points,
        most=column.most if grade is None else grade.max_points,
        outcomes=tuple(became.get(check.id) for check in column.checks) if became else (),
        reason=None if result is None else _reason(result),
        report="" if result is None else _address(result.report),
        grade=grade,
    )


def _standing(result: Result | None) -> Standing:
    if result is None:
        return Standing.PENDING
    if result.state != "graded":
        return Standing(result.state)
    grade = result.grade
    if grade is None or not grade.is_final:
        return Standing.BROKEN
    if grade.points == grade.max_points:
        return Standing.FULL
    return Standing.BLOCKED if grade.has(Outcome.BLOCKED) else Standing.PARTLY


def _reason(result: Result) -> Text | None:
    """Return why a work was refused; results of an older checker may name a sentence that is gone."""
    if result.reason is None:
        return None
    key, blanks = result.reason
    try:
        return with_remedy(key).fill(blanks)
    except (KeyError, FileNotFoundError):
        return None


def _address(report: str) -> str:
    """Return a report's place as a relative address; empty where it is none below the results' folder.

    A student's folder can be called ``javascript:…`` or ``//elsewhere``; a link leads to a file beside the page or
    nowhere.
    """
    path = PurePosixPath(report)
    if not report or path.is_absolute() or ".." in path.parts or plain(report) != report:
        return ""
    return "/".join(quote(part, safe="") for part in path.parts)
