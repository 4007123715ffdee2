from __future__ import annotations

from dataclasses import replace

import pytest

from checker.phrase import Text
from checker.report.gradebook import Sheet, Standing
from checker.report.gradebook.tally import Class
from checker.report.result import Result
from checker.verdict import Check, Grade, Outcome, Verdict
from tests.report.classroom import a_class, exercises, graded

P, F, B, X = Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED, Outcome.BROKEN
ONE, TWO = exercises(2)


def only(result: Result) -> Sheet:
    return Sheet.of([result], [ONE])


def standing(result: Result) -> Standing:
    return only(result).rows[0].cells[0].standing


@pytest.mark.parametrize(
    ("outcomes", "expected", "points"),
    [
        ([P, P, P, P, P], Standing.FULL, 10),
        ([P, F, P, P, P], Standing.PARTLY, 8),
        ([F, F, F, F, F], Standing.PARTLY, 0),
        ([P, F, B, B, P], Standing.BLOCKED, 3),
        ([P, P, P, P, X], Standing.BROKEN, 9),
        ([F, B, P, P, X], Standing.BROKEN, 5),
        ([P, P, P, P], Standing.BROKEN, 9),
    ],
)
def test_where_a_grade_puts_a_student(outcomes: list[Outcome], expected: Standing, points: int) -> None:
    """Broken hides blocked, blocked hides failed, and a check without a verdict leaves the grade not final."""
    cell = only(graded("kim", ONE, outcomes)).rows[0].cells[0]
    assert (cell.standing, cell.points, cell.most) == (expected, points, 10)


@pytest.mark.parametrize("state", ["missing", "refused", "broken"])
def test_what_has_no_grade_is_marked_as_what_it_is(state: str) -> None:
    """A result without verdicts stands as missing, refused or broken, and earns nothing."""
    result = Result(student="kim", exercise=ONE.name, state=state)  # type: ignore[arg-type]  # one of its states
    assert standing(result) == state
    assert only(result).rows[0].points == 0


def test_a_grade_that_claims_to_be_there_and_is_not_is_broken() -> None:
    """A graded result without a grade does not pass for a zero."""
    assert standing(Result(student="kim", exercise=ONE.name, state="graded")) is Standing.BROKEN


def test_who_is_not_graded_yet_is_pending() -> None:
    """A class that was stopped half way shows who is still to come, and their totals as not final."""
    sheet = Sheet.of([graded("kim", ONE, [P, P, P, P, P])], [ONE, TWO])
    assert [cell.standing for cell in sheet.rows[0].cells] == [Standing.FULL, Standing.PENDING]
    assert not sheet.rows[0].is_final


def test_the_last_result_counts_and_other_exercises_do_not() -> None:
    """Graded again replaces graded before; what was graded of another exercise is not in this table."""
    before, after = graded("kim", ONE, [F, F, F, F, F]), graded("kim", ONE, [P, P, P, P, P])
    other = graded("lee", TWO, [P, P, P, P, P])
    sheet = Sheet.of([before, other, after], [ONE])
    assert [(row.student, row.points) for row in sheet.rows] == [("kim", 10)]


def test_students_are_sorted_as_people_count() -> None:
    """kim2 comes before kim10, capitals do not matter, and a number of any length is only a name."""
    names = ["kim10", "Kim2", "lee", "김", "kim2", "7" * 5000, "10", "9"]
    results = [graded(name, ONE, [P, P, P, P, P]) for name in names]
    expected = ["9", "10", "7" * 5000, "Kim2", "kim2", "kim10", "lee", "김"]
    assert [row.student for row in Sheet.of(results, [ONE]).rows] == expected


