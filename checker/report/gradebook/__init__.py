"""The gradebook of a class: what every student earned in every exercise, for those who grade.

``index.html`` is for looking, ``gradebook.csv`` for reckoning; both are made of one ``Sheet``, written at once, and
read without a network. Students never see either.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from checker.report.gradebook.page import page
from checker.report.gradebook.sheet import Cell, Column, Row, Sheet, Standing
from checker.report.spreadsheet import spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checker.exercise import Exercise
    from checker.phrase import Language
    from checker.report.result import Result

__all__ = ["Cell", "Column", "Row", "Sheet", "Standing", "page", "spreadsheet", "write_gradebook"]


def write_gradebook(
    folder: Path, results: Iterable[Result], exercises: Sequence[Exercise], language: Language, when: datetime
) -> Path:
    """Write ``index.html`` and ``gradebook.csv`` into the folder of a class's results.

    Each is replaced as a whole: who has it open while a class is being graded never sees half of one.

    Args:
        folder: Where the results are; the students' reports are linked relative to it.
        results: What the students earned; of several on one exercise of one student the last counts.
        exercises: The columns, in their order.
        language: In which language those read who grade.
        when: When the last of it was graded.

    Returns:
        The page.

    Raises:
        OSError: A file cannot be written; the one that was there before still is.
    """
    sheet = Sheet.of(results, exercises)
    _replace(folder / "gradebook.csv", spreadsheet(sheet, language))
    index = folder / "index.html"
    _replace(index, page(sheet, language, when).encode())
    return index


def _replace(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as fresh:
        try:
            fresh.write(content)
            fresh.flush()
            os.fsync(fresh.fileno())
            Path(fresh.name).chmod(0o644)
            Path(fresh.name).replace(path)
        except BaseException:
            Path(fresh.name).unlink(missing_ok=True)
            raise
