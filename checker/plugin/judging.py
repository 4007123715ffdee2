"""From what a test function raised to a verdict: blame goes by type, never by phase."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from checker.engine.found import answers
from checker.engine.place import Place
from checker.phrase import KataError, Text, phrase
from checker.plugin.collection import check_of, exercise_of
from checker.plugin.kept import BENCH, ENGINE
from checker.verdict import Mistake, Outcome, Verdict
from checker.workbench.run import unwritable

if TYPE_CHECKING:
    from collections.abc import Generator

    from checker.exercise import Exercise

__all__ = ["PROPERTY", "pytest_runtest_makereport", "verdict_of"]

PROPERTY = "kata_verdict"
"""Under this name a report carries its verdict, also from one process to another."""

_CHARGED = pytest.StashKey[list[tuple[BaseException, str]]]()
_SPENT = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the report of a check its verdict, and its reader a sentence in place of a traceback."""
    report = yield
    exercise = exercise_of(item)
    if exercise is None:
        return report
    seconds = item.stash.get(_SPENT, 0.0) + call.duration
    item.stash[_SPENT] = seconds
    verdict = _verdict(item, exercise, call, seconds)
    if verdict is not None:
        report.user_properties = [(PROPERTY, verdict.to_json())]
        _dress(report, verdict, exercise)
    return report


def verdict_of(report: pytest.TestReport) -> Verdict | None:
    """Return the verdict that a report carries, None where it carries none."""
    found = dict(report.user_properties).get(PROPERTY)
    return Verdict.from_json(found) if isinstance(found, dict) else None


def _verdict(item: pytest.Item, exercise: Exercise, call: pytest.CallInfo[None], seconds: float) -> Verdict | None:
    """Return what this phase says about the check; None for a phase that says nothing."""
    error = call.excinfo.value if call.excinfo is not None else None
    is_expected_to_fail = item.get_closest_marker("xfail") is not None
    if error is None and not is_expected_to_fail:
        passed = Verdict(exercise=exercise.name, check=check_of(item), outcome=Outcome.PASSED, seconds=seconds)
        return passed if call.when == "call" else None
    blame = KataError("check.skipped") if error is None or is_expected_to_fail else _blame(item, error)
    try:
        if isinstance(blame, Mistake):
            return _mistake(item, exercise, blame, error or blame, seconds)
        return _broken(item, exercise, blame, seconds)
    except (KeyError, ValueError, IndexError, OSError) as unknown:  # a sentence that nobody wrote, an unfilled blank
        return _broken(item, exercise, _our_fault(unknown), seconds)


def _broken(item: pytest.Item, exercise: Exercise, error: KataError, seconds: float) -> Verdict:
    cause, remedy = error.cause, error.remedy
    text = Text(en=f"{cause.en}\n{remedy.en}", ko=f"{cause.ko}\n{remedy.ko}")
    return Verdict(exercise=exercise.name, check=check_of(item), outcome=Outcome.BROKEN, feedback=text, seconds=seconds)


def _mistake(item: pytest.Item, exercise: Exercise, mistake: Mistake, error: BaseException, seconds: float) -> Verdict:
    """Charge a mistake to the first check that meets it; those that need the same step are blocked by that one."""
    charged_to = _charge(item, error)
    if charged_to != check_of(item):
        return Verdict(
            exercise=exercise.name,
            check=check_of(item),
            outcome=Outcome.BLOCKED,
            feedback=_blocked(exercise, charged_to),
            blocked_by=charged_to,
            seconds=seconds,
        )
    return Verdict(
        exercise=exercise.name,
        check=check_of(item),
        outcome=Outcome.FAILED,
        feedback=_explained(item, exercise, mistake),
        mistake=mistake.key,
        seconds=seconds,
    )


def _explained(item: pytest.Item, exercise: Exercise, mistake: Mistake) -> Text:
    """Return the mistake's sentence, behind what the guard refused if it did: one may be a consequence of the other."""
    text = exercise.sentence(mistake)
    bench = item.config.stash.get(BENCH, None)
    refusal = bench.gate.refusal() if bench is not None else None
    if refusal is None or refusal.key == mistake.key:
        return text
    first = exercise.sentence(refusal)
    return Text(en=f"{first.en}\n{text.en}", ko=f"{first.ko}\n{text.ko}")


def _charge(item: pytest.Item, error: BaseException) -> str:
    """Return the check that met this very exception first: pytest raises a step's again for all that need it."""
    charged = item.session.stash.setdefault(_CHARGED, [])
    for known, check in charged:
        if known is error:
            return check
    charged.append((error, check_of(item)))  # kept, or another one could come to have its identity
    return check_of(item)


def _blocked(exercise: Exercise, by: str) -> Text:
    check = exercise.check(by)
    title = Text(en=by, ko=by) if check is None else check.title
    text = phrase("check.blocked")
    return Text(en=text.en.format(title=title.en), ko=text.ko.format(title=title.ko))


def _blame(item: pytest.Item, error: BaseException) -> Mistake | KataError:
    """Return whose fault an exception is, as one of the two types that say so."""
    if isinstance(error, KataError):
        return error
    if not _engine_answers(item):
        return KataError("engine.gone")
    if isinstance(error, Mistake):
        return error
    if isinstance(error, AssertionError) and _is_in_checks(error):
        return Mistake("check.does_not_hold", detail=_authors_words(error))
    return _our_fault(error)


def _our_fault(error: BaseException) -> KataError:
    if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
        return KataError("check.skipped")
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return unwritable(Place.here().data, error)
    if type(error).__module__.startswith(("docker.", "requests.", "urllib3.", "testcontainers.")):
        return KataError("check.engine_refused", detail=_words(error))
    return KataError("check.bug", kind=type(error).__name__, detail=_words(error))


def _words(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except Exception as worse:  # noqa: BLE001 - there is nobody left whose fault it could be
        return type(worse).__name__


def _engine_answers(item: pytest.Item) -> bool:
    """Return whether the engine that the checks use, if any, still answers."""
    engine = item.config.stash.get(ENGINE, None)
    return engine is None or answers(engine) is None


def _is_in_checks(error: AssertionError) -> bool:
    """Return whether it was an assertion of the check itself, not one inside a library."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and f"{os.sep}.checks{os.sep}" in trace.tb_frame.f_code.co_filename


def _authors_words(error: AssertionError) -> str:
    """Return the message behind an assertion, without what pytest's rewriting adds to it."""
    words = str(error).partition("\nassert ")[0]
    return "" if words.startswith("assert ") else words


def _dress(report: pytest.TestReport, verdict: Verdict, exercise: Exercise) -> None:
    """Make the report read well wherever pytest, JUnit or pytest-html shows it."""
    said = verdict.feedback.here() if verdict.feedback is not None else ""
    if verdict.outcome is Outcome.FAILED:
        report.outcome, report.when, report.longrepr = "failed", "call", said
    elif verdict.outcome is Outcome.BLOCKED:
        report.outcome, report.longrepr = "skipped", (str(exercise.folder), 0, said)
    elif verdict.outcome is Outcome.BROKEN:
        report.outcome, report.longrepr = "failed", said
        report.when = "teardown" if report.when == "teardown" else "setup"  # pytest's way to say error
