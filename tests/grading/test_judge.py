"""The process that judges: what it may hear, what is believed of it, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.grading.account import Account, read_account
from checker.grading.judge import Judge, StoppedError
from checker.grading.task import Assignment, Task, TaskGrader
from checker.phrase import KataError
from checker.verdict import Grade, Outcome
from checker.workbench.container import wait_for
from tests.grading.small import FakePlace, FakePlaces, hand_in, make_course

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.exercise import Course, Exercise
    from checker.report.result import Result

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return make_course(tmp_path / "course")


@pytest.fixture
def exercise(course: Course) -> Exercise:
    return course.exercises()[0]


def works(folder: Path, answer: str) -> Path:
    """Return a folder of work with this answer."""
    return hand_in(folder, {"somebody": answer}) / "somebody" / "exercises"


def judged(course: Course, folder: Path, answer: str, seconds: float = 60, place: FakePlace | None = None) -> Account:
    judge = Judge(course=course, stop=threading.Event())
    until = time.monotonic() + seconds
    place = place or FakePlace()
    account, _ = judge.judge(course.exercises(private=True)[0], works(folder, answer), place, folder / "desk", until)
    return account


def points(course: Course, account: Account) -> int:
    exercise = course.exercises()[0]
    return Grade.of(exercise.name, exercise.checks, account.verdicts).points


def grade(course: Course, folder: Path, answer: str, seconds: float | None = None) -> tuple[Result, FakePlaces]:
    places = FakePlaces()
    hand_in(folder, {"work": answer})
    (folder / "work" / "exercises" / "01_small").rename(folder / "work" / "01_small")
    grader = TaskGrader(judge=Judge(course=course, stop=threading.Event()), places=places, seconds=seconds)
    assignment = Assignment(exercise=course.exercises()[0], work="a" * 64, checks="b" * 64)
    (result,) = grader.grade(Task(student="kim", folder=folder, assignments=(assignment,)))
    return result, places


@pytest.mark.parametrize(("answer", "earned"), [("right", 10), ("left", 4)])
def test_the_journal_has_the_verdicts(course: Course, tmp_path: Path, answer: str, earned: int) -> None:
    """What the process found is read back: each verdict, and that it came to its end."""
    account = judged(course, tmp_path, answer)
    assert account.is_complete
    assert [verdict.check for verdict in account.verdicts] == ["is_right", "is_there"]
    assert points(course, account) == earned


HOSTILE = {
    "conftest.py": "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    "    report = yield\n    report.outcome = 'passed'\n    report.user_properties = []\n    return report\n",
    "pytest.ini": "[pytest]\naddopts = -p evil --co\npython_files = nothing.py\n",
    "pyproject.toml": '[tool.pytest]\naddopts = ["--collect-only"]\n',
    "evil.py": "raise SystemExit(0)\n",
    "pytest.py": "raise SystemExit(0)\n",
    "json.py": "raise SystemExit(0)\n",
    "checker.py": "raise SystemExit(0)\n",
    "sitecustomize.py": "import os; os._exit(0)\n",
    "usercustomize.py": "import os; os._exit(0)\n",
    "x.pth": "import os; os._exit(0)\n",
    "test_easy.py": "def test_is_right(): pass\n",
    "pytest-evil.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n",
    "journal": '{"verdict": {}}\n{"end": true}\n',
}


def test_files_beside_the_work_change_nothing(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever pytest or Python could read on its own lies in the work, and the variables point there: a check that
    fails still fails, and an honest neighbour still passes.
    """
    folder = works(tmp_path / "hostile", "wrong")
    for place in (folder, folder / "01_small"):
        for name, content in HOSTILE.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(content, encoding="utf-8")
    evil = str(folder / "01_small")
    for name, value in {
        "PYTEST_ADDOPTS": "-p evil --collect-only",
        "PYTEST_PLUGINS": "evil",
        "PYTHONPATH": evil,
        "PYTHONSTARTUP": f"{evil}/evil.py",
        "PYTHONUSERBASE": evil,
        "HOME": evil,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(evil)
    hostile = judged(course, tmp_path / "hostile", "wrong")
    assert hostile.is_complete
    assert points(course, hostile) == 4
    assert points(course, judged(course, tmp_path / "honest", "right")) == 10


@pytest.mark.parametrize("answer", ["leaves", "dies"])
def test_a_process_that_ends_early_proves_nothing(course: Course, tmp_path: Path, answer: str) -> None:
    """Exit code 0 is no verdict: a process that is gone before it wrote its last line is our fault."""
    with pytest.raises(KataError) as caught:
        judged(course, tmp_path, answer)
    code = {"leaves": "0", "dies": "-9"}[answer]
    assert caught.value.cause.en == f"The process that judges ended before it was done (exit code {code}: -)."
    assert caught.value.cause.ko == f"판정하던 프로세스가 도중에 끝나 버렸어요(종료 코드 {code}: -)."


def test_what_a_script_used_up_is_the_learners(course: Course, tmp_path: Path) -> None:
    """When time runs out while something of the learner's runs, what was not judged fails, and says why; the place is
    killed.
    """
    result, places = grade(course, tmp_path, "hangs", seconds=4)
    assert result.state == "graded"
    assert result.grade is not None
    assert [verdict.outcome for verdict in result.grade.verdicts] == [Outcome.FAILED] * 2
    said = result.grade.verdicts[0].feedback
    assert said is not None
    assert said.en.startswith("Time ran out after 4 s, before this could be judged.")
    assert said.ko.startswith("이 check를 판정하기 전에 제한 시간 4초가 다 지났어요.")
    assert [place.killed for place in places.opened] == [1]


def test_what_we_used_up_is_ours(course: Course, tmp_path: Path) -> None:
    """When time runs out before anything of the learner's ran, nobody loses points: it could not be judged."""
    result, _ = grade(course, tmp_path, "we hang", seconds=4)
    assert (result.state, result.reason, result.grade) == ("broken", ("grading.no_time", {}), None)


def test_a_stop_ends_what_is_under_way(course: Course, exercise: Exercise, tmp_path: Path) -> None:
    """Once grading is to stop, the process is ended, its place killed, and no result comes of it."""
    judge, place = Judge(course=course, stop=threading.Event()), FakePlace()
    threading.Timer(1.5, judge.stop.set).start()
    with pytest.raises(StoppedError):
        judge.judge(exercise, works(tmp_path, "hangs"), place, tmp_path / "desk", time.monotonic() + 60)
    assert place.killed == 1


def test_who_judges_ends_with_the_grader(course: Course, tmp_path: Path) -> None:
    """Where the grader is killed, the process that judges ends too and takes its run's folder with it."""
    program = (
        "import sys, threading, time; from pathlib import Path\n"
        "from checker.exercise import Course; from checker.grading.judge import Judge\n"
        "from tests.grading.small import FakePlace\n"
        "course = Course(Path(sys.argv[1])); judge = Judge(course=course, stop=threading.Event())\n"
        "judge.judge(course.exercises()[0], Path(sys.argv[2]), FakePlace(), Path(sys.argv[3]), time.monotonic() + 99)\n"
    )
    arguments = [str(course.root), str(works(tmp_path, "hangs")), str(tmp_path / "desk")]
    grader = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=ROOT)
    journal = tmp_path / "desk" / "journal"
    assert wait_for(lambda: journal.is_file() and b"started" in journal.read_bytes(), 60)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    assert wait_for(lambda: not _in(tmp_path / "desk"), 20)
    assert wait_for(lambda: not list((tmp_path / "data" / "runs").iterdir()), 20)


