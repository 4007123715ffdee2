"""More machines: parcels, and a real scheduler with two real workers, one of which is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.grading.cluster import Parcel, Wishes, Workers, hired
from checker.grading.task import Assignment, Task
from checker.grading.whole import opened_class
from checker.phrase import KataError
from checker.workbench.container import wait_for
from tests.grading.small import hand_in, make_course
from tests.grading.test_class import Watching, points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.engine import Engine
    from checker.exercise import Course

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return make_course(tmp_path / "course")


def test_a_parcel_is_what_was_packed(course: Course, tmp_path: Path) -> None:
    """Files come out as they went in, their permissions too, and the same files make the same bytes."""
    (course.folder / "01_small" / "answer.txt").chmod(0o755)
    parcel = Parcel.of({"exercises": course.folder, "pyproject.toml": course.root / "pyproject.toml"})
    (tmp_path / "there").mkdir()
    parcel.unpack(tmp_path / "there")
    for name in ("pyproject.toml", "exercises/01_small/.checks/test_small.py", "exercises/01_small/answer.txt"):
        assert (tmp_path / "there" / name).read_bytes() == (course.root / name).read_bytes()
        assert (tmp_path / "there" / name).stat().st_mode == (course.root / name).stat().st_mode
    again = Parcel.of({"exercises": tmp_path / "there" / "exercises", "pyproject.toml": course.root / "pyproject.toml"})
    assert again.digest == parcel.digest


def test_a_damaged_parcel_is_noticed(course: Course, tmp_path: Path) -> None:
    """What is not what was sent is not unpacked."""
    parcel = replace(Parcel.of({"exercises": course.folder}), content=b"PK")
    with pytest.raises(ValueError, match="damaged"):
        parcel.unpack(tmp_path / "there")
    assert not (tmp_path / "there").exists()


class Failing:
    """An executor all of whose workers die."""

    def submit(self, *_: object) -> Any:  # noqa: ANN401 - a future
        from concurrent.futures import Future

        future: Future[object] = Future()
        future.set_exception(KataError("engine.missing"))
        return future


def test_what_goes_wrong_at_a_worker_is_told(course: Course, tmp_path: Path) -> None:
    """What a worker raises reaches who waits for it; no result comes of it."""
    hand_in(tmp_path, {"work": "right"})
    (tmp_path / "work" / "exercises" / "01_small").rename(tmp_path / "work" / "01_small")
    assignment = Assignment(exercise=course.exercises()[0], work="a" * 64, checks="b" * 64)
    workers = Workers(Failing(), 1, None, Wishes(seconds=None, memory=None, labs=False))  # type: ignore[arg-type]
    found: list[object] = []
    task = Task(student="kim", folder=tmp_path, assignments=(assignment,))
    done = workers.submit(task, lambda _: None, found.append)
    assert isinstance(done.exception(), KataError)
    assert found == []


@pytest.fixture
def scheduler(engine: Engine, tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Yield a scheduler's address and its two workers, each of which grades a submission at a time."""
    environ = {**os.environ, **engine.environment(), "KATA_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
    with contextlib.ExitStack() as started:

        def start(*command: str) -> subprocess.Popen[bytes]:
            with (tmp_path / "said").open("ab") as said:
                process = subprocess.Popen(command, env=environ, stdout=said, stderr=said, cwd=tmp_path)
            started.callback(_ended, process)
            return process

        start(*dask, "--no-dashboard", "--scheduler-file", str(file))
        address = _address(file)
        workers = [start(*worker, "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path)) for _ in range(2)]
        yield address, workers


def _address(file: Path) -> str:
    """Return a scheduler's address once it has written it down."""
    found: list[str] = []

    def is_written() -> bool:
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(file.read_text(encoding="utf-8"))["address"])
        return bool(found)

    assert wait_for(is_written, 60)
    return found[0]


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.mark.docker
@pytest.mark.filterwarnings("default")  # what dask and tornado warn of is theirs
def test_a_worker_that_dies_costs_only_time(
    course: Course, scheduler: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    """A class graded by two workers, one of which is killed in the middle, gets what it earned, all of it."""
    from distributed import Client

    address, workers = scheduler
    with Client(address, set_as_default=False) as waiting:
        waiting.wait_for_workers(2, timeout=60)
    answers = {f"s{number}": "right" if number % 2 else "wrong" for number in range(8)}
    folder = hand_in(tmp_path / "many", answers)

    class Killing(Watching):
        def found(self, result: Any) -> None:  # noqa: ANN401 - a Result
            super().found(result)
            if len(self.results) == 2:
                workers[0].send_signal(signal.SIGKILL)

    watch = Killing()
    with (
        opened_class(course, folder, tmp_path / "out") as opened,
        hired(address, course, seconds=None, memory=None, labs=False) as (crew, around),
    ):
        assert crew.size == 2
        opened.grade(crew, watch, around)
    assert workers[0].wait(timeout=20) == -signal.SIGKILL
    assert points(watch) == {student: 10 if answer == "right" else 4 for student, answer in answers.items()}
    assert len(list((tmp_path / "data" / "courses").iterdir())) == 1
    # the other worker has taken away what the killed one had before it
    assert list((tmp_path / "data" / "parcels").iterdir()) == []


@pytest.mark.docker
@pytest.mark.filterwarnings("default")
def test_the_course_outlives_the_worker_that_holds_it(
    course: Course, scheduler: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    """Where the only worker that has the course dies, the others get it again: no submission is lost with it."""
    from distributed import Client

    address, workers = scheduler
    folder = hand_in(tmp_path / "many", {"kim": "right", "lee": "wrong"})
    watch = Watching()
    with (
        Client(address, set_as_default=False) as client,
        opened_class(course, folder, tmp_path / "out") as opened,
    ):
        client.wait_for_workers(2, timeout=60)
        pids = client.run(os.getpid)
        with hired(address, course, seconds=None, memory=None, labs=False) as (crew, around):

            def holders() -> tuple[str, ...]:
                client.amm.run_once()  # Dask keeps one copy of what several workers have, a few seconds later
                [found] = client.who_has([crew.course]).values()
                return tuple(found)

            assert wait_for(lambda: len(holders()) == 1, 20)
            [holder] = [process for process in workers if process.pid == pids[holders()[0]]]
            holder.kill()
            holder.wait(timeout=20)
            opened.grade(crew, watch, around)
    assert points(watch) == {"kim": 10, "lee": 4}


@pytest.mark.docker
@pytest.mark.filterwarnings("default")
def test_stopped_nobody_waits_for_workers(
    course: Course, scheduler: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    """Ctrl-C ends it although a worker hangs; what was found is kept, and the same command does the rest."""
    from distributed import Client

    address, _ = scheduler
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    folder = hand_in(tmp_path / "many", {"a": "right", "b": "hangs", "c": "right", "d": "hangs", "e": "right"})
    leave = threading.Event()

    class Leaving(Watching):
        def found(self, result: Any) -> None:  # noqa: ANN401 - a Result
            super().found(result)
            leave.set()

    watch = Leaving()
    with (
        opened_class(course, folder, tmp_path / "out") as opened,
        hired(address, course, seconds=None, memory=None, labs=False) as (crew, around),
        pytest.raises(KeyboardInterrupt),
    ):
        opened.grade(crew, watch, around, leave)
    assert points(watch)
    assert set(points(watch)) <= {"a", "c"}  # three were under way, and one of those two came first


@pytest.mark.docker
def test_a_scheduler_without_workers_is_said(engine: Engine, course: Course, tmp_path: Path) -> None:
    """A scheduler that nobody works for is one sentence, in both languages."""
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    more = ["--no-dashboard", "--scheduler-file", str(file)]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen([*dask, *more], stdout=said, stderr=said, cwd=tmp_path)
    try:
        address = _address(file)
        with pytest.raises(KataError) as caught, hired(address, course, seconds=None, memory=None, labs=False):
            pass
    finally:
        _ended(process)
    assert caught.value.cause.en == f"The Dask scheduler at {address} has no workers."
    assert caught.value.cause.ko == f"{address}의 Dask scheduler에 worker가 하나도 없어요."
