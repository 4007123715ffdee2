"""A class graded by ``kata grade`` has the grades of pytest run one by one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.grading.everyone import Hands
from checker.grading.judge import Judge
from checker.grading.judged_by import surroundings
from checker.grading.place import OnTheEngine
from checker.grading.task import TaskGrader
from checker.grading.whole import opened_class
from checker.report.graded import read_grades
from tests.grading.test_class import Watching

if TYPE_CHECKING:
    from checker.engine import Engine
    from checker.exercise import Course
    from checker.verdict import Grade

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "04_run_redis"
MISTAKES = ("open_to_everyone", "no_container", "value_typed_in")


def _class(folder: Path) -> list[str]:
    """Write a solution, a starter and some mistakes; return whose they are."""
    sources = {"solution": None, "starter": ROOT / "exercises" / NAME}
    sources |= {name: ROOT / "tests" / "course" / NAME / "mistakes" / name for name in MISTAKES}
    for student, source in sources.items():
        work = folder / student / NAME
        shutil.copytree(ROOT / "solutions" / NAME, work)
        for path in source.glob("*.sh") if source is not None else ():
            shutil.copy(path, work)
    return sorted(sources)


def _alone(work: Path, file: Path, course: Course) -> Grade:
    command = [sys.executable, "-m", "pytest", f"exercises/{NAME}", f"--work={work}", f"--grades={file}"]
    subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, check=False, capture_output=True)
    (graded,) = read_grades(file, course)
    return graded.grade


def _outcomes(grade: Grade | None) -> list[tuple[str, str, str, str]]:
    assert grade is not None
    return [(found.check, found.outcome.value, found.mistake, found.blocked_by) for found in grade.verdicts]


@pytest.mark.docker
@pytest.mark.full
def test_a_class_has_the_grades_of_pytest_run_one_by_one(course: Course, engine: Engine, tmp_path: Path) -> None:
    """A solution, a starter and mistakes get the same outcome in each check, by the same mistake, either way."""
    students = _class(tmp_path / "handed-in")
    watch = Watching()
    grader = TaskGrader(judge=Judge(course=course, stop=threading.Event()), places=OnTheEngine(engine))
    with (
        opened_class(course, tmp_path / "handed-in", tmp_path / "out", only=["04"]) as opened,
        ThreadPoolExecutor(2) as executor,
    ):
        opened.grade(Hands(executor, 2, grader), watch, lambda exercise: surroundings(engine, exercise))
    together = {result.student: _outcomes(result.grade) for result in watch.results}
    alone = {one: _outcomes(_alone(tmp_path / "handed-in" / one, tmp_path / f"{one}.json", course)) for one in students}
    assert together == alone
    assert {result.student: result.points for result in watch.results}["solution"] == 10
