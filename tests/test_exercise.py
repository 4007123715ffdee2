from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.exercise import Course, Exercise, UnknownExerciseError
from checker.phrase import KataError
from checker.verdict import Mistake

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """
title = { en = "First", ko = "첫째" }
files = ["run.sh"]
images = ["busybox:1"]
seconds = 30

[[check]]
id = "holds"
points = 10
title = { en = "It holds", ko = "맞아요" }

[[hint]]
en = "Look."
ko = "봐요."

[mistake.wrong]
en = "{file} is wrong."
ko = "{file:이} 틀렸어요."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exercises" / "01_first"
    folder.mkdir(parents=True)
    (folder / "exercise.toml").write_text(MANIFEST, encoding="utf-8")
    return folder


def test_a_manifest_says_it_all(folder: Path) -> None:
    """What the manifest has is what the exercise is."""
    exercise = Exercise.read(folder)
    assert (exercise.name, exercise.number, exercise.prefix) == ("01_first", "01", "kata-01-")
    assert exercise.prefixes == ("kata-01-", "kata-01_", "01_first-", "01_first_")
    assert (exercise.files, exercise.images, exercise.seconds) == (("run.sh",), ("busybox:1",), 30.0)
    assert (exercise.made, exercise.pulls, exercise.changes, exercise.allow) == ((), (), (), ())
    assert exercise.title.ko == "첫째"
    assert [check.id for check in exercise.checks] == ["holds"]
    assert [hint.en for hint in exercise.hints] == ["Look."]
    assert exercise.check("no_such") is None


def test_a_mistake_gets_its_sentence_in_both_languages(folder: Path) -> None:
    """A key without a dot is the exercise's own, one with a dot is everybody's."""
    exercise = Exercise.read(folder)
    own = exercise.sentence(Mistake("wrong", file="run.sh"))
    assert (own.en, own.ko) == ("run.sh is wrong.", "run.sh가 틀렸어요.")
    shared = exercise.sentence(Mistake("work.empty", file="run.sh"))
    assert (shared.en, shared.ko) == ("run.sh is empty.", "run.sh가 비어 있어요.")


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('files = ["run.sh"]', "", "files is missing"),
        ("seconds = 30", 'seconds = "30"', "seconds must be a int"),
        ("seconds = 30", "seconds = true", "seconds must be a int"),
        ("seconds = 30", "seconds = 30\ncolour = 1", "unknown: colour"),
        ('files = ["run.sh"]', "files = [1]", "files must be a list of strings"),
        ("points = 10", "", "points is missing"),
        ("points = 10", "points = 10\nworth = 3", "unknown: worth"),
        ('ko = "봐요."', "", "ko is missing"),
        ("[[check]]", "[[check", "Expected ']]'"),
    ],
)
def test_a_bad_manifest_is_our_fault_and_says_where(folder: Path, before: str, after: str, complaint: str) -> None:
    """A key that is missing, unknown or of another type is named, with the file, in both languages."""
    manifest = folder / "exercise.toml"
    manifest.write_text(MANIFEST.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(KataError) as caught:
        Exercise.read(folder)
    for text in (caught.value.cause.en, caught.value.cause.ko):
        assert complaint in text
        assert str(manifest) in text
    assert "fault of the course" in caught.value.remedy.en
    assert "저희 쪽 문제" in caught.value.remedy.ko


def test_an_exercise_without_manifest_is_our_fault(folder: Path) -> None:
    """A folder whose manifest is gone is a KataError that names the file."""
    (folder / "exercise.toml").unlink()
    with pytest.raises(KataError, match=r"exercise\.toml"):
        Exercise.read(folder)


def test_numbers_need_not_follow_each_other(tmp_path: Path) -> None:
    """A course lists the folders that are numbered, in order, whatever is missing between them."""
    for name in ("07_seven", "01_one", "notes", "24_last", "1_short"):
        (tmp_path / "exercises" / name).mkdir(parents=True)
    assert Course(tmp_path).names() == ("01_one", "07_seven", "24_last")


def test_a_course_without_exercises_is_empty(tmp_path: Path) -> None:
    """No folder of exercises, no exercises."""
    assert Course(tmp_path).names() == ()


@pytest.mark.parametrize("wanted", ["07", "07_seven"])
def test_an_exercise_is_found_by_number_and_name(tmp_path: Path, wanted: str) -> None:
    """Both ways to name an exercise lead to its folder."""
    (tmp_path / "exercises" / "07_seven").mkdir(parents=True)
    assert Course(tmp_path).resolve(wanted) == "07_seven"


def test_a_number_that_is_nearly_right_is_suggested(tmp_path: Path) -> None:
    """``7`` is not ``07``, but we say so."""
    (tmp_path / "exercises" / "07_seven").mkdir(parents=True)
    with pytest.raises(UnknownExerciseError) as caught:
        Course(tmp_path).resolve("7")
    assert caught.value.cause.en == "There is no exercise 7; did you mean 07? These exist: 07"
    assert caught.value.cause.ko == "7번 연습문제는 없어요. 혹시 07번인가요? 있는 번호: 07"
