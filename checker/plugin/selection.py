"""What a learner types after ``pytest``, and what pytest has to be told.

``exercises/04`` becomes ``exercises/04_run_redis``, ``exercises/04::stops_in_time`` the node id of that check. It works
from the project's root and from folders below it. Arguments that are no exercises are left as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from checker.exercise import Course

__all__ = ["resolve"]

_NUMBER = re.compile(r"\d+")


def resolve(argument: str, course: Course, folder: Path) -> str:
    """Return the path or node id that ``argument`` means, typed in ``folder``.

    Raises:
        UnknownExerciseError: It names an exercise that does not exist.
    """
    path, colons, check = argument.partition("::")
    below = _below_exercises(path, course, folder)
    if not below or (folder / path).exists():
        wanted, rest = (below[0], below[1:]) if below else ("", ())
    else:
        wanted, rest = course.resolve(below[0]), below[1:]
    if not wanted:
        return argument
    found = course.folder.joinpath(wanted, *rest)
    if colons and not rest:
        return _node_id(found, check)
    return f"{found}{colons}{check}"


def _below_exercises(path: str, course: Course, folder: Path) -> tuple[str, ...]:
    """Return the parts of ``path`` below ``exercises/``, empty where it does not point there."""
    for start in (folder, course.root):
        target = start.joinpath(path)
        if ".." in target.parts:
            target = target.resolve()
        if target.is_relative_to(course.folder) and target != course.folder:
            parts = target.relative_to(course.folder).parts
            if start == folder or _NUMBER.match(parts[0]):
                return parts
    return ()


def _node_id(exercise: Path, check: str) -> str:
    """Return the node id of a check by its id in the manifest or its function's name."""
    name = check if check.startswith("test_") else f"test_{check}"
    for module in sorted((exercise / ".checks").glob("test_*.py")):
        if re.search(rf"^def {re.escape(name.partition('[')[0])}\(", module.read_text(encoding="utf-8"), re.MULTILINE):
            return f"{module}::{name}"
    return f"{exercise}::{check}"
