"""Times grading a class: submissions a minute, grading again after one change, and memory over many submissions.

    python -m benchmarks.grading [--submissions 12] [--exercises 04] [--hands 3] [--labs] [--memory-only]

The class is made of reference solutions and starters in turn. It is graded by ``kata grade`` and, for comparison, by a
plain loop of ``pytest exercises/… --work`` on the same engine, one submission after the other. Memory is that of the
grader with a judge that finds something at once, so that only what grows with the class would show.

With ``--labs`` the class is graded in labs too: by as many hands as ``kata grade`` takes by itself, and by one alone.
What that one takes, less what of it is our own (``benchmarks.own_time``), is how long Docker itself needs for the
class; shared among the processors it is what the budget of a class is measured by.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import own_time
from checker.engine import find_engine
from checker.exercise import Course
from checker.grading.account import Account
from checker.grading.everyone import Hands
from checker.grading.place import OnTheEngine
from checker.grading.task import TaskGrader
from checker.grading.whole import opened_class
from checker.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.exercise import Exercise
    from checker.report.result import Result

ROOT = Path(__file__).resolve().parent.parent
MANY = 1000
MEGABYTE = 1_000_000


def class_of(count: int, names: Sequence[str], folder: Path) -> Path:
    """Write submissions: reference solutions and starters in turn."""
    for number in range(count):
        source = ROOT / ("exercises" if number % 3 == 2 else "solutions")
        for name in names:
            work = folder / f"student-{number:04}" / "exercises" / name
            work.mkdir(parents=True)
            for path in (source / name).iterdir():
                if path.is_file() and path.suffix != ".md":
                    shutil.copy(path, work)
    return folder


def kata_grade(folder: Path, out: Path, wanted: str, *options: str) -> float:
    """Return how many seconds ``kata grade`` takes."""
    command = [sys.executable, "-P", "-m", "checker.cli", "grade", str(folder), "--out", str(out), "--only", wanted]
    return _timed([*command, *options])


def loop_of_pytest(folder: Path, names: Sequence[str]) -> float:
    """Return how many seconds a loop of plain pytest takes."""
    exercises = [str(ROOT / "exercises" / name) for name in names]
    command = [sys.executable, "-m", "pytest", "-q", *exercises]
    return sum(_timed([*command, f"--work={each / 'exercises'}"]) for each in sorted(folder.iterdir()))


def _timed(command: Sequence[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - started


class _AtOnce:
    """A judge that finds every check passed, with some words of feedback, and needs no engine."""

    def __init__(self, course: Course) -> None:
        self.course, self.stop = course, threading.Event()

    def judge(self, exercise: Exercise, *_: object) -> tuple[Account, bool]:
        verdicts = tuple(
            Verdict(exercise=exercise.name, check=check.id, outcome=Outcome.PASSED, feedback=check.title)
            for check in exercise.checks
        )
        return Account(verdicts=verdicts, started=True, is_complete=True), False


@dataclass
class _Watch:
    """Notes how much memory the process has after every so many submissions."""

    every: int
    ended_so_far: int = 0

    def unchanged(self, count: int) -> None:
        """Nothing is told of it."""

    def began(self, student: str, exercise: str) -> None:
        """Nothing is told of it."""

    def found(self, result: Result) -> None:
        """Nothing is told of it."""

    def tick(self) -> None:
        """Nothing is told of it."""

    def ended(self, student: str) -> None:
        """Print a line now and then."""
        del student
        self.ended_so_far += 1
        if self.ended_so_far % self.every == 0:
            print(f"  after {self.ended_so_far:>5} submissions  {_resident() / MEGABYTE:6.1f} MB")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def memory(folder: Path) -> None:
    """Print the grader's memory while it grades a thousand submissions, and at its height with the gradebook."""
    course = Course(ROOT)
    class_of(MANY, course.names(), folder / "many")
    grader: Any = TaskGrader(judge=_AtOnce(course), places=OnTheEngine(find_engine()))  # type: ignore[arg-type]  # a stand-in
    print(f"memory, {MANY} submissions x {len(course.names())} exercises, nothing really run")
    with opened_class(course, folder / "many", folder / "results") as opened, ThreadPoolExecutor(2) as executor:
        opened.grade(Hands(executor, 2, grader), _Watch(MANY // 5), lambda _: "")
        opened.report()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"  at its highest, gradebook included {highest / MEGABYTE:6.1f} MB (budget 200 MB)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=12)
    parser.add_argument("--exercises", default="04")
    parser.add_argument("--hands", type=int, help="submissions at a time (default: as many as kata grade takes)")
    parser.add_argument("--labs", action="store_true", help="also in labs")
    parser.add_argument("--memory-only", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, contextlib.suppress(KeyboardInterrupt):
        folder = Path(temporary)
        if not wanted.memory_only:
            _speed(folder, wanted)
        memory(folder)


def _speed(folder: Path, wanted: argparse.Namespace) -> None:
    course = Course(ROOT)
    names = [course.resolve(name) for name in wanted.exercises.split(",")]
    handed_in = class_of(wanted.submissions, names, folder / "handed-in")
    print(f"{wanted.submissions} submissions x {', '.join(names)}")
    ways = {"on the engine": ["--no-labs"], **({"in labs": []} if wanted.labs else {})}
    chosen = ["-j", str(wanted.hands)] if wanted.hands else []
    _tell("a loop of pytest", loop_of_pytest(handed_in, names), wanted.submissions)
    for way, options in ways.items():
        out, hands = folder / way.replace(" ", "-"), [*chosen, *options]
        if way == "in labs":  # what all labs are made of is made once, and belongs to no class
            kata_grade(class_of(1, names, folder / "first"), folder / "first-out", wanted.exercises)
        together = kata_grade(handed_in, out, wanted.exercises, *hands)
        _tell(f"kata grade {way}", together, wanted.submissions)
        if way == "in labs":
            _tell_budget(folder, handed_in, wanted, together)
        script = next(
            path for path in (handed_in / "student-0000" / "exercises" / names[0]).iterdir() if path.is_file()
        )
        script.write_text(script.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        _tell("  again, one file changed", kata_grade(handed_in, out, wanted.exercises, *hands), 1)
        _tell("  again, nothing changed", kata_grade(handed_in, out, wanted.exercises, *hands), 0)


def _tell_budget(folder: Path, handed_in: Path, wanted: argparse.Namespace, together: float) -> None:
    alone = kata_grade(handed_in, folder / "alone", wanted.exercises, "-j", "1")
    _tell("  by one hand", alone, wanted.submissions)
    ours = statistics.median(own_time.once()[1] for _ in range(3))
    runs = wanted.submissions * len(wanted.exercises.split(","))
    shared = (alone - runs * ours) / (os.cpu_count() or 1)
    print(f"  Docker's own time on all processors: {shared:.1f} s; the class took {together / shared:.2f} of it")


def _tell(what: str, seconds: float, submissions: int) -> None:
    rate = f"{submissions * 60 / seconds:6.1f} submissions a minute" if submissions else ""
    print(f"  {what:<28} {seconds:7.1f} s  {rate}", flush=True)


if __name__ == "__main__":
    main()
