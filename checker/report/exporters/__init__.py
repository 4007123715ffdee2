"""Grades in the words of autograders: one module a format, and ``--export`` that asks for one."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError, language
from checker.report.exporters.classroom import classroom
from checker.report.exporters.classroom50 import classroom50
from checker.report.exporters.gradescope import gradescope
from checker.report.exporters.junit import junit
from checker.report.exporters.setting import Setting
from checker.report.graded import read_grades
from checker.report.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checker.exercise import Course
    from checker.report.graded import Graded

    Exporter = Callable[[Sequence[Graded], Setting], str]

__all__ = ["FORMATS", "Export", "Setting", "export"]

FORMATS: Mapping[str, Exporter] = {
    "classroom": classroom,
    "classroom50": classroom50,
    "gradescope": gradescope,
    "junit": junit,
}


def export(name: str, graded: Sequence[Graded]) -> str:
    """Return the grades in the format of this name, here and now.

    Raises:
        KataError: They cannot be written in that format.
    """
    now = dt.datetime.now(dt.UTC)
    return FORMATS[name](graded, Setting(language=language(), environ=os.environ, now=now))


@dataclass(frozen=True, slots=True)
class Export:
    """A wish for the grades in another format.

    Attributes:
        name: The format's.
        file: Where to write them; None for stdout.
    """

    name: str
    file: Path | None

    @classmethod
    def out_of(cls, arguments: Sequence[str]) -> tuple[Export | None, list[str]]:
        """Return the wish that ``--export`` and ``--export-to`` make, and the arguments without them.

        Raises:
            UsageError: The format does not exist, the file cannot be, or ``--grades`` is given beside it.
        """
        name, rest = _take("--export", arguments)
        file, rest = _take("--export-to", rest)
        if name is None and file is None:
            return None, rest
        if name is None or name not in FORMATS:
            raise UsageError("export.unknown_format", wanted=name or "", known=", ".join(FORMATS))
        if any(word.partition("=")[0] == "--grades" for word in rest):
            raise UsageError("export.grades_beside")
        if file is not None and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
            raise UsageError("export.no_place", file=file)
        return cls(name, None if file is None else Path(file).absolute()), rest

    def of(self, command: Sequence[str | Path], run: Callable[..., int], course: Course) -> int:
        """Run the command that checks and return its exit code; then write the grades that it leaves, if it does.

        An export of an earlier run does not outlive this. What the command says goes to stderr where stdout takes
        the export.

        Raises:
            KataError: As ``write``.
        """
        self._forget()
        with tempfile.TemporaryDirectory(prefix="kata-grades-") as folder:
            grades = Path(folder, "grades.json")
            code = run([*command, f"--grades={grades}"], stdout=None if self.file else sys.stderr)
            if grades.is_file():
                self.write(grades, course)
        return code

    def write(self, grades: Path, course: Course) -> None:
        """Write what is in the file of grades, whole or not at all.

        Raises:
            KataError: The grades cannot be read, or cannot be written in this format or to this file.
        """
        text = export(self.name, read_grades(grades, course))
        if self.file is None:
            sys.stdout.write(text)
            return
        with _writing(self.file):
            partial = self.file.with_name(f"{self.file.name}.partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.file)

    def _forget(self) -> None:
        if self.file is not None:
            with _writing(self.file):
                self.file.unlink(missing_ok=True)


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise KataError("export.unwritable", file=file, detail=problem.strerror) from problem


def _take(option: str, arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return what was last given for an option, as ``--option VALUE`` or ``--option=VALUE``, and the other words."""
    found, rest, words = None, [], iter(arguments)
    for word in words:
        head, equals, value = word.partition("=")
        if head == option:
            found = value if equals else next(words, "")
        else:
            rest.append(word)
    return found, rest
