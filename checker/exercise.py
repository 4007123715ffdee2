"""Reads ``exercise.toml`` and finds exercises by their number.

The manifest is the authority on what a check is called and what it is worth; nothing that a test file says about
itself counts. A manifest is read strictly: a key that is unknown, missing or of another type is our bug, and is
named together with its file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

from checker.phrase import KataError, Text, with_remedy
from checker.verdict import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from checker.verdict import Mistake

__all__ = ["Course", "Exercise", "Feedback", "UnknownExerciseError"]

T = TypeVar("T")
Feedback = Literal["full", "title", "none"]
"""What students get to read of private checks."""
_FOLDER = re.compile(r"(?P<number>\d\d)_[a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One exercise, as its manifest describes it.

    Attributes:
        folder: Where it lives; its name is the exercise's name.
        title: What it is called.
        files: The learner's files; everything else in the folder is ours.
        made: Files that a learner's script makes; never carried over from an earlier try.
        images: References out of the catalogue that it is about.
        pulls: Those of them that its scripts fetch themselves, so that they need not be there before.
        changes: What an exercise cannot share with another one at the same time, such as an image it evicts.
        seconds: The limit for all its steps together.
        allow: What the guard grants its scripts beyond what concerns only themselves.
        checks: Its checks, in the order in which a learner reads them.
        hints: From vague to concrete.
        mistakes: What its checks raise, by key.
        private: The ids of the checks that only a class's grader knows; empty unless they were asked for.
        feedback: What students read of these: all, their titles and outcomes, or nothing.
    """

    folder: Path
    title: Text
    files: tuple[str, ...]
    made: tuple[str, ...]
    images: tuple[str, ...]
    pulls: tuple[str, ...]
    changes: tuple[str, ...]
    seconds: float
    allow: tuple[str, ...]
    checks: tuple[Check, ...]
    hints: tuple[Text, ...]
    mistakes: Mapping[str, Text]
    private: frozenset[str] = frozenset()
    feedback: Feedback = "full"

    @property
    def name(self) -> str:
        """The folder's name, ``04_run_redis``."""
        return self.folder.name

    @property
    def number(self) -> str:
        """Its two digits, ``04``."""
        return self.name[:2]

    @property
    def prefix(self) -> str:
        """What the names of its objects on an engine begin with, ``kata-04-``."""
        return f"kata-{self.number}-"

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the names of its objects may begin with: its ``prefix``, and what Compose makes of a project's name.

        Compose calls a project after the folder it is in (https://docs.docker.com/compose/how-tos/project-name/), if
        its file does not say ``name: kata-04``, and all that it makes after the project: ``04_run_redis_data``,
        ``04_run_redis-web-1``.
        """
        return tuple(f"{project}{sign}" for project in (self.prefix.removesuffix("-"), self.name) for sign in "-_")

    @property
    def hidden(self) -> Path:
        """The folder with its checks."""
        return self.folder / ".checks"

    @property
    def secret(self) -> Path:
        """The folder with its private checks, which no release has."""
        return self.hidden / "private"

    def check(self, wanted: str) -> Check | None:
        """Return the check with this id, None where the manifest knows none."""
        return next((check for check in self.checks if check.id == wanted), None)

    def sentence(self, mistake: Mistake) -> Text:
        """Return what the learner reads about a mistake, in both languages.

        Raises:
            KeyError: Neither the manifest nor the shared sentences know it, or a blank has no value.
        """
        text = with_remedy(mistake.key) if "." in mistake.key else self.mistakes[mistake.key]
        return text.fill(mistake.blanks)

    @classmethod
    def read(cls, folder: Path, *, private: bool = False) -> Exercise:
        """Read the manifest of the exercise in ``folder``.

        Args:
            folder: Where it is.
            private: Whether its private checks belong to it, where it has any: those below ``.checks/private/``, which
                ``private.toml`` there announces.

        Raises:
            KataError: The manifest cannot be read or is not what it must be.
        """
        manifest = folder / "exercise.toml"
        try:
            exercise = _exercise(folder, tomllib.loads(manifest.read_text(encoding="utf-8")))
            manifest = exercise.secret / "private.toml"
            if not private or not exercise.secret.is_dir():
                return exercise
            return _with_private(exercise, tomllib.loads(manifest.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise KataError("exercise.bad_manifest", file=manifest, detail=problem) from problem


@dataclass(frozen=True, slots=True)
class Course:
    """All exercises below one root."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the exercises are."""
        return self.root / "exercises"

    def names(self) -> tuple[str, ...]:
        """Return the exercises' folder names in their order; a number may be missing."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(p.name for p in self.folder.iterdir() if _FOLDER.fullmatch(p.name) and p.is_dir()))

    def exercises(self, *, private: bool = False) -> tuple[Exercise, ...]:
        """Read every exercise, with its private checks if they are wanted."""
        return tuple(Exercise.read(self.folder / name, private=private) for name in self.names())

    def resolve(self, wanted: str) -> str:
        """Return the folder name for ``04`` or ``04_run_redis``.

        Raises:
            UnknownExerciseError: There is none, or none with this number.
        """
        names = self.names()
        for name in names:
            if wanted in (name, name[:2]):
                return name
        near = next((name for name in names if wanted.isdigit() and name[:2] == wanted.zfill(2)), None)
        raise UnknownExerciseError(wanted, names, near)


class UnknownExerciseError(KataError):
    """Somebody asked for an exercise that does not exist; the message lists those that do."""

    def __init__(self, wanted: str, names: tuple[str, ...], near: str | None) -> None:
        known = " ".join(name[:2] for name in names)
        key = "exercise.unknown_near" if near else "exercise.unknown"
        super().__init__(key, wanted=wanted, known=known, near=(near or "")[:2])


def _exercise(folder: Path, data: dict[str, Any]) -> Exercise:
    take = _Table(data)
    exercise = Exercise(
        folder=folder,
        title=take.text("title"),
        files=take.strings("files"),
        made=take.strings("made", ()),
        images=take.strings("images"),
        pulls=take.strings("pulls", ()),
        changes=take.strings("changes", ()),
        seconds=float(take.number("seconds")),
        allow=_Table(take.table("guard", {})).strings("allow", ()),
        checks=tuple(take.each("check", _check)),
        hints=tuple(take.each("hint", _text)),
        mistakes=_mistakes(take.table("mistake")),
    )
    take.end()
    return exercise


def _with_private(exercise: Exercise, data: dict[str, Any]) -> Exercise:
    """Add private checks to an exercise. Its own manifest is in every release and so says nothing of them."""
    take = _Table(data)
    feedback = take.string("feedback")
    checks, mistakes = take.each("check", _check), _mistakes(take.table("mistake", {}))
    take.end()
    ids = [check.id for check in (*exercise.checks, *checks)]
    if feedback not in get_args(Feedback):
        raise ValueError(f"feedback must be one of {', '.join(get_args(Feedback))}")
    if len(set(ids)) < len(ids) or mistakes.keys() & exercise.mistakes.keys():
        raise ValueError("an id or a mistake of exercise.toml, or one of its own, stands there again")
    return replace(
        exercise,
        checks=(*exercise.checks, *checks),
        mistakes={**exercise.mistakes, **mistakes},
        private=frozenset(check.id for check in checks),
        feedback=cast("Feedback", feedback),
    )


def _check(table: _Table) -> Check:
    return Check(id=table.string("id"), points=table.number("points"), title=table.text("title"))


def _text(table: _Table) -> Text:
    return Text(en=table.string("en"), ko=table.string("ko"))


def _mistakes(table: dict[str, Any]) -> dict[str, Text]:
    take = _Table(table)
    return {key: take.text(key) for key in table}


class _Table:
    """A TOML table that is read key by key, and knows which keys nobody asked for."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = dict(data)

    def _take(self, key: str, kind: type, default: object = None) -> Any:  # noqa: ANN401 - TOML is dynamic
        if key not in self._data:
            if default is None:
                raise KeyError(f"{key} is missing")
            return default
        value = self._data.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{key} must be a {kind.__name__}, not {value!r}")
        return value

    def string(self, key: str) -> str:
        return str(self._take(key, str))

    def number(self, key: str) -> int:
        return int(self._take(key, int))

    def strings(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values = self._take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise TypeError(f"{key} must be a list of strings")
        return tuple(values)

    def table(self, key: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        return dict(self._take(key, dict, default))

    def text(self, key: str) -> Text:
        table = _Table(self.table(key))
        text = _text(table)
        table.end()
        return text

    def each(self, key: str, read: Callable[[_Table], T]) -> list[T]:
        found = []
        for row in self._take(key, list, []):
            table = _Table(row)
            found.append(read(table))
            table.end()
        return found

    def end(self) -> None:
        if self._data:
            raise KeyError(f"unknown: {', '.join(sorted(self._data))}")
