from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

BOTH = "def test_one(): pass\ndef test_two(): pass\n"
FAILS = "def test_one(): raise Mistake('wrong', what='x')\ndef test_two(): pass\n"


def another(small: SmallCourse, checks: str = BOTH) -> None:
    """Add a second exercise to the course, with these checks."""
    second = small.exercise.with_name("02_second")
    shutil.copytree(small.exercise, second)
    head = (second / ".checks" / "test_small.py").read_text(encoding="utf-8").partition("def test_")[0]
    (second / ".checks" / "test_small.py").write_text(head + checks, encoding="utf-8")


def test_checks_run_in_the_manifests_order(small: SmallCourse) -> None:
    """However the functions are ordered, the learner reads them as the manifest has them."""
    small.write("def test_two(): pass\ndef test_helper(): pass\ndef test_one(): pass\n")
    ran = small.run()
    assert (ran.code, list(ran.outcomes())) == (0, ["one", "two"])
    assert ran.out.index("Title of one") < ran.out.index("Title of two")


@pytest.mark.parametrize(
    "arguments",
    [
        ["exercises/01::two"],
        ["exercises/01::test_two"],
        ["01::two"],
        ["exercises/01_small/.checks/test_small.py::test_two"],
        ["exercises/01/.checks/test_small.py::test_two"],
        ["exercises/01", "-k", "two"],
        ["exercises/01", "--deselect", "exercises/01_small/.checks/test_small.py::test_one"],
        ["exercises/01::two", "-n", "2"],
    ],
    ids=" ".join,
)
def test_one_check_can_be_asked_for(small: SmallCourse, arguments: list[str]) -> None:
    """By its id, its function, a full node id, -k or --deselect: it is judged, and the grade is not the whole one."""
    small.write(FAILS)
    ran = small.run(*arguments)
    assert (ran.code, ran.outcomes(), ran.grades[0]["final"]) == (0, {"two": "passed"}, False)
    assert "1 of 2 checks ran" in ran.out


def test_last_failed_runs_what_failed(small: SmallCourse) -> None:
    """--lf runs what failed or was blocked the last time, and nothing else."""
    small.write(FAILS)
    small.run()
    assert small.run("exercises/01", "--lf").outcomes() == {"one": "failed"}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Exercise 01 has no check nope. It has: one two\n"),
        ("ko", "01번 연습문제에 nope check는 없어요. 있는 check: one two\n"),
    ],
)
def test_a_check_that_does_not_exist_lists_those_that_do(small: SmallCourse, language: str, sentence: str) -> None:
    """A check's id that no module defines is one sentence and wrong usage."""
    small.write(BOTH)
    ran = small.run("exercises/01::nope", KATA_LANG=language)
    assert (ran.code, ran.out, ran.err) == (2, "", sentence)


@pytest.mark.parametrize("arguments", [["exercises/01/run.sh"], ["exercises/01_small/run.sh", "exercises/01/other"]])
def test_a_file_of_the_learners_stands_for_its_exercise(small: SmallCourse, arguments: list[str]) -> None:
    """Who completes the path to the file they work at gets that exercise checked, once."""
    small.write(BOTH)
    ran = small.run(*arguments)
    assert (ran.code, ran.outcomes()) == (0, {"one": "passed", "two": "passed"})
    assert ran.out.count("Title of one") == 1


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "beside"])
def test_several_exercises_are_told_one_after_another(small: SmallCourse, options: list[str]) -> None:
    """Several at once are told whole, each with its points, and the total comes last; with -n it is the same."""
    small.write(BOTH)
    another(small, FAILS)
    ran = small.run("exercises/02", "exercises/01", *options)
    assert ran.code == 1
    assert [grade["points"] for grade in ran.grades] == [10, 6]
    assert ran.out.count("Title of one") == ran.out.count("Title of two") == 2
    assert "16 of 20 points" in ran.out.splitlines()[-1]


def test_all_exercises_and_a_folder_below(small: SmallCourse) -> None:
    """The folder of exercises is all of them; the same typed from a folder of the learner's own."""
    small.write(BOTH)
    another(small)
    assert len(small.run("exercises").grades) == 2
    below = small.exercise / "app"
    below.mkdir()
    assert len(small.run(".", cwd=below).grades) == len(small.run("01", cwd=below).grades) == 1
    assert len(small.run("../..", cwd=below).grades) == 2


