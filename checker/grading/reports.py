"""Writes what a class's results look like: the gradebook, the spreadsheet, and a report for each student."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from checker.grading.names import slug
from checker.phrase import KataError, language
from checker.report.gradebook import write_gradebook
from checker.report.student import student_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checker.exercise import Exercise
    from checker.grading.store import Store
    from checker.report.result import Result

__all__ = ["write_reports"]


def write_reports(store: Store, students: Sequence[str], exercises: Sequence[Exercise]) -> Path:
    """Write everything that people read into the folder of results, and return the gradebook's page.

    Raises:
        KataError: ``grading.cannot_write``.
    """
    reports = store.folder / "reports"
    try:
        reports.mkdir(exist_ok=True)
        return write_gradebook(
            store.folder,
            _reported(store, students, exercises, reports),
            exercises,
            language(),
            dt.datetime.now(dt.UTC).astimezone().replace(tzinfo=None),
        )
    except OSError as problem:
        raise KataError("grading.cannot_write", folder=store.folder, detail=problem.strerror or problem) from problem


def _reported(store: Store, students: Sequence[str], exercises: Sequence[Exercise], reports: Path) -> Iterator[Result]:
    """Yield the results of one student after the other, each one's report written before."""
    for student in students:
        results = tuple(store.results([student], exercises))
        if not results:
            continue
        page = reports / f"{slug(student)}.html"
        _write(page, student_report(student, results, exercises, language()))
        for result in results:
            yield replace(result, report=f"reports/{page.name}")


def _write(page: Path, content: bytes) -> None:
    if page.is_file() and page.read_bytes() == content:
        return
    with NamedTemporaryFile(dir=page.parent, prefix=f".{page.name}.", delete=False) as fresh:
        path = Path(fresh.name)
        try:
            fresh.write(content)
            fresh.close()
            path.chmod(0o644)
            path.replace(page)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
