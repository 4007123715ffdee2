from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

BOTH = "def test_one(): pass\ndef test_two(): pass\n"


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        (BOTH, 0),
        ("def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='x')", 1),
        ("def test_one(): raise Mistake('wrong', what='x')\ndef test_two(): raise KataError('engine.gone')", 3),
        ("def test_one(): pass\ndef test_two(): 1 / 0", 3),
        ("def test_one(): pass\ndef test_two(): raise SystemExit(0)", 3),
    ],
)
@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "beside"])
def test_the_exit_code_says_what_the_verdicts_say(
    small: SmallCourse, checks: str, code: int, options: list[str]
) -> None:
    """0 all passed, 1 something failed, 3 broken: the worst of them, with workers or without."""
    small.write(checks)
    assert small.run("exercises/01", *options).code == code


@pytest.mark.parametrize(
    ("arguments", "language", "sentence"),
    [
        (["exercises/99"], "en", "There is no exercise 99. These exist: 01"),
        (["exercises/0"], "en", "There is no exercise 0. These exist: 01"),
        (["exercises/1"], "en", "There is no exercise 1; did you mean 01? These exist: 01"),
        (["exercises/nope"], "en", "There is no exercise nope. These exist: 01"),
        (["exercises/01", "exercises/99"], "en", "There is no exercise 99. These exist: 01"),
        (["exercises/99", "-n", "2"], "en", "There is no exercise 99. These exist: 01"),
        (["exercises/99"], "ko", "99번 연습문제는 없어요. 있는 번호: 01"),
        (["exercises/1"], "ko", "1번 연습문제는 없어요. 혹시 01번인가요? 있는 번호: 01"),
        (["exercises/01", "--work=nowhere"], "en", "--work nowhere: there is no such folder."),
        (["exercises/01", "--work=nowhere"], "ko", "--work nowhere: 그런 폴더가 없어요."),
        (
            ["exercises/01", "--grades=no/where.json"],
            "en",
            "--grades no/where.json: there is no folder to write this file to.",
        ),
        (["exercises/01", "--grades=no/where.json"], "ko", "--grades no/where.json: 이 파일을 쓸 폴더가 없어요."),
    ],
)
def test_wrong_usage_is_one_sentence(small: SmallCourse, arguments: list[str], language: str, sentence: str) -> None:
    """What cannot be meant is one line on stderr in the learner's language and exit code 2; nothing is run."""
    small.write(BOTH)
    ran = small.run(*arguments, KATA_LANG=language, grades="")
    assert (ran.code, ran.out, ran.err) == (2, "", f"{sentence}\n")


def test_an_option_that_does_not_exist_is_wrong_usage(small: SmallCourse) -> None:
    """A complaint of pytest's own about an option comes with our exit code for wrong usage."""
    small.write(BOTH)
    ran = small.run("exercises/01", "--nope")
    assert ran.code in {2, 4}  # before our plugin is asked, pytest ends with 4
    assert "--nope" in ran.err


def test_grades_are_written_whole(small: SmallCourse) -> None:
    """--grades writes the grade as data: what it was, what it could be, both languages, and that it is final."""
    small.write("def test_one(): pass\ndef test_two(): raise Mistake('wrong', what='x')")
    ran = small.run()
    assert ran.grades == [
        {
            "exercise": "01_small",
            "points": 4,
            "max_points": 10,
            "final": True,
            "verdicts": [
                {
                    "exercise": "01_small",
                    "check": "one",
                    "outcome": "passed",
                    "feedback": None,
                    "mistake": "",
                    "blocked_by": "",
                    "seconds": ran.grades[0]["verdicts"][0]["seconds"],
                },
                {
                    "exercise": "01_small",
                    "check": "two",
                    "outcome": "failed",
                    "feedback": {"en": "x is wrong.", "ko": "x가 틀렸어요."},
                    "mistake": "wrong",
                    "blocked_by": "",
                    "seconds": ran.grades[0]["verdicts"][1]["seconds"],
                },
            ],
        }
    ]
    assert not list(small.root.glob("*.partial"))


