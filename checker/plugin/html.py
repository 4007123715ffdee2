"""The HTML report of pytest-html, with our columns: exercise, check, points, verdict, seconds.

pytest-html writes what a hook gives it as it is, so everything is escaped here, whoever it came from.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import find_engine
from checker.phrase import KataError, language, plain, say
from checker.plugin.collection import course_of
from checker.plugin.judging import verdict_of
from checker.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.exercise import Exercise
    from checker.plugin.story import Story

__all__ = ["HtmlReport"]

COLUMNS = ("exercise", "check", "points", "verdict", "seconds")
"""Beside them pytest-html's own first column stays, hidden: its script filters by what stands there."""
STYLE = """<style>
  .kata td { padding: 2px 14px 2px 0; border: 0; } .kata h2 { margin: 0 0 .3em; }
  .col-points, .col-verdict, .col-seconds { white-space: nowrap; }
  .passed .col-verdict { color: green; } .failed .col-verdict { color: red; }
  .skipped .col-verdict { color: gray; } .error .col-verdict { color: orange; }
  .said { white-space: pre-wrap; word-break: keep-all; font: 14px/1.6 system-ui, sans-serif; color: #1f2328; }
  .logwrapper:has(.said) { overflow: visible; max-height: none; background: #f6f8fa; }
  .logwrapper:has(.said) .logexpander { display: none; }
  .logwrapper .log:has(.said) { top: 0; height: auto; min-height: 0; border: 0; padding: 6px 12px; }
</style>"""


class HtmlReport:
    """What we tell pytest-html; a pytest plugin, registered where ``--html`` is given.

    Args:
        story: The story of this run, which knows the grades.
    """

    def __init__(self, story: Story) -> None:
        self._story = story
        self._exercises = {exercise.name: exercise for exercise in course_of(story.config).exercises()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - pytest-html has no types
        """Name the report after the course."""
        report.title = say("html.title")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the points, the engine and its images above the table."""
        grades = self._story.grades
        points, most = sum(grade.points for grade in grades), sum(grade.max_points for grade in grades)
        rows = [
            (
                self._title(grade.exercise),
                f"{grade.points}/{grade.max_points}",
                "" if grade.is_final else say("html.not_final"),
            )
            for grade in grades
        ]
        images = {image for grade in grades for image in self._exercises[grade.exercise].images}
        total = escape(say("html.total", points=points, most=most))
        tables = f"{_table(rows)}<br>{_table(_judged_by(images))}"
        prefix.append(f'{STYLE}<div class="kata" lang="{language()}"><h2>{total}</h2>{tables}</div>')

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Replace pytest-html's columns by ours."""
        cells[1:] = [
            f'<th class="sortable" data-column-type="{column}">{escape(say(f"html.{column}"))}</th>'
            for column in COLUMNS
        ]
        cells[0] = cells[0].replace("<th ", "<th hidden ")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Fill our columns."""
        verdict = verdict_of(report)
        if verdict is None:
            texts: tuple[str, ...] = ("", report.nodeid, "", report.outcome, f"{report.duration:.1f}")
        else:
            texts = self._texts(verdict)
        columns = zip(COLUMNS, texts, strict=True)
        cells[1:] = [f'<td class="col-{column}">{escape(plain(text))}</td>' for column, text in columns]
        cells[0] = cells[0].replace("<td ", "<td hidden ")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Show the feedback, and nothing of what a learner's work printed besides."""
        verdict = verdict_of(report)
        if verdict is not None:
            said = say("html.nothing_to_say") if verdict.feedback is None else verdict.feedback.here()
            data[:] = [f'<span class="said" lang="{language()}">{escape(plain(said))}</span>']

    def _title(self, name: str) -> str:
        exercise: Exercise = self._exercises[name]
        return f"{exercise.number} {exercise.title.here()}"

    def _texts(self, verdict: Verdict) -> tuple[str, ...]:
        check = self._exercises[verdict.exercise].check(verdict.check)
        most = 0 if check is None else check.points
        return (
            self._title(verdict.exercise),
            verdict.check if check is None else check.title.here(),
            f"{most if verdict.outcome is Outcome.PASSED else 0}/{most}",
            say(f"html.{verdict.outcome}"),
            f"{verdict.seconds:.1f}",
        )


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    cells = ("".join(f"<td>{escape(plain(text))}</td>" for text in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _judged_by(images: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the engine's version, and the id of each image that it has."""
    try:
        engine = find_engine()
        version = engine.request("GET", "/version")[1]
        rows: list[tuple[str, ...]] = [
            ("Docker Engine", f"{version['Version']} (API {version['ApiVersion']}, {version['Arch']})")
        ]
        for reference in sorted(images):
            status, image = engine.request("GET", f"/images/{reference}/json")
            rows.append((reference, image["Id"][:19] if status == 200 else "-"))
    except (KataError, KeyError, TypeError):
        return [("Docker Engine", say("html.no_engine"))]
    return rows
