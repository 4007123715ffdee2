from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise
from checker.mutation import survivors
from checker.mutation.survivors import equivalents, fates
from checker.phrase import KataError
from checker.verdict import Grade, Outcome, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from checker.selfcheck import Case


class Course:
    """A project of one exercise, whose judge looks for words in what is handed in."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.root = folder
        self.proofs = folder / "tests" / "course"
        self.exercise = Exercise.read(root / "exercises" / "04_run_redis")
        self.solution = folder / "solutions" / self.exercise.name
        self.solution.mkdir(parents=True)
        (self.solution / "run.sh").write_text("set -e\ndocker run redis\nboom\n", encoding="utf-8")

    def says(self, text: str) -> None:
        file = self.proofs / self.exercise.name / "equivalent.toml"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")

    def judge(self, case: Case, root: Path, *_: str) -> Grade:
        assert root == self.root
        text = (case.folders[-1] / "run.sh").read_text(encoding="utf-8")
        outcome = (
            Outcome.BROKEN if "boom" not in text else Outcome.PASSED if "docker run redis" in text else Outcome.FAILED
        )
        verdicts = (
            Verdict(exercise=self.exercise.name, check=check.id, outcome=outcome) for check in self.exercise.checks
        )
        return Grade.of(self.exercise.name, self.exercise.checks, verdicts)


@pytest.fixture
def little(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A little course, judged without an engine."""
    course = Course(tmp_path, root)
    monkeypatch.setattr(survivors, "judge", course.judge)
    return course


def seen(course: Course) -> dict[str, tuple[bool, bool, bool]]:
    return {
        str(fate.variant): (fate.survived, bool(fate.broken), fate.is_right)
        for fate in fates(course.exercise, course.root, course.proofs)
    }


def test_what_survives_or_breaks_is_not_right(little: Course) -> None:
    """A variant that earns all points, and one that breaks our checks, are to be looked at; one that fails is not."""
    found = seen(little)
    assert found["run.sh: without “set -e”"] == (True, False, False)
    assert found["run.sh: without “docker run redis”"] == (False, False, True)
    assert found["run.sh: without “boom”"] == (False, True, False)


def test_what_is_as_good_is_listed_with_a_reason(little: Course) -> None:
    """A listed survivor is right, and one that is listed and fails is not."""
    entry = '[[equivalent]]\nvariant = "run.sh: without “{}”"\nwhy = "because"\n'
    little.says(entry.format("set -e") + entry.format("docker run redis"))
    found = seen(little)
    assert found["run.sh: without “set -e”"] == (True, False, True)
    assert found["run.sh: without “docker run redis”"] == (False, False, False)


@pytest.mark.parametrize(
    ("text", "en", "ko"),
    [
        ('[[equivalent]]\nvariant = "run.sh: without “set -e”"\n', "does not say why", "왜 그런지는 없어요"),
        (
            '[[equivalent]]\nvariant = "run.sh: gone"\nwhy = "x"\n',
            "does not have any more: run.sh: gone",
            "지금 정답에는",
        ),
    ],
)
def test_a_list_that_does_not_fit_is_an_error(little: Course, text: str, en: str, ko: str) -> None:
    """An entry without a reason, and one of a variant that does not exist, are said and not passed over."""
    little.says(text)
    with pytest.raises(KataError) as caught:
        seen(little)
    assert en in caught.value.cause.en
    assert ko in caught.value.cause.ko


def test_nothing_is_listed_where_there_is_no_list(little: Course) -> None:
    """An exercise without equivalent.toml has no equivalents."""
    assert equivalents(little.proofs, little.exercise) == {}
