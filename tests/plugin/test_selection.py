from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.exercise import Course, UnknownExerciseError
from checker.plugin.selection import resolve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Course:
    for name in ("01_first", "04_fourth"):
        checks = tmp_path / "exercises" / name / ".checks"
        checks.mkdir(parents=True)
        (checks / "test_it.py").write_text("def test_holds():\n    pass\n")
    (tmp_path / "docs").mkdir()
    return Course(tmp_path)


@pytest.mark.parametrize(
    ("typed", "below"),
    [
        ("exercises/04", "."),
        ("04", "."),
        ("04", "exercises"),
        ("exercises/04", "exercises"),
        ("exercises/04", "docs"),
        ("../exercises/04", "docs"),
        ("exercises/04_fourth", "."),
        ("exercises/04_fourth/", "."),
        (".", "exercises/04_fourth"),
    ],
)
def test_a_number_means_its_folder(small: Course, typed: str, below: str) -> None:
    """An exercise is found by its number or folder, from the root and from below it."""
    assert resolve(typed, small, small.root / below) == str(small.folder / "04_fourth")


def test_an_absolute_path_means_its_folder(small: Course, tmp_path: Path) -> None:
    """An absolute path with a number is understood wherever it is typed."""
    assert resolve(str(small.folder / "01"), small, tmp_path.parent) == str(small.folder / "01_first")


@pytest.mark.parametrize("check", ["holds", "test_holds"])
def test_a_check_is_found_by_its_id(small: Course, check: str) -> None:
    """``exercises/04::id`` is the node id of that check, without its module's name."""
    module = small.folder / "04_fourth" / ".checks" / "test_it.py"
    assert resolve(f"exercises/04::{check}", small, small.root) == f"{module}::test_holds"


def test_a_full_node_id_keeps_its_meaning(small: Course) -> None:
    """A node id as pytest prints it, also with a number in place of the folder, is left as specific as it is."""
    module = small.folder / "04_fourth" / ".checks" / "test_it.py"
    for typed in ("exercises/04/.checks/test_it.py::test_holds", "exercises/04_fourth/.checks/test_it.py::test_holds"):
        assert resolve(typed, small, small.root) == f"{module}::test_holds"


@pytest.mark.parametrize("typed", ["tests", "exercises", ".", "tests/test_x.py::test_y", "--flag"])
def test_what_is_no_exercise_is_left_alone(small: Course, typed: str) -> None:
    """Anything outside of the exercises goes to pytest as it was typed."""
    assert resolve(typed, small, small.root) == typed


@pytest.mark.parametrize(
    ("typed", "en"),
    [
        ("exercises/99", "There is no exercise 99. These exist: 01 04"),
        ("exercises/0", "There is no exercise 0. These exist: 01 04"),
        ("exercises/4", "There is no exercise 4; did you mean 04? These exist: 01 04"),
        ("exercises/nope", "There is no exercise nope. These exist: 01 04"),
    ],
)
def test_an_unknown_number_lists_what_exists(small: Course, typed: str, en: str) -> None:
    """An exercise that does not exist is one sentence, with those that do."""
    with pytest.raises(UnknownExerciseError) as caught:
        resolve(typed, small, small.root)
    assert caught.value.cause.en == en
    assert "01 04" in caught.value.cause.ko
