from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from checker.phrase import Text, plain
from checker.report.gradebook import Sheet, page, write_gradebook
from checker.report.result import Result
from checker.verdict import Outcome
from tests.report.classroom import a_class, exercises, graded

if TYPE_CHECKING:
    from pathlib import Path

    from checker.phrase import Language

P, F = Outcome.PASSED, Outcome.FAILED
ONE = exercises(1)[0]
WHEN = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
COURSE = exercises(24)
PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'>",
    "' autofocus onfocus=alert(1) x='",
    "--><!--",
    "<!--",
    "]]><![CDATA[",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "{{ 7 * 7 }} {% raw %} {#",
    "${7*7} `x`",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) **bold**",
    "::error::you failed",
    "\x1b[31mred\x1b[0m\x1b]52;c;cGFzdGU=\x07",
    "safe\u202egnp.exe \u2066x\u2069",
    "a\x00b\x08c\x9bd",
    "line\nother\r\nline\u2028third",
    "<base href=//elsewhere.example><meta http-equiv=refresh content=0>",
    "</td></tr></table><h1>",
    "<shown> <points> <most>",
)


class Parsed(HTMLParser):
    """What a parser makes of a page: its elements with the names of their attributes, and all its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.values: list[tuple[str, str, str]] = []
        self.comments: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def elements(self) -> set[str]:
        return {tag for tag, _ in self.shape}


def of(results: list[Result], language: Language = "en") -> str:
    return page(Sheet.of(results, [ONE]), language, WHEN)


def hostile(payload: str) -> list[Result]:
    """Return a class in which everything that a learner can write is ``payload``."""
    result = graded(payload, ONE, [F, P, P, P, P], report="students/one.html")
    assert result.grade is not None
    first, *others = result.grade.verdicts
    first = replace(first, feedback=Text(en=payload, ko=payload), mistake=payload)
    grade = replace(result.grade, verdicts=(first, *others))
    reason = ("work.too_large", {"file": payload, "megabytes": payload})
    refused = Result(student=f"{payload} refused", exercise=ONE.name, state="refused", reason=reason)
    return [replace(result, grade=grade), refused]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_whatever_a_learner_wrote_is_text(payload: str, language: Language) -> None:
    """The page has the same elements and attributes as for an honest name, and shows the payload letter by letter."""
    honest, seen = Parsed(of(hostile("kim"), language)), Parsed(of(hostile(payload), language))
    assert seen.shape == honest.shape
    assert seen.comments == honest.comments == []
    shown = plain(payload)
    assert shown in seen.texts  # a name or a sentence, whole and in one piece
    assert ("th", "title", shown) in seen.values
    assert any(name == "data-why" and shown in value for _, name, value in seen.values)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_steers_a_terminal_or_reorders_a_line(payload: str) -> None:
    """Not even the source has control characters or bidirectional overrides, should anybody print it."""
    source = of(hostile(payload))
    assert plain(source) == source


def test_a_long_output_is_cut_and_says_so() -> None:
    """What a program of a learner's printed does not make the page long; the student's own report has all of it."""
    result = graded("kim", ONE, [F, P, P, P, P])
    assert result.grade is not None
    first, *others = result.grade.verdicts
    first = replace(first, feedback=Text(en="x" * 100_000, ko="-"))
    seen = Parsed(of([replace(result, grade=replace(result.grade, verdicts=(first, *others)))]))
    assert {text for text in seen.texts if "xxx" in text} == {"x" * 599 + "…"}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_policy_allows_our_two_pieces_of_code_and_nothing_else(language: Language) -> None:
    """Nothing can be loaded, sent or framed; style and script run because their hashes are named."""
    source = of(hostile("kim"), language)
    seen = Parsed(source)
    policy = next(value for tag, name, value in seen.values if (tag, name) == ("meta", "content") and "src" in value)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style, script = (re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL) for tag in ("style", "script"))
    assert (len(style), len(script)) == (1, 1)
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{sha256(style[0])}'",
        "script-src": f"'sha256-{sha256(script[0])}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert "unsafe" not in policy


def sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_comes_before_anything_that_it_governs() -> None:
    """A policy in a page holds only for what follows it: before it there is nothing but the encoding."""
    tags = [tag for tag, _ in Parsed(of([])).shape]
    assert tags[:4] == ["html", "head", "meta", "meta"]


def test_it_needs_no_network_and_no_other_file() -> None:
    """No address of anything but the students' reports, no handlers or styles in attributes, no way to make HTML."""
    source = of(hostile("kim"))
    seen = Parsed(source)
    assert seen.elements.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "audio", "video", "use"})
    assert {value for _, name, value in seen.values if name in {"href", "src", "action"}} == {"students/one.html"}
    assert not [name for _, names in seen.shape for name in names if name.startswith("on") or name == "style"]
    assert not re.search(r"https?:|@import|url\(|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", source)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("docker-kata gradebook", "as of 2026-11-24 13:05+00:00", "1 of 1 failed", "Checks most failed")),
        (
            "ko",
            (
                "따라배우는 Docker 성적표",
                "2026-11-24 13:05+00:00 기준",
                "1명 가운데 1명 실패",
                "가장 많이 실패한 check",
            ),
        ),
    ],
)
def test_it_speaks_the_language_of_who_grades(language: Language, expected: tuple[str, ...]) -> None:
    """The page says in which language it is, and is in that one."""
    seen = Parsed(of([graded("kim", ONE, [F, P, P, P, P])], language))
    assert ("html", "lang", language) in seen.values
    assert [sentence for sentence in expected if sentence not in seen.texts] == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Nothing has been graded yet. Run kata grade, and this page fills."),
        ("ko", "아직 채점한 것이 없어요. kata grade를 실행하면 이 표가 채워져요."),
    ],
)
def test_a_class_without_students_is_said_to_be_empty(language: Language, expected: str) -> None:
    """No table of nothing, but a sentence."""
    seen = Parsed(of([], language))
    assert expected in seen.texts
    assert "table" not in seen.elements


