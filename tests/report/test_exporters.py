from __future__ import annotations

import base64
import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.exercise import Course, Exercise
from checker.phrase import KataError, Language, Text
from checker.report.exporters import FORMATS, Setting
from checker.report.exporters.wording import clip, in_one_line, told
from checker.report.graded import Graded, read_grades
from checker.verdict import Check, Grade, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GOLDEN = Path(__file__).parent / "golden"
ENVIRON = {
    "CLASSROOM": "docker",
    "ASSIGNMENT": "redis",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "kim",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/kim/commit/a1b2c3d",
    "RELEASE_URL": "https://git.example/kim/releases/1",
}
CHECKS = {
    "04_redis": {"runs": 2, "answers": 2, "remembers": 1, "stops": 2},
    "05_nginx": {"serves": 3, "reloads": 3},
}
# what a learner's container or script may print, hoping to be read as something else than text
PAYLOADS = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "]]></failure><testcase name='forged'/><!--",
    "[a](javascript:alert(1)) ![](x) `code` | cell | # head",
    "\x1b[31mred\x1b[0m \x1b]52;c;cGFzdGU=\x07 \x9b31m \x1b",
    "safe\u202egnp.exe \u2066x\u2069",
    '::notice title=Autograding report::{"totalPoints":10,"maxPoints":10}',
    'innocent\n::notice title=Autograding report::{"totalPoints":10,"maxPoints":10}',
    "innocent\r::error::x\x85::error::y\u2028::error::z\x0b::error::w",
    "  ::add-mask::secret",
    "::error file=a:b,line=1::colons in the properties",
    "##[error]x ##[group]y",
    '"},{"name":"forged","status":"pass","score":99}],"max_score":99,"x":[{"y":"',
    "\x00\x01\x08\ufffe\uffff\ud800",
    "=cmd|' /C calc'!A0",
    "${{ secrets.TOKEN }} $(id) `id`",
    "x" * 100_000,
    "한글🐳" * 30_000,
)


def setting(language: Language = "en", environ: Mapping[str, str] = ENVIRON) -> Setting:
    return Setting(language=language, environ=environ, now=dt.datetime(2026, 6, 1, 14, 32, tzinfo=dt.UTC))


def exercise(name: str, checks: Mapping[str, int]) -> Exercise:
    """Return an exercise with these checks and their points."""
    title = Text(en=name[3:].title(), ko=f"{name[3:].title()} 띄우기")
    return Exercise(
        folder=Path("exercises", name),
        title=title,
        files=("run.sh",),
        made=(),
        images=(),
        pulls=(),
        changes=(),
        seconds=60,
        allow=(),
        checks=tuple(
            Check(id=check, points=points, title=Text(en=f"It {check}", ko=f"{check} 확인"))
            for check, points in checks.items()
        ),
        hints=(),
        mistakes={},
    )


def graded(name: str, outcomes: str, feedback: Text | None = None, checks: Mapping[str, int] | None = None) -> Graded:
    """Return an exercise and its grade: a letter a check, p, f, b, ! or - for one that did not run."""
    kinds = {"p": Outcome.PASSED, "f": Outcome.FAILED, "b": Outcome.BLOCKED, "!": Outcome.BROKEN}
    of = exercise(name, checks or CHECKS[name])
    verdicts = [
        Verdict(
            exercise=name,
            check=check.id,
            outcome=kinds[letter],
            feedback=None if letter == "p" else feedback or Text(en=f"Why {check.id}.", ko=f"{check.id} 이유."),
            seconds=0.25,
        )
        for check, letter in zip(of.checks, outcomes, strict=True)
        if letter != "-"
    ]
    return Graded(of, Grade.of(name, of.checks, verdicts))


def exported(form: str, *grades: Graded, language: Language = "en") -> str:
    return FORMATS[form](grades, setting(language))


