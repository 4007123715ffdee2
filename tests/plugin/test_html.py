from __future__ import annotations

import json
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

FOUR = (
    "@pytest.fixture(scope='module')\ndef step(): raise Mistake('wrong', what='x')\n"
    "def test_one(): pass\ndef test_two(step): pass\ndef test_three(step): pass\ndef test_four(): 1 / 0"
)


class Page(HTMLParser):
    """A report: its text, its tags, and the data that its script lays out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        blob = dict(attrs).get("data-jsonblob")
        if blob:
            self.data = json.loads(blob)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def rows(self) -> list[list[str]]:
        """Return the cells of each row, as written, without pytest-html's own first one."""
        return [test["resultsTableRow"][1:] for tests in self.data["tests"].values() for test in tests]


def report(small: SmallCourse, *options: str, language: str = "en") -> Page:
    small.run(
        "exercises/01",
        "--html=report.html",
        "--self-contained-html",
        *options,
        KATA_LANG=language,
        DOCKER_HOST="unix:///nowhere/docker.sock",
        DOCKER_CONTEXT="",
    )
    return Page((small.root / "report.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "beside"])
def test_a_row_for_each_check(small: SmallCourse, options: list[str]) -> None:
    """Exercise, check, points, verdict and seconds of all four outcomes, in the course's order."""
    small.write(FOUR, {"one": 1, "two": 2, "three": 3, "four": 4})
    rows = report(small, *options).rows()
    cells = [[cell.partition(">")[2].removesuffix("</td>") for cell in row] for row in rows]
    assert sorted(row[:4] for row in cells) == sorted(
        [
            ["01 Small", "Title of one", "1/1", "passed"],
            ["01 Small", "Title of two", "0/2", "failed"],
            ["01 Small", "Title of three", "0/3", "blocked"],
            ["01 Small", "Title of four", "0/4", "broken (not your fault)"],
        ]
    )
    assert all(float(row[4]) >= 0 for row in cells)


def test_it_speaks_the_learners_language(small: SmallCourse) -> None:
    """Columns, verdicts, titles and feedback are Korean where the learner is, and the page says so."""
    small.write(FOUR, {"one": 1, "two": 2, "three": 3, "four": 4})
    page = report(small, language="ko")
    everything = json.dumps(page.data, ensure_ascii=False) + "".join(page.texts)
    for words in ("작은 문제", "two의 제목", "x가 틀렸어요.", "먼저 풀 것"):
        assert words in everything
    assert 'lang=\\"ko\\"' in everything


@pytest.mark.parametrize(
    "printed",
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "&lt;script&gt;",
        "]]>--><!--",
        "${alert(1)}{{alert(1)}}",
    ],
)
def test_what_a_learner_printed_is_text(small: SmallCourse, printed: str) -> None:
    """Markup in a learner's output stands in the report as the letters it is made of."""
    small.write(f"def test_one(): pass\ndef test_two(): raise Mistake('wrong', what={printed!r})")
    page = report(small)
    log = next(test["log"] for tests in page.data["tests"].values() for test in tests if "wrong" in test["log"])
    inside = log.partition(">")[2].removesuffix("</span>")
    assert "<" not in inside
    assert unescape(inside) == f"{printed} is wrong."


def test_nothing_steers_or_turns_a_line_around(small: SmallCourse) -> None:
    """Escape sequences and bidirectional controls do not reach the report."""
    small.write("def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='a\\x1b[31m\\u202eb\\x00c')")
    everything = json.dumps(report(small).data, ensure_ascii=False)
    assert not {"\x1b", "\u202e", "\0"} & set(everything)
    assert "\\u001b" not in everything


def test_what_the_work_printed_besides_is_left_out(small: SmallCourse) -> None:
    """What a check or a script prints is not in the report; what the learner is told is."""
    small.write("def test_one(): print('secret-of-the-check')\ndef test_two(): raise Mistake('wrong', what='x')")
    everything = json.dumps(report(small).data)
    assert "secret-of-the-check" not in everything
    assert "x is wrong." in everything


def test_no_engine_is_said_not_raised(small: SmallCourse) -> None:
    """A report can be written where no engine answers, and says so where its version would stand."""
    small.write("def test_one(): pass\ndef test_two(): pass")
    assert any("10 of 10" in text for text in report(small).texts)