@pytest.mark.parametrize(
    ("report", "address"),
    [
        ("students/kim/01.html", "students/kim/01.html"),
        ("students/김 민지/01.html", "students/%EA%B9%80%20%EB%AF%BC%EC%A7%80/01.html"),
        ("students/a?b#c/01.html", "students/a%3Fb%23c/01.html"),
        ('students/a"onclick=x/01.html', "students/a%22onclick%3Dx/01.html"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("", ""),
        ("/etc/passwd", ""),
        ("//elsewhere.example/x", ""),
        ("../../elsewhere.html", ""),
        ("students/../../x.html", ""),
        ("students/\x1b[31m/x.html", ""),
        ("java\tscript:alert(1)", "java%09script%3Aalert%281%29"),
        ("\x01javascript:alert(1)", ""),
        ("students\\..\\x", "students%5C..%5Cx"),
    ],
)
def test_a_link_leads_to_a_file_beside_the_page_or_nowhere(report: str, address: str) -> None:
    """A report's place becomes a relative address without a scheme, a host or a way up; else there is no link."""
    cell = only(graded("kim", ONE, [P, P, P, P, P], report=report)).rows[0].cells[0]
    assert cell.report == address


def test_a_students_name_leads_to_their_report_where_there_is_one() -> None:
    """One report for all exercises is linked by the name; a report an exercise is linked by its cell alone."""
    shared = [graded("kim", one, [P, P, P, P, P], report="students/kim.html") for one in (ONE, TWO)]
    assert Sheet.of(shared, [ONE, TWO]).rows[0].report == "students/kim.html"
    several = [graded("kim", one, [P, P, P, P, P], report=f"{one.name}.html") for one in (ONE, TWO)]
    assert Sheet.of(several, [ONE, TWO]).rows[0].report == ""


def test_why_a_work_was_refused_is_said_with_what_to_do() -> None:
    """The reason is kept as a key, and read in both languages."""
    reason = ("work.too_large", {"file": "run.sh", "megabytes": "120"})
    cell = only(Result(student="kim", exercise=ONE.name, state="refused", reason=reason)).rows[0].cells[0]
    assert cell.reason is not None
    assert "run.sh" in cell.reason.en
    assert "120" in cell.reason.ko


@pytest.mark.parametrize("key", ["work.no_longer_said", "nowhere.at_all", "nothing"])
def test_a_reason_that_nobody_knows_any_more_costs_only_itself(key: str) -> None:
    """A result that an older checker wrote may name a sentence that is gone; the rest of the book is still written."""
    cell = only(Result(student="kim", exercise=ONE.name, state="refused", reason=(key, {}))).rows[0].cells[0]
    assert (cell.standing, cell.reason) == (Standing.REFUSED, None)


def test_private_checks_count_although_no_manifest_names_them() -> None:
    """What there is to earn, and which checks there are, is what the grades say where they say more."""
    private = Check(id="private", points=5, title=Text(en="private", ko="private"))
    verdict = Verdict(exercise=ONE.name, check="private", outcome=P)
    grade = Grade.of(ONE.name, (*ONE.checks, private), [verdict])
    sheet = only(Result(student="kim", exercise=ONE.name, state="broken", grade=grade))
    assert sheet.columns[0].most == sheet.most == 15
    assert sheet.columns[0].checks[-1] == private
    assert sheet.rows[0].cells[0].outcomes == (None, None, None, None, None, P)


def test_the_distribution_counts_final_grades_only() -> None:
    """Who handed in nothing, was refused or could not be judged says nothing about how hard an exercise is."""
    results = [
        graded("a", ONE, [P, P, P, P, P]),
        graded("b", ONE, [P, P, P, P, F]),
        graded("c", ONE, [F, F, F, F, F]),
        graded("d", ONE, [P, P, P, P, X]),
        Result(student="e", exercise=ONE.name, state="missing"),
        Result(student="f", exercise=ONE.name, state="refused"),
    ]
    tally = Class.of(Sheet.of(results, [ONE])).columns[0]
    assert tally.bins == (1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)
    assert tally.mean == pytest.approx(19 / 3)
    assert tally.median == 9
    assert tally.standings[Standing.MISSING] == tally.standings[Standing.REFUSED] == 1


def test_an_exercise_that_nobody_was_judged_in_has_no_mean() -> None:
    """Nothing is divided by nobody."""
    whole = Class.of(Sheet.of([Result(student="e", exercise=ONE.name, state="missing")], [ONE]))
    assert (whole.percent, whole.columns[0].mean, whole.columns[0].median) == (None, None, None)
    assert whole.most_failed(5) == ()


def test_the_mean_counts_every_final_grade_alike() -> None:
    """100 % in one exercise and 70 % in another are 85 % for the class."""
    sheet = Sheet.of([graded("a", ONE, [P, P, P, P, P]), graded("a", TWO, [P, P, F, P, P])], [ONE, TWO])
    assert Class.of(sheet).percent == 85


def test_the_checks_most_failed_come_first_with_what_was_read() -> None:
    """A mistake counts once however its blanks were filled, and is shown in its most frequent wording."""

    def failed(student: str, said: str, mistake: str = "wrong_port") -> Result:
        result = graded(student, ONE, [F, P, P, P, P])
        assert result.grade is not None
        first, *others = result.grade.verdicts
        first = replace(first, mistake=mistake, feedback=Text(en=said, ko=said))
        return replace(result, grade=replace(result.grade, verdicts=(first, *others)))

    results = [failed("a", "port 1"), failed("b", "port 2"), failed("c", "port 2"), failed("d", "asleep", "asleep")]
    results += [graded("e", ONE, [P, F, B, B, P])]
    worst, second = Class.of(Sheet.of(results, [ONE])).most_failed(9)
    assert (worst.check.id, worst.failed, worst.judged, worst.percent) == ("answers", 4, 5, 80)
    assert [(said.text.en, said.count) for said in worst.sentences] == [("port 2", 3), ("asleep", 1)]
    assert (second.check.id, second.failed, second.percent) == ("keeps_running", 1, 20)
    blocked = Class.of(Sheet.of(results, [ONE])).columns[0].checks[2]
    assert (blocked.judged, blocked.failed, blocked.blocked) == (4, 0, 1)


def test_the_invented_class_has_everything_in_it() -> None:
    """The tests in a browser look at every standing, so the class that they look at has to have each."""
    course = exercises(24)
    found = Class.of(Sheet.of(a_class(60, course), course)).standings
    assert [one for one in Standing if not found[one]] == []