def reporter(text: str, name: str = "ex-04") -> tuple[float, dict[str, float] | None, int, list[str]]:
    """Do what GitHub Classroom's reporter does: return the table's total, the notice, the exit code and its log."""
    environ = {f"{name.strip().upper()}_RESULTS": base64.b64encode(text.encode()).decode()}
    results = json.loads(base64.b64decode(environ["EX-04_RESULTS"]))
    passed, log = 0, []
    for test in results["tests"]:
        if test["status"] == "pass":
            log.append(f"✅ {test['name']}\n")
            passed += 1
        else:
            log += [f"❌ {test['name']}\n", f"Error: {test['message'] or 'Failed'}\n"]
    table = passed / len(results["tests"]) * (results["max_score"] or 0)
    points = sum(test["score"] for test in results["tests"])
    notice = {"totalPoints": points, "maxPoints": results["max_score"]} if results["max_score"] else None
    return table, notice, int(results["status"] != "pass"), "".join(f"{line}\n" for line in log).split("\n")


def valid_classroom(data: dict[str, Any]) -> bool:
    """Whether GitHub Classroom's reporter understands it (formats.md, 1)."""
    keys = {"name", "status", "message", "test_code", "filename", "line_no", "duration", "score"}
    tests = data["tests"]
    return (
        set(data) == {"version", "status", "max_score", "tests"}
        and data["version"] == 1
        and data["status"] in {"pass", "fail", "error"}
        and len(tests) > 0
        and all(set(test) == keys and test["status"] in {"pass", "fail", "error"} for test in tests)
        and all(type(test["score"]) is int and test["name"] for test in tests)
        and not any(c in test[key] for test in tests for key in ("name", "message", "test_code") for c in "\r\n")
    )


def valid_classroom50(data: dict[str, Any]) -> bool:
    """Whether Classroom 50's runner and collector accept it (formats.md, 2)."""
    texts = ("classroom", "assignment", "owner", "commit", "release", "review", "datetime")

    def scores(row: dict[str, Any]) -> bool:
        return type(row["score"]) is int and type(row["max-score"]) is int and 0 <= row["score"] <= row["max-score"]

    return (
        data["schema"] == "classroom50/result/v1"
        and all(isinstance(data[key], str) and data[key] for key in texts)
        and data["assignment_type"] in {"individual", "group", "team"}
        and data["submission"].startswith("submit/")
        and scores(data)
        and 0 < len(data["tests"]) <= 100
        and all(test["test-name"] and type(test["passed"]) is bool and scores(test) for test in data["tests"])
        and data["score"] == sum(test["score"] for test in data["tests"])
        and data["max-score"] == sum(test["max-score"] for test in data["tests"])
    )


def valid_gradescope(data: dict[str, Any]) -> bool:
    """Whether Gradescope knows every key and value of it (formats.md, 3)."""
    top = {"score", "execution_time", "output", "output_format", "test_output_format", "visibility"}
    top |= {"stdout_visibility", "extra_data", "tests"}
    keys = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
    keys |= {"visibility", "extra_data"}
    formats = {"text", "html", "simple_format", "md", "ansi"}
    return (
        set(data) <= top
        and data["visibility"] in {"hidden", "after_due_date", "after_published", "visible"}
        and all(set(test) <= keys for test in data["tests"])
        and all(test["status"] in {"passed", "failed"} and test["output_format"] in formats for test in data["tests"])
        and data["score"] == sum(test["score"] for test in data["tests"])
    )


