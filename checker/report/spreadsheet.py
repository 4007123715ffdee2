"""``gradebook.csv``: the class's points for a spreadsheet, which takes some cells for programs.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end is a formula to Excel, LibreOffice or Google
Sheets, their full-width twins too; OWASP's advice is to quote every cell and to put an apostrophe before such a text
(https://owasp.org/www-community/attacks/CSV_Injection). A spreadsheet that separates by semicolons splits our cells
elsewhere than we do, so that a formula can also begin in the middle of one.
"""

from __future__ import annotations

import csv
import io
import re
from functools import partial
from typing import TYPE_CHECKING

from checker.phrase import phrase, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.phrase import Language
    from checker.report.gradebook.sheet import Row, Sheet

__all__ = ["harmless", "spreadsheet"]

# A formula's first character, at the start of the text or after what another spreadsheet may split a line at
_FORMULA = re.compile(r"(^|[,;|\"'])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def harmless(text: str) -> str:
    """Return ``text`` as one line that no spreadsheet takes for a formula.

    Control characters become visible or go, any run of white space becomes one space, and an apostrophe stands before
    whatever a spreadsheet could take for the beginning of a formula.
    """
    return _FORMULA.sub(r"\1\2'", " ".join(plain(text).split()))


def spreadsheet(sheet: Sheet, language: Language) -> bytes:
    """Return the class's points as CSV (RFC 4180): a line a student; two columns an exercise, points and state.

    It is UTF-8 and says so by its first three bytes, without which Excel shows no Korean. Every cell is quoted.
    Exercises are headed by their folders' names, by which other programs find them. Where nothing was judged, the
    points are 0 when that is final and empty when it is not.

    Args:
        sheet: The class's results.
        language: The language of the headings and of the states.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for line in _lines(sheet, language):
        writer.writerow([cell if isinstance(cell, int) else harmless(cell) for cell in line])
    return out.getvalue().encode("utf-8-sig")


def _lines(sheet: Sheet, language: Language) -> Iterator[list[str | int]]:
    t = partial(_translated, language)
    heads: list[str | int] = [t("student"), t("total"), t("most"), t("final")]
    for column in sheet.columns:
        heads += [column.name, f"{column.name}: {t('standing')}"]
    yield heads
    for row in sheet.rows:
        yield [row.student, row.points, sheet.most, t("yes" if row.is_final else "no"), *_cells(row, language)]


def _cells(row: Row, language: Language) -> Iterator[str | int]:
    for cell in row.cells:
        judged = cell.grade is not None or cell.standing.is_final
        yield cell.points if judged else ""
        yield _translated(language, f"short_{cell.standing}")


def _translated(language: Language, key: str) -> str:
    return phrase(f"gradebook.{key}").in_language(language)
