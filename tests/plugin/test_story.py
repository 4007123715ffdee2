from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from checker.layout import columns, width, wrap

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

FAILS = "def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='컨테이너 ' * 30)"


@pytest.mark.parametrize("room", ["60", "80", "120"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_line_is_wider_than_the_terminal(small: SmallCourse, room: str, language: str) -> None:
    """Whatever is said fits the terminal, Korean letters counted as two cells each, and nothing is cut."""
    small.write(FAILS)
    ran = small.run(COLUMNS=room, KATA_LANG=language)
    assert max(width(line) for line in ran.out.splitlines()) <= int(room)
    assert ran.out.count("컨테이너") == 30


def test_without_a_terminal_there_is_no_colour(small: SmallCourse) -> None:
    """What goes into a file or a pipe is plain text."""
    small.write(FAILS)
    assert "\x1b" not in small.run().out


def test_no_color_is_heeded(small: SmallCourse) -> None:
    """NO_COLOR wins over a forced colour; without it a forced colour is there."""
    small.write(FAILS)
    assert "\x1b[31m" in small.run(FORCE_COLOR="1").out
    assert "\x1b" not in small.run(FORCE_COLOR="1", NO_COLOR="1").out


def test_a_terminal_without_unicode_gets_plain_marks(small: SmallCourse) -> None:
    """Where the output cannot carry ✓ and ✗, letters stand in, and nothing crashes."""
    small.write(FAILS.replace("컨테이너 ", "x "))
    ran = small.run(PYTHONIOENCODING="ascii:replace", PYTHONUTF8="0", LC_ALL="C")
    assert "+ Title of one" in ran.out
    assert "x Title of two" in ran.out


def test_the_next_step_is_said(small: SmallCourse) -> None:
    """After a failure the learner reads what to do and how to type it; after the last exercise that it was."""
    small.write(FAILS)
    assert "run pytest exercises/01 again" in small.run().out.replace("\n  ", " ")
    assert "run ./kata check 01 again" in small.run(KATA_COMMAND="./kata check ").out.replace("\n  ", " ")
    small.write("def test_one(): pass\ndef test_two(): pass")
    assert "this was the last exercise" in small.run().out


def test_what_a_learner_printed_cannot_steer_anything(small: SmallCourse) -> None:
    """Escape sequences, carriage returns and bidirectional controls of a learner's are harmless in the terminal."""
    small.write(
        "def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='a\\x1b]0;t\\x07\\r\\u202eb\\x9b31m')"
    )
    out = small.run(FORCE_COLOR="1").out
    assert not {"\x07", "\r", "\u202e", "\x9b"} & set(out)
    assert "\x1b]" not in out


def test_html_is_escaped(small: SmallCourse) -> None:
    """Whatever stands in a title or a feedback is text in the HTML report, never markup."""
    small.write("def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='<script>alert(1)</script><b>x')")
    small.run("exercises/01", "--html=report.html", "--self-contained-html")
    report = (small.root / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in report
    found: list[str] = []

    class Blob(HTMLParser):
        def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attrs if name == "data-jsonblob")

    Blob().feed(report)
    assert "&lt;script&gt;alert(1)" in found[0]
    assert "<script>" not in found[0]


def test_html_has_our_columns(small: SmallCourse) -> None:
    """The report has exercise, check, points, verdict and seconds, the total, and the learner's language."""
    small.write(FAILS)
    small.run("exercises/01", "--html=report.html", "--self-contained-html", KATA_LANG="ko")
    report = (small.root / "report.html").read_text(encoding="utf-8")
    for word in ("연습문제", "점수", "판정", "10점 가운데 4점", 'lang="ko"'):
        assert word in report


def test_a_reason_that_many_share_is_told_once(small: SmallCourse) -> None:
    """When everything is broken for one reason, the reason stands there once."""
    small.write(
        "@pytest.fixture\ndef e(): raise KataError('engine.gone')\ndef test_one(e): pass\ndef test_two(e): pass"
    )
    out = small.run().out
    assert out.count("For the same reason.") == 1


def test_a_check_module_that_cannot_be_read_is_our_fault(small: SmallCourse) -> None:
    """A syntax error in our checks is exit code 3 and one sentence, with no source in it."""
    small.write("def test_one(: pass")
    ran = small.run()
    assert ran.code == 3
    assert "That is our fault" in ran.out.replace("\n  ", " ")
    assert "def test_one" not in ran.out


def test_a_manifest_that_cannot_be_read_is_our_fault(small: SmallCourse) -> None:
    """A broken exercise.toml is exit code 3, names the file, and says that it is not the learner's fault."""
    small.write("def test_one(): pass")
    (small.exercise / "exercise.toml").write_text("title = 1\n", encoding="utf-8")
    ran = small.run()
    assert ran.code == 3
    assert "exercise.toml" in ran.err
    assert "fault of the course" in ran.err


def test_a_selection_that_fits_nothing_is_wrong_usage(small: SmallCourse) -> None:
    """-k without a hit is exit code 2 and a sentence."""
    small.write(FAILS)
    ran = small.run("exercises/01", "-k", "nowhere")
    assert ran.code == 2
    assert "None of the checks fits" in ran.out


def test_a_learners_own_tests_are_not_run(small: SmallCourse) -> None:
    """A test file beside the work is not collected; only the hidden checks are."""
    small.write("def test_one(): pass\ndef test_two(): pass")
    (small.exercise / "test_mine.py").write_text("def test_mine(): raise SystemExit(9)\n", encoding="utf-8")
    ran = small.run()
    assert (ran.code, list(ran.outcomes())) == (0, ["one", "two"])


def test_work_from_elsewhere_is_taken(small: SmallCourse) -> None:
    """--work takes the learner's files from another folder; what is missing there is missing."""
    small.write(
        "def test_one(work): assert work.text('run.sh') == 'theirs'\ndef test_two(work): work.text('other.sh')",
    )
    theirs = small.root / "theirs" / "01_small"
    theirs.mkdir(parents=True)
    (theirs / "run.sh").write_text("theirs", encoding="utf-8")
    ran = small.run("exercises/01", "--work=theirs", KATA_DATA=str(small.root / "data"))
    assert ran.outcomes() == {"one": "passed", "two": "failed"}
    assert ran.feedback("two")["en"].startswith("There is no other.sh")


@pytest.mark.parametrize("below", ["exercises", "exercises/01_small"])
def test_it_works_from_below(small: SmallCourse, below: str) -> None:
    """Typed in a folder below the root, a number or nothing at all means the same exercise."""
    small.write("def test_one(): pass\ndef test_two(): pass")
    arguments = ["01"] if below == "exercises" else ["."]
    assert small.run(*arguments, cwd=small.root / below).code == 0


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("하나 둘 셋", 7, ["하나 둘", "셋"]),
        ("가나다라마바사", 6, ["가나다", "라마바", "사"]),
        ("a\n\nb", 10, ["a", "", "b"]),
        ("", 10, [""]),
    ],
)
def test_text_is_wrapped_by_cells(text: str, room: int, lines: list[str]) -> None:
    """Lines are broken at blanks, words that are too long anywhere, and Korean counts double."""
    assert wrap(text, room) == lines


def test_points_stand_at_the_end_of_the_first_line() -> None:
    """What belongs to the right stands flush right, beside the first line of what is on the left."""
    assert columns("하나 둘 셋 넷", "1/2", 14) == ["하나 둘    1/2", "셋 넷"]


def test_who_stops_reading_changes_nothing(small: SmallCourse) -> None:
    """Behind ``| head`` the run goes on to its end, writes its grades, and complains to nobody."""
    small.write("def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='X')\n")
    ran = small.run_into_a_closed_pipe()
    assert (ran.code, ran.err) == (1, "")
    assert [verdict["outcome"] for verdict in ran.grades[0]["verdicts"]] == ["passed", "failed"]
