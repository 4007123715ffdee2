from __future__ import annotations

import errno
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.grading import Store, Submission, digest_of_checks, take_in
from checker.grading.record import read_record, record
from checker.phrase import KataError, Text
from checker.report.result import Result
from checker.verdict import Grade, Outcome, Verdict
from tests.grading.conftest import make_exercise
from tests.grading.packing import into_folder, tree, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.exercise import Exercise

ROOT = Path(__file__).resolve().parent.parent.parent
WORK, CHECKS = "a" * 64, "b" * 64


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the results go; not there yet."""
    return tmp_path / "out"


def graded(exercise: Exercise, *outcomes: Outcome, feedback: str = "안녕 \x1b[31m", student: str = "kim") -> Result:
    """Return a result with an outcome for each of the exercise's checks."""
    verdicts = [
        Verdict(
            exercise=exercise.name,
            check=check.id,
            outcome=outcome,
            feedback=Text(en=feedback, ko=feedback),
            seconds=1.2345,
        )
        for check, outcome in zip(exercise.checks, outcomes or (Outcome.PASSED, Outcome.FAILED), strict=False)
    ]
    grade = Grade.of(exercise.name, exercise.checks, verdicts)
    return Result(
        student=student,
        exercise=exercise.name,
        state="graded",
        grade=grade,
        work=WORK,
        checks=CHECKS,
        report="reports/kim-1.html",
        seconds=2.5,
    )


def rounded(result: Result) -> Result:
    """Return a result as it is once its seconds have been written down."""
    assert result.grade is not None
    verdicts = tuple(replace(verdict, seconds=round(verdict.seconds, 3)) for verdict in result.grade.verdicts)
    return replace(result, grade=replace(result.grade, verdicts=verdicts))


def empty(exercise: Exercise, state: Any, **more: Any) -> Result:  # noqa: ANN401 - whatever a Result takes
    return Result(student="kim", exercise=exercise.name, state=state, **more)


def error(folder: Path, course: str = "") -> tuple[str, str, str, str]:
    with pytest.raises(KataError) as caught:
        Store(folder, course)
    raised = caught.value
    return raised.cause.en, raised.remedy.en, raised.cause.ko, raised.remedy.ko


def only_file(folder: Path) -> Path:
    (path,) = (folder / "results").rglob("*.json")
    return path


def test_what_is_kept_is_read_back(exercise: Exercise, tmp_path: Path) -> None:
    """Each kind of result comes back as it was, also to another process that opens the folder later."""
    kinds = [
        graded(exercise),
        empty(exercise, "missing", checks=CHECKS),
        empty(exercise, "refused", reason=("grading.twice", {"file": "run.sh"}), checks=CHECKS),
        replace(graded(exercise), state="broken", grade=None),
    ]
    for result in kinds:
        with Store(tmp_path / "out") as store:
            store.save(result)
        with Store(tmp_path / "out") as store:
            assert store.read("kim", exercise) == (rounded(result) if result.grade else result)


def test_what_needs_no_grading_is_settled_at_once(exercise: Exercise, out: Path, tmp_path: Path) -> None:
    """What is missing or refused has a result that can be kept and is not asked for again; what is taken has none."""
    (tmp_path / "bad.zip").write_bytes(b"PK")
    with Store(out) as store:
        for path, state in ((None, "missing"), (tmp_path / "bad.zip", "refused")):
            result = take_in(Submission(student="kim", path=path), exercise, tmp_path / "in").settled(CHECKS)
            assert result is not None
            assert result.state == state
            store.save(result)
            assert store.read("kim", exercise) == result
            assert not store.needed("kim", exercise, "", CHECKS)
    taken = into_folder(tmp_path / "kim", work())
    assert take_in(Submission(student="kim", path=taken), exercise, tmp_path / "in").settled(CHECKS) is None


def test_students_do_not_share_a_file(exercise: Exercise, tmp_path: Path) -> None:
    """Names that differ in case or in what a file system cannot write, or are very long, keep results of their own."""
    students = ["kim", "Kim", "KIM.", "../kim", "김민수", "김민서", "x" * 500, "", "a/b", "a-b", "�"]
    with Store(tmp_path / "out") as store:
        for student in students:
            store.save(graded(exercise, student=student, feedback=student))
        back = list(store.results(students, [exercise]))
    assert [result.student for result in back] == students
    assert {path.name for path in tmp_path.iterdir()} == {"course", "out"}
    assert len({path.name.casefold() for path in (tmp_path / "out" / "results").iterdir()}) == len(students)


