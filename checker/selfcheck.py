"""Proves the course: every starter, solution and mistake that is kept beside an exercise is judged as a learner's is.

``kata selfcheck`` tries all of them, and so does ``kata test --full``; ``kata test`` itself tries one mistake for each
check. ``tests/course/NN_name/`` holds what an exercise has to stand up to::

    solutions/another_way/      a correct solution of another kind; files not given are the reference solution's
    mistakes/exposed/           a wrong one, likewise, with an expect.toml:

        check = "answers_on_this_machine_only"    # the check it must fail …
        mistake = "published_to_everyone"         # … the sentence it must get, by its key …
        shows = ["0.0.0.0"]                       # … and what has to stand in that sentence, in both languages
        long = true                               # it waits a time limit out: ./kata test does not choose it
        edit = [["run.sh", "-d", "--rm"]]         # what is other than in the reference solution: this, in place of that

    leftovers.toml              containers = ["kata-04-redis"]: names that an earlier run may have left behind
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from checker.forked import start_pytest
from checker.verdict import Grade, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.exercise import Course, Exercise

__all__ = ["Case", "Expected", "Inventory", "cases", "judge", "lay", "leftovers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a mistake must get.

    Attributes:
        check: The check that it fails.
        mistake: The key of the sentence.
        shows: What the sentence contains in both languages.
        long: Whether it is only proven where time does not matter: it waits a time limit out.
    """

    check: str
    mistake: str
    shows: tuple[str, ...]
    long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One piece of work that is kept to prove an exercise.

    Attributes:
        exercise: Which exercise.
        kind: What it is.
        name: What it is called.
        folders: Where its files are; of two with the same name the later folder's counts.
        edits: What is changed in these files then: a file, what stands in it once, and what is put in its place.
        expected: What it must get; None unless it is a mistake.
    """

    exercise: Exercise
    kind: Literal["starter", "solution", "mistake"]
    name: str
    folders: tuple[Path, ...]
    edits: tuple[tuple[str, str, str], ...] = ()
    expected: Expected | None = None

    def __str__(self) -> str:
        return f"{self.exercise.number}-{self.kind}-{self.name}"


def cases(course: Course, proofs: Path) -> tuple[Case, ...]:
    """Return every case of every exercise.

    Args:
        course: The course.
        proofs: ``tests/course``.
    """
    return tuple(case for exercise in course.exercises() for case in _cases(course, exercise, proofs / exercise.name))


def _cases(course: Course, exercise: Exercise, proofs: Path) -> Iterator[Case]:
    reference = course.root / "solutions" / exercise.name
    yield Case(exercise=exercise, kind="starter", name="as_given", folders=(exercise.folder,))
    yield Case(exercise=exercise, kind="solution", name="reference", folders=(reference,))
    for folder in _folders(proofs / "solutions"):
        yield Case(exercise=exercise, kind="solution", name=folder.name, folders=(reference, folder))
    for folder in _folders(proofs / "mistakes"):
        data = tomllib.loads((folder / "expect.toml").read_text(encoding="utf-8"))
        yield Case(
            exercise=exercise,
            kind="mistake",
            name=folder.name,
            folders=(reference, folder),
            edits=tuple((file, old, new) for file, old, new in data.get("edit", ())),
            expected=_expected(data),
        )


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


def _expected(data: dict[str, Any]) -> Expected:
    return Expected(
        check=data["check"], mistake=data["mistake"], shows=tuple(data.get("shows", ())), long=data.get("long") is True
    )


def judge(case: Case, root: Path, *options: str) -> Grade:
    """Judge a case as ``pytest exercises/NN --work FOLDER`` does, in a process of its own.

    Args:
        case: What to judge.
        root: The project's folder.
        options: More options of pytest.

    Raises:
        RuntimeError: That process wrote no grade; the message has what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="kata-case-") as folder:
        work = Path(folder) / case.exercise.name
        work.mkdir()
        lay(case, work)
        file = Path(folder) / "grades.json"
        said = Path(folder) / "said"
        process = start_pytest(
            # with "=", or pytest takes the folder for a test and looks there for its configuration
            ["-p", "no:cacheprovider", *options, *_selection(case), f"--work={folder}", f"--grades={file}"],
            root=root,
            folder=root,
            # what other plugins of the environment cost and do is none of a learner's business
            environment={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            complaints=said,
            output=said,
        )
        process.wait()
        if not file.is_file():
            raise RuntimeError(
                f"{case}: no grade, exit code {process.code}\n{said.read_text(encoding='utf-8', errors='replace')}"
            )
        return _grade(case.exercise, json.loads(file.read_text(encoding="utf-8")))


def _selection(case: Case) -> list[str]:
    """Return what to run: of a mistake, the checks up to the one that it must fail, since later ones cannot matter."""
    if case.expected is None:
        return [f"exercises/{case.exercise.number}"]
    ids = [check.id for check in case.exercise.checks]
    upto = ids[: ids.index(case.expected.check) + 1]
    return [f"exercises/{case.exercise.number}::{check}" for check in upto]


def lay(case: Case, work: Path) -> None:
    """Put a case's files into a folder.

    Args:
        case: The case.
        work: A folder that is there.

    Raises:
        ValueError: What an edit replaces does not stand in its file just once.
    """
    for source in case.folders:
        _copy(source, work)
    for name, old, new in case.edits:
        _edit(work / name, old, new)


def _copy(source: Path, work: Path) -> None:
    """Copy files; of the starter only what is the learner's."""
    ours = {"README.md", "README.ko.md", "exercise.toml", ".checks", "expect.toml"}
    shutil.copytree(
        source,
        work,
        dirs_exist_ok=True,
        symlinks=True,
        ignore=lambda folder, names: ours & set(names) if Path(folder) == source else set(),
    )


def _edit(file: Path, old: str, new: str) -> None:
    """Put one thing in the place of another, which has to stand in the file just once."""
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{file.name}: {text.count(old)} times {old!r}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _grade(exercise: Exercise, data: dict[str, Any]) -> Grade:
    found = next(grade for grade in data["grades"] if grade["exercise"] == exercise.name)
    return Grade.of(exercise.name, exercise.checks, (Verdict.from_json(verdict) for verdict in found["verdicts"]))


def leftovers(proofs: Path, exercise: Exercise) -> tuple[str, ...]:
    """Return the names of containers that an earlier run of an exercise may have left behind."""
    file = proofs / exercise.name / "leftovers.toml"
    if not file.is_file():
        return ()
    return tuple(tomllib.loads(file.read_text(encoding="utf-8")).get("containers", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything on an engine, by what would show a change."""

    containers: frozenset[str]
    images: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]

    @classmethod
    def of(cls, client: DockerClient) -> Inventory:
        """Take stock of an engine."""
        api = client.api
        return cls(
            containers=frozenset(f"{row['Names'][0]} {row['Id']} {row['State']}" for row in api.containers(all=True)),
            images=frozenset(f"{tag} {row['Id']}" for row in api.images() for tag in row["RepoTags"] or ["<none>"]),
            volumes=frozenset(row["Name"] for row in api.volumes()["Volumes"] or ()),
            networks=frozenset(f"{row['Name']} {row['Id']}" for row in api.networks()),
        )

    def differences(self, later: Inventory) -> tuple[str, ...]:
        """Return what went (``- …``) and what came (``+ …``) between this and a later one."""
        pairs = (
            (self.containers, later.containers),
            (self.images, later.images),
            (self.volumes, later.volumes),
            (self.networks, later.networks),
        )
        went = (f"- {what}" for before, after in pairs for what in sorted(before - after))
        came = (f"+ {what}" for before, after in pairs for what in sorted(after - before))
        return (*went, *came)
