from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.grading import Member, Roster
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, data: str | bytes) -> Roster:
    file = tmp_path / "roster.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return Roster.read(file)


KIM = Member(student="2026-1", name="김민수", github="kim")
SHEET = "학번,이름,GitHub ID (아이디)\n2026-1,김민수,kim\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SHEET.encode(), id="UTF-8"),
        pytest.param(SHEET.encode("utf-8-sig"), id="with a mark, as Excel saves it"),
        pytest.param(SHEET.encode("cp949"), id="CP949, as Korean Excel saves it"),
        pytest.param(SHEET.replace(",", "\t").encode("utf-16"), id="UTF-16 with tabs, as Excel's Unicode text"),
        pytest.param(SHEET.replace(",", ";").replace("\n", "\r\n").encode(), id="semicolons and CRLF"),
        pytest.param(
            '"identifier","github_username","github_id","name"\n"2026-1","kim","17","김민수"\n'.encode(),
            id="as GitHub Classroom exports it",
        ),
        pytest.param(
            "Email, Name ,STUDENT,github-user\nx@example.org, 김민수 , 2026-1 ,kim\n,,,\n\n".encode(),
            id="other columns, spaces, empty rows",
        ),
    ],
)
def test_a_roster_is_read_as_spreadsheets_write_it(data: bytes, tmp_path: Path) -> None:
    """Encodings, separators, marks and the columns' names and order may be what they like."""
    assert read(tmp_path, data).members == (KIM,)


def test_a_student_is_called_by_the_first_thing_there_is(tmp_path: Path) -> None:
    """The identifier, else the name, else the GitHub name; a row may be short."""
    members = read(tmp_path, "name,github,id\nKim,kim,1\nLee,lee\n,park,\n").members
    assert [member.student for member in members] == ["1", "Lee", "park"]


def test_the_grades_of_gh_classroom_are_a_roster(tmp_path: Path) -> None:
    """The ``grades.csv`` beside the clones says whose each repo is, whatever it is called."""
    known = read(
        tmp_path, "github_username,roster_identifier,student_repository_name\nkim,2026-1,team-7\nlee,2026-2,team-8\n"
    )
    assert {label: member.student for label, member in known.matches(["team-7", "team-9"]).items()} == {
        "team-7": "2026-1"
    }


ERRORS: dict[str, tuple[str | bytes, str, str, str, str]] = {
    "no one": (
        "id,name\n,\n",
        "There is nobody in FILE.",
        "It needs a row for each student below the row of titles.",
        "FILE에 아무도 없어요.",
        "열 이름 아래에 학생마다 한 줄씩 적어 주세요.",
    ),
    "no titles": (
        "kim\nlee\n",
        "The first row of FILE has no title that says who somebody is.",
        "Call the columns identifier, name and github; any one of them is enough.",
        "FILE의 첫 줄에 학생이 누구인지 알려 주는 열 이름이 없어요.",
        "열 이름을 identifier, name, github로 적어 주세요(학번, 이름도 돼요). 하나만 있어도 충분해요.",
    ),
    "twice": (
        "id,github\n1,kim\n2,Kim\n",
        "FILE has 2 twice, or two students of one GitHub name or repo.",
        "Give each student an identifier of their own.",
        "FILE에 2가 두 번 있거나, GitHub 이름이나 저장소가 같은 학생이 둘 있어요.",
        "학생마다 다른 identifier를 적어 주세요.",
    ),
    "no text": (
        b"\xff\xfe\x00",
        "FILE is not a CSV file: it is not text, far too large, or has a quote that never ends.",
        "Save the roster as CSV (UTF-8) in your spreadsheet.",
        "FILE는 CSV 파일이 아니에요. 텍스트가 아니거나, 너무 크거나, 닫히지 않은 따옴표가 있어요.",
        "스프레드시트에서 명단을 CSV(UTF-8)로 저장해 주세요.",
    ),
    "no end": (
        f'id\nkim\n"{"x" * 200_000}',
        "FILE is not a CSV file: it is not text, far too large, or has a quote that never ends.",
        "Save the roster as CSV (UTF-8) in your spreadsheet.",
        "FILE는 CSV 파일이 아니에요. 텍스트가 아니거나, 너무 크거나, 닫히지 않은 따옴표가 있어요.",
        "스프레드시트에서 명단을 CSV(UTF-8)로 저장해 주세요.",
    ),
    "too large": (
        b"id\n" + b"1\n" * 2_500_000,
        "FILE is not a CSV file: it is not text, far too large, or has a quote that never ends.",
        "Save the roster as CSV (UTF-8) in your spreadsheet.",
        "FILE는 CSV 파일이 아니에요. 텍스트가 아니거나, 너무 크거나, 닫히지 않은 따옴표가 있어요.",
        "스프레드시트에서 명단을 CSV(UTF-8)로 저장해 주세요.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_with_a_roster_is_said(case: str, tmp_path: Path) -> None:
    """Each way in which a roster can be useless has its own cause and remedy, in both languages."""
    data, *_ = ERRORS[case]
    with pytest.raises(KataError) as caught:
        read(tmp_path, data)
    error = caught.value
    said_here = [error.cause.en, error.remedy.en, error.cause.ko, error.remedy.ko]
    assert [text.replace(str(tmp_path / "roster.csv"), "FILE") for text in said_here] == list(ERRORS[case][1:])


def test_a_roster_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    """The system's own word for it comes along."""
    with pytest.raises(KataError) as caught:
        Roster.read(tmp_path / "roster")
    assert caught.value.cause.en == f"{tmp_path / 'roster'} cannot be read: No such file or directory"
    assert caught.value.remedy.en == "Look at its permissions, and whether it is where you think it is."
    assert caught.value.cause.ko == f"{tmp_path / 'roster'}를 읽을 수 없어요: No such file or directory"
    assert caught.value.remedy.ko == "읽기 권한이 있는지, 경로가 맞는지 살펴봐 주세요."