def test_only_what_changed_is_graded_again(exercise: Exercise, out: Path) -> None:
    """The same work and checks need nothing; other work, other checks, or nothing known yet do."""
    with Store(out) as store:
        assert store.needed("kim", exercise, WORK, CHECKS)
        store.save(graded(exercise))
        assert not store.needed("kim", exercise, WORK, CHECKS)
        assert store.needed("kim", exercise, "c" * 64, CHECKS)
        assert store.needed("kim", exercise, WORK, "c" * 64)
        assert store.needed("lee", exercise, WORK, CHECKS)
        assert store.needed("kim", exercise, "", CHECKS)
        store.save(empty(exercise, "missing", checks=CHECKS))
        assert not store.needed("kim", exercise, "", CHECKS)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda e: empty(e, "broken", work=WORK, checks=CHECKS), id="broken"),
        pytest.param(lambda e: graded(e, Outcome.PASSED, Outcome.BROKEN), id="one check broken"),
        pytest.param(lambda e: graded(e, Outcome.PASSED), id="one check without a verdict"),
    ],
)
def test_what_is_not_final_is_graded_again(make: Callable[[Exercise], Result], exercise: Exercise, out: Path) -> None:
    """A fault of ours is tried again, even where nothing has changed."""
    with Store(out) as store:
        store.save(make(exercise))
        assert store.read("kim", exercise) is not None
        assert store.needed("kim", exercise, WORK, CHECKS)


def changed(**changes: object) -> Callable[[dict[str, Any]], str]:
    return lambda data: json.dumps(data | changes)


def in_grade(**changes: object) -> Callable[[dict[str, Any]], str]:
    return lambda data: json.dumps(data | {"grade": data["grade"] | changes})


def in_verdict(**changes: object) -> Callable[[dict[str, Any]], str]:
    def change(data: dict[str, Any]) -> str:
        first, *rest = data["grade"]["verdicts"]
        return in_grade(verdicts=[first | changes, *rest])(data)

    return change


def instead(old: str, new: str) -> Callable[[dict[str, Any]], str]:
    def change(data: dict[str, Any]) -> str:
        text = json.dumps(data)
        assert text.count(old) >= 1
        return text.replace(old, new, 1)

    return change


FORGED = {
    "an unknown key": changed(bonus=5),
    "a missing key": lambda data: json.dumps({key: value for key, value in data.items() if key != "report"}),
    "another student's": changed(student="lee"),
    "another exercise's": changed(exercise="02_second"),
    "an unknown state": changed(state="excellent"),
    "graded without a grade": changed(grade=None),
    "a grade though refused": changed(state="refused"),
    "a number for a string": changed(work=5),
    "no digest": changed(work="A" * 64),
    "a string for a number": changed(seconds="2"),
    "true for a number": changed(seconds=True),
    "negative seconds": changed(seconds=-1.0),
    "NaN": instead('"seconds": 2.5', '"seconds": NaN'),
    "infinity": instead('"seconds": 2.5', '"seconds": 1e999'),
    "a key twice": instead('"work"', '"state": "graded", "work"'),
    "more points": in_grade(points=5),
    "final though it is not": in_grade(final=False),
    "an unknown key in the grade": in_grade(bonus=5),
    "verdicts that are none": in_grade(verdicts={"runs": "passed"}),
    "a check that does not exist": in_verdict(check="bonus"),
    "an unknown outcome": in_verdict(outcome="excellent"),
    "true for a check's seconds": in_verdict(seconds=True),
    "feedback in one language": in_verdict(feedback={"en": "x"}),
    "a reason that is no sentence": changed(reason=["grading.no_such", {}]),
    "a reason that is no key": changed(reason=["grading", {}]),
    "a reason with a blank left": changed(reason=["grading.twice", {}]),
    "a reason of another shape": changed(reason="because"),
    "a report elsewhere": changed(report="../../secret.html"),
    "a report that is an address": changed(report="javascript:alert(1)"),
    "a report on another machine": changed(report="//example.org/x"),
    "something behind it": lambda data: json.dumps(data) + "{}",
    "half of it": lambda data: json.dumps(data)[:-20],
    "a list": lambda _: "[]",
    "nothing": lambda _: "",
    "very deep": lambda _: "[" * 100_000,
}