VALID = {"classroom": valid_classroom, "classroom50": valid_classroom50, "gradescope": valid_gradescope}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("form", FORMATS)
def test_exports_are_as_they_were(form: str, language: Language) -> None:
    """Each format says the same of the same grades as the file that is kept, in both languages."""
    text = exported(form, graded("04_redis", "pfb!"), graded("05_nginx", "pp"), language=language)
    suffix = "xml" if form == "junit" else "json"
    assert text == (GOLDEN / f"{form}.{language}.{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("outcomes", ["pppp", "ffff", "pfbp", "bbbb", "!p-f", "----"])
@pytest.mark.parametrize("form", VALID)
def test_exports_keep_to_their_schema(form: str, outcomes: str) -> None:
    """Whatever the verdicts, the graders' own rules hold."""
    assert VALID[form](json.loads(exported(form, graded("04_redis", outcomes))))


@given(
    points=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    outcomes=st.lists(st.sampled_from("pfb!-"), min_size=12, max_size=12),
)
def test_both_totals_of_the_reporter_are_right(points: list[int], outcomes: list[str]) -> None:
    """The reporter's table and its notice show the points of the grade, whatever the checks are worth."""
    checks = {f"check{place}": worth for place, worth in enumerate(points)}
    one = graded("04_redis", "".join(outcomes[: len(points)]), checks=checks)
    table, notice, _, _ = reporter(exported("classroom", one))
    assert table == pytest.approx(one.grade.points)
    expected = {"totalPoints": one.grade.points, "maxPoints": one.grade.max_points}
    assert notice == (expected if one.grade.max_points else None)


def test_both_totals_are_right_for_a_whole_course() -> None:
    """Several exercises in one payload add up, too."""
    table, notice, _, _ = reporter(exported("classroom", graded("04_redis", "pfpb"), graded("05_nginx", "pf")))
    assert table == pytest.approx(6)
    assert notice == {"totalPoints": 6, "maxPoints": 13}


@pytest.mark.parametrize(
    ("outcomes", "status", "code"),
    [("pppp", "pass", 0), ("pfbp", "fail", 1), ("pf!p", "error", 1), ("pp-p", "error", 1)],
)
def test_what_could_not_be_judged_is_no_failure(outcomes: str, status: str, code: int) -> None:
    """A broken check, or one that did not run, makes the reporter's status ``error``, before any mistake."""
    text = exported("classroom", graded("04_redis", outcomes))
    assert json.loads(text)["status"] == status
    assert reporter(text)[2] == code


def test_a_check_that_did_not_run_says_so() -> None:
    """It earns nothing, and is not silent about why, in both languages."""
    missing = graded("04_redis", "ppp-")
    row = json.loads(exported("gradescope", missing))["tests"][3]
    assert (row["score"], row["extra_data"]["outcome"]) == (0, "broken")
    assert row["output"].startswith("This check did not run")
    assert "실행되지 않아서" in exported("junit", missing, language="ko")


def test_gradescope_is_told_when_a_grade_is_not_final() -> None:
    """Gradescope has no word for broken, so it stands above everything else."""
    for outcomes, says, final in (("pfpp", "Everything was judged.", True), ("pf!p", "not a final grade", False)):
        data = json.loads(exported("gradescope", graded("04_redis", outcomes)))
        assert says in data["output"]
        assert data["extra_data"]["final"] is final


def test_more_than_a_hundred_checks_become_a_test_an_exercise() -> None:
    """Classroom 50 takes a hundred tests; a longer course is told an exercise a test, with the same points."""
    many = [graded(f"{n:02}_many", "p" * 5 + "f", checks={f"c{i}": 2 for i in range(6)}) for n in range(1, 25)]
    data = json.loads(exported("classroom50", *many))
    assert valid_classroom50(data)
    assert (len(data["tests"]), data["score"], data["max-score"]) == (24, 240, 288)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"OWNER": "", "USERNAME": ""}, "OWNER"),
        ({"CLASSROOM": ""}, "CLASSROOM"),
        ({"SUBMISSION_TAG": "v1"}, "SUBMISSION_TAG"),
        ({"ASSIGNMENT_TYPE": "crowd"}, "ASSIGNMENT_TYPE"),
    ],
)
@pytest.mark.parametrize(("language", "words"), [("en", "whose submission this is"), ("ko", "누구의 제출물인지")])
def test_classroom50_needs_to_know_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], named: str, language: str, words: str
) -> None:
    """Without its runner's variables there is no result, and the sentence names what is missing."""
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError) as raised:
        FORMATS["classroom50"]([graded("04_redis", "pppp")], setting(environ={**ENVIRON, **change}))
    assert words in str(raised.value)
    assert named in str(raised.value)


