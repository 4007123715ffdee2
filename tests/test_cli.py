from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click
import pytest

from checker import cli
from checker.cli import basis, machine, project
from checker.engine import Engine
from checker.exercise import Course, Exercise
from checker.phrase import KataError, Text

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = Engine(host="unix:///nowhere.sock", origin="default")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a course of two exercises, on a machine that is ready."""
    for name in ("01_first", "04_run_redis"):
        (tmp_path / "exercises" / name).mkdir(parents=True)
    monkeypatch.setattr(basis, "ROOT", tmp_path)
    monkeypatch.setattr(basis, "up", lambda: ENGINE)
    return tmp_path


@pytest.fixture
def ran(course: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the list of programs that the command line starts; each ends with exit code 0."""
    del course
    commands: list[list[str]] = []

    def watched(command: list[object], cwd: Path | None = None) -> int:
        del cwd
        commands.append([str(word) for word in command])
        return 0

    monkeypatch.setattr(basis, "watched", watched)
    return commands


def _kata(language: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "KATA_LANG": language}
    command = [sys.executable, "-P", "-m", "checker.cli", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("language", "words"), [("en", "Make this machine ready"), ("ko", "이 컴퓨터를 준비해요")])
def test_help_is_in_the_learners_language(language: str, words: str) -> None:
    """``kata --help`` lists the commands in the learner's language."""
    done = _kata(language, "--help")
    assert done.returncode == 0
    assert words in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "doctor",
        "clean",
        "images",
        "images pull",
        "images save",
        "check",
        "hint",
        "list",
        "test",
        "selfcheck",
        "trace",
    ],
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command explains itself and does nothing else."""
    assert cli.run([*command.split(), "--help"]) == 0
    assert "Usage: kata" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["bogus"], ["clean", "--everything"], ["images", "save"], ["images", "load", "/nowhere"]]
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What the command line does not know ends with 2 and says what it does know."""
    assert cli.run(arguments) == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(("language", "words"), [("en", "01 04"), ("ko", "01 04")])
def test_unknown_exercise_is_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """An exercise that does not exist ends with 2 before anything is set up; those that exist are listed."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(basis, "up", pytest.fail)
    assert cli.run(["check", "99"]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["exercises"]),
        (["01"], ["exercises/01_first"]),
        (["04", "01"], ["exercises/04_run_redis", "exercises/01_first"]),
        (["exercises/04_run_redis/"], ["exercises/04_run_redis"]),
        (["04::test_it"], ["exercises/04_run_redis::test_it"]),
        (["--work", "solutions"], ["exercises", "--work", "solutions"]),
        (["--work", "solutions", "04"], ["exercises/04_run_redis", "--work", "solutions"]),
        (["04", "-n", "12", "-k", "redis"], ["exercises/04_run_redis", "-n", "12", "-k", "redis"]),
    ],
)
def test_exercises_become_paths_and_options_are_passed_on(
    course: Path, ran: list[list[str]], given: list[str], expected: list[str]
) -> None:
    """Numbers and names become absolute paths; everything else reaches pytest as it was written."""
    assert cli.run(["check", *given]) == 0
    settings = ["-c", str(course / "pyproject.toml"), "--rootdir", str(course)]
    paths = [f"{course}/{word}" if word.startswith("exercises") else word for word in expected]
    assert ran == [[sys.executable, "-P", "-m", "pytest", *settings, *paths]]


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1), (3, 3), (4, 2), (5, 2)])
def test_exit_codes_of_pytest_become_ours(monkeypatch: pytest.MonkeyPatch, code: int, expected: int) -> None:
    """Wrong usage and an empty selection of pytest are our 2; the rest is the same."""
    monkeypatch.setattr(basis, "watched", lambda _: code)
    assert cli.run(["check"]) == expected


def test_lint_and_types_do_not_hide_the_tests(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When lint fails pytest still runs, the failure is named again at the end, and the code is not 0."""
    watched = basis.watched
    monkeypatch.setattr(basis, "watched", lambda command, cwd=None: watched(command, cwd) or ("check" in command))
    monkeypatch.setenv("KATA_LANG", "en")
    assert cli.run(["test", "-x"]) == 1
    assert ran[-1][3:] == ["pytest", "tests", "-n", "3", "-m", "not full", "-x"]
    assert capsys.readouterr().err.splitlines()[-1].endswith("see above: ruff check")


@pytest.mark.parametrize("may", [True, False])
def test_a_browser_is_fetched_where_there_is_none(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, may: bool
) -> None:
    """Root on a Debian gets Chromium for the gradebook's tests; where it is still missing, that is said."""
    monkeypatch.setenv("KATA_LANG", "en")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if may else 1000)
    assert cli.run(["test"]) == 0
    fetched = [command[-1] for command in ran if command[0] == "apt-get"]
    assert fetched == (["update", "chromium"] if may else [])
    said = capsys.readouterr().err
    assert ("Installing Debian's package chromium" in said) is may
    assert "There is no Chromium here" in said


