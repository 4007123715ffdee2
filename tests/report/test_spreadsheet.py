from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checker.report.gradebook import Sheet
from checker.report.result import Result
from checker.report.spreadsheet import harmless, spreadsheet
from checker.verdict import Outcome
from tests.report.classroom import exercises, graded

P, F, B, X = Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED, Outcome.BROKEN
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\uff1dHYPERLINK(1)",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://elsewhere.example","click")',
    'kim";=1',
    'kim",=1',
    "kim\t=1",
    "kim\n=1",
    "kim\r\n=1",
    "kim;=1",
    "kim; =1",
    "kim|=1",
    '"=1',
    "'=1",
    "\x1b[31m=1",
    "\x00=1",
    "\u200b=1",
    "\ufeff=1",
)


def read(raw: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def of(*results: Result, language: str = "en") -> list[list[str]]:
    return read(spreadsheet(Sheet.of(results, exercises(2)), language))  # type: ignore[arg-type]  # en or ko


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(name: str, delimiter: str) -> None:
    """However a student's folder is called and wherever a spreadsheet splits the line, no cell begins a formula."""
    first, _ = exercises(2)
    raw = spreadsheet(Sheet.of([graded(name, first, [P, P, P, P, P])], exercises(2)), "en")
    cells = [cell for line in read(raw, delimiter) for cell in line]
    assert [cell for cell in cells if cell.strip(" \"'\ufeff") and cell.lstrip(' "').startswith(FORMULA)] == []
    assert len(raw.splitlines()) == 2


@given(text=st.text(st.sampled_from("=+-@;,|\t\r\n\"' ab가\uff1d\u00a0\u200d")), delimiter=st.sampled_from(",;|\t"))
@example(text="\"'=", delimiter=";")
@example(text="a;'\"-", delimiter=";")
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_begins_no_formula(text: str, delimiter: str) -> None:
    """No arrangement of separators, quotes and signs leaves a cell that begins one, and the text stays one line."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(["1", harmless(text), "2"])
    lines = list(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter))
    assert len(lines) == 1
    assert [cell for cell in lines[0] if cell.lstrip(' "').startswith(FORMULA)] == []


@pytest.mark.parametrize("name", ["김민지", "Nguyễn-Linh", "o'neil", "kim-min_ji.2", "Müller, Jürgen", "الياس"])
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    """Names are not disfigured: hyphens and apostrophes inside them are what they are."""
    assert harmless(name) == unicodedata.normalize("NFC", name)


def test_it_begins_with_the_mark_that_spreadsheets_need_for_korean() -> None:
    """The file is UTF-8, says so by its first three bytes, and ends its lines as RFC 4180 wants."""
    first, _ = exercises(2)
    raw = spreadsheet(Sheet.of([graded("김민지", first, [P, P, P, P, P])], exercises(2)), "ko")
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    assert "김민지" in raw.decode("utf-8-sig")
    assert raw.count(b"\n") == raw.count(b"\r\n") == 2


def test_a_line_a_student_two_columns_an_exercise() -> None:
    """Points and state of each exercise stand beside the student's total; an exercise goes by its folder's name."""
    first, second = exercises(2)
    assert of(graded("kim", first, [P, P, F, P, P]), graded("kim", second, [F, P, B, B, P])) == [
        [
            "Student",
            "Total",
            "most",
            "final",
            "01_invented",
            "01_invented: state",
            "02_invented",
            "02_invented: state",
        ],
        ["kim", "10", "20", "yes", "7", "something failed", "3", "blocked"],
    ]


def test_korean_headings_and_states() -> None:
    """Those who grade in Korean read headings and states in Korean."""
    first, second = exercises(2)
    heads, line = of(
        Result(student="김민지", exercise=first.name, state="missing"),
        graded("김민지", second, [P, P, P, P, X]),
        language="ko",
    )
    assert heads == [
        "학생",
        "합계",
        "만점",
        "확정",
        "01_invented",
        "01_invented: 상태",
        "02_invented",
        "02_invented: 상태",
    ]
    assert line == ["김민지", "9", "20", "아니요", "0", "미제출", "9", "판정 불가"]


def test_what_is_not_known_is_empty_and_not_zero() -> None:
    """Missing and refused work earned 0; what is broken without a verdict or not graded yet has no points at all."""
    first, second = exercises(2)
    states = of(
        Result(student="a", exercise=first.name, state="missing"),
        Result(student="b", exercise=first.name, state="refused"),
        Result(student="c", exercise=first.name, state="broken"),
        Result(student="c", exercise=second.name, state="missing"),
    )
    assert [line[3:] for line in states[1:]] == [
        ["no", "0", "missing", "", "not graded yet"],
        ["no", "0", "refused", "", "not graded yet"],
        ["no", "", "broken", "0", "missing"],
    ]
