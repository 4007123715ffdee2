"""A class graded in labs: what a script finds there, and what it cannot reach, beside honest neighbours."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import Place
from checker.grading.everyone import Hands
from checker.grading.judge import Judge
from checker.grading.judged_by import surroundings
from checker.grading.task import TaskGrader
from checker.grading.whole import opened_class
from tests.grading.test_class import Watching, points
from tests.grading.test_tampering import FORGERS, HONEST, SAYS, course, hand_in

if TYPE_CHECKING:
    from pathlib import Path

    from checker.engine import Engine
    from checker.exercise import Course

__all__ = ["course"]

pytestmark = [pytest.mark.docker, pytest.mark.alone, pytest.mark.full]

IN_A_LAB = '[ "$(id -u)" = 1000 ] || exit 0\n'  # should one of these ever run elsewhere, it does nothing
SEARCHERS = {
    "finds-the-journal": (
        "found=$(find / -name journal -not -path '/proc/*' 2>/dev/null)\n"
        "for journal in $found /proc/*/fd/* /proc/*/root/journal; do\n"
        '    echo \'{"end": true}\' >> "$journal"\n'
        "done 2>/dev/null\n"
    ),
    "asks-the-real-engine": (
        "for socket in $(find / -name '*.sock' 2>/dev/null); do\n"
        "    DOCKER_HOST=unix://$socket timeout 2 docker volume create kata-91-volume && break\n"
        "done\n"
    ),
    "kills-everything": "kill -9 -1; sleep 1\n",
    "forks": "f() { f | f & }; f; sleep 100\n",
    "sleeps": "sleep 1000\n",
    "fills-the-memory": "python3 -c 'x = [bytearray(10**7) for _ in range(10**4)]'\n",
    "floods": "yes $(seq 1 1000)\n",
}
VOLUME_BY_THE_GUARD = {"asks-the-real-engine"}  # the one socket that it finds is the guard's, which is what it is for


def test_hostile_and_honest_side_by_side(course: Course, engine: Engine, tmp_path: Path) -> None:
    """Each hostile script is graded beside honest ones: it earns what it did, they all of theirs, the class ends. What
    runs finds itself an ordinary user.
    """
    searchers = {student: IN_A_LAB + script for student, script in SEARCHERS.items()}
    scripts = {**FORGERS, **searchers, "honest": IN_A_LAB + HONEST, "zealous": IN_A_LAB + HONEST}
    for student, script in scripts.items():
        hand_in(tmp_path / "handed-in", script, student)
    lab: Any = importlib.import_module("checker.lab")
    watch = Watching()
    judge = Judge(course=course, stop=threading.Event())
    with (
        opened_class(course, tmp_path / "handed-in", tmp_path / "out") as opened,
        lab.Labs(engine, limits=lab.Limits(), folder=Place.here().data) as labs,
        ThreadPoolExecutor(2) as executor,
    ):
        grader = TaskGrader(judge=judge, places=labs)
        opened.grade(Hands(executor, 2, grader), watch, lambda exercise: surroundings(engine, exercise))
    earned = points(watch)
    assert (earned.pop("honest"), earned.pop("zealous")) == (10, 10)
    most = {student: 4 if student in SAYS else 6 if student in VOLUME_BY_THE_GUARD else 0 for student in earned}
    assert {student: got for student, got in earned.items() if got > most[student]} == {}
    assert [result.student for result in watch.results if result.state == "missing"] == []
