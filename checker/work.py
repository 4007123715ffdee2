"""The learner's work: copied before anything looks at it, so that it is never touched where it lies.

A copy is made of our files first (``.checks/given/``) and the learner's on top. A learner may add files of their own,
such as a compose file that ``run.sh`` calls; only what is ours cannot be replaced. What is wrong with a file is said
when a check asks for that file, so that the checks which do not need it are still judged.

One line is another one in the copy: ``# syntax=docker/dockerfile:1``, with which many a Dockerfile begins, fetches a
program that every engine has built in. Without internet it could not, and what is right at home would fail in a lab.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checker.exercise import Exercise

__all__ = ["Work"]

LARGEST_FILE = 1_000_000  # bytes; a script or a Dockerfile is some hundred
MOST_FILES = 300
# parser directives stand at the top, one a line (docs.docker.com, Dockerfile reference); without "=" it is a comment
_OWN_FRONTEND = re.compile(
    rb"\A((?:\xef\xbb\xbf)?(?:[ \t]*#[ \t]*[a-z]+[ \t]*=.*\n)*?[ \t]*#[ \t]*syntax[ \t]*)="
    rb"(?=[ \t]*(?:docker\.io/)?docker/dockerfile:1(?:\.\d+)*[ \t]*\r?$)",
    re.IGNORECASE | re.MULTILINE,
)
_OURS = frozenset({"README.md", "README.ko.md", "exercise.toml"})
_NOT_WORK = frozenset({".checks", ".git", ".venv", "__pycache__", ".pytest_cache", "conftest.py", "pytest.ini"})


@dataclass(frozen=True, slots=True)
class Work:
    """A run's own copy of the learner's files.

    Attributes:
        folder: The copy.
        source: Where the learner's files really lie; only ever read.
    """

    folder: Path
    source: Path

    @classmethod
    def copy(cls, exercise: Exercise, source: Path, folder: Path) -> Work:
        """Fill ``folder`` with our files and the learner's.

        Only regular files are copied, each of at most ``LARGEST_FILE`` bytes; links are not followed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        given = exercise.hidden / "given"
        if given.is_dir():
            shutil.copytree(given, folder, dirs_exist_ok=True)
        ours = frozenset(path.relative_to(given) for path in given.rglob("*") if path.is_file())
        for path in _learners_files(source, exercise):
            relative = path.relative_to(source)
            if relative not in ours and not _blocked_by_ours(folder / relative):
                (folder / relative).parent.mkdir(parents=True, exist_ok=True)
                _copy_regular(path, folder / relative)
        return cls(folder, source)

    def file(self, name: str) -> Path:
        """Return the copy of one of the learner's files.

        Raises:
            Mistake: It is missing, or not a regular file of a sensible size; or the copy is not, since a script of
                theirs has been at it.
        """
        _examine(self.source / name, name)
        copy = self.folder / name
        if not os.path.lexists(copy):
            raise Mistake("work.unreadable", file=name)
        _examine(copy, name)
        return copy

    def text(self, name: str) -> str:
        """Return what is in a file.

        Raises:
            Mistake: It is missing, not a regular file, empty, or not UTF-8.
        """
        try:
            text = self.file(name).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise Mistake("work.not_utf8", file=name) from None
        if not text.strip():
            raise Mistake("work.empty", file=name)
        return text

    def put(self, name: str, content: str) -> None:
        """Put a file into the copy, whatever the learner or a script of theirs has in its place.

        No link is followed, so that nothing outside the copy is written to. A file that is replaced keeps its mode.
        """
        target = self.folder / name
        for above in reversed(target.relative_to(self.folder).parents[:-1]):
            _clear(self.folder / above, keep_folder=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = _clear(target)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(content)
            os.fchmod(opened.fileno(), mode)

    def script(self, name: str) -> Path:
        """Return a script that can be run.

        Neither the x bit nor a first line is asked for: both get lost on the way through a browser or a zip file.

        Raises:
            Mistake: It is missing, not a regular file, empty, not text, or has Windows line ends.
        """
        path = self.file(name)
        content = path.read_bytes()
        if not content.strip():
            raise Mistake("work.empty", file=name)
        if b"\0" in content:
            raise Mistake("work.not_utf8", file=name)
        first, _, rest = content.partition(b"\n")
        if first.endswith(b"\r") or (rest and b"\n" not in rest.replace(b"\r\n", b"") and b"\r\n" in rest):
            raise Mistake("work.crlf", file=name)
        return path


def _examine(path: Path, name: str) -> None:
    try:
        found = path.lstat()
    except OSError:
        raise Mistake("work.missing", file=name) from None
    if stat.S_ISLNK(found.st_mode):
        raise Mistake("work.link", file=name)
    if stat.S_ISDIR(found.st_mode):
        raise Mistake("work.folder", file=name)
    if not stat.S_ISREG(found.st_mode):
        raise Mistake("work.not_a_file", file=name)
    if found.st_size > LARGEST_FILE:
        raise Mistake("work.too_large", file=name, megabytes=f"{found.st_size / 1e6:.0f}")


def _clear(path: Path, *, keep_folder: bool = False) -> int:
    """Take away what is there, and return its mode if it was a file, or the mode that a new file gets."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0o644
    if not stat.S_ISDIR(found.st_mode):
        path.unlink()
    elif not keep_folder:
        shutil.rmtree(path)
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else 0o644


def _learners_files(source: Path, exercise: Exercise) -> Iterator[Path]:
    made = frozenset(exercise.made)
    count = 0
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in _NOT_WORK)
        for name in sorted(names):
            path = source.joinpath(folder, name)
            top = path.parent == source
            if name in _NOT_WORK or (top and (name in _OURS or name in made)):
                continue
            count += 1
            if count > MOST_FILES and name not in exercise.files:
                continue
            yield path


def _blocked_by_ours(target: Path) -> bool:
    return target.is_dir() or any(parent.is_file() for parent in target.parents)


def _copy_regular(path: Path, target: Path) -> None:
    """Copy what is, at the moment of opening it, a regular file that is small enough; else leave it out."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
            return
        content = opened.read(LARGEST_FILE)
    if "dockerfile" in target.name.lower():
        content = _OWN_FRONTEND.sub(rb"\1 ", content)
    target.write_bytes(content)
    target.chmod(stat.S_IMODE(found.st_mode) & 0o755 | 0o600)
