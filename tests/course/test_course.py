from __future__ import annotations

import os
import string
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.exercise import Course
from checker.selfcheck import Case, Inventory, cases, judge, lay, leftovers
from checker.verdict import Grade, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.exercise import Exercise
    from checker.phrase import Text

OTHERS = 3  # kept solutions of an exercise that are tried each time, beside the reference; --full tries them all
PROOFS = Path(__file__).parent
COURSE = Course(PROOFS.parent.parent)
CASES = cases(COURSE, PROOFS)


def kept(kind: str) -> list[Case]:
    return [case for case in CASES if case.kind == kind]


def once_for_each_check(cases: list[Case]) -> list[Any]:
    """Mark as long-running what waits long, or fails a check that an earlier case fails; selfcheck tries them all."""
    seen: set[tuple[str, str]] = set()
    marked = []
    for case in cases:
        assert case.expected is not None
        what = (case.exercise.name, case.expected.check)
        marks = [pytest.mark.full] if case.expected.long or what in seen else []
        marked.append(pytest.param(case, id=str(case), marks=marks))
        if not case.expected.long:
            seen.add(what)
    return marked


def some_of_each(cases: list[Case]) -> list[Any]:
    """Mark all but the reference and the first few of an exercise's solutions as long-running."""
    seen: Counter[str] = Counter()
    marked = []
    for case in cases:
        seen[case.exercise.name] += 1
        marks = [pytest.mark.full] if seen[case.exercise.name] > 1 + OTHERS else []
        marked.append(pytest.param(case, id=str(case), marks=marks))
    return marked


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def described(grade: Grade) -> str:
    return "\n".join(
        f"{v.check}: {v.outcome} {v.mistake} {v.feedback.en if v.feedback else ''}" for v in grade.verdicts
    )


@pytest.fixture
def unchanged(client: DockerClient) -> Iterator[None]:
    """The engine has afterwards what it had before; beside other tests that is asked at their common end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield
        return
    before = Inventory.of(client)
    yield
    assert before.differences(Inventory.of(client)) == ()


@pytest.mark.docker
@pytest.mark.course
@pytest.mark.parametrize("case", kept("starter"), ids=str)
def test_a_starter_earns_nothing(case: Case, root: Path, unchanged: None) -> None:
    """What a learner is given earns no point, and says so without anything being broken."""
    grade = judge(case, root)
    assert grade.points == 0, described(grade)
    assert grade.is_final, described(grade)


@pytest.mark.docker
@pytest.mark.course
@pytest.mark.parametrize("case", some_of_each(kept("solution")))
def test_a_solution_earns_everything(case: Case, root: Path, client: DockerClient, unchanged: None) -> None:
    """A correct solution earns every point, also with what an earlier run left lying about; the reference both ways."""
    for again in (False, True) if case.name == "reference" else (True,):
        if again:
            leave_behind(client, case.exercise)
        grade = judge(case, root)
        assert grade.is_final, described(grade)
        assert grade.points == grade.max_points, described(grade)


def leave_behind(client: DockerClient, exercise: Exercise) -> None:
    left = [f"{prefix}left-by-a-killed-run" for prefix in exercise.prefixes]
    for name in (*left, *leftovers(PROOFS, exercise)):
        client.api.create_container("busybox:1", ["true"], name=name)
        client.api.create_volume(name)
    for prefix in exercise.prefixes:
        if prefix.endswith("_"):  # where docker compose up was tried at a terminal
            client.api.create_network(f"{prefix}default")


@pytest.mark.docker
@pytest.mark.course
@pytest.mark.parametrize("case", once_for_each_check(kept("mistake")))
def test_a_mistake_fails_its_check_with_its_sentence(case: Case, root: Path, unchanged: None) -> None:
    """A known mistake fails the check it is known for, with the sentence it is known for, in both languages."""
    assert case.expected is not None
    grade = judge(case, root)
    assert not grade.has(Outcome.BROKEN), described(grade)
    verdict = next((v for v in grade.verdicts if v.check == case.expected.check), None)
    assert verdict is not None
    assert (verdict.outcome, verdict.mistake) == (Outcome.FAILED, case.expected.mistake), described(grade)
    assert verdict.feedback is not None
    for fragment in case.expected.shows:
        assert fragment in verdict.feedback.en
        assert fragment in verdict.feedback.ko


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_every_check_is_failed_by_a_mistake(exercise: Exercise) -> None:
    """A check that no kept mistake fails would prove nothing."""
    failed = {c.expected.check for c in kept("mistake") if c.expected and c.exercise.name == exercise.name}
    assert {check.id for check in exercise.checks} - failed == set()


def test_every_edit_finds_its_place(tmp_path: Path) -> None:
    """What a mistake has in place of something in the reference solution is put there, and nowhere else."""
    for case in kept("mistake"):
        work = tmp_path / str(case)
        work.mkdir()
        lay(case, work)
        for file, _, new in case.edits:
            assert new in (work / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_ten_points_an_exercise(exercise: Exercise) -> None:
    """Every exercise is worth ten points."""
    assert sum(check.points for check in exercise.checks) == 10


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_both_languages_say_the_same(exercise: Exercise) -> None:
    """Titles, hints and mistakes exist in both languages, are not the same text, and have the same blanks."""
    texts: list[Text] = [exercise.title, *exercise.hints, *exercise.mistakes.values()]
    texts += [check.title for check in exercise.checks]
    for text in texts:
        assert text.en.strip()
        assert text.ko.strip()
        assert text.en != text.ko
        assert blanks(text.en) == blanks(text.ko), text


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_every_mistake_can_be_made(exercise: Exercise) -> None:
    """Each sentence of a manifest is raised somewhere in its checks."""
    source = "".join(path.read_text(encoding="utf-8") for path in exercise.hidden.rglob("*.py"))
    assert [key for key in exercise.mistakes if f'"{key}"' not in source] == []


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_an_exercise_is_complete(exercise: Exercise) -> None:
    """An exercise has prompts in both languages, a picture, three hints or more, and two solutions."""
    prompts = [exercise.folder / "README.md", exercise.folder / "README.ko.md"]
    assert all(prompt.is_file() for prompt in prompts)
    assert all(".svg" in prompt.read_text(encoding="utf-8") for prompt in prompts)
    assert len(exercise.hints) >= 3
    assert {case.name for case in kept("solution") if case.exercise.name == exercise.name} > {"reference"}
    assert all((COURSE.root / "solutions" / exercise.name / file).is_file() for file in exercise.files)


@pytest.mark.parametrize("exercise", COURSE.exercises(), ids=lambda exercise: exercise.name)
def test_what_is_given_is_what_the_learner_sees(exercise: Exercise) -> None:
    """The files we restore in a run are the same that lie in the exercise's folder."""
    given = exercise.hidden / "given"
    for path in given.rglob("*"):
        if path.is_file():
            seen = exercise.folder / path.relative_to(given)
            assert seen.read_bytes() == path.read_bytes()
