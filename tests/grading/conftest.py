"""An exercise to hand something in for, and an honest student whose intake nobody else may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise
from checker.phrase import Text
from checker.verdict import Check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    return make_exercise(tmp_path / "course" / "01_first")


def make_exercise(folder: Path) -> Exercise:
    given = folder / ".checks" / "given" / "app"
    given.mkdir(parents=True)
    (given / "server.py").write_text("ours")
    (folder / ".checks" / "test_first.py").write_text("ours")
    (folder / "exercise.toml").write_text("ours")
    return Exercise(
        folder=folder,
        title=Text(en="", ko=""),
        files=("run.sh", "Dockerfile"),
        made=("cold.txt",),
        images=(),
        pulls=(),
        changes=(),
        seconds=1,
        allow=(),
        checks=(
            Check(id="runs", points=2, title=Text(en="", ko="")),
            Check(id="stops", points=3, title=Text(en="", ko="")),
        ),
        hints=(),
        mistakes={},
    )


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """The folder with the submissions, one of them by an honest student."""
    folder = tmp_path / "handed-in"
    work = folder / "honest" / "exercises" / "01_first"
    work.mkdir(parents=True)
    (work / "run.sh").write_text("#!/bin/sh\necho honest\n")
    (work / "Dockerfile").write_text("FROM busybox:1\n")
    return folder
