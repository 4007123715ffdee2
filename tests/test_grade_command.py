"""``kata grade`` as it is typed: what it says, and what it ends with."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker import cli
from checker.cli import basis
from checker.cli import grade as command
from checker.cli.grade import usual_hands
from checker.grading.everyone import Hands
from checker.grading.place import OnTheEngine
from checker.grading.task import TaskGrader
from checker.phrase import KataError
from checker.verdict import Outcome
from checker.workbench.container import wait_for
from tests.grading.small import NOWHERE, FakeJudge, FakePlaces, account, hand_in, make_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.exercise import Exercise
    from checker.grading.account import Account

ROOT = Path(__file__).resolve().parent.parent


class Judge(FakeJudge):
    """Judges, but for an answer that somebody interrupts."""

    def find(self, exercise: Exercise, answer: str) -> Account:
        if answer == "interrupted":
            os.kill(os.getpid(), signal.SIGTERM)
            self.stop.wait(20)
        return super().find(exercise, answer) if answer != "broken" else account(exercise, Outcome.BROKEN)


@pytest.fixture
def class_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a course and a class, on a machine whose judge needs no engine."""
    course = make_course(tmp_path / "course")
    hand_in(tmp_path / "handed-in", {"kim": "right", "lee": "wrong"})

    @contextlib.contextmanager
    def crew(*_: object) -> Iterator[Any]:
        grader = TaskGrader(judge=Judge(course), places=FakePlaces())  # type: ignore[arg-type]
        with ThreadPoolExecutor(1) as executor:
            yield Hands(executor, 1, grader), lambda _: ""

    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KATA_LANG", "en")
    monkeypatch.setattr(basis, "ROOT", course.root)
    monkeypatch.setattr(command, "_crew", crew)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kata(*arguments: str) -> int:
    return cli.run(["grade", "handed-in", "--out", "out", *arguments])


def test_a_class_is_graded(class_room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything judged is 0, whatever was earned; the gradebook's place comes last."""
    assert kata() == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == f"The gradebook: {class_room}/out/index.html"
    assert "[1/2] kim  01_small  10/10" in said.out
    assert "2 submissions × 1 exercises, 1 at a time" in said.err
    assert kata() == 0
    assert "graded 0 · unchanged 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "words"), [("en", "1 could not be judged, also at the second try."), ("ko", "1건은 두 번 시도해도")]
)
def test_what_could_not_be_judged_is_3(
    class_room: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """One work that could not be judged makes it 3, and it is said that the same command tries again."""
    monkeypatch.setenv("KATA_LANG", language)
    hand_in(class_room / "handed-in", {"lee": "broken"})
    assert kata() == 3
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Stopped. What has been graded is kept, and the same command goes on"), ("ko", "멈췄어요. 채점한 것은")],
)
def test_stopped_is_130(
    class_room: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Ctrl-C or SIGTERM ends with 130 and a word; the gradebook shows what there is, and the same command goes on."""
    monkeypatch.setenv("KATA_LANG", language)
    hand_in(class_room / "handed-in", {"lee": "interrupted"})
    assert kata() == 130
    assert words in capsys.readouterr().err
    assert "kim" in (class_room / "out" / "gradebook.csv").read_text(encoding="utf-8-sig")
    hand_in(class_room / "handed-in", {"lee": "right"})
    assert kata() == 0


@pytest.mark.usefixtures("class_room")
@pytest.mark.parametrize(
    ("language", "words"), [("en", "other is not on the roster, but"), ("ko", "other는 명단에 없지만")]
)
def test_who_is_on_no_roster_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A submission of somebody whom the roster does not know is graded, and said."""
    monkeypatch.setenv("KATA_LANG", language)
    hand_in(Path("handed-in"), {"other": "right"})
    Path("roster.csv").write_text("github\nkim\nlee\n", encoding="utf-8")
    assert kata("--roster", "roster.csv") == 0
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("class_room")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--memory", "much"], 2, "much is no amount of memory."),
        (["--only", "99"], 2, "99"),
        (["-j", "0"], 2, "Usage:"),
        (["--seconds", "never"], 2, "Usage:"),
        (["--roster", "nothing.csv"], 3, "nothing.csv cannot be read"),
    ],
)
def test_wrong_usage_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str) -> None:
    """What was asked for in a way that cannot be is one sentence, before anything is graded."""
    assert kata(*arguments) == code
    assert words in capsys.readouterr().err
    assert not list(Path("out").glob("results/*/*"))


