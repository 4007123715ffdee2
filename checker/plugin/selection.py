"""What a learner types after ``pytest``, and what pytest has to be told.

``exercises/04``, or just ``04``, becomes ``exercises/04_run_redis``; ``exercises/04::stops_in_time`` the node id of
that check. It works from the project's root and from folders below it. What is no exercise is left as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from checker.exercise import Exercise
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.exercise import Course

__all__ = ["module_of", "resolve"]

_NUMBER = re.compile(r"\d+")


def resolve(argument: str, course: Course, folder: Path) -> str:
    """Return the path or node id that ``argument`` means, typed in ``folder``.

    Raises:
        UnknownExerciseError: It names an exercise that does not exist.
        KataError: ``check.unknown``: the exercise has no such check.
    """
    path, colons, check = argument.partition("::")
    below = list(_below_exercises(path, course, folder))
    if not below:
        return argument
    known = (parts for parts in below if any(parts[0] in (name, name[:2]) for name in course.names()))
    wanted, *rest = next(known, below[0])
    exercise = course.folder / course.resolve(wanted)
    if rest[:1] == [".checks"]:
        return f"{exercise.joinpath(*rest)}{colons}{check}"
    return _node_id(exercise, check) if check else str(exercise)  # a file of the learner's stands for its exercise


def _below_exercises(path: str, course: Course, folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield what ``path`` may mean below ``exercises/``: typed here, in the project's root, or as a bare number."""
    starts = [folder, course.root]
    if _NUMBER.fullmatch(path) and not (folder / path).exists():
        starts.append(course.folder)
    for start in starts:
        target = Path(os.path.normpath(start / path))
        if target.is_relative_to(course.folder) and target != course.folder:
            yield target.relative_to(course.folder).parts


def module_of(exercise: Path, function: str) -> Path | None:
    """Return the module with the checks of the exercise in this folder that defines a function; None if none does."""
    defined = re.compile(rf"^\s*(?:async )?def {re.escape(function)}\(", re.MULTILINE)
    checks = exercise / ".checks"
    modules = [*sorted(checks.glob("test_*.py")), *sorted((checks / "private").glob("test_*.py"))]
    return next((module for module in modules if defined.search(module.read_text(encoding="utf-8"))), None)


def _node_id(exercise: Path, check: str) -> str:
    """Return the node id of a check by its id in the manifest or its function's name."""
    name = check if check.startswith("test_") else f"test_{check}"
    module = module_of(exercise, name.rpartition("::")[2].partition("[")[0])
    if module is None:
        known = " ".join(found.id for found in Exercise.read(exercise).checks)
        raise KataError("check.unknown", check=check, number=exercise.name[:2], known=known)
    return f"{module}::{name}"
