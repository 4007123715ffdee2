"""What is seen while a class is graded: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self, TextIO

from checker.layout import inert, wrap
from checker.phrase import plain, say, with_remedy
from checker.verdict import Outcome

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from checker.report.result import Result

__all__ = ["Lines", "Table", "Tally", "board"]

WIDEST = 120


class Tally:
    """Counts what has become of a class so far.

    Attributes:
        all: How many results there are in the end.
        counts: How many there are of each kind: ``graded``, ``missing``, ``refused``, ``broken``, ``unchanged``.
    """

    def __init__(self, works: int) -> None:
        self.all = works
        self.counts: Counter[str] = Counter()
        self._started = time.monotonic()

    @property
    def done(self) -> int:
        """How many results there are by now."""
        return self.counts.total()

    @property
    def rate(self) -> float:
        """How many works are graded a minute."""
        return self.counts["graded"] * 60 / max(time.monotonic() - self._started, 0.001)

    def count(self, result: Result) -> None:
        """Count a result."""
        is_broken = result.state == "graded" and (result.grade is None or not result.grade.is_final)
        self.counts["broken" if is_broken else result.state] += 1

    def words(self) -> str:
        """Return the counts as a sentence."""
        kinds = ("graded", "unchanged", "missing", "refused", "broken")
        return say("grade.counts", **{kind: self.counts[kind] for kind in kinds})


class Lines:
    """A line for each result, for whoever reads a log.

    Args:
        tally: Counts.
        out: Where they are written.
    """

    def __init__(self, tally: Tally, out: TextIO) -> None:
        self.tally = tally
        self._out = out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._line(self.tally.words())

    def unchanged(self, count: int) -> None:
        """Count what still holds."""
        self.tally.counts["unchanged"] += count

    def began(self, student: str, exercise: str) -> None:
        """Say nothing."""

    def found(self, result: Result) -> None:
        """Write a line."""
        self.tally.count(result)
        self._line(f"[{self.tally.done}/{self.tally.all}] {_words(result)}")

    def ended(self, student: str) -> None:
        """Say nothing."""

    def tick(self) -> None:
        """Say nothing."""

    def _line(self, text: str) -> None:
        self._out.write(inert(" ".join(plain(text).split("\n"))) + "\n")
        self._out.flush()


def _words(result: Result) -> str:
    who = {"student": result.student, "exercise": result.exercise}
    grade = result.grade
    if result.state == "missing":
        return say("grade.line_missing", **who)
    if grade is not None and grade.is_final:
        return say("grade.line", points=grade.points, most=grade.max_points, **who)
    kind = "refused" if result.state == "refused" else "broken"
    return say(f"grade.line_{kind}", reason=_reason(result), **who)


def _reason(result: Result) -> str:
    """Return why there is no final grade, as far as anybody knows."""
    if result.reason is not None:
        key, blanks = result.reason
        return with_remedy(key).fill(blanks).here()
    verdicts = result.grade.verdicts if result.grade is not None else ()
    said = (verdict.feedback.here() for verdict in verdicts if verdict.feedback and verdict.outcome is Outcome.BROKEN)
    return next(said, "?")


class Table:
    """A table of what is being graded now, below how far it is; drawn again and again in the same place.

    Args:
        tally: Counts.
        console: Where it is drawn.
    """

    def __init__(self, tally: Tally, console: Console) -> None:
        from rich.live import Live  # noqa: PLC0415 - only where a class is graded on a terminal

        self.tally = tally
        self._console = console
        self._now: dict[str, tuple[str, float]] = {}
        self._live = Live(self._picture(), console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._now.clear()
        self._draw(at_once=True)
        self._live.stop()

    def unchanged(self, count: int) -> None:
        """Count what still holds."""
        self.tally.counts["unchanged"] += count
        self._draw()

    def began(self, student: str, exercise: str) -> None:
        """Show it."""
        self._now[student] = (exercise, time.monotonic())
        self._draw()

    def found(self, result: Result) -> None:
        """Count it."""
        self.tally.count(result)
        self._draw()

    def ended(self, student: str) -> None:
        """Show it no longer."""
        self._now.pop(student, None)
        self._draw()

    def tick(self) -> None:
        """Let the clocks go on."""
        self._draw()

    _drawn = 0.0

    def _draw(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._drawn > 0.1:
            self._drawn = now
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Any:  # noqa: ANN401 - rich's renderables
        from rich.console import Group  # noqa: PLC0415 - as above
        from rich.table import Table as Grid  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        room = min(self._console.width, WIDEST)
        tally = self.tally
        grid = Grid(box=None, width=room, padding=(0, 2, 0, 0), show_header=bool(self._now))
        grid.add_column(say("grade.student"), ratio=3, no_wrap=True, overflow="ellipsis")
        grid.add_column(say("grade.exercise"), ratio=3, no_wrap=True, overflow="ellipsis")
        grid.add_column(say("grade.since"), width=6, justify="right", no_wrap=True)
        for student, (exercise, since) in list(self._now.items())[: max(self._console.height - 6, 1)]:
            grid.add_row(Text(plain(student)), Text(exercise), Text(f"{time.monotonic() - since:.0f} s"))
        summary = [say("grade.progress", done=tally.done, all=tally.all), say("grade.rate", rate=f"{tally.rate:.1f}")]
        full = room * tally.done // max(tally.all, 1)
        bar = Text.assemble(("━" * full, "green"), ("─" * (room - full), "dim"))
        lines = [*wrap(" · ".join(summary), room), *wrap(tally.words(), room)]
        return Group(bar, *(Text(line) for line in lines), grid)


def board(works: int, out: TextIO | None = None) -> Lines | Table:
    """Return the table where somebody looks at a terminal; lines in a log, in CI, or where ``TERM`` is ``dumb``."""
    out = out or sys.stdout
    tally = Tally(works)
    if not out.isatty() or os.environ.get("CI") or os.environ.get("TERM") in {None, "dumb"}:
        return Lines(tally, out)
    from rich.console import Console  # noqa: PLC0415 - only where it is drawn

    return Table(tally, Console(file=out, highlight=False))
