"""Other machines: the same grading, on the workers of a Dask scheduler.

Course and submission travel as bytes with their SHA-256. A worker unpacks the course once, into a folder of its own,
and grades with the checker that came along. A worker that dies takes nothing with it but time: the scheduler gives its
submission to another one.
"""

from __future__ import annotations

import atexit
import collections
import concurrent.futures
import contextlib
import functools
import hashlib
import importlib
import importlib.util
import io
import shutil
import tempfile
import threading
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checker
from checker.engine import Place as Ours
from checker.engine import find_engine
from checker.exercise import Course
from checker.grading.judge import Judge
from checker.grading.judged_by import surroundings
from checker.grading.place import OnTheEngine
from checker.grading.task import Task, TaskGrader
from checker.lab import Labs, Limits
from checker.phrase import KataError
from checker.workbench.run import Run, dead_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from checker.exercise import Exercise
    from checker.grading.place import Places
    from checker.report.result import Result

__all__ = ["Parcel", "Wishes", "Workers", "hired"]

PATIENCE = 10  # seconds for the scheduler to answer
_NOT_SENT = frozenset({"__pycache__", ".pytest_cache", ".git", ".venv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A folder as bytes.

    Attributes:
        content: A zip file of it, made by us.
        digest: The SHA-256 of ``content``.
    """

    content: bytes
    digest: str

    @classmethod
    def of(cls, folders: Mapping[str, Path]) -> Parcel:
        """Pack files and folders, each under a name."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, top in sorted(folders.items()):
                for path in sorted(_files(top)):
                    inside = f"{name}/{path.relative_to(top).as_posix()}" if top.is_dir() else name
                    entry = zipfile.ZipInfo(inside)  # no time in it: the same files make the same bytes
                    entry.external_attr = (path.stat().st_mode & 0o777) << 16
                    archive.writestr(entry, path.read_bytes())
        content = packed.getvalue()
        return cls(content=content, digest=hashlib.sha256(content).hexdigest())

    def unpack(self, folder: Path) -> None:
        """Unpack it into a folder that is new.

        Raises:
            ValueError: It is not what was sent.
        """
        if hashlib.sha256(self.content).hexdigest() != self.digest:
            raise ValueError("a parcel was damaged on its way")
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            for entry in archive.infolist():
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(entry))
                target.chmod(entry.external_attr >> 16)


def _files(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for path in top.iterdir():
        if path.name not in _NOT_SENT and not path.is_symlink():
            yield from _files(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a worker grades.

    Attributes:
        seconds: How long one submission may take; None where only its exercises are limited.
        memory: How much memory a lab may use, in bytes; None for what labs are usually given.
        labs: Whether each submission gets a lab.
    """

    seconds: float | None
    memory: int | None
    labs: bool


def grade_parcel(course: Parcel, task: Task, work: Parcel, wishes: Wishes) -> list[Result]:
    """Grade a submission on the machine where this is called; what a worker does.

    Args:
        course: The course, and the checker that grades it.
        task: The submission; its exercises' folders are those of the machine that sent it.
        work: Its work.
        wishes: How.
    """
    root = _unpacked(course)
    there = Course(root)
    assignments = tuple(
        replace(each, exercise=replace(each.exercise, folder=there.folder / each.exercise.name))
        for each in task.assignments
    )
    graded = Ours.here().data / "parcels"
    collections.deque(dead_runs(graded), maxlen=0)  # what a worker that was killed has left here
    with Run.begin(graded) as run:
        work.unpack(run.folder / "work")
        judge = Judge(course=there, stop=threading.Event())
        grader = TaskGrader(judge=judge, places=_places(wishes), seconds=wishes.seconds)
        return list(grader.grade(replace(task, folder=run.folder, assignments=assignments)))


_UNPACKING = threading.Lock()


def _unpacked(course: Parcel) -> Path:
    """Return where the course lies on this machine; several workers may share the folder."""
    home = Ours.here().data / "courses"
    folder = home / course.digest
    with _UNPACKING:
        if not folder.is_dir():
            home.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(dir=home, prefix=".unfinished-"))
            course.unpack(fresh)
            with contextlib.suppress(OSError):  # another worker was faster
                fresh.replace(folder)
            shutil.rmtree(fresh, ignore_errors=True)
    return folder


@functools.cache
def _places(wishes: Wishes) -> Places:
    """Return where this worker's submissions are graded, prepared once and put away when the worker ends."""
    engine = find_engine()
    if not wishes.labs:
        return OnTheEngine(engine)
    limits = Limits(memory=wishes.memory) if wishes.memory else Limits()
    held = contextlib.ExitStack()
    atexit.register(held.close)
    return held.enter_context(Labs(engine, limits=limits))


@dataclass(frozen=True, slots=True)
class Workers:
    """A crew of workers, through the executor that Dask makes of them.

    Attributes:
        executor: Any executor whose functions run in other processes.
        size: How many submissions they grade at a time.
        course: The course, packed; or what stands for it where it has travelled already.
        wishes: How they grade.
    """

    executor: concurrent.futures.Executor
    size: int
    course: Any
    wishes: Wishes
    _sent: set[Future[list[Result]]] = field(default_factory=set)

    def submit(self, task: Task, began: Callable[[str], None], found: Callable[[Result], None]) -> Future[object]:
        """Begin to grade a submission; its results come all at once."""
        done: Future[object] = concurrent.futures.Future()
        began(task.assignments[0].exercise.name)
        parcel = Parcel.of({each.exercise.name: task.folder / "work" / each.exercise.name for each in task.assignments})
        sent = self.executor.submit(grade_parcel, self.course, task, parcel, self.wishes)

        def arrived(future: Future[list[Result]]) -> None:
            self._sent.discard(future)
            try:
                for result in future.result():
                    found(result)
            except BaseException as error:  # noqa: BLE001 - whatever it was belongs to who waits
                done.set_exception(error)
            else:
                done.set_result(None)

        self._sent.add(sent)
        sent.add_done_callback(arrived)
        return done

    def stop(self) -> None:
        """Wait for nothing any more; a worker that has begun with a submission may bring it to an end for nobody."""
        for future in list(self._sent):
            future.cancel()


@contextlib.contextmanager
def hired(
    address: str, course: Course, *, seconds: float | None, memory: int | None, labs: bool
) -> Iterator[tuple[Workers, Callable[[Exercise], str]]]:
    """Yield the workers of a scheduler, and what an exercise's work meets at them.

    Raises:
        KataError: Dask is not installed, the scheduler does not answer, or it has no workers.
    """
    if importlib.util.find_spec("distributed") is None:
        raise KataError("grading.no_dask")
    wishes = Wishes(seconds=seconds, memory=memory, labs=labs)
    with contextlib.closing(_connected(address)) as client:
        hands = sum(client.nthreads().values())
        if not hands:
            raise KataError("grading.no_workers", address=address)
        # a task and no scattered data: the scheduler can make it anew when the worker dies that holds it
        sent = client.submit(_itself, Parcel.of(_course(course)), pure=False)
        executor = client.get_executor(pure=False, retries=3)
        workers = Workers(executor, hands, sent, wishes)
        yield workers, functools.partial(_around, client)


def _itself(course: Parcel) -> Parcel:
    return course


def _connected(address: str) -> Any:  # noqa: ANN401 - distributed has few types
    distributed: Any = importlib.import_module("distributed")  # an extra, and slow
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as problem:
        raise KataError("grading.no_scheduler", address=address, detail=str(problem)[:200]) from problem


def _course(course: Course) -> dict[str, Path]:
    """Return what of a course a worker needs, private checks included; never a solution."""
    parts = {name: course.root / name for name in ("exercises", "pyproject.toml", "conftest.py")}
    return {**parts, "checker": Path(checker.__file__).parent}


def _around(client: Any, exercise: Exercise) -> str:  # noqa: ANN401 - distributed has few types
    """Return the engines and images of all workers, each kind once."""
    found: Mapping[str, str] = client.run(_here, exercise)
    return "\n".join(sorted(set(found.values())))


def _here(exercise: Exercise) -> str:
    return surroundings(find_engine(), exercise)
