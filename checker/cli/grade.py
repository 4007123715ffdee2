"""The command that grades a class."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.cli import basis
from checker.exercise import Course
from checker.phrase import plain, say
from checker.report.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checker.cli.board import Lines, Table
    from checker.engine import Engine
    from checker.exercise import Exercise
    from checker.grading.everyone import Crew
    from checker.grading.place import Places
    from checker.grading.whole import Class

__all__ = ["grade"]

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
_FOLDER = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How a class is graded, as it was asked for."""

    hands: int
    seconds: float | None
    memory: int | None
    labs: bool


@basis.kata.command(help=say("grade.help"))
@click.argument("submissions", type=_FOLDER)
@click.option("--out", required=True, type=_FOLDER, metavar="RESULTS", help=say("grade.help_out"))
@click.option("-j", "hands", type=click.IntRange(1, 256), metavar="N", help=say("grade.help_hands"))
@click.option("--only", multiple=True, metavar="04,06", help=say("grade.help_only"))
@click.option("--roster", type=_FOLDER, metavar="FILE", help=say("grade.help_roster"))
@click.option("--fresh", is_flag=True, help=say("grade.help_fresh"))
@click.option("--seconds", type=click.FloatRange(min=1), metavar="N", help=say("grade.help_seconds"))
@click.option("--memory", metavar="SIZE", help=say("grade.help_memory"))
@click.option("--cluster", metavar="ADDRESS", help=say("grade.help_cluster"))
@click.option("--no-labs", is_flag=True, help=say("grade.help_no_labs"))
def grade(  # noqa: PLR0913 - as many as the command has options
    submissions: Path,
    out: Path,
    *,
    hands: int | None,
    only: tuple[str, ...],
    roster: Path | None,
    fresh: bool,
    seconds: float | None,
    memory: str | None,
    cluster: str | None,
    no_labs: bool,
) -> int:
    """Grade a class."""
    from checker.grading.whole import opened_class  # noqa: PLC0415 - no other command needs it

    size = _bytes(memory)
    how = _How(hands=hands or usual_hands(size), seconds=seconds, memory=size, labs=not no_labs)
    wanted = [word for word in re.split(r"[,\s]+", ",".join(only)) if word]
    course = Course(basis.root())
    with (
        _terminated_like_interrupted(),
        opened_class(course, submissions, out, only=wanted, roster=roster, fresh=fresh) as opened,
    ):
        for each in opened.submissions:
            if not each.listed:
                basis.tell(say("grading.unlisted", student=each.student))
        with _workers(cluster, course, how) if cluster else _crew(course, how) as (those, around):
            return _graded(opened, those, around)


def usual_hands(memory: int | None) -> int:
    """Return how many submissions are graded at a time where nobody says: half as many again as processors.

    A third of a submission's time somebody waits for something; but all labs together have to fit into the machine.

    Args:
        memory: Bytes that a lab may use; None for the usual.
    """
    from checker.lab import Limits  # noqa: PLC0415 - only where a class is graded

    fit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (memory or Limits().memory)
    return max(1, min((os.cpu_count() or 1) * 3 // 2, fit))


def _graded(opened: Class, crew: Crew, around: Callable[[Exercise], str]) -> int:
    from checker.cli.board import board  # noqa: PLC0415 - no other command needs it

    students, exercises = len(opened.submissions), len(opened.exercises)
    basis.tell(say("grade.class", students=students, exercises=exercises, hands=crew.size))
    shown: Lines | Table = board(opened.works)
    try:
        with shown, _heard() as leave:
            opened.grade(crew, shown, around, leave)
    except KeyboardInterrupt:
        opened.report()
        click.echo(say("grade.interrupted"), err=True)
        return 130
    page = opened.report()
    broken = shown.tally.counts["broken"]
    if broken:
        click.echo(say("grade.still_broken", count=broken))
    click.echo(plain(say("grade.gradebook", file=page)))
    return 3 if broken else 0


@contextlib.contextmanager
def _crew(course: Course, how: _How) -> Iterator[tuple[Crew, Callable[[Exercise], str]]]:
    """Yield threads on this machine, each with a place for a submission at a time."""
    from checker.grading.everyone import Hands  # noqa: PLC0415 - no other command needs it
    from checker.grading.judge import Judge  # noqa: PLC0415
    from checker.grading.judged_by import surroundings  # noqa: PLC0415
    from checker.grading.task import TaskGrader  # noqa: PLC0415

    engine = basis.up()
    judge = Judge(course=course, stop=threading.Event())
    with _places(engine, how) as places, ThreadPoolExecutor(how.hands, "kata-grade") as executor:
        grader = TaskGrader(judge=judge, places=places, seconds=how.seconds)
        yield Hands(executor, how.hands, grader), lambda exercise: surroundings(engine, exercise)


@contextlib.contextmanager
def _places(engine: Engine, how: _How) -> Iterator[Places]:
    """Yield where submissions are graded."""
    if not how.labs:
        from checker.grading.place import OnTheEngine  # noqa: PLC0415 - only where there are no labs

        basis.tell(say("grade.on_the_engine"))
        yield OnTheEngine(engine)
        return
    from checker.lab import Labs, Limits  # noqa: PLC0415 - only where a class is graded

    limits = Limits(memory=how.memory) if how.memory else Limits()
    with Labs(engine, limits=limits, tell=basis.tell) as labs:
        yield labs


@contextlib.contextmanager
def _workers(address: str, course: Course, how: _How) -> Iterator[tuple[Crew, Callable[[Exercise], str]]]:
    """Yield the workers of a scheduler."""
    from checker.grading.cluster import hired  # noqa: PLC0415 - only where it is asked for

    with hired(address, course, seconds=how.seconds, memory=how.memory, labs=how.labs) as found:
        yield found


def _bytes(size: str | None) -> int | None:
    """Return an amount of memory in bytes.

    Raises:
        UsageError: It is none.
    """
    if size is None:
        return None
    found = re.fullmatch(r"(\d{1,12})\s*([KMG]?)(i?B)?", size.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError("grading.bad_size", size=size)
    return int(found[1]) * _UNITS[found[2].upper()]


@contextlib.contextmanager
def _heard() -> Iterator[threading.Event]:
    """Yield what Ctrl-C and SIGTERM set while a class is graded; who presses twice does not want to wait."""
    leave = threading.Event()

    def hear(*_: object) -> None:
        if leave.is_set():
            raise KeyboardInterrupt
        leave.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield leave
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that it leaves nothing behind either."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