@pytest.mark.parametrize(
    ("size", "expected"), [("512M", 512 * 2**20), ("2G", 2 * 2**30), ("1GiB", 2**30), ("4096", 4096), ("1k", 1024)]
)
def test_memory_is_read_as_docker_reads_it(size: str, expected: int) -> None:
    """A size has Docker's units."""
    assert command._bytes(size) == expected


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "No Docker engine answers."), ("ko", "응답하는 Docker engine이 없어요.")],
)
def test_without_an_engine_nothing_is_graded(
    class_room: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where there is no engine and none can be started, that is said with what to do, and it is 3."""
    monkeypatch.undo()
    for name, value in {"KATA_DATA": str(class_room / "data"), "KATA_LANG": language}.items():
        monkeypatch.setenv(name, value)

    def fail() -> None:
        raise KataError("engine.missing")

    monkeypatch.setattr(basis, "ROOT", class_room / "course")
    monkeypatch.setattr(basis, "up", fail)
    monkeypatch.chdir(class_room)
    assert kata("--no-labs") == 3
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("class_room")
@pytest.mark.parametrize(
    ("language", "words"), [("en", "No Dask scheduler answers"), ("ko", "Dask scheduler가 응답하지")]
)
def test_a_scheduler_that_does_not_answer_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where nobody listens at the scheduler's address, that is said with the address, and it is 3."""
    from checker.grading import cluster

    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    assert kata("--cluster", "tcp://127.0.0.1:9", "--no-labs") == 3
    said = capsys.readouterr().err
    assert words in said
    assert "tcp://127.0.0.1:9" in said


@pytest.mark.usefixtures("class_room")
@pytest.mark.parametrize(("language", "words"), [("en", "pip install '.[cluster]'"), ("ko", "Dask가 필요한데")])
def test_without_dask_there_is_no_cluster(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where Dask is not installed, it is said how to install it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else find(name))
    monkeypatch.setenv("KATA_LANG", language)
    assert kata("--cluster", "tcp://127.0.0.1:9", "--no-labs") == 3
    assert words in capsys.readouterr().err


def test_the_engine_is_a_place_for_work_that_is_trusted() -> None:
    """Without labs, the engine itself is where submissions are graded: as it is, and not to be killed."""
    with OnTheEngine(NOWHERE).open() as place:
        assert place.engine is NOWHERE
        assert place.environment["DOCKER_HOST"] == NOWHERE.host
        assert place.network is None
        place.kill()


def test_it_has_help() -> None:
    """``kata grade --help`` names its options."""
    done = subprocess.run(
        [sys.executable, "-m", "checker.cli", "grade", "--help"],
        cwd=ROOT,
        env={**os.environ, "KATA_LANG": "ko"},
        capture_output=True,
        text=True,
        check=True,
    )
    for option in ("--out", "-j", "--only", "--roster", "--fresh", "--seconds", "--memory", "--cluster"):
        assert option in done.stdout
    assert "한 반을 채점해요" in done.stdout


def test_nothing_is_left_running(class_room: Path) -> None:
    """After a class no thread of it goes on."""
    del class_room
    assert kata() == 0
    assert wait_for(lambda: not [one for one in threading.enumerate() if one.name.startswith("kata-grade")], 5)


@pytest.mark.parametrize(
    ("processors", "gigabytes", "memory", "hands"),
    [(2, 24, None, 3), (8, 64, None, 12), (8, 6, None, 4), (8, 6, 2**30, 6), (1, 1, None, 1), (None, 8, None, 1)],
)
def test_as_many_at_a_time_as_the_machine_can_bear(
    processors: int | None, gigabytes: int, memory: int | None, hands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half as many again as processors, but no more than labs fit into the memory, and at least one."""
    sizes = {"SC_PHYS_PAGES": gigabytes * 2**18, "SC_PAGE_SIZE": 2**12}
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert usual_hands(memory) == hands
