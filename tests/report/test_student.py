"""A student's own report."""

from __future__ import annotations

import html
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise
from checker.phrase import Text
from checker.report.result import Result
from checker.report.student import student_report
from checker.verdict import Check, Grade, Outcome, Verdict

if TYPE_CHECKING:
    from checker.exercise import Feedback
    from checker.phrase import Language

OPEN = Check(id="open", points=6, title=Text(en="It is open", ko="열려 있어요"))
SECRET = Check(id="secret", points=4, title=Text(en="A secret title", ko="비밀 제목"))
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "\u202egnp.exe\u2066",
    "<!-- --><base href=http://evil>",
]


def exercise(feedback: Feedback = "full") -> Exercise:
    return Exercise(
        folder=Path("exercises/04_run_redis"),
        title=Text(en="Run Redis", ko="Redis 띄우기"),
        files=(),
        made=(),
        images=(),
        pulls=(),
        changes=(),
        seconds=1,
        allow=(),
        checks=(OPEN, SECRET),
        hints=(),
        mistakes={},
        private=frozenset({"secret"}),
        feedback=feedback,
    )


def verdict(check: Check, outcome: Outcome, said: str = "") -> Verdict:
    text = Text(en=said, ko=said) if said else None
    return Verdict(exercise="04_run_redis", check=check.id, outcome=outcome, feedback=text)


def result(*verdicts: Verdict) -> Result:
    grade = Grade.of("04_run_redis", (OPEN, SECRET), verdicts)
    return Result(student="kim", exercise="04_run_redis", state="graded", grade=grade)


def page(*results: Result, feedback: Feedback = "full", language: Language = "en", student: str = "kim") -> str:
    return student_report(student, results, [exercise(feedback)], language).decode()


class Tags(HTMLParser):
    """Collects the tags of a page and what their attributes say."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes += attrs


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Run Redis", "6 of 10 points", "It is open", "the reason", 'lang="en"']),
        ("ko", ["Redis 띄우기", "10점 가운데 6점", "열려 있어요", "the reason", 'lang="ko"']),
    ],
)
def test_it_says_what_was_found(language: Language, words: list[str]) -> None:
    """Each check has its mark, points and feedback, in the language that was asked for."""
    found = result(verdict(OPEN, Outcome.PASSED), verdict(SECRET, Outcome.FAILED, "the reason"))
    source = page(found, language=language)
    assert [word for word in words if word not in source] == []


@pytest.mark.parametrize(
    ("feedback", "shown", "hidden"),
    [
        ("full", ["A secret title", "because of that"], ["not shown here"]),
        ("title", ["A secret title", "0/4"], ["because of that", "not shown here"]),
        ("none", ["Checks that are not shown here: 0 of 4 points."], ["A secret title", "because of that"]),
    ],
)
def test_private_checks_say_what_their_manifest_allows(feedback: Feedback, shown: list[str], hidden: list[str]) -> None:
    """Of a private check students read all, its title and outcome, or only that there are points of it."""
    found = result(verdict(OPEN, Outcome.PASSED), verdict(SECRET, Outcome.FAILED, "because of that"))
    source = page(found, feedback=feedback)
    assert [word for word in shown if word not in source] == []
    assert [word for word in hidden if word in source] == []
    assert "6 of 10 points" in source


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_learner_wrote_is_text(payload: str) -> None:
    """Whatever a name or a program's output is, the page has the same tags and attributes as a harmless one."""
    hostile = Tags(page(result(verdict(OPEN, Outcome.FAILED, payload)), student=payload))
    harmless = Tags(page(result(verdict(OPEN, Outcome.FAILED, "harmless")), student="harmless"))
    assert hostile.found == harmless.found
    assert hostile.attributes == harmless.attributes
    assert "script" not in hostile.found


def test_nothing_may_run_or_be_loaded() -> None:
    """The page's policy allows its own style, by its hash, and nothing else; there is no script."""
    source = html.unescape(page(result()))
    assert "default-src 'none'; style-src 'sha256-" in source
    assert "script-src" not in source
    assert "http://" not in source
    assert "https://" not in source


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "This has not been graded yet."),
        ([Result(student="kim", exercise="04_run_redis", state="missing")], "Nothing was handed in"),
        (
            [
                Result(
                    student="kim",
                    exercise="04_run_redis",
                    state="refused",
                    reason=("grading.twice", {"file": "<b>run.sh</b>"}),
                )
            ],
            "The archive has &lt;b&gt;run.sh&lt;/b&gt; twice",
        ),
        (
            [Result(student="kim", exercise="04_run_redis", state="broken", reason=("grading.no_time", {}))],
            "There was not enough time to judge this",
        ),
    ],
)
def test_it_says_why_there_is_no_grade(found: list[Result], words: str) -> None:
    """Where nothing was judged the reason stands in place of the checks."""
    assert words in page(*found)