@pytest.mark.parametrize("option", ["--grades=there", "--junit-xml=/proc/1/x.xml"])
def test_a_report_that_cannot_be_written_is_said(small: SmallCourse, option: str) -> None:
    """Where a report cannot be written the verdicts are still told, then why, and the exit code is that of usage."""
    small.write(BOTH)
    (small.root / "there").mkdir()
    ran = small.run("exercises/01", option, grades="")
    assert ran.code == 2
    assert "10 of 10 points" in ran.out
    assert "cannot be written: " in ran.err
    assert "Traceback" not in ran.err


def test_grades_replace_those_of_before(small: SmallCourse) -> None:
    """A second run replaces the file; one that is interrupted leaves it as it is."""
    small.write(BOTH)
    file = small.root / "mine.json"
    small.run("exercises/01", "--grades=mine.json", grades="")
    small.write("def test_one(): raise KeyboardInterrupt\ndef test_two(): pass")
    small.run("exercises/01", "--grades=mine.json", grades="")
    assert json.loads(file.read_text(encoding="utf-8"))["grades"][0]["points"] == 10


@pytest.mark.parametrize(
    "option",
    [["-q"], ["-v"], ["-x"], ["-rA"], ["--tb=long"], ["--durations=3"], ["--setup-show"], ["-p", "no:terminal"]],
    ids=" ".join,
)
def test_pytests_own_options_do_not_spoil_the_story(small: SmallCourse, option: list[str]) -> None:
    """Whatever pytest would like to add, the learner reads the same story."""
    small.write("def test_one(): print('hidden')\ndef test_two(): raise Mistake('wrong', what='x')")
    plain = small.run().out
    assert small.run("exercises/01", *option).out == plain
    assert "hidden" not in plain


def test_listing_is_pytests(small: SmallCourse) -> None:
    """--collect-only shows pytest's own tree, runs nothing, and needs neither docker nor testcontainers."""
    small.write("def test_one(): 1 / 0\ndef test_two():\n    import sys\n")
    (small.root / "docker.py").write_text("raise SystemExit(9)", encoding="utf-8")
    ran = small.run("exercises", "--collect-only", "-q")
    assert ran.code == 0
    assert "test_one" in ran.out


def test_the_projects_own_tests_are_pytests(small: SmallCourse) -> None:
    """Tests that are no exercise run as ever: pytest's report, its tracebacks, its exit code."""
    small.write(BOTH)
    (small.root / "tests").mkdir()
    (small.root / "tests" / "test_x.py").write_text("def test_x(): assert 1 == 2\n", encoding="utf-8")
    ran = small.run("tests")
    assert ran.code == 1
    assert "1 failed" in ran.out
    assert "assert 1 == 2" in ran.out


def test_a_warning_fails_nobody(small: SmallCourse) -> None:
    """A warning is for those who write the checks; a learner neither sees it nor fails over it."""
    small.write("import warnings\ndef test_one(): warnings.warn('out of date')\ndef test_two(): pass\n")
    (small.root / "pyproject.toml").write_text(
        '[tool.pytest]\naddopts = ["--import-mode=importlib"]\nfilterwarnings = ["error"]\n', encoding="utf-8"
    )
    ran = small.run()
    assert ran.code == 0
    assert "out of date" not in ran.out + ran.err


@pytest.mark.parametrize("asked", [[], ["-n", "1"], ["-k", "nothing_like_it"]])
def test_garbage_is_looked_for_while_checks_run(small: SmallCourse, asked: list[str]) -> None:
    """Only until all is collected is the collector off: also where other processes collect, and nothing is found."""
    small.write("import gc\ndef test_one(): assert gc.isenabled()\ndef test_two(): pass")
    with (small.root / "conftest.py").open("a", encoding="utf-8") as file:
        file.write("import gc, pathlib\n")
        file.write("def pytest_sessionfinish(): pathlib.Path('seen').write_text(str(gc.isenabled()))\n")
    ran = small.run("exercises/01", *asked)
    assert (small.root / "seen").read_text(encoding="utf-8") == "True"
    assert ran.code in {0, 2}
