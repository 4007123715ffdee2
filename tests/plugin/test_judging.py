from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

PASSES = "def test_one(): pass\n"


def test_what_holds_earns_its_points(small: SmallCourse) -> None:
    """Checks that return have passed: all points, exit code 0."""
    small.write("def test_one(): pass\ndef test_two(): pass")
    ran = small.run()
    assert (ran.code, ran.outcomes()) == (0, {"one": "passed", "two": "passed"})
    assert "10 of 10 points" in ran.out


def test_a_mistake_is_the_learners(small: SmallCourse) -> None:
    """A Mistake is a failed check with its sentence in both languages, and exit code 1."""
    small.write(PASSES + "def test_two(): raise Mistake('wrong', what='run.sh')")
    ran = small.run()
    assert (ran.code, ran.outcomes()) == (1, {"one": "passed", "two": "failed"})
    assert ran.feedback("two") == {"en": "run.sh is wrong.", "ko": "run.sh가 틀렸어요."}
    assert "run.sh is wrong." in ran.out
    assert "4 of 10 points" in ran.out


def test_a_step_is_charged_to_the_first_check_that_needs_it(small: SmallCourse) -> None:
    """A mistake in a step fails the first check of the manifest; the others are blocked and name it."""
    small.write(
        "@pytest.fixture(scope='module')\ndef step(): raise Mistake('wrong', what='x')\n"
        "def test_two(step): pass\ndef test_one(step): pass\ndef test_three(): pass",
        {"one": 3, "two": 3, "three": 4},
    )
    ran = small.run()
    assert (ran.code, ran.outcomes()) == (1, {"one": "failed", "two": "blocked", "three": "passed"})
    assert ran.feedback("two") == {"en": "First: “Title of one”", "ko": "먼저 풀 것: “one의 제목”"}


def test_a_kata_error_is_broken(small: SmallCourse) -> None:
    """What is our fault, or the machine's, is broken with cause and remedy: exit code 3, and the grade is not final."""
    small.write(PASSES + "def test_two(): raise KataError('check.busy', what='04', minutes=10)")
    ran = small.run()
    assert (ran.code, ran.outcomes()["two"], ran.grades[0]["final"]) == (3, "broken", False)
    assert "Wait for it to end" in ran.feedback("two")["en"]
    assert "기다리거나" in ran.feedback("two")["ko"]


@pytest.mark.parametrize(
    ("raised", "en"),
    [
        ("raise RuntimeError('secret plan')", "Our check stumbled over itself (RuntimeError: secret plan)"),
        ("1 / 0", "ZeroDivisionError"),
        ("pytest.skip('not today')", "This check was skipped"),
        ("pytest.xfail('never')", "This check was skipped"),
        ("raise Mistake('no_such_key')", "Our check stumbled over itself (KeyError"),
        ("raise Mistake('wrong')", "Our check stumbled over itself (KeyError"),
    ],
)
def test_a_bug_of_ours_is_broken_and_shows_no_traceback(small: SmallCourse, raised: str, en: str) -> None:
    """Any other exception, a skip, an unknown sentence or an empty blank is our fault, said in one sentence."""
    small.write(PASSES + f"def test_two(): {raised}")
    ran = small.run()
    assert (ran.code, ran.outcomes()) == (3, {"one": "passed", "two": "broken"})
    assert en in ran.feedback("two")["en"]
    assert "Traceback" not in ran.out + ran.err
    assert "def test_two" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("raised", "en"),
    [
        ("assert 1 == 2", "What the title says does not hold yet."),
        ("assert 1 == 2, 'the port is closed'", "What the title says does not hold yet. the port is closed"),
    ],
)
def test_an_assertion_of_the_check_is_the_learners(small: SmallCourse, raised: str, en: str) -> None:
    """A plain assertion in a check fails it, without showing the check's source."""
    small.write(PASSES + f"def test_two(): {raised}")
    ran = small.run()
    assert (ran.code, ran.outcomes()["two"]) == (1, "failed")
    assert ran.feedback("two")["en"].strip() == en
    assert "assert" not in ran.out


def test_an_assertion_inside_a_library_is_ours(small: SmallCourse) -> None:
    """An assertion that fails outside of the check's own file is a bug, not a mistake."""
    small.write(PASSES + "import statistics\ndef test_two():\n    exec(compile('assert False', 'library.py', 'exec'))")
    assert small.run().outcomes()["two"] == "broken"


@pytest.mark.parametrize(
    "trouble",
    ["@pytest.mark.skip\n", "@pytest.mark.xfail\n", "@pytest.mark.skipif(True, reason='x')\n"],
)
def test_a_marked_check_never_earns_its_points(small: SmallCourse, trouble: str) -> None:
    """A check that is marked to be skipped or expected to fail earns nothing, and the grade is not final."""
    small.write(PASSES + f"{trouble}def test_two(): raise Mistake('wrong', what='x')")
    ran = small.run()
    assert ran.grades[0]["points"] == 4
    assert ran.code != 0


def test_a_check_that_is_missing_makes_the_grade_not_final(small: SmallCourse) -> None:
    """What the manifest announces and nobody ran earns nothing, and the grade says that it is not final."""
    small.write(PASSES)
    ran = small.run()
    assert (ran.grades[0]["points"], ran.grades[0]["final"]) == (4, False)
    assert "1 of 2 checks ran" in ran.out


def test_a_check_that_the_manifest_does_not_know_earns_nothing(small: SmallCourse) -> None:
    """A test that is not in the manifest counts for nothing."""
    small.write("def test_one(): pass\ndef test_two(): pass\ndef test_bonus(): pass")
    ran = small.run()
    assert ran.grades[0]["points"] == 10
    assert "bonus" not in ran.out


def test_a_teardown_that_fails_is_broken(small: SmallCourse) -> None:
    """A step that cannot clean up after itself breaks the last check, rather than passing it."""
    small.write(PASSES + "@pytest.fixture\ndef step():\n    yield\n    1 / 0\ndef test_two(step): pass")
    assert (small.run().code, small.run().outcomes()["two"]) == (3, "broken")


def test_junit_tells_the_outcomes_apart(small: SmallCourse) -> None:
    """JUnit XML has failed as failure, blocked as skipped, broken as error, each with what the learner reads."""
    small.write(
        "@pytest.fixture(scope='module')\ndef step(): raise Mistake('wrong', what='x\\x1b[31m')\n"
        "def test_one(step): pass\ndef test_two(step): pass\ndef test_three(): 1 / 0",
        {"one": 3, "two": 3, "three": 4},
    )
    small.run("exercises/01", "--junit-xml=junit.xml")
    cases = ET.parse(small.root / "junit.xml").getroot().iter("testcase")  # noqa: S314 - pytest wrote it
    kinds = {case.get("name"): [(child.tag, child.get("message")) for child in case] for case in cases}
    assert kinds["test_one"] == [("failure", "x is wrong.")]
    assert kinds["test_two"] == [("skipped", "First: “Title of one”")]
    assert [tag for tag, _ in kinds["test_three"]] == ["error"]


def test_sides_agree_with_and_without_workers(small: SmallCourse) -> None:
    """With -n an exercise comes to the same grade, told as a whole."""
    small.write(
        "@pytest.fixture(scope='module')\ndef step(): raise Mistake('wrong', what='x')\n"
        "def test_one(step): pass\ndef test_two(step): pass"
    )
    alone, beside = small.run(), small.run("exercises/01", "-n", "2")
    assert (
        (alone.code, alone.outcomes()) == (beside.code, beside.outcomes()) == (1, {"one": "failed", "two": "blocked"})
    )
    assert "Title of two" in beside.out