@pytest.mark.parametrize("case", FORGED)
def test_what_would_not_have_been_written_does_not_count(case: str, exercise: Exercise, out: Path) -> None:
    """A file that was changed, damaged or forged is not read, and the work is graded again."""
    with Store(out) as store:
        store.save(graded(exercise))
        path = only_file(out)
        data = json.loads(path.read_bytes())
        path.write_text(json.dumps(data, indent=1))
        assert store.read("kim", exercise) is not None, "another layout of the same data is still the same"
        path.write_text(FORGED[case](data))
        assert store.read("kim", exercise) is None
        assert store.needed("kim", exercise, WORK, CHECKS)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "too large", "no text"])
def test_only_a_small_regular_file_counts(kind: str, exercise: Exercise, tmp_path: Path) -> None:
    """What lies in a result's place and is no file of ours is neither followed nor waited for."""
    with Store(tmp_path / "out") as store:
        store.save(graded(exercise))
        path = only_file(tmp_path / "out")
        path.rename(tmp_path / "elsewhere")
        make: dict[str, Callable[[], object]] = {
            "link": lambda: path.symlink_to(tmp_path / "elsewhere"),
            "pipe": lambda: os.mkfifo(path),
            "folder": path.mkdir,
            "too large": lambda: path.write_bytes((tmp_path / "elsewhere").read_bytes() + b" " * 4_000_000),
            "no text": lambda: path.write_bytes(b"\xff\xfe"),
        }
        make[kind]()
        assert store.read("kim", exercise) is None


def test_what_could_not_be_read_back_is_not_written(exercise: Exercise) -> None:
    """A result with a number that JSON lacks, or far too much feedback, is a fault that shows at once."""
    with pytest.raises(ValueError, match="JSON"):
        record(replace(graded(exercise), seconds=math.nan))
    with pytest.raises(ValueError, match="bytes"):
        record(graded(exercise, feedback="x" * 3_000_000))


def test_a_manifest_that_changed_makes_old_points_void(exercise: Exercise) -> None:
    """Points are the manifest's: a file that was right under another manifest is not under this one."""
    data = record(graded(exercise))
    other = replace(exercise, checks=(replace(exercise.checks[0], points=7), exercise.checks[1]))
    with pytest.raises(ValueError, match="another way"):
        read_record(data, other)


def test_the_checks_digest_covers_what_judges(tmp_path: Path) -> None:
    """A changed check, manifest, given file or private check changes it; a prompt or what Python caches does not."""
    exercise = make_exercise(tmp_path / "01_first")
    first = digest_of_checks(exercise)
    (exercise.folder / "README.md").write_text("x")
    (exercise.hidden / "__pycache__").mkdir()
    (exercise.hidden / "__pycache__" / "x.pyc").write_text("x")
    assert digest_of_checks(exercise) == first
    seen = {first}
    (exercise.hidden / "private").mkdir()
    for path in ("exercise.toml", ".checks/test_first.py", ".checks/given/app/server.py", ".checks/private/test_x.py"):
        (exercise.folder / path).write_text("changed")
        seen.add(digest_of_checks(exercise))
    assert len(seen) == 5