def test_junit_tells_failed_blocked_and_broken_apart() -> None:
    """A mistake is a failure, a blocked check skipped, a broken one an error; titles and feedback are readable."""
    root = ET.fromstring(exported("junit", graded("04_redis", "pfb!")))  # noqa: S314 - our own
    kinds = [[child.tag for child in case if child.tag != "properties"] for case in root.iter("testcase")]
    assert kinds == [[], ["failure"], ["skipped"], ["error"]]
    assert [root.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    names = [case.get("name") for case in root.iter("testcase")]
    assert names == ["04.1 It runs", "04.2 It answers", "04.3 It remembers", "04.4 It stops"]
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("Why answers.", "Why answers.")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.found.append(tag)


COMMAND = re.compile(r"^\s*::\w|##\[|::[\w-]+( .*)?::", re.MULTILINE)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("form", FORMATS)
def test_what_a_learner_wrote_stays_text(form: str, payload: str) -> None:
    """No payload adds a row, a point, a command of the log, an escape sequence or a control character to an export."""
    honest, forging = (
        exported(form, graded("04_redis", "pfpp", feedback=Text(en=text, ko=text))) for text in ("Why.", payload)
    )
    assert not COMMAND.search(forging)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", forging)
    assert len(forging.encode()) < len(honest.encode()) + 40_000
    if form == "junit":
        shapes = [[(e.tag, e.get("name")) for e in ET.fromstring(text).iter()] for text in (honest, forging)]  # noqa: S314 - our own
        assert shapes[0] == shapes[1]
    else:
        strip = {"message", "output"}
        rows = [
            [{k: v for k, v in test.items() if k not in strip} for test in json.loads(text)["tests"]]
            for text in (honest, forging)
        ]
        assert rows[0] == rows[1]
        assert VALID[form](json.loads(forging))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_the_reporters_log_obeys_nobody(payload: str) -> None:
    """No line of what the reporter prints begins with a command, and its notice carries the grade's own points."""
    _, notice, _, log = reporter(
        exported("classroom", graded("04_redis", "pfpp", feedback=Text(en=payload, ko=payload)))
    )
    assert notice == {"totalPoints": 5, "maxPoints": 7}
    assert [line for line in log if line.lstrip().startswith("::") or "##[" in line] == []


def test_gradescope_reads_no_markup() -> None:
    """Everything is declared as text, so a browser is shown the tags as they were typed."""
    data = json.loads(exported("gradescope", graded("04_redis", "pfpp", feedback=Text(en=PAYLOADS[0], ko=""))))
    declared = {data["output_format"], data["test_output_format"]}
    declared |= {test[key] for test in data["tests"] for key in ("name_format", "output_format")}
    assert declared == {"text"}


def test_a_junit_report_shown_as_it_is_holds_no_foreign_element() -> None:
    """Also a reader that takes the file for HTML meets none of the learner's elements."""
    tags = _Tags()
    tags.feed(exported("junit", graded("04_redis", "pfpp", feedback=Text(en=PAYLOADS[0] + PAYLOADS[1], ko=""))))
    assert set(tags.found) == {"testsuites", "testsuite", "testcase", "properties", "property", "failure"}


@pytest.mark.parametrize("payload", [PAYLOADS[-1], PAYLOADS[-2]], ids=["korean", "latin"])
def test_an_exercise_fits_into_an_environment_variable(payload: str) -> None:
    """However much a learner's container prints, the payload in base64 stays far below Linux's 128 KiB."""
    checks = {f"check{place}": 3 for place in range(12)}
    text = exported("classroom", graded("04_redis", "f" * 12, Text(en=payload, ko=payload), checks))
    assert len(base64.b64encode(text.encode())) <= 40_000
    assert VALID["classroom"](json.loads(text))


def test_a_whole_course_fits_into_an_environment_variable() -> None:
    """Twenty-four exercises of ten points with long Korean titles and talkative mistakes are one payload still."""
    talk = Text(en="", ko="컨테이너가 " * 200)
    course = [
        graded(
            f"{n:02}_many",
            "f" * 6,
            talk,
            {f"아주_긴_제목의_check_이름_{place}_" * 2: 1 + place % 3 for place in range(6)},
        )
        for n in range(1, 25)
    ]
    text = exported("classroom", *course, language="ko")
    assert len(base64.b64encode(text.encode())) < 128 * 1024 - 100
    assert json.loads(text)["max_score"] == 24 * 12


@pytest.mark.parametrize(("language", "words"), [("en", "does not fit into"), ("ko", "크기(30000바이트)를 넘었어요")])
def test_what_cannot_fit_is_said(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """An exercise of very many checks is refused with a sentence, not cut silently."""
    monkeypatch.setenv("KATA_LANG", language)
    checks = {f"check{place}": 1 + place % 2 for place in range(600)}
    with pytest.raises(KataError) as raised:
        exported("classroom", graded("04_redis", "f" * 600, checks=checks))
    assert words in str(raised.value)


def test_long_feedback_keeps_its_beginning_and_its_end() -> None:
    """What a program says last is often what matters."""
    assert clip("a" * 50 + "b" * 50, 20) == "aaaaaaaaaaa … bbbbbb"
    assert clip("short", 20) == "short"
    assert clip("longer", 1) == "…"


@given(st.text(max_size=300), st.integers(10, 60))
def test_one_line_is_one_line(text: str, most: int) -> None:
    """Whatever the text, it comes out in one line, not much longer than asked for, and without a command in it."""
    line = in_one_line(text, most)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 2 * most
    assert not COMMAND.search(line)
    assert not COMMAND.search(told(text, most))


def test_an_ipv6_address_stays_readable() -> None:
    """Two colons are no command where an address is meant."""
    said = "Redis is published on [::]: everyone can reach it (fe80::1, ::1)."
    assert in_one_line(said, 100) == said


def file_of(tmp_path: Path, data: object) -> Path:
    file = tmp_path / "grades.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return file


def entry(course: Course, *, name: str = "04_run_redis", **more: object) -> dict[str, Any]:
    check = Exercise.read(course.folder / name).checks[0].id
    passed = Verdict(exercise=name, check=check, outcome=Outcome.PASSED).to_json()
    return {"exercise": name, "points": 99, "max_points": 99, "final": True, "verdicts": [passed], **more}


def test_totals_in_the_file_are_not_believed(course: Course, tmp_path: Path) -> None:
    """Points are reckoned from manifest and verdicts; a file that claims more does not get more."""
    (one,) = read_grades(file_of(tmp_path, {"grades": [entry(course)]}), course)
    assert one.grade.points == one.grade.checks[0].points
    assert not one.grade.is_final
    assert one.outcome is Outcome.BROKEN


def bad_files(course: Course) -> Sequence[object]:
    good = entry(course)
    passed = good["verdicts"][0]
    return (
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"grades": []}',
        '{"grades": [], "grades": []}',
        json.dumps({"grades": [good]}).replace("0.0", "NaN"),
        json.dumps({"grades": [good]}).replace("0.0", "1e999"),
        {"grades": [good, good]},
        {"grades": [{**good, "extra": 1}]},
        {"grades": ["04"]},
        {"grades": [{**good, "exercise": "../../etc"}]},
        {"grades": [{**good, "exercise": ["04_run_redis"]}]},
        {"grades": [{**good, "verdicts": [None]}]},
        {"grades": [{**good, "verdicts": [{**passed, "exercise": "05_image_vs_container"}]}]},
        {"grades": [{**good, "verdicts": [{**passed, "outcome": "excellent"}]}]},
        {"grades": [{**good, "verdicts": [{**passed, "seconds": -1}]}]},
        {"grades": [{**good, "verdicts": [{**passed, "points": 3}]}]},
    )


@pytest.mark.parametrize("which", range(18))
@pytest.mark.parametrize(
    ("language", "words"), [("en", "does not hold grades of this course"), ("ko", "이 과정의 점수 파일이 아니에요")]
)
def test_a_file_that_is_no_grades_is_refused(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int, language: str, words: str
) -> None:
    """What ``--grades`` would not have written is refused, with the reason, in both languages."""
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError) as raised:
        read_grades(file_of(tmp_path, bad_files(course)[which]), course)
    assert words in str(raised.value)