def test_a_class_of_only_good_work_has_no_failed_checks() -> None:
    """Nothing is listed as most failed where nothing was."""
    assert "No check has been failed." in Parsed(of([graded("kim", ONE, [P, P, P, P, P])])).texts


def test_an_exercise_that_nobody_was_judged_in_says_so() -> None:
    """Where there is no distribution, there is no picture of one."""
    seen = Parsed(of([Result(student="kim", exercise=ONE.name, state="missing")]))
    assert "no final grade yet" in seen.texts
    assert "svg" not in {tag for tag, names in seen.shape if "role" in names}


@pytest.mark.parametrize("standing", ["blocked", "broken", "refused", "missing", "pending"])
def test_what_is_not_just_points_is_marked_by_more_than_colour(standing: str) -> None:
    """Each has a sign that is seen, a name that is heard, and its line in the legend."""
    seen = Parsed(page(Sheet.of(a_class(40, COURSE), COURSE), "en", WHEN))
    toml = tomllib.loads(files("checker").joinpath("phrases", "gradebook.toml").read_text(encoding="utf-8"))
    named = [value for tag, name, value in seen.values if (tag, name) == ("i", "aria-label")]
    assert toml[f"short_{standing}"]["en"] in named
    assert any(toml[standing]["en"] in text for text in seen.texts)


def test_every_sentence_of_the_gradebook_is_said() -> None:
    """The phrases hold nothing that neither page nor spreadsheet says."""
    folder = files("checker.report")
    parts = ("gradebook/page.py", "gradebook/page.html.jinja", "spreadsheet.py")
    sources = "".join(folder.joinpath(part).read_text(encoding="utf-8") for part in parts)
    toml = tomllib.loads(files("checker").joinpath("phrases", "gradebook.toml").read_text(encoding="utf-8"))
    standings = {"full", "partly", "blocked", "broken", "refused", "missing", "pending"}
    made = standings | {key for key in toml if key.startswith(("short_", "outcome_"))}
    assert [key for key in toml if key not in made and not re.search(rf"[\"']{key}[\"']", sources)] == []


def test_both_files_are_written_and_replaced_whole(tmp_path: Path) -> None:
    """A second time replaces the first; nothing else is left in the folder, and others may read it."""
    (tmp_path / "index.html").write_text("from an earlier run")
    course = exercises(2)
    index = write_gradebook(tmp_path, a_class(5, course), course, "ko", WHEN)
    assert index == tmp_path / "index.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradebook.csv", "index.html"]
    assert "따라배우는" in index.read_text(encoding="utf-8")
    assert index.stat().st_mode & 0o777 == 0o644


def test_what_was_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs the new page, never the old one, and leaves no half of one behind."""
    before = write_gradebook(tmp_path, [], [ONE], "en", WHEN).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_gradebook(tmp_path, a_class(5, [ONE]), [ONE], "en", WHEN)
    assert (tmp_path / "index.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradebook.csv", "index.html"]
