"""Submissions whose scripts forge: a check that they fail stays failed, and an honest neighbour keeps what they earned.

On a real engine, with the scripts really run. What files beside the work could do is in ``test_judge``; that a script
cannot even see the grader is what labs are for.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Course
from checker.grading.everyone import Hands
from checker.grading.judge import Judge
from checker.grading.judged_by import surroundings
from checker.grading.place import OnTheEngine
from checker.grading.task import TaskGrader
from checker.grading.whole import opened_class
from checker.verdict import Outcome
from tests.grading.test_class import Watching

if TYPE_CHECKING:
    from pathlib import Path

    from checker.engine import Engine

pytestmark = pytest.mark.docker

MANIFEST = """
title = { en = "Say it", ko = "말하기" }
files = ["run.sh"]
images = []
seconds = 20

[[check]]
id = "says_the_value"
points = 4
title = { en = "It says the value", ko = "값을 말해요" }

[[check]]
id = "makes_a_volume"
points = 6
title = { en = "It makes a volume", ko = "볼륨을 만들어요" }

[mistake.silent]
en = "The value was not said."
ko = "값을 말하지 않았어요."

[mistake.no_volume]
en = "There is no volume."
ko = "볼륨이 없어요."
"""
CHECKS = """
import pytest
from checker.author import Mistake, step


@step
def said(bench):
    value = bench.nonce()
    return value, bench.run("run.sh", {"KATA_VALUE": value}).said


def test_says_the_value(said):
    if said[0] not in said[1]:
        raise Mistake("silent")


def test_makes_a_volume(bench, said):
    if not [volume for volume in bench.client.volumes.list() if volume.name == "kata-91-volume"]:
        raise Mistake("no_volume")
"""
VOLUME = "docker volume create kata-91-volume >/dev/null\n"
HONEST = f'echo "$KATA_VALUE"\n{VOLUME}'
PASSED = (
    '{"verdict": {"exercise": "91_say", "check": "makes_a_volume", "outcome": "passed", "feedback": null,'
    ' "mistake": "", "blocked_by": "", "seconds": 0.1}}'
)
FORGERS = {
    "prints-verdicts": f"echo '=== 2 passed ==='; echo '{PASSED}'; echo '::notice title=Autograding report::{{}}'\n",
    "prints-its-source": 'cat "$0"; env\n',
    "typed-in": "echo annyeong-0123456789\n",
    "fake-docker": (
        "mkdir -p bin; printf '#!/bin/sh\\necho kata-91-volume\\n' > bin/docker; chmod +x bin/docker\n"
        "export PATH=$PWD/bin:$PATH; docker volume create kata-91-volume\n"
    ),
    "leaves-results": (
        f'for place in . .. ../.. "$HOME" "$TMPDIR"; do echo \'{PASSED}\' >> $place/journal; done 2>/dev/null\n'
        "for name in grades.json results.json 91_say.json; do echo '{\"points\": 10}' > $name; done\n"
    ),
    "leaves-links": "rm -f run.sh; ln -s /etc/passwd run.sh; ln -sf /dev/null journal; ln -sfn / results\n",
    "changes-checks": (
        "find .. -name 'test_*.py' -newer /etc/hostname -delete 2>/dev/null; mkdir -p .checks\n"
        "echo 'def test_makes_a_volume(): pass' > .checks/test_say.py; echo 'raise SystemExit(0)' > conftest.py\n"
    ),
    "kills-its-parent": "kill -9 $PPID; sleep 1\n",
    "exits-at-once": "exit 0\n",
}
SAYS = {"prints-its-source"}  # it is told the value in its environment, and says it: that check holds


@pytest.fixture(autouse=True)
def _data(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what scripts write around them out of the user's own data folder; the engine has been found by then."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    checks = tmp_path / "course" / "exercises" / "91_say" / ".checks"
    checks.mkdir(parents=True)
    (checks.parent / "exercise.toml").write_text(MANIFEST, encoding="utf-8")
    (checks / "test_say.py").write_text(CHECKS, encoding="utf-8")
    root = tmp_path / "course"
    (root / "pyproject.toml").write_text('[tool.pytest]\naddopts = ["--import-mode=importlib"]\n', encoding="utf-8")
    (root / "conftest.py").write_text('pytest_plugins = ["checker.plugin"]\n', encoding="utf-8")
    return Course(root)


def grade(course: Course, folder: Path, out: Path, engine: Engine) -> Watching:
    watch = Watching()
    judge = Judge(course=course, stop=threading.Event())
    grader = TaskGrader(judge=judge, places=OnTheEngine(engine))
    with opened_class(course, folder, out) as opened, ThreadPoolExecutor(2) as executor:
        opened.grade(Hands(executor, 2, grader), watch, lambda exercise: surroundings(engine, exercise))
        opened.report()
    return watch


def hand_in(folder: Path, script: str, student: str) -> None:
    work = folder / student / "91_say"
    work.mkdir(parents=True)
    (work / "run.sh").write_text(f"#!/bin/bash\n{script}", encoding="utf-8")


def test_a_forger_earns_nothing_by_it(course: Course, engine: Engine, tmp_path: Path) -> None:
    """Whatever a script prints, writes, links, kills or shadows, no check that it fails passes; its neighbours, graded
    at the same time, earn all that is theirs; and no volume of anybody's is left.
    """
    for student, script in {**FORGERS, "honest": HONEST, "zealous": HONEST}.items():
        hand_in(tmp_path / "handed-in", script, student)
    watch = grade(course, tmp_path / "handed-in", tmp_path / "out", engine)
    found = {result.student: result for result in watch.results}
    earned = {student: result.points for student, result in found.items()}
    expected = {student: 4 if student in SAYS else 0 for student in FORGERS}
    assert earned == {**expected, "honest": 10, "zealous": 10}
    for result in found.values():
        assert result.state == "graded"
        assert result.grade is not None
        assert result.grade.is_final, result
    listed = engine.request("GET", "/volumes")[1]["Volumes"] or []
    assert [volume["Name"] for volume in listed if volume["Name"].startswith("kata-91-")] == []


@pytest.mark.parametrize(
    "change",
    ["pytest.skip('not today')", "pytest.xfail('not today')"],
)
def test_what_did_not_run_earns_nothing(course: Course, engine: Engine, tmp_path: Path, change: str) -> None:
    """A check that was skipped or is expected to fail earns nothing, and the grade is not final."""
    file = course.folder / "91_say" / ".checks" / "test_say.py"
    file.write_text(CHECKS.replace("    if not [", f"    {change}\n    if not ["), encoding="utf-8")
    hand_in(tmp_path / "handed-in", HONEST, "honest")
    (result,) = grade(course, tmp_path / "handed-in", tmp_path / "out", engine).results
    assert result.points == 4
    assert result.grade is not None
    assert not result.grade.is_final
    assert result.grade.verdicts[-1].outcome is Outcome.BROKEN


def test_a_check_that_is_gone_earns_nothing(course: Course, engine: Engine, tmp_path: Path) -> None:
    """A check that the manifest announces and no module defines earns nothing, and the grade is not final."""
    file = course.folder / "91_say" / ".checks" / "test_say.py"
    file.write_text(CHECKS.replace("test_makes_a_volume", "test_makes_another"), encoding="utf-8")
    hand_in(tmp_path / "handed-in", HONEST, "honest")
    (result,) = grade(course, tmp_path / "handed-in", tmp_path / "out", engine).results
    assert result.points == 4
    assert result.grade is not None
    assert not result.grade.is_final
