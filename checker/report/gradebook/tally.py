"""What a whole class did: the distribution of an exercise, and the checks that were failed most."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checker.phrase import Text
    from checker.report.gradebook.sheet import Cell, Column, Sheet, Standing
    from checker.verdict import Check, Verdict

__all__ = ["CheckTally", "Class", "ColumnTally", "Sentence"]

MOST_SENTENCES = 3  # a check; what is rarer than the third is read in the students' own reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What students read under a check that failed: one of several that differ only in their blanks."""

    text: Text
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTally:
    """How a class did at one check.

    Attributes:
        exercise: The exercise's two digits.
        check: The check.
        judged: How many students' work it passed or failed.
        failed: How many of them failed it.
        blocked: For how many it was not tried.
        broken: For how many it could not be judged.
        sentences: What most of those who failed it read, the most frequent first.
    """

    exercise: str
    check: Check
    judged: int
    failed: int
    blocked: int
    broken: int
    sentences: tuple[Sentence, ...]

    @property
    def percent(self) -> int:
        """How many in a hundred of those judged failed it."""
        return round(self.failed * 100 / self.judged) if self.judged else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTally:
    """How a class did in one exercise.

    Attributes:
        column: The exercise.
        bins: How many final grades lie in each tenth of the points, and in the eleventh those with all of them.
        standings: How many students stand where.
        mean: The mean of the final grades, in points; None where there are none.
        median: Their median, in points.
        checks: Its checks, in the manifest's order.
    """

    column: Column
    bins: tuple[int, ...]
    standings: Mapping[Standing, int]
    mean: float | None
    median: float | None
    checks: tuple[CheckTally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """How a class did."""

    columns: tuple[ColumnTally, ...]
    standings: Mapping[Standing, int]

    @classmethod
    def of(cls, sheet: Sheet) -> Class:
        """Count."""
        columns = tuple(_column(column, sheet.down(index)) for index, column in enumerate(sheet.columns))
        return cls(columns=columns, standings=Counter(cell.standing for row in sheet.rows for cell in row.cells))

    @property
    def percent(self) -> int | None:
        """The mean of all final grades, each as a share of its points, in percent; None where there are none."""
        shares = [
            tally.mean * 100 / tally.column.most
            for tally in self.columns
            if tally.mean is not None and tally.column.most
            for _ in range(sum(tally.bins))
        ]
        return round(statistics.fmean(shares)) if shares else None

    def most_failed(self, count: int) -> tuple[CheckTally, ...]:
        """Return the ``count`` checks that most students failed, the worst first."""
        failed = [check for tally in self.columns for check in tally.checks if check.failed]
        return tuple(sorted(failed, key=lambda check: (-check.failed, -check.percent))[:count])


def _column(column: Column, cells: Sequence[Cell]) -> ColumnTally:
    final = [cell for cell in cells if cell.standing.is_judged]
    points = [cell.points for cell in final]
    reached = Counter(cell.tenths for cell in final)
    return ColumnTally(
        column=column,
        bins=tuple(reached[tenths] for tenths in range(11)),
        standings=Counter(cell.standing for cell in cells),
        mean=statistics.fmean(points) if points else None,
        median=statistics.median(points) if points else None,
        checks=_checks(column, cells),
    )


def _checks(column: Column, cells: Sequence[Cell]) -> tuple[CheckTally, ...]:
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for cell in cells:
        for verdict in () if cell.grade is None else cell.grade.verdicts:
            verdicts[verdict.check].append(verdict)
    return tuple(_check(column.number, check, verdicts[check.id]) for check in column.checks)


def _check(exercise: str, check: Check, verdicts: Sequence[Verdict]) -> CheckTally:
    became = Counter(verdict.outcome for verdict in verdicts)
    return CheckTally(
        exercise=exercise,
        check=check,
        judged=became[Outcome.PASSED] + became[Outcome.FAILED],
        failed=became[Outcome.FAILED],
        blocked=became[Outcome.BLOCKED],
        broken=became[Outcome.BROKEN],
        sentences=_sentences([verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED]),
    )


def _sentences(failed: Sequence[Verdict]) -> tuple[Sentence, ...]:
    """Return what was said most: a mistake once, however its blanks were filled, in its most frequent wording."""
    said: dict[str, Counter[Text]] = defaultdict(Counter)
    for verdict in failed:
        if verdict.feedback is not None:
            said[verdict.mistake or verdict.feedback.en][verdict.feedback] += 1
    sentences = [Sentence(text=texts.most_common(1)[0][0], count=texts.total()) for texts in said.values()]
    return tuple(sorted(sentences, key=lambda sentence: -sentence.count)[:MOST_SENTENCES])