@pytest.mark.parametrize("failing", ["fsync", "write", "replace"])
def test_a_full_disk_leaves_what_was_there(
    failing: str, exercise: Exercise, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever writing fails, the old result stays, nothing unfinished does, and the sentence says what to do."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Store(out) as store:
        store.save(graded(exercise))
        before = tree(out)
        path = only_file(out)
        with monkeypatch.context() as patch:
            if failing == "write":
                patch.setattr(os, "fdopen", full)
            else:
                patch.setattr(*((os, "fsync", full) if failing == "fsync" else (Path, "replace", full)))
            with pytest.raises(KataError) as caught:
                store.save(graded(exercise, feedback="new"))
        assert tree(out) == before
    assert caught.value.cause.en == f"{path} cannot be written: No space left on device"
    assert caught.value.remedy.en.endswith("run the same command again: it goes on where it was.")
    assert caught.value.cause.ko == f"{path}에 쓸 수 없어요: No space left on device"
    assert caught.value.remedy.ko.endswith("같은 명령을 다시 실행해 주세요. 멈춘 곳부터 이어서 해요.")


def test_a_folder_with_other_things_is_not_touched(tmp_path: Path) -> None:
    """Results never go among somebody's own files."""
    (tmp_path / "thesis.txt").write_text("x")
    before = tree(tmp_path)
    assert error(tmp_path) == (
        f"{tmp_path} has other files in it, and nothing of them is touched.",
        "Choose an empty or a new folder after --out.",
        f"{tmp_path} 안에 다른 파일이 있어요. 그대로 두고 건드리지 않을게요.",
        "--out 뒤에 빈 폴더나 새 폴더를 적어 주세요.",
    )
    assert tree(tmp_path) == before


def test_a_file_in_the_folders_place_is_said_to_be_one(tmp_path: Path) -> None:
    """The sentence says what is wrong, and the file stays."""
    (tmp_path / "out").write_text("x")
    assert error(tmp_path / "out") == (
        f"{tmp_path / 'out'} is a file; results need a folder.",
        "Choose another name after --out.",
        f"{tmp_path / 'out'}는 파일이에요. 결과를 담으려면 폴더가 필요해요.",
        "--out 뒤에 다른 이름을 적어 주세요.",
    )


def test_another_courses_results_are_kept_apart(exercise: Exercise, out: Path) -> None:
    """They are neither mixed nor lost; whoever asks for a fresh start gets one."""
    with Store(out, "spring") as store:
        store.save(graded(exercise))
    before = tree(out)
    assert error(out, "autumn") == (
        f"{out} has results of another course, or of another version of this one.",
        "Choose another folder after --out, or throw the old results away with --fresh.",
        f"{out}에는 다른 과정이나 다른 버전의 결과가 들어 있어요.",
        "--out 뒤에 다른 폴더를 적거나, --fresh로 예전 결과를 버리고 시작해 주세요.",
    )
    assert tree(out) == before
    with Store(out, "autumn", fresh=True) as store:
        assert store.read("kim", exercise) is None
    with Store(out, "autumn") as store:
        assert store.needed("kim", exercise, WORK, CHECKS)


PROGRAM = """
import itertools, pathlib, sys
from checker.grading import Store
from checker.verdict import Outcome
from tests.grading.conftest import make_exercise
from tests.grading.test_store import graded
root = pathlib.Path(sys.argv[1])
exercise = make_exercise(root / f"course-{sys.argv[2]}" / "01_first")
with Store(root / "out") as store:
    print("open", flush=True)
    if sys.argv[2] == "hold":
        sys.stdin.read()
    else:
        for letter in itertools.cycle("ab"):
            for student in ("kim", "lee"):
                store.save(graded(exercise, feedback=letter * 800_000, student=student))
            print("saved", flush=True)
"""


def start(tmp_path: Path, how: str) -> subprocess.Popen[str]:
    """Start another process that opens the results, and wait until it has."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path, how],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


def kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()


def test_killed_at_any_moment_it_goes_on(exercise: Exercise, tmp_path: Path) -> None:
    """Ten times a grader is killed while it writes: each result is whole, old or new, and nothing unfinished stays."""
    chance = random.Random(60)  # noqa: S311 - the moments only have to differ
    for number in range(10):
        child = start(tmp_path, str(number))
        assert child.stdout is not None
        for _ in range(chance.randint(1, 4)):
            assert child.stdout.readline() == "saved\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0, 0.02))  # some moment within a save, which takes a few milliseconds
        kill(child)
        with Store(tmp_path / "out") as store:
            for result in (store.read("kim", exercise), store.read("lee", exercise)):
                assert result is not None
                assert result.grade is not None
                feedback = result.grade.verdicts[0].feedback
                assert feedback is not None
                assert feedback.en in {"a" * 800_000, "b" * 800_000}
        files = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
        assert files == {"kata-results", ".kata-lock", "01_first.json"}


def test_two_graders_exclude_each_other(tmp_path: Path) -> None:
    """The second is told so and changes nothing; once the first is dead, the next one may."""
    child = start(tmp_path, "hold")
    before = tree(tmp_path)
    try:
        assert error(tmp_path / "out") == (
            f"Another grader is writing results into {tmp_path / 'out'}.",
            "Wait for it to end, or choose another folder after --out.",
            f"다른 채점 작업이 {tmp_path / 'out'}에 결과를 쓰고 있어요.",
            "그 작업이 끝나기를 기다리거나, --out 뒤에 다른 폴더를 적어 주세요.",
        )
        assert tree(tmp_path) == before
    finally:
        kill(child)
    Store(tmp_path / "out").close()


def test_what_a_killed_grader_began_is_swept(exercise: Exercise, out: Path) -> None:
    """A file that never got its name goes when the folder is opened again, and a half-made folder can be used."""
    with Store(out) as store:
        store.save(graded(exercise))
    beside = only_file(out).with_name("01_first.json.unfinished")
    beside.write_text('{"half')
    Store(out).close()
    assert not beside.exists()
    (out / "kata-results").rename(out / "kata-results.unfinished")
    shutil.rmtree(out / "results")
    Store(out).close()
    assert (out / "kata-results").is_file()
