"""A student's own report: what was found in each exercise, as one HTML file that needs nothing else.

Everything that is printed is escaped by Jinja2 and freed of control characters on its way out, whoever it came from,
and the page's policy lets nothing run, load or be sent (https://www.w3.org/TR/CSP3/). Of private checks it shows what
their manifest lets students read.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from checker.phrase import Text, phrase, plain, with_remedy
from checker.verdict import Grade, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checker.exercise import Exercise
    from checker.phrase import Language
    from checker.report.result import Result
    from checker.verdict import Check, Verdict

__all__ = ["student_report"]

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.BLOCKED: "○",
    Outcome.BROKEN: "!",
    None: "\N{EN DASH}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A check as the student sees it."""

    check: Check
    outcome: Outcome | None
    points: int
    feedback: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """An exercise as the student sees it; ``unseen`` of ``unseen_most`` points are for checks that are not shown."""

    exercise: Exercise
    points: int
    most: int
    lines: tuple[_Line, ...]
    reason: Text | None
    unseen: int
    unseen_most: int


def student_report(student: str, results: Iterable[Result], exercises: Sequence[Exercise], language: Language) -> bytes:
    """Return the report of one student.

    Args:
        student: Who.
        results: What is known of them.
        exercises: What the class was graded in, with private checks.
        language: In which language.
    """
    found = {result.exercise: result for result in results}
    sections = [_section(exercise, found.get(exercise.name)) for exercise in exercises]
    style, digest = _style()
    rendered: str = _template(language).render(
        student=student,
        sections=sections,
        points=sum(section.points for section in sections),
        most=sum(section.most for section in sections),
        language=language,
        style=Markup(style),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )
    return rendered.encode()


@functools.cache
def _style() -> tuple[str, str]:
    """Return the style and its SHA-256, as a policy has it."""
    style = files("checker.report.student").joinpath("report.css").read_text(encoding="utf-8")
    return style, base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@functools.cache
def _template(language: Language) -> Any:  # noqa: ANN401 - jinja2's template
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_harmless, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        t=partial(_translated, language), here=partial(Text.in_language, wanted=language), marks=MARKS
    )
    source = files("checker.report.student").joinpath("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def _translated(language: Language, key: str, /, **blanks: object) -> str:
    return phrase(f"student.{key}").fill(blanks).in_language(language)


def _harmless(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _section(exercise: Exercise, result: Result | None) -> _Section:
    grade = result.grade if result is not None else None
    grade = grade or Grade.of(exercise.name, exercise.checks, ())
    hidden = exercise.private if exercise.feedback == "none" else frozenset()
    passed = {verdict.check for verdict in grade.verdicts if verdict.outcome is Outcome.PASSED}
    unseen = [check for check in grade.checks if check.id in hidden]
    return _Section(
        exercise=exercise,
        points=grade.points,
        most=grade.max_points,
        lines=tuple(_lines(exercise, grade, hidden)),
        reason=_reason(result),
        unseen=sum(check.points for check in unseen if check.id in passed),
        unseen_most=sum(check.points for check in unseen),
    )


def _lines(exercise: Exercise, grade: Grade, hidden: frozenset[str]) -> Iterator[_Line]:
    found: dict[str, Verdict] = {verdict.check: verdict for verdict in grade.verdicts}
    for check in grade.checks:
        if check.id in hidden:
            continue
        verdict = found.get(check.id)
        is_open = check.id not in exercise.private or exercise.feedback == "full"
        yield _Line(
            check=check,
            outcome=verdict.outcome if verdict is not None else None,
            points=check.points if verdict is not None and verdict.outcome is Outcome.PASSED else 0,
            feedback=verdict.feedback if verdict is not None and is_open else None,
        )


def _reason(result: Result | None) -> Text | None:
    """Return why there are no verdicts; None where there are."""
    if result is None:
        return phrase("student.pending")
    if result.state == "missing":
        return phrase("grading.not_handed_in")
    if result.reason is None:
        return None
    key, blanks = result.reason
    return with_remedy(key).fill(blanks)
