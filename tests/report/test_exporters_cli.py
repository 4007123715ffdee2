from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker import cli
from checker.cli import basis
from checker.engine import Engine
from checker.exercise import Course, Exercise
from checker.phrase import say
from checker.verdict import Grade, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    Runs = Callable[..., list[list[str]]]

ENGINE = Engine(host="unix:///nowhere.sock", origin="default")
NAME = "04_run_redis"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, course: Course) -> Runs:
    """In pytest's place: write the grades that are asked for, and end with this code."""
    monkeypatch.setattr(basis, "up", lambda: ENGINE)
    monkeypatch.setenv("KATA_LANG", "en")

    def run(code: int, grades: str | None = None) -> list[list[str]]:
        commands: list[list[str]] = []

        def watched(command: Sequence[object], stdout: TextIO | None = None) -> int:
            words = [str(word) for word in command]
            commands.append(words)
            print("the story", file=stdout or sys.stdout)
            if grades != "":
                Path(words[-1].removeprefix("--grades=")).write_text(grades or _grades(course), encoding="utf-8")
            return code

        monkeypatch.setattr(basis, "watched", watched)
        return commands

    return run


def _grades(course: Course) -> str:
    checks = Exercise.read(course.folder / NAME).checks
    verdicts = [Verdict(exercise=NAME, check=check.id, outcome=Outcome.PASSED) for check in checks]
    return json.dumps({"grades": [Grade.of(NAME, checks, verdicts).to_json()]})


def test_the_export_alone_is_on_stdout(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the export is all that stdout gets, so that it can be piped; the story goes to stderr."""
    commands = runs(0)
    assert cli.run(["check", "04", "--export", "classroom", "-k", "redis"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["max_score"] == 10
    assert "the story" in said.err
    assert "--export" not in commands[0]
    assert commands[0][-3:-1] == ["-k", "redis"]


@pytest.mark.parametrize(
    "words", [["--export", "junit", "--export-to", "out.xml"], ["--export-to=out.xml", "--export=junit"]]
)
def test_an_export_goes_to_its_file(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """The options may stand anywhere and be written either way; the story stays on stdout, and nothing else is left."""
    monkeypatch.chdir(tmp_path)
    runs(1)
    assert cli.run(["check", *words, "04"]) == 1
    assert (tmp_path / "out.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert capsys.readouterr().out == "the story\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.xml"]


@pytest.mark.parametrize("code", [2, 130])
def test_a_run_that_graded_nothing_leaves_no_old_export(runs: Runs, tmp_path: Path, code: int) -> None:
    """An export of an earlier run is never taken for this one's."""
    file = tmp_path / "result.json"
    file.write_text("old", encoding="utf-8")
    runs(code, "")
    assert cli.run(["check", "04", "--export", "gradescope", "--export-to", str(file)]) == code
    assert not file.exists()


def test_broken_is_exported_and_is_3(runs: Runs, course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be judged is written as such, and the exit code says it again."""
    broken = json.loads(_grades(course))
    broken["grades"][0]["verdicts"][0]["outcome"] = "broken"
    runs(3, json.dumps(broken))
    assert cli.run(["check", "04", "--export", "classroom"]) == 3
    assert json.loads(capsys.readouterr().out)["status"] == "error"


@pytest.mark.parametrize("code", [0, 1])
def test_grades_that_are_none_are_3(runs: Runs, capsys: pytest.CaptureFixture[str], code: int) -> None:
    """A file that is not what ``--grades`` writes gives no export and no passing exit code."""
    runs(code, '{"grades": [{"exercise": "04_run_redis", "points": 10}]}')
    assert cli.run(["check", "04", "--export", "classroom"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "does not hold grades of this course" in said.err


@pytest.mark.parametrize(
    ("words", "key", "blanks"),
    [
        (["--export", "moodle"], "unknown_format", {"wanted": "moodle"}),
        (["--export"], "unknown_format", {"wanted": ""}),
        (["--export-to", "x.json"], "unknown_format", {"wanted": ""}),
        (["--export", "junit", "--grades", "x"], "grades_beside", {}),
        (["--export", "junit", "--grades=x"], "grades_beside", {}),
        (["--export", "junit", "--export-to", "/nowhere/x"], "no_place", {"file": "/nowhere/x"}),
        (["--export", "junit", "--export-to", "/"], "no_place", {"file": "/"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_wrong_usage_is_said_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
    words: list[str],
    key: str,
    blanks: dict[str, str],
) -> None:
    """An export that cannot be asked for like that ends with 2, in both languages, and checks nothing."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(basis, "up", pytest.fail)
    assert cli.run(["check", "04", *words]) == 2
    expected = say(f"export.{key}", known="classroom, classroom50, gradescope, junit", **blanks)
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be written"), ("ko", "쓸 수 없어요")])
def test_a_file_that_cannot_be_written_is_said(
    runs: Runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
    words: str,
) -> None:
    """The place of a file may be taken while the checks run: that is 3, with what to do, in both languages."""
    monkeypatch.setenv("KATA_LANG", language)
    runs(0)
    (tmp_path / "out.json.partial").mkdir()
    assert cli.run(["check", "04", "--export", "junit", "--export-to", str(tmp_path / "out.json")]) == 3
    assert words in capsys.readouterr().err