@pytest.mark.parametrize("asked", ["exercises/01", "exercises/01_small", "exercises"])
@pytest.mark.parametrize(
    "evil",
    [
        "raise SystemExit(9)",
        "import pytest\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n    return True\n",
    ],
    ids=["exits", "passes-everything"],
)
def test_a_conftest_of_the_learners_is_never_read(small: SmallCourse, asked: str, evil: str) -> None:
    """A conftest.py beside the work neither runs nor changes a verdict, however the exercise is asked for."""
    small.write(FAILS)
    (small.exercise / "conftest.py").write_text(evil, encoding="utf-8")
    ran = small.run(asked)
    assert (ran.code, ran.outcomes()) == (1, {"one": "failed", "two": "passed"}), ran.err


@pytest.mark.parametrize("option", [["--work=theirs"], ["--work", "theirs"]], ids=["joined", "apart"])
def test_nothing_in_the_folder_of_work_is_read(small: SmallCourse, option: list[str]) -> None:
    """A conftest.py, or tests, in the folder that --work names are only ever data."""
    small.write(FAILS)
    theirs = small.root / "theirs" / "01_small"
    theirs.mkdir(parents=True)
    for folder in (theirs, theirs.parent):
        (folder / "conftest.py").write_text("raise SystemExit(9)", encoding="utf-8")
        (folder / "test_mine.py").write_text("raise SystemExit(9)", encoding="utf-8")
    ran = small.run("exercises/01_small", *option)
    assert (ran.code, ran.outcomes()) == (1, {"one": "failed", "two": "passed"}), ran.err


@pytest.mark.parametrize("file", ["pytest.ini", "setup.cfg", "pyproject.toml"])
def test_a_configuration_of_the_learners_changes_nothing(small: SmallCourse, file: str) -> None:
    """A configuration beside the work is not taken for pytest's, when the exercise is asked for by its number."""
    small.write(FAILS)
    section = {"setup.cfg": "[tool:pytest]", "pyproject.toml": "[tool.pytest.ini_options]"}.get(file, "[pytest]")
    (small.exercise / file).write_text(f"{section}\naddopts = '--collect-only'\n", encoding="utf-8")
    ran = small.run("exercises/01")
    assert (ran.code, ran.outcomes()) == (1, {"one": "failed", "two": "passed"}), ran.err


@pytest.mark.parametrize("file", ["test_mine.py", ".checks.py", "sub/test_mine.py", "sub/conftest.py"])
def test_python_of_the_learners_is_never_imported(small: SmallCourse, file: str) -> None:
    """Python files beside the work, also in folders, are data to us."""
    small.write(FAILS)
    (small.exercise / file).parent.mkdir(exist_ok=True)
    (small.exercise / file).write_text("raise SystemExit(9)", encoding="utf-8")
    assert small.run().outcomes() == {"one": "failed", "two": "passed"}


def test_a_conftest_of_ours_beside_the_checks_is_read(small: SmallCourse) -> None:
    """An author may keep fixtures in .checks/conftest.py."""
    small.write("def test_one(answer): assert answer == 42\ndef test_two(): pass\n")
    fixture = "import pytest\n\n@pytest.fixture\ndef answer():\n    return 42\n"
    (small.exercise / ".checks" / "conftest.py").write_text(fixture, encoding="utf-8")
    assert small.run().code == 0


def test_a_manifest_that_is_broken_troubles_only_its_own(small: SmallCourse) -> None:
    """An exercise can be checked while another one's manifest cannot be read; asked for both, nothing is guessed."""
    small.write(BOTH)
    another(small)
    (small.exercise.with_name("02_second") / "exercise.toml").write_text("[", encoding="utf-8")
    assert small.run("exercises/01").code == 0
    ran = small.run("exercises")
    assert (ran.code, ran.grades) == (3, [])
    assert "02_second/exercise.toml" in ran.err.replace("\n", "")


def test_a_module_that_is_broken_troubles_only_its_own(small: SmallCourse) -> None:
    """An exercise whose checks cannot be read does not keep the others from being judged."""
    small.write(BOTH)
    another(small, "def test_one(: pass\n")
    ran = small.run("exercises")
    assert ran.code == 3
    assert {grade["exercise"]: grade["points"] for grade in ran.grades}["01_small"] == 10
    assert "02_second" in ran.out
