"""A class from the folder of submissions to the gradebook, graded without an engine."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.grading.everyone import Hands
from checker.grading.judge import StoppedError
from checker.grading.store import Store
from checker.grading.task import TaskGrader
from checker.grading.whole import opened_class
from checker.phrase import KataError
from checker.verdict import Outcome
from tests.grading.small import FakeJudge, FakePlaces, account, hand_in, make_course

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.exercise import Course, Exercise
    from checker.grading.account import Account
    from checker.grading.place import Places
    from checker.report.result import Result

ROOT = Path(__file__).resolve().parent.parent.parent
CLASS = {"kim": "right", "lee": "wrong", "park": "right"}


class Watching:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.same = 0
        self.open: set[str] = set()

    def unchanged(self, count: int) -> None:
        self.same += count

    def began(self, student: str, exercise: str) -> None:
        assert exercise
        self.open.add(student)

    def found(self, result: Result) -> None:
        self.results.append(result)

    def ended(self, student: str) -> None:
        self.open.discard(student)

    def tick(self) -> None:
        pass


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return make_course(tmp_path / "course")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return hand_in(tmp_path / "handed-in", CLASS)


def grade(
    course: Course,
    folder: Path,
    out: Path,
    judge: FakeJudge | None = None,
    places: Places | None = None,
    hands: int = 2,
    around: str = "",
    **more: Any,  # noqa: ANN401 - whatever opened_class takes
) -> Watching:
    """Grade a class by a judge that needs no time, and write the gradebook."""
    watch = Watching()
    grader = TaskGrader(judge=judge or FakeJudge(course), places=places or FakePlaces())  # type: ignore[arg-type]
    with opened_class(course, folder, out, **more) as opened, ThreadPoolExecutor(hands) as executor:
        opened.grade(Hands(executor, hands, grader), watch, lambda _: around)
        opened.report()
    return watch


def points(watch: Watching) -> dict[str, int]:
    return {result.student: result.points for result in watch.results}


def test_each_student_gets_what_they_earned(course: Course, folder: Path, tmp_path: Path) -> None:
    """Results are on the disk, one file a student and exercise, and the gradebook links each student's report."""
    watch = grade(course, folder, tmp_path / "out")
    assert points(watch) == {"kim": 10, "lee": 4, "park": 10}
    assert watch.open == set()
    assert len(list((tmp_path / "out" / "results").glob("*/01_small.json"))) == 3
    reports = sorted((tmp_path / "out" / "reports").iterdir())
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert len(reports) == 3
    assert all(f"reports/{report.name}" in index for report in reports)
    assert "kim" in (tmp_path / "out" / "gradebook.csv").read_text(encoding="utf-8-sig")
    assert not (tmp_path / "out" / ".at-work").exists()


def test_a_submission_has_a_place_of_its_own(course: Course, tmp_path: Path) -> None:
    """Each submission is graded in a place of its own, at most as many at a time as there are hands."""
    places = FakePlaces()
    folder = hand_in(tmp_path / "many", {f"s{number:02}": "right" for number in range(12)})
    grade(course, folder, tmp_path / "out", places=places, hands=3)
    assert len(places.opened) == 12
    assert 1 <= places.most <= 3


class Forgetful:
    """A crew that lets a submission fall: nobody grades it, and nobody says why."""

    size = 1

    def submit(self, *_: object) -> Future[object]:
        future: Future[object] = Future()
        future.cancel()
        return future

    def stop(self) -> None:
        raise AssertionError("nobody asked it to stop")


def test_a_submission_that_nobody_graded_is_said(course: Course, folder: Path, tmp_path: Path) -> None:
    """What a crew gave up although nobody wanted to stop is broken, for each student, and never just missing."""
    watch = Watching()
    with opened_class(course, folder, tmp_path / "out") as opened:
        opened.grade(Forgetful(), watch, lambda _: "")
    assert {result.student: result.state for result in watch.results} == dict.fromkeys(CLASS, "broken")
    assert watch.results[0].reason == ("grading.judge_failed", {"detail": "CancelledError: nobody graded it"})


def _touch_check(course: Course, folder: Path) -> str:
    del folder
    file = course.folder / "01_small" / ".checks" / "test_small.py"
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    return ""


def _change_work(course: Course, folder: Path) -> str:
    del course
    hand_in(folder, {"lee": "right"})
    return ""


