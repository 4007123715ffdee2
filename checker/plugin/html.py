"""The HTML report of pytest-html, with our columns: exercise, check, points, verdict, seconds."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from checker.exercise import Exercise
from checker.phrase import say
from checker.plugin.judging import verdict_of
from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "pytest_html_report_title",
    "pytest_html_results_summary",
    "pytest_html_results_table_header",
    "pytest_html_results_table_html",
    "pytest_html_results_table_row",
]


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:  # noqa: ANN401 - pytest-html has no types
    """Name the report after the course."""


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(prefix: list[str], summary: list[str], postfix: list[str]) -> None:
    """Put the points above the table."""


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells: list[str]) -> None:
    """Replace pytest-html's columns by ours."""


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report: pytest.TestReport, cells: list[str]) -> None:
    """Fill our columns."""


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_html(report: pytest.TestReport, data: list[str]) -> None:
    """Show the feedback."""
