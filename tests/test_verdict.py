from __future__ import annotations

import json
import pickle

import pytest

from checker.phrase import Text
from checker.verdict import Check, Grade, Mistake, Outcome, Verdict

CHECKS = tuple(Check(id=name, points=points, title=Text(en=name, ko=name)) for name, points in (("a", 2), ("b", 3)))


def verdict(check: str, outcome: Outcome, **more: object) -> Verdict:
    return Verdict(exercise="01_x", check=check, outcome=outcome, **more)  # type: ignore[arg-type]  # as the test says


def test_only_what_passed_earns_points() -> None:
    """A check that failed earns nothing, whatever the others did."""
    grade = Grade.of("01_x", CHECKS, [verdict("a", Outcome.PASSED), verdict("b", Outcome.FAILED)])
    assert (grade.points, grade.max_points, grade.is_final) == (2, 5, True)


def test_what_did_not_run_makes_the_grade_not_final() -> None:
    """A check of the manifest without a verdict earns nothing, and the grade says that it is not final."""
    grade = Grade.of("01_x", CHECKS, [verdict("a", Outcome.PASSED)])
    assert (grade.points, grade.is_final) == (2, False)


def test_what_the_manifest_does_not_know_counts_for_nothing() -> None:
    """A verdict on a check that is not in the manifest is dropped."""
    grade = Grade.of("01_x", CHECKS, [verdict("smuggled_in", Outcome.PASSED)])
    assert (grade.points, grade.verdicts) == (0, ())


@pytest.mark.parametrize("worse", [Outcome.FAILED, Outcome.BLOCKED, Outcome.BROKEN])
def test_of_two_verdicts_the_worse_counts(worse: Outcome) -> None:
    """A check that passed and then came to grief, as in its teardown, has come to grief."""
    for pair in ((Outcome.PASSED, worse), (worse, Outcome.PASSED)):
        grade = Grade.of("01_x", CHECKS, [verdict("a", outcome) for outcome in pair])
        assert grade.verdicts[0].outcome is worse


def test_a_broken_check_is_never_a_silent_zero() -> None:
    """A grade with a broken check is not final."""
    grade = Grade.of("01_x", CHECKS, [verdict("a", Outcome.BROKEN), verdict("b", Outcome.PASSED)])
    assert (grade.points, grade.is_final, grade.has(Outcome.BROKEN)) == (3, False, True)


def test_verdicts_stand_in_the_manifests_order() -> None:
    """Whatever order checks ran in, a grade lists them as the manifest does."""
    grade = Grade.of("01_x", CHECKS, [verdict("b", Outcome.PASSED), verdict("a", Outcome.PASSED)])
    assert [v.check for v in grade.verdicts] == ["a", "b"]


def test_a_verdict_comes_back_from_json() -> None:
    """What was written is what is read, Korean and all."""
    written = verdict(
        "a", Outcome.FAILED, feedback=Text(en="no", ko="아니요"), mistake="why", blocked_by="", seconds=1.5
    )
    assert Verdict.from_json(json.loads(json.dumps(written.to_json()))) == written


@pytest.mark.parametrize(
    "spoilt",
    [
        {"check": 1},
        {"outcome": "won"},
        {"feedback": "text"},
        {"feedback": {"en": "only"}},
        {"feedback": {"en": "x", "ko": 1}},
        {"seconds": "1"},
        {"points": 10},
    ],
)
def test_what_is_no_verdict_is_refused(spoilt: dict[str, object]) -> None:
    """Unknown keys, other types and unknown outcomes are a ValueError, not a verdict."""
    data = {**verdict("a", Outcome.PASSED).to_json(), **spoilt}
    with pytest.raises(ValueError, match=r"not a verdict|not a valid Outcome"):
        Verdict.from_json(data)


def test_a_missing_key_is_refused() -> None:
    """A verdict without one of its keys is a ValueError."""
    data = verdict("a", Outcome.PASSED).to_json()
    del data["mistake"]
    with pytest.raises(ValueError, match="not a verdict"):
        Verdict.from_json(data)


def test_a_grade_writes_its_totals() -> None:
    """A grade's JSON has the totals for those who only read, and the verdicts for those who reckon."""
    data = Grade.of("01_x", CHECKS, [verdict("a", Outcome.PASSED)]).to_json()
    assert (data["points"], data["max_points"], data["final"], len(data["verdicts"])) == (2, 5, False, 1)


def test_a_mistake_survives_the_way_to_another_process() -> None:
    """A Mistake keeps its key and blanks when it is pickled."""
    again = pickle.loads(pickle.dumps(Mistake("foreground", seconds=8)))  # noqa: S301 - our own bytes
    assert (again.key, again.blanks) == ("foreground", {"seconds": 8})
