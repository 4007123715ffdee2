"""A small course whose checks need no engine, a class that hands in work for it, and places that count themselves."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checker.engine import Engine
from checker.exercise import Course, Exercise
from checker.grading.account import Account
from checker.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from checker.grading.place import Place

MANIFEST = """
title = { en = "Small", ko = "작은 문제" }
files = ["answer.txt"]
images = []
seconds = 5

[[check]]
id = "is_right"
points = 6
title = { en = "It is right", ko = "맞아요" }

[[check]]
id = "is_there"
points = 4
title = { en = "It is there", ko = "있어요" }

[mistake.wrong]
en = "{what} is wrong."
ko = "{what:이} 틀렸어요."
"""
CHECKS = """
import os, signal, time
from checker.plugin.kept import STARTED
from checker.verdict import Mistake


def test_is_right(work, request):
    said = work.text("answer.txt").strip()
    if said == "hangs":
        request.config.stash[STARTED]("answer.txt")
    while said in ("hangs", "we hang"):
        time.sleep(0.05)
    if said == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if said == "leaves":
        os._exit(0)
    if said != "right":
        raise Mistake("wrong", what=said)


def test_is_there(work):
    work.file("answer.txt")
"""
NOWHERE = Engine(host="unix:///nowhere.sock", origin="default")


def make_course(root: Path, *names: str) -> Course:
    """Write a course with an exercise of each of these names."""
    for name in names or ("01_small",):
        checks = root / "exercises" / name / ".checks"
        checks.mkdir(parents=True)
        (checks.parent / "exercise.toml").write_text(MANIFEST, encoding="utf-8")
        (checks / "test_small.py").write_text(CHECKS, encoding="utf-8")
        (checks.parent / "answer.txt").write_text("", encoding="utf-8")
    (root / "pyproject.toml").write_text('[tool.pytest]\naddopts = ["--import-mode=importlib"]\n', encoding="utf-8")
    (root / "conftest.py").write_text('pytest_plugins = ["checker.plugin"]\n', encoding="utf-8")
    return Course(root)


def hand_in(folder: Path, answers: Mapping[str, str], exercise: str = "01_small") -> Path:
    """Write a submission of each of these students with this answer."""
    for student, answer in answers.items():
        work = folder / student / "exercises" / exercise
        work.mkdir(parents=True, exist_ok=True)
        (work / "answer.txt").write_text(answer, encoding="utf-8")
    return folder


@dataclass
class FakePlace:
    """A place without an engine, which counts how often it was killed."""

    killed: int = 0
    engine: Engine = NOWHERE
    environment: Mapping[str, str] = field(default_factory=dict)
    network: Path | None = None

    def kill(self) -> None:
        self.killed += 1


class FakePlaces:
    """Hands out places, and knows how many there were, and how many at a time."""

    def __init__(self) -> None:
        self.opened: list[FakePlace] = []
        self.most = self._now = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def open(self) -> Iterator[Place]:
        with self._lock:
            place = FakePlace()
            self.opened.append(place)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield place
        finally:
            with self._lock:
                self._now -= 1


class FakeJudge:
    """Judges by the answer itself, in no time and without a process."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.stop = threading.Event()
        self.judged: list[str] = []

    def judge(self, exercise: Exercise, work: Path, place: Place, desk: Path, until: float) -> tuple[Account, bool]:
        del place, desk, until
        answer = (work / exercise.name / "answer.txt").read_text(encoding="utf-8")
        self.judged.append(answer)
        return self.find(exercise, answer), False

    def find(self, exercise: Exercise, answer: str) -> Account:
        """Return what is found of an answer: right, wrong, or ours to blame."""
        first = {"right": Outcome.PASSED, "broken": Outcome.BROKEN}.get(answer, Outcome.FAILED)
        return account(exercise, first, Outcome.PASSED)


def account(exercise: Exercise, *outcomes: Outcome, started: bool = True, is_complete: bool = True) -> Account:
    """Return an account with an outcome for each of the first checks."""
    verdicts = tuple(
        Verdict(exercise=exercise.name, check=check.id, outcome=outcome)
        for check, outcome in zip(exercise.checks, outcomes, strict=False)
    )
    return Account(verdicts=verdicts, started=started, is_complete=is_complete)
