"""What a learner reads in the terminal while and after the checks run: the product, in words.

An exercise is told as soon as its checks come in, one exercise at a time, also where several run side by side.
"""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from checker.layout import columns, inert, wrap
from checker.phrase import say
from checker.plugin.collection import course_of, exercise_named, split
from checker.plugin.heard import Heard
from checker.plugin.interruption import leave_in_peace
from checker.plugin.judging import verdict_of
from checker.plugin.selection import module_of
from checker.verdict import Grade, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.exercise import Exercise

__all__ = ["Story"]

MARKS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.BLOCKED: "○", Outcome.BROKEN: "!"}
ASCII_MARKS = {Outcome.PASSED: "+", Outcome.FAILED: "x", Outcome.BLOCKED: "o", Outcome.BROKEN: "!"}
COLOURS = {
    Outcome.PASSED: {"green": True},
    Outcome.FAILED: {"red": True},
    Outcome.BLOCKED: {"light": True},
    Outcome.BROKEN: {"yellow": True},
}
_TYPEWRITER = str.maketrans({"“": '"', "”": '"', "’": "'", "…": "...", "✓": "+", "✗": "x", "○": "o"})  # noqa: RUF001
WIDEST = 100  # columns; longer lines are harder to read


class Story:
    """Tells what the checks found. A pytest plugin, registered for runs of exercises only."""

    def __init__(self, config: pytest.Config, out: Any, muted: io.StringIO) -> None:  # noqa: ANN401 - pytest's writer
        self.config = config
        self._out = out
        self._muted = muted
        self._started = time.monotonic()
        self._expected: dict[str, list[str]] = {}
        self._to_come: dict[tuple[str, str], set[str]] = {}
        self._verdicts: dict[str, list[Verdict]] = {}
        self._told: dict[str, set[str]] = {}
        self._errors: list[str] = []
        self._reason = ""
        self._is_at_work = False
        self.was_interrupted = False

    @classmethod
    def instead_of_reporter(cls, config: pytest.Config) -> Story:
        """Take over the terminal; whatever pytest and its plugins have to say goes where nobody looks."""
        from _pytest._io import TerminalWriter  # noqa: PLC0415 - pytest offers no public way to make one

        reporter = config.pluginmanager.get_plugin("terminalreporter")
        muted = io.StringIO()
        out = reporter._tw if reporter is not None else TerminalWriter()  # noqa: SLF001
        if reporter is not None:
            reporter._tw = TerminalWriter(muted)  # noqa: SLF001
        out._file = Heard(out._file)  # noqa: SLF001
        return cls(config, out, muted)

    @property
    def stream(self) -> TextIO:
        """Where it is told."""
        stream: TextIO = self._out._file  # noqa: SLF001 - pytest's writer hides it
        return stream

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The grade of each exercise that was asked for."""
        return tuple(
            Grade.of(name, self._exercise(name).checks, self._verdicts.get(name, ())) for name in sorted(self._expected)
        )

    def exit_code(self, pytests: int) -> int:
        """Return 0 where all passed, 1 where something failed, 2 where nothing was selected, 3 where it is broken."""
        ended_badly = pytests in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)
        is_broken = any(grade.has(Outcome.BROKEN) for grade in self.grades)
        if self._errors or ended_badly or is_broken or self._unwritten():
            return 3
        if not self._expected:
            return 2
        missing = any(
            set(self._expected[grade.exercise]) - {verdict.check for verdict in grade.verdicts} for grade in self.grades
        )
        failed = any(grade.has(Outcome.FAILED) or grade.has(Outcome.BLOCKED) for grade in self.grades)
        return 1 if failed or missing else 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn what is going to run."""
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Learn what is going to run where other processes run it."""
        self._expect(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notice a check module that cannot be read, which is our fault."""
        if report.failed:
            self._errors.append(report.nodeid)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Open the exercise's story as soon as its first check starts; on a terminal, say which check is at work."""
        named = split(nodeid)
        if named is None or named[0] not in self._expected:
            return
        self._verdicts.setdefault(named[0], [])
        self._tell()
        check = self._exercise(named[0]).check(named[1])
        is_traced = self.config.getoption("trace_docker")  # then there is enough to see
        if check is not None and named[0] in self._told and not is_traced and self.stream.isatty():
            title = wrap(check.title.here(), self._room - 6)[0]
            self._out.write(f"\r  … {title}", light=True, flush=True)
            self._is_at_work = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one verdict; a worse one may follow while the check cleans up."""
        verdict = verdict_of(report)
        if verdict is not None:
            self._verdicts.setdefault(verdict.exercise, []).append(verdict)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell what can be told now that a check is over."""
        named = split(nodeid)
        if named is not None:
            self._to_come.get(named, set()).discard(nodeid)
            self._tell()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Tell the rest: what did not run, the total, and what to do next."""
        if self.was_interrupted:
            self._line("")
            self._paragraph(say("story.interrupted"), yellow=True)
            return
        self._tell(to_the_end=True)
        for error in self._errors + self._unwritten():
            self._line("")
            self._paragraph(say("story.unreadable_check", check=error), yellow=True)
        if not self._expected and not self._errors:
            self._paragraph(say("check.nothing_selected"), yellow=True)
        elif len(self._expected) > 1:
            self._total()
        if os.environ.get("KATA_DEBUG"):
            self._line(self._muted.getvalue())
        for kind, path in (("html", "htmlpath"), ("junit", "xmlpath")):
            if self.config.getoption(path, None):
                self._paragraph(say(f"story.report_{kind}", path=self.config.getoption(path)), light=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Notice that somebody wants to leave; pytest itself leaves this way where it cannot collect."""
        self.was_interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)
        leave_in_peace(self.config)
        # nobody looks, and to lay it all out takes half a second; pytest wants one entry, and the last can be hidden
        excinfo.traceback = excinfo.traceback[:1]

    def pytest_internalerror(self, excrepr: object) -> None:
        """Say that we stumbled; a learner cannot mend it."""
        self._errors.append(str(excrepr).strip().splitlines()[-1][:300])

    def _expect(self, ids: Iterable[str]) -> None:
        for nodeid in ids:
            named = split(nodeid)
            if named is None or self._exercise(named[0]).check(named[1]) is None:
                continue
            expected = self._expected.setdefault(named[0], [])
            if named[1] not in expected:
                expected.append(named[1])
            self._to_come.setdefault(named, set()).add(nodeid)

    def _unwritten(self) -> list[str]:
        """Return the checks that a manifest announces and no module defines, which is our fault."""
        return [
            f"{grade.exercise}::{check.id}"
            for grade in self.grades
            for check in grade.checks
            if check.id not in self._expected[grade.exercise]
            and module_of(course_of(self.config).folder / grade.exercise, f"test_{check.id}") is None
        ]

    def _exercise(self, name: str) -> Exercise:
        return exercise_named(name, self.config)

    def _tell(self, *, to_the_end: bool = False) -> None:
        """Tell exercises in the order in which they began to have verdicts, never two at once."""
        for name in [*self._verdicts, *(n for n in self._expected if n not in self._verdicts)]:
            if name not in self._told:
                self._headline(name)
            told = self._told.setdefault(name, set())
            if told >= set(self._expected[name]):
                continue
            complete = self._tell_checks(name, told, to_the_end=to_the_end)
            if complete or to_the_end:
                told |= set(self._expected[name])
                self._close(name)
            else:
                return

    def _tell_checks(self, name: str, told: set[str], *, to_the_end: bool) -> bool:
        exercise = self._exercise(name)
        for verdict in Grade.of(name, exercise.checks, self._verdicts.get(name, ())).verdicts:
            check = exercise.check(verdict.check)
            is_over = to_the_end or not self._to_come.get((name, verdict.check))
            if verdict.check not in told and check is not None and is_over:
                told.add(verdict.check)
                earned = check.points if verdict.outcome is Outcome.PASSED else 0
                self._check(verdict, check.title.here(), f"{earned}/{check.points}")
        return told >= set(self._expected[name])

    def _headline(self, name: str) -> None:
        exercise = self._exercise(name)
        self._line("")
        for line in wrap(f"{exercise.number}  {exercise.title.here()}", self._room):
            self._line(f" {line}", bold=True)
        self._line("")

    def _check(self, verdict: Verdict, title: str, points: str) -> None:
        mark = (MARKS if self._has_unicode else ASCII_MARKS)[verdict.outcome]
        first, *rest = columns(title, points, self._room - 4)
        self._rub_out()
        self._out.write(f"  {mark} ", **COLOURS[verdict.outcome])
        self._line(first)
        for line in rest:
            self._line(f"    {line}")
        for said in self._feedback(verdict):
            for line in self._wrap(said, self._room - 6):
                self._line(f"      {line}", **COLOURS[verdict.outcome])

    def _feedback(self, verdict: Verdict) -> Iterable[str]:
        """Yield what to say under a check; of a reason that many are broken for, only the first time in full."""
        if verdict.feedback is None:
            return
        said = verdict.feedback.here()
        repeated = verdict.outcome is Outcome.BROKEN and said == self._reason
        self._reason = said
        yield say("story.same_reason") if repeated else said

    def _close(self, name: str) -> None:
        exercise = self._exercise(name)
        grade = Grade.of(name, exercise.checks, self._verdicts.get(name, ()))
        seconds = sum(verdict.seconds for verdict in grade.verdicts)
        self._line("")
        self._line(
            f"  {say('story.points', points=grade.points, most=grade.max_points, seconds=f'{seconds:.1f}')}", bold=True
        )
        if len(grade.verdicts) < len(grade.checks):
            self._paragraph(say("story.not_all_ran", ran=len(grade.verdicts), all=len(grade.checks)), light=True)
        if len(self._expected) == 1:
            self._next_step(exercise, grade)

    def _next_step(self, exercise: Exercise, grade: Grade) -> None:
        self._line("")
        if grade.has(Outcome.BROKEN):
            self._paragraph(say("story.next_broken"), yellow=True)
        elif grade.has(Outcome.FAILED):
            where = f"exercises/{exercise.name}"
            self._paragraph(
                say("story.next_failed", number=exercise.number, folder=where, command=_command(exercise.number))
            )
        elif grade.is_final and grade.points == grade.max_points:
            after = next((n for n in course_of(self.config).names() if n > exercise.name), None)
            if after is None:
                self._paragraph(say("story.next_done"), green=True)
            else:
                self._paragraph(
                    say("story.next_passed", folder=f"exercises/{after}", command=_command(after[:2])), green=True
                )

    def _total(self) -> None:
        grades = self.grades
        self._line("")
        for grade in grades:
            exercise = self._exercise(grade.exercise)
            for line in columns(
                f"{exercise.number}  {exercise.title.here()}", f"{grade.points}/{grade.max_points}", self._room - 2
            ):
                self._line(f"  {line}", green=grade.points == grade.max_points)
        points, most = sum(g.points for g in grades), sum(g.max_points for g in grades)
        seconds = f"{time.monotonic() - self._started:.1f}"
        self._line("")
        self._line(f"  {say('story.points', points=points, most=most, seconds=seconds)}", bold=True)
        if any(grade.has(Outcome.BROKEN) for grade in grades):
            self._paragraph(say("story.next_broken"), yellow=True)

    @property
    def _room(self) -> int:
        return int(min(self._out.fullwidth, WIDEST))

    @property
    def _has_unicode(self) -> bool:
        encoding = getattr(self.stream, "encoding", None) or ""
        return encoding.lower().replace("-", "").startswith("utf")

    def _paragraph(self, text: str, **colour: bool) -> None:
        for line in self._wrap(text, self._room - 2):
            self._line(f"  {line}", **colour)

    def _wrap(self, text: str, room: int) -> list[str]:
        return wrap(text if self._has_unicode else text.translate(_TYPEWRITER), room)

    def _rub_out(self) -> None:
        """Make room where it stood which check is at work."""
        if self._is_at_work:
            self._out.write("\r\x1b[K")
            self._is_at_work = False

    def _line(self, text: str, **colour: bool) -> None:
        self._rub_out()
        self._out.line(inert(text.rstrip()), **colour)
        self._out.flush()


def _command(number: str) -> str:
    """Return what a learner types to check an exercise, the way they typed it this time."""
    return f"{os.environ.get('KATA_COMMAND', 'pytest exercises/')}{number}"