@pytest.mark.parametrize(
    ("change", "graded"),
    [
        (lambda *_: "", []),
        (_change_work, ["lee"]),
        (_touch_check, ["kim", "lee", "park"]),
        (lambda *_: "another engine", ["kim", "lee", "park"]),
    ],
    ids=["nothing", "work", "checks", "engine"],
)
def test_only_what_changed_is_graded_again(
    course: Course, folder: Path, tmp_path: Path, change: Callable[[Course, Path], str], graded: list[str]
) -> None:
    """The same command grades what has changed: one work, or all where checks or the engine are others."""
    grade(course, folder, tmp_path / "out")
    around = change(course, folder)
    watch = grade(course, folder, tmp_path / "out", around=around)
    assert sorted(points(watch)) == graded
    assert watch.same == 3 - len(graded)
    assert sorted(points(grade(course, folder, tmp_path / "out", fresh=True))) == ["kim", "lee", "park"]


class Moody(FakeJudge):
    """Finds something broken the first ``times`` times."""

    def __init__(self, course: Course, times: int, how: Outcome | Exception = Outcome.BROKEN) -> None:
        super().__init__(course)
        self._left, self._how = times, how

    def find(self, exercise: Exercise, answer: str) -> Account:
        self._left -= 1
        if self._left < 0:
            return super().find(exercise, answer)
        if isinstance(self._how, Exception):
            raise self._how
        return account(exercise, self._how, Outcome.PASSED)


@pytest.mark.parametrize("how", [Outcome.BROKEN, KataError("engine.missing"), OSError("no more processes")])
def test_what_is_broken_is_tried_once_more(course: Course, tmp_path: Path, how: Outcome | Exception) -> None:
    """What could not be judged is tried once more, in a fresh place; then it counts."""
    folder, places = hand_in(tmp_path / "one", {"kim": "right"}), FakePlaces()
    watch = grade(course, folder, tmp_path / "out", Moody(course, 1, how), places)
    assert points(watch) == {"kim": 10}
    assert len(places.opened) == 2


@pytest.mark.parametrize("how", [Outcome.BROKEN, KataError("engine.missing"), OSError("no more processes")])
def test_what_stays_broken_is_reported(course: Course, tmp_path: Path, how: Outcome | Exception) -> None:
    """What could not be judged twice is reported so, is not final, and is tried again by the next command."""
    folder = hand_in(tmp_path / "one", {"kim": "right"})
    watch = grade(course, folder, tmp_path / "out", Moody(course, 2, how))
    (result,) = watch.results
    assert result.grade is None or not result.grade.is_final
    assert result.grade is not None or result.reason is not None
    assert points(grade(course, folder, tmp_path / "out")) == {"kim": 10}


class Deaf(FakePlaces):
    """Has no place to give."""

    def open(self) -> Any:  # noqa: ANN401 - it never returns
        raise KataError("engine.missing")


def test_a_place_that_cannot_be_had_is_ours(course: Course, folder: Path, tmp_path: Path) -> None:
    """Where no lab can be made nobody loses points, and the reason is kept."""
    watch = grade(course, folder, tmp_path / "out", places=Deaf())
    assert [(result.state, result.reason) for result in watch.results] == [("broken", ("engine.missing", {}))] * 3


def test_a_bug_in_one_submission_spares_the_others(course: Course, folder: Path, tmp_path: Path) -> None:
    """An exception that nobody foresaw breaks the one submission that it happened to."""

    class Buggy(FakeJudge):
        def find(self, exercise: Exercise, answer: str) -> Account:
            if answer == "wrong":
                raise ZeroDivisionError("by zero")
            return super().find(exercise, answer)

    watch = grade(course, folder, tmp_path / "out", Buggy(course))
    states = {result.student: (result.state, result.points) for result in watch.results}
    assert states == {"kim": ("graded", 10), "lee": ("broken", 0), "park": ("graded", 10)}
    broken = next(result for result in watch.results if result.student == "lee")
    assert broken.reason == ("grading.judge_failed", {"detail": "ZeroDivisionError: by zero"})