def _in(folder: Path) -> list[str]:
    """Return the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
    return found


VERDICT = (
    '{"verdict": {"exercise": "01_small", "check": "is_right", "outcome": "passed", "feedback": null, "mistake": "",'
    ' "blocked_by": "", "seconds": 0.1}}'
)


@pytest.mark.parametrize(
    "content",
    [
        "[]\n",
        "{}\n",
        '{"end": 1}\n',
        '{"end": true, "started": "x"}\n',
        '{"end": true, "end": true}\n',
        VERDICT.replace("0.1", "NaN") + "\n",
        VERDICT.replace("0.1", "-1") + "\n",
        VERDICT.replace("0.1", "1e999") + "\n",
        VERDICT.replace("01_small", "02_other") + "\n",
        VERDICT.replace('"mistake": "", ', "") + "\n",
        VERDICT.replace("passed", "won") + "\n",
        "[" * 100_000 + "\n",
        "\udcff\n",
        " " * 4_000_001,
    ],
    ids=range(14),
)
def test_a_journal_is_read_strictly(exercise: Exercise, tmp_path: Path, content: str) -> None:
    """Anything but what the plugin writes is refused as a whole."""
    (tmp_path / "journal").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the sentence
        read_account(tmp_path / "journal", exercise)


def _cut(folder: Path) -> None:
    (folder / "journal").write_text(f'{{"started": "run.sh"}}\n{VERDICT}\n{{"verdi', encoding="utf-8")


def _link(folder: Path) -> None:
    (folder / "elsewhere").write_text('{"end": true}\n', encoding="utf-8")
    (folder / "journal").symlink_to("elsewhere")


def test_a_journal_may_be_cut_off(exercise: Exercise, tmp_path: Path) -> None:
    """A last line without its end is left out; what stands before counts."""
    _cut(tmp_path)
    found = read_account(tmp_path / "journal", exercise)
    assert (len(found.verdicts), found.started, found.is_complete) == (1, True, False)
    assert read_account(tmp_path / "nothing", exercise) == Account()


def test_a_journal_is_no_link(exercise: Exercise, tmp_path: Path) -> None:
    """A link in the journal's place is not followed."""
    _link(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        read_account(tmp_path / "journal", exercise)


def private(course: Course, feedback: str = "full") -> None:
    """Give the exercise a private check."""
    folder = course.folder / "01_small" / ".checks" / "private"
    folder.mkdir()
    manifest = (
        f'feedback = "{feedback}"\n[[check]]\nid = "is_secret"\npoints = 5\ntitle = {{ en = "Secret", ko = "비밀" }}\n'
        '[mistake.not_secret]\nen = "Not secret."\nko = "비밀이 아니에요."\n'
    )
    (folder / "private.toml").write_text(manifest, encoding="utf-8")
    check = 'from checker.verdict import Mistake\ndef test_is_secret(work):\n    raise Mistake("not_secret")\n'
    (folder / "test_private.py").write_text(check, encoding="utf-8")


def test_private_checks_run_where_a_class_is_graded(course: Course, tmp_path: Path) -> None:
    """A private check is judged by the grader with its own sentence and points."""
    private(course)
    account = judged(course, tmp_path, "right")
    (exercise,) = course.exercises(private=True)
    result = Grade.of(exercise.name, exercise.checks, account.verdicts)
    assert (result.points, result.max_points, result.is_final) == (10, 15, True)
    assert result.verdicts[-1].feedback is not None
    assert result.verdicts[-1].feedback.ko == "비밀이 아니에요."


def test_private_checks_run_nowhere_else(course: Course, tmp_path: Path) -> None:
    """A plain pytest neither runs nor names a private check."""
    private(course)
    work = works(tmp_path, "right")
    command = [sys.executable, "-m", "pytest", "exercises/01", f"--work={work}", f"--grades={tmp_path}/grades.json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "KATA_LANG": "en"}
    done = subprocess.run(command, cwd=course.root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "10 of 10 points" in done.stdout
    assert "ecret" not in done.stdout + (tmp_path / "grades.json").read_text(encoding="utf-8")


def _replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_replaced('"full"', '"some"'), "feedback must be one of full, title, none"),
        (_replaced("is_secret", "is_right"), "an id or a mistake of exercise.toml"),
        (_replaced("not_secret", "wrong"), "an id or a mistake of exercise.toml"),
        (_replaced("feedback", "feedbakc"), "feedback is missing"),
    ],
)
def test_a_private_manifest_is_read_strictly(course: Course, change: Callable[[str], str], why: str) -> None:
    """What is wrong with private.toml is said with its path."""
    private(course)
    file = course.folder / "01_small" / ".checks" / "private" / "private.toml"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(KataError) as caught:
        course.exercises(private=True)
    assert "private.toml" in caught.value.cause.en
    assert why in caught.value.cause.en
    assert why in caught.value.cause.ko