def test_full_leaves_nothing_out(ran: list[list[str]]) -> None:
    """``--full`` runs what takes long, too."""
    assert cli.run(["test", "--full"]) == 0
    assert ran[-1][3:] == ["pytest", "tests", "-n", "3"]


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> Engine:
        raise error

    monkeypatch.setattr(basis, "up", fail)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "No Docker engine answers.\nRun ./kata up once"),
        ("ko", "응답하는 Docker engine이 없어요.\n./kata up 을"),
    ],
)
def test_our_errors_are_3_with_their_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    """Cause and remedy are printed, without a traceback."""
    monkeypatch.setenv("KATA_LANG", language)
    _raising(monkeypatch, KataError("engine.missing"))
    assert cli.run(["up"]) == 3
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("language", "words"), [("en", "not your fault"), ("ko", "여러분 잘못이 아니에요")])
def test_bugs_are_3_and_say_how_to_report_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    """Anything else that escapes is a bug: one sentence, and a traceback only on demand."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.delenv("KATA_DEBUG", raising=False)
    _raising(monkeypatch, ZeroDivisionError("by \x1b[31mzero"))
    assert cli.run(["up"]) == 3
    said = capsys.readouterr().err
    assert words in said
    assert "ZeroDivisionError: by zero" in said
    assert "Traceback" not in said
    monkeypatch.setenv("KATA_DEBUG", "1")
    assert cli.run(["up"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
@pytest.mark.parametrize(("language", "words"), [("en", "Interrupted."), ("ko", "중단했어요.")])
def test_interrupted_is_130(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    language: str,
    words: str,
) -> None:
    """Ctrl-C ends with 130 and a word."""
    monkeypatch.setenv("KATA_LANG", language)
    _raising(monkeypatch, error)
    assert cli.run(["up"]) == 130
    assert words in capsys.readouterr().err


def test_waits_for_what_it_interrupted() -> None:
    """On Ctrl-C the program that runs is left to clean up, and only then 130 is returned."""
    program = (
        "import os, signal, sys\n"
        "def cleanup(*_):\n"
        "    print('cleaned up', flush=True); sys.exit(2)\n"
        "signal.signal(signal.SIGINT, cleanup)\n"
        "os.killpg(0, signal.SIGINT)\n"
        "signal.pause()\n"
    )
    watcher = f"from checker.cli import basis; import sys; print(basis.watched([sys.executable, '-c', {program!r}]))"
    done = subprocess.run(
        [sys.executable, "-c", watcher],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        cwd=basis.ROOT,
    )
    assert done.stdout.splitlines() == ["cleaned up", "130"]


def test_killed_programs_have_the_shells_code() -> None:
    """A program that a signal ended gives 128 and the signal's number, as in a shell."""
    program = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    assert basis.watched([sys.executable, "-c", program]) == 128 + signal.SIGKILL


def test_doctor_is_3_when_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that is not ok makes the doctor's exit code 3, with its remedy below it."""
    from checker.engine import doctor

    line = doctor.Line(ok=False, text="no buildx", remedy="install it")
    monkeypatch.setattr(doctor, "examine", lambda: [doctor.Line(ok=True, text="Python"), line])
    monkeypatch.setattr(machine, "_catalogue", list)
    assert cli.run(["doctor"]) == 3
    assert capsys.readouterr().out == "✓ Python\n✗ no buildx\n    → install it\n"


def test_lists_what_there_is(course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A line an exercise, with number, title and points."""
    del course
    exercise = SimpleNamespace(
        number="04", title=SimpleNamespace(here=lambda: "Run Redis"), checks=[SimpleNamespace(points=10)]
    )
    monkeypatch.setattr(Course, "exercises", lambda _: (exercise,))
    monkeypatch.setenv("KATA_LANG", "en")
    assert cli.run(["list"]) == 0
    assert capsys.readouterr().out == "04  Run Redis  (10 points)\n"


@pytest.mark.parametrize(
    ("more", "shown", "following"),
    [
        ([], ["vague"], "--more"),
        (["--more"], ["vague", "clearer"], "--more --more"),
        (["--more"] * 5, ["concrete"], ""),
    ],
)
@pytest.mark.parametrize(("language", "word"), [("en", "Hint 1 of 3: en"), ("ko", "hint 1/3: ko")])
def test_hints_come_one_by_one(
    course: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    shown: list[str],
    following: str,
    language: str,
    word: str,
) -> None:
    """The first hint comes first, each --more adds one, and the next is announced while there is one."""
    del course
    hints = [Text(en=f"en {hint}", ko=f"ko {hint}") for hint in ("vague", "clearer", "concrete")]
    monkeypatch.setattr(Exercise, "read", lambda _: SimpleNamespace(hints=hints))
    monkeypatch.setenv("KATA_LANG", language)
    assert cli.run(["hint", "04", *more]) == 0
    said = capsys.readouterr().out
    assert word in said
    assert all(hint in said for hint in shown)
    assert said.endswith(f"./kata hint 04 {following}\n") == bool(following)


def test_starts_without_docker() -> None:
    """The command line imports neither docker nor testcontainers before a command needs them."""
    program = "import sys, checker.cli; print({'docker', 'testcontainers', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=basis.ROOT)
    assert done.stdout == "set()\n"


def test_an_installed_kata_finds_the_clone_around_it(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installed as a package, kata works on the clone in or above the current folder, and says if there is none."""
    monkeypatch.setenv("KATA_LANG", "en")
    monkeypatch.setattr(basis, "ROOT", course / "site-packages")
    monkeypatch.chdir(course / "exercises" / "04_run_redis")
    assert basis.root() == course
    monkeypatch.chdir(course.parent)
    assert cli.run(["list"]) == 3
    assert "There is no course in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "where"),
    [([], ["tests"]), (["-k", "guard"], ["tests", "guard"]), (["tests/guard"], ["tests/guard"])],
    ids=["all", "some of all", "one folder"],
)
def test_tests_that_are_named_are_all_that_run(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, arguments: list[str], where: list[str]
) -> None:
    """``kata test tests/guard`` runs what is there, and not everything else beside it."""
    monkeypatch.setattr(project, "find_browser", lambda: "chromium")
    assert cli.run(["test", *arguments]) == 0
    assert [
        word for word in ran[-1][ran[-1].index("pytest") + 1 :] if word in {"tests", "guard", "tests/guard"}
    ] == where
