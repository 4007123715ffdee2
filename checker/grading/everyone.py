"""Grades a class: keeps as many submissions under way as there are hands, and puts each result away as it comes.

Memory does not grow with the class: a submission is taken in when its turn is near, and its results go to the disk.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import shutil
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from checker.grading.judge import StoppedError
from checker.phrase import KataError
from checker.report.result import Result

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from checker.grading.plan import Plan, Step
    from checker.grading.store import Store
    from checker.grading.task import Task, TaskGrader

__all__ = ["Crew", "Hands", "Watch", "grade_all"]

LOOK = 0.25  # seconds between two looks at the table


class Watch(Protocol):
    """Somebody who watches while a class is graded. Everything is told from one thread."""

    def unchanged(self, count: int) -> None:
        """Hear of results that are there already and still hold."""

    def began(self, student: str, exercise: str) -> None:
        """Hear that an exercise of a student's is being graded now."""

    def found(self, result: Result) -> None:
        """Hear of a result, which is on the disk."""

    def ended(self, student: str) -> None:
        """Hear that a submission is done with."""

    def tick(self) -> None:
        """Hear that a moment has passed."""


class Crew(Protocol):
    """Those who grade."""

    @property
    def size(self) -> int:
        """How many submissions they grade at a time."""

    def submit(self, task: Task, began: Callable[[str], None], found: Callable[[Result], None]) -> Future[object]:
        """Begin to grade a submission; what is found is told from any thread, before the future is done."""

    def stop(self) -> None:
        """Let everything that is under way end soon, unfinished."""


@dataclass(frozen=True, slots=True)
class Hands:
    """A crew of threads on this machine, each of which waits for a process that grades.

    Attributes:
        executor: The threads.
        size: How many there are.
        grader: What each of them does.
    """

    executor: Executor
    size: int
    grader: TaskGrader

    def submit(self, task: Task, began: Callable[[str], None], found: Callable[[Result], None]) -> Future[object]:
        """Begin to grade a submission."""
        return self.executor.submit(self._grade, task, began, found)

    def _grade(self, task: Task, began: Callable[[str], None], found: Callable[[Result], None]) -> None:
        for result in self.grader.grade(task, began):
            found(result)

    def stop(self) -> None:
        """Let every process end that grades, and begin no other."""
        self.grader.judge.stop.set()


def grade_all(plan: Plan, crew: Crew, store: Store, watch: Watch, leave: threading.Event) -> None:
    """Grade what is left to grade of a class.

    Args:
        plan: Who and what.
        crew: By whom.
        store: Where the results go.
        watch: Who is told.
        leave: Set where somebody wants to stop; looked at between two results, so that none gets lost.

    Raises:
        KataError: A result cannot be written, or a submission cannot be taken in; what was found before is kept.
        KeyboardInterrupt: ``leave`` was set; what was found before is kept.
    """
    under_way = _UnderWay(crew, store, watch, leave)
    try:
        for step in plan.steps():
            under_way.take(step)
        while under_way.count:
            under_way.wait()
    except BaseException:
        crew.stop()
        under_way.leave()
        raise


class _UnderWay:
    """What is being graded at the moment. Other threads put words into a queue; only this one acts on them."""

    def __init__(self, crew: Crew, store: Store, watch: Watch, leave: threading.Event) -> None:
        self._crew, self._store, self._watch, self._leave = crew, store, watch, leave
        self._words: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._tasks: dict[str, set[str]] = {}
        self._leaving = False
        self.count = 0

    def take(self, step: Step) -> None:
        """Put away what is settled, and hand on what has to be graded as soon as somebody is free for it."""
        self._look_up()
        self._watch.unchanged(step.unchanged)
        for result in step.settled:
            self._found(result)
        if step.task is not None:
            while self.count > self._crew.size:  # one more than hands, so that none of them waits for us
                self.wait()
            self._begin(step.task)

    def _begin(self, task: Task) -> None:
        def say(word: Callable[[], None]) -> None:
            self._words.put(word)

        self._tasks[task.student] = {assignment.exercise.name for assignment in task.assignments}
        self.count += 1
        future = self._crew.submit(
            task,
            lambda exercise: say(functools.partial(self._watch.began, task.student, exercise)),
            lambda result: say(functools.partial(self._found, result)),
        )
        future.add_done_callback(lambda done: say(functools.partial(self._ended, task, done)))

    def wait(self) -> None:
        """Wait a moment for news, and act on them."""
        with contextlib.suppress(queue.Empty):
            self._words.get(timeout=LOOK)()
        self._look_up()

    def _look_up(self) -> None:
        self._watch.tick()
        if self._leave.is_set():
            raise KeyboardInterrupt

    def leave(self) -> None:
        """Wait until nothing is under way any more; what is found meanwhile is put away if it can be."""
        self._leaving = True
        while self.count:
            with contextlib.suppress(KataError):
                self._words.get()()

    def _found(self, result: Result) -> None:
        self._store.save(result)
        self._tasks.get(result.student, set()).discard(result.exercise)
        self._watch.found(result)

    def _ended(self, task: Task, future: Future[object]) -> None:
        self.count -= 1
        shutil.rmtree(task.folder, ignore_errors=True)
        left = self._tasks.pop(task.student)
        error = CancelledError("nobody graded it") if future.cancelled() else future.exception()
        self._watch.ended(task.student)
        stopped = isinstance(error, StoppedError) or (self._leaving and isinstance(error, CancelledError))
        if error is not None and not stopped:
            for result in _broken(task, left, error):
                self._found(result)


def _broken(task: Task, left: set[str], error: BaseException) -> Sequence[Result]:
    """Return what to say of exercises whose grading itself went wrong."""
    reason = "grading.judge_failed", {"detail": f"{type(error).__name__}: {error}"[:300]}
    return [
        Result(
            student=task.student,
            exercise=assignment.exercise.name,
            state="broken",
            reason=reason,
            work=assignment.work,
            checks=assignment.checks,
        )
        for assignment in task.assignments
        if assignment.exercise.name in left
    ]