def test_a_late_second_try_costs_nobody_points(course: Course, tmp_path: Path) -> None:
    """Where the first try was our fault and there is no time for a second one, the work stays not judged."""

    class Slow(FakeJudge):
        def find(self, exercise: Exercise, answer: str) -> Account:
            assert answer == "right"
            time.sleep(0.05)
            return account(exercise, Outcome.BROKEN, Outcome.PASSED)

    watch = Watching()
    grader = TaskGrader(judge=Slow(course), places=FakePlaces(), seconds=0.01)  # type: ignore[arg-type]
    folder = hand_in(tmp_path / "one", {"kim": "right"})
    with opened_class(course, folder, tmp_path / "out") as opened, ThreadPoolExecutor(1) as executor:
        opened.grade(Hands(executor, 1, grader), watch, lambda _: "")
    (result,) = watch.results
    assert (result.state, result.reason) == ("broken", ("grading.no_time", {}))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), KataError("grading.cannot_write", folder="x", detail="full")])
def test_stopped_in_the_middle_it_goes_on_later(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Ctrl-C or a full disk ends grading with what was found kept; the same command does the rest."""
    folder = hand_in(tmp_path / "many", {f"s{number:02}": "right" for number in range(20)})
    saved = iter(range(5))

    def save(self: Store, result: Result, real: Callable[[Store, Result], None] = Store.save) -> None:
        if next(saved, None) is None:
            raise error
        real(self, result)

    monkeypatch.setattr(Store, "save", save)
    with pytest.raises(type(error)):
        grade(course, folder, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    assert not (tmp_path / "out" / ".at-work").exists()
    watch = grade(course, folder, tmp_path / "out")
    assert watch.same >= 5
    assert watch.same + len(watch.results) == 20


def test_a_stopped_judge_gives_no_result(course: Course, folder: Path, tmp_path: Path) -> None:
    """A submission that was under way when grading stopped has no result at all."""

    class Stopped(FakeJudge):
        def find(self, exercise: Exercise, answer: str) -> Account:
            raise StoppedError(exercise, answer)

    assert grade(course, folder, tmp_path / "out", Stopped(course)).results == []


def results(out: Path) -> dict[str, Any]:
    """Return what is in each file of results, but for how long it took."""
    found = {}
    for path in sorted((out / "results").glob("*/*.json")):
        found[path.parent.name] = {**json.loads(path.read_text(encoding="utf-8")), "seconds": 0}
    return found


DRIVER = """
import sys, time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from checker.exercise import Course
from tests.grading.small import FakeJudge
from tests.grading.test_class import grade

class Slow(FakeJudge):
    def find(self, exercise, answer):
        time.sleep(0.02)
        return super().find(exercise, answer)

course = Course(Path(sys.argv[1]))
print("ready", flush=True)
grade(course, Path(sys.argv[2]), Path(sys.argv[3]), Slow(course))
"""


def test_killed_at_any_moment_it_comes_to_the_same(course: Course, tmp_path: Path) -> None:
    """Killed ten times at random moments, the same command comes to the results of a run that nobody disturbed."""
    answers = {f"s{number:02}": "right" if number % 3 else "wrong" for number in range(40)}
    folder = hand_in(tmp_path / "many", answers)
    grade(course, folder, tmp_path / "undisturbed")
    command = [sys.executable, "-c", DRIVER, str(course.root), str(folder), str(tmp_path / "out")]
    for seed in range(10):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(timeout=random.Random(seed).uniform(0.0, 0.4))  # noqa: S311 - no secret
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert results(tmp_path / "out") == results(tmp_path / "undisturbed")
    assert not (tmp_path / "out" / ".at-work").exists()


def _nothing(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, folder
    (tmp_path / "empty").mkdir()
    return {"folder": tmp_path / "empty"}


def _a_file(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, folder
    (tmp_path / "class.zip").write_bytes(b"PK")
    return {"folder": tmp_path / "class.zip"}


def _two(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, tmp_path
    shutil.make_archive(str(folder / "kim"), "zip", folder / "kim")
    return {}


def _roster(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, folder
    (tmp_path / "roster.csv").write_text("github\nnobody\n", encoding="utf-8")
    return {"roster": tmp_path / "roster.csv"}


def _other(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    grade(course, folder, tmp_path / "out")
    file = course.folder / "01_small" / "exercise.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("points = 6", "points = 7"), encoding="utf-8")
    return {}


def _inside(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, tmp_path
    return {"out": folder / "out"}


def _in_use(tmp_path: Path, folder: Path, course: Course) -> dict[str, Any]:
    del course, folder
    program = (
        "import sys; from pathlib import Path; from checker.grading import Store\n"
        "with Store(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return {"holder": process}


@pytest.mark.parametrize(
    ("make", "en", "ko"),
    [
        (_nothing, "There is nothing to grade in", "채점할 것이 없어요"),
        (_a_file, "the submissions should be in a folder", "제출물은 폴더 안에 있어야 해요"),
        (_two, "There are two submissions of kim", "kim의 제출물이 두 개예요"),
        (_roster, "None of the submissions in", "명단에 있는 학생의 것이 하나도 없어요"),
        (_other, "has results of another course, or of another version", "다른 과정이나 다른 버전의 결과"),
        (_inside, "is inside the folder with the submissions", "제출물 폴더 안에 있어서"),
        (_in_use, "Another grader is writing results into", "다른 채점 작업이"),
    ],
)
def test_bad_input_is_said_before_anything_is_graded(
    course: Course, folder: Path, tmp_path: Path, make: Callable[[Path, Path, Course], dict[str, Any]], en: str, ko: str
) -> None:
    """What is wrong with a folder or a roster is one sentence in either language, and nobody's work is looked at."""
    wanted = make(tmp_path, folder, course)
    holder = wanted.pop("holder", None)
    arguments = {"folder": folder, "out": tmp_path / "out", **wanted}
    judge = FakeJudge(course)
    try:
        with pytest.raises(KataError) as caught:
            grade(course, **arguments, judge=judge)
    finally:
        if holder is not None:
            holder.communicate()
    assert en in caught.value.cause.en
    assert ko in caught.value.cause.ko
    assert caught.value.remedy.en
    assert judge.judged == []


def test_a_full_disk_is_said_before_anything_is_graded(
    course: Course, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no room for results, that is said first."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 7_000_000, 7_000_000))
    with pytest.raises(KataError) as caught:
        grade(course, folder, tmp_path / "out")
    assert caught.value.cause.en == f"There are only 7 MB left in {tmp_path}/out."
    assert caught.value.cause.ko == f"{tmp_path}/out에 남은 공간이 7 MB뿐이에요."


def test_who_handed_in_nothing_is_in_the_gradebook(course: Course, folder: Path, tmp_path: Path) -> None:
    """A student of the roster without a submission has no points, and their report says why."""
    (tmp_path / "roster.csv").write_text("github\nkim\nnobody\n", encoding="utf-8")
    watch = grade(course, folder, tmp_path / "out", roster=tmp_path / "roster.csv")
    states = {result.student: result.state for result in watch.results}
    assert states == {"kim": "graded", "lee": "graded", "nobody": "missing", "park": "graded"}
    (report,) = (tmp_path / "out" / "reports").glob("nobody-*.html")
    assert "Nothing was handed in for this exercise." in report.read_text(encoding="utf-8")


def test_only_some_exercises_are_graded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--only`` grades some exercises; the results of others stay, also in the gradebook."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    course = make_course(tmp_path / "two", "01_small", "02_large")
    hand_in(folder, {"kim": "right"}, "02_large")
    grade(course, folder, tmp_path / "out", only=["01"])
    assert "02_large" not in (tmp_path / "out" / "gradebook.csv").read_text(encoding="utf-8-sig")
    watch = grade(course, folder, tmp_path / "out", only=["02"])
    assert {(result.exercise, result.state) for result in watch.results} == {
        ("02_large", "graded"),
        ("02_large", "missing"),
    }
    book = (tmp_path / "out" / "gradebook.csv").read_text(encoding="utf-8-sig")
    assert "01_small" in book
    assert "02_large" in book


def test_hands_wait_for_nobody(course: Course, tmp_path: Path) -> None:
    """No more submissions are taken in than can be begun: a class of any size has a few at a time on the disk."""
    folder = hand_in(tmp_path / "many", {f"s{number:02}": "right" for number in range(30)})
    seen: list[int] = []

    class Looking(FakeJudge):
        def find(self, exercise: Exercise, answer: str) -> Account:
            seen.append(len(os.listdir(tmp_path / "out" / ".at-work")))  # noqa: PTH208 - only their number
            return super().find(exercise, answer)

    grade(course, folder, tmp_path / "out", Looking(course), hands=2)
    assert len(seen) == 30
    assert max(seen) <= 5
    assert threading.active_count() < 20
