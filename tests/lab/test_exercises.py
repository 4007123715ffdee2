"""The course in labs: what is right is right there too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Course
from tests.lab.conftest import ROOT, graded

if TYPE_CHECKING:
    from pathlib import Path

    from checker.lab import Lab

pytestmark = pytest.mark.docker
NAMES = Course(ROOT).names()


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_earns_everything_in_a_lab(name: str, lab: Lab, solutions: Path, tmp_path: Path) -> None:
    """Each reference solution earns in a lab what it earns on a plain engine: all points, and no check is broken."""
    grade = graded(lab, name[:2], solutions, tmp_path / "grades.json")
    assert {verdict["outcome"] for verdict in grade["verdicts"]} == {"passed"}, json.dumps(grade, indent=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_earns_nothing_in_a_lab(name: str, lab: Lab, tmp_path: Path) -> None:
    """What a learner begins with earns nothing in a lab, and nothing is broken."""
    grade = graded(lab, name[:2], None, tmp_path / "grades.json")
    outcomes = {verdict["outcome"] for verdict in grade["verdicts"]}
    assert outcomes <= {"failed", "blocked"}, json.dumps(grade, indent=1)
