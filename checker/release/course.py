"""What of the course goes to learners as it is: prompts, starters, checks, and this checker."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import checker
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.exercise import Course, Exercise

__all__ = ["ours", "refuse_uncommitted"]

_TOP = ("LICENSE", "conftest.py", "kata", "requirements.lock", ".gitignore")
_LEFT_OUT = frozenset({"__pycache__", ".pytest_cache", ".DS_Store", ".git"})
PRIVATE = Path(".checks", "private")


def ours(course: Course) -> dict[str, Path]:
    """Return, by their path in the release, the files that are copied.

    Raises:
        KataError: ``release.solved``: a starter holds what its solution holds.
    """
    package = Path(checker.__file__).parent
    found = {name: course.root / name for name in _TOP if (course.root / name).is_file()}
    found |= {f"checker/{path.relative_to(package).as_posix()}": path for path in _files(package)}
    for exercise in course.exercises():
        _refuse_solved(exercise, course.root / "solutions" / exercise.name)
        found |= _exercise(exercise)
    return found


def _exercise(exercise: Exercise) -> dict[str, Path]:
    """Return what learners get of an exercise: not its private checks, and nothing that its scripts have made."""
    paths = {path: path.relative_to(exercise.folder) for path in _files(exercise.folder)}
    return {
        f"exercises/{exercise.name}/{name.as_posix()}": path
        for path, name in paths.items()
        if not name.is_relative_to(PRIVATE) and name.as_posix() not in exercise.made
    }


def _files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder; links are not followed, and what tools leave behind is not ours."""
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file() and path.suffix != ".pyc":
            yield path


def _refuse_solved(exercise: Exercise, solution: Path) -> None:
    """Notice an author who tried an exercise where its starter lies."""
    for name in exercise.files:
        starter, solved = exercise.folder / name, solution / name
        if starter.is_file() and solved.is_file() and starter.read_bytes() == solved.read_bytes():
            raise KataError("release.solved", file=starter)


def _is_private(path: str) -> bool:
    """Whether a path is below an exercise's private checks, which may be kept out of the repository altogether."""
    return f"/{PRIVATE.as_posix()}/" in f"/{path}"


def refuse_uncommitted(course: Course) -> None:
    """Let nothing of an author's own tries slip into a release; where there is no git, nothing can be said.

    Raises:
        KataError: ``release.uncommitted``: exercises differ from what is committed.
    """
    command = ["git", "-C", str(course.root), "status", "--porcelain", "-z", "--untracked-files=all", "--", "exercises"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return
    changed = [entry[3:] for entry in asked.stdout.split("\0") if entry[2:3] == " " and not _is_private(entry[3:])]
    if asked.returncode == 0 and changed:
        more = f" … (+{len(changed) - 3})" if len(changed) > 3 else ""
        raise KataError("release.uncommitted", files=", ".join(changed[:3]) + more)
