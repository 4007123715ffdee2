from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.grading import Member, Note, Roster, submissions
from checker.phrase import KataError
from tests.grading.packing import into_folder, into_tar_gz, into_zip, work

if TYPE_CHECKING:
    from pathlib import Path


def roster(*names: str) -> Roster:
    return Roster(tuple(Member(student=name.title(), github=name) for name in names))


def found(folder: Path, known: Roster | None = None) -> dict[str, str | None]:
    """Return what each student's submission is called."""
    return {one.student: one.path.name if one.path else None for one in submissions(folder, known)}


def said(folder: Path, known: Roster | None = None) -> tuple[str, str, str, str]:
    with pytest.raises(KataError) as caught:
        submissions(folder, known)
    error = caught.value
    return error.cause.en, error.remedy.en, error.cause.ko, error.remedy.ko


def test_each_folder_and_archive_is_a_submission(tmp_path: Path) -> None:
    """Clones and archives may lie beside each other; hidden and other files are not looked at, the order is theirs."""
    into_folder(tmp_path / "kim", work())
    into_zip(tmp_path / "Lee.zip", work())
    into_tar_gz(tmp_path / "park.tar.gz", work())
    into_tar_gz(tmp_path / "choi.v2.TGZ", work())
    for name in ("grades.csv", "README.md", ".DS_Store"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".git").mkdir()
    assert list(found(tmp_path).items()) == [
        ("choi.v2", "choi.v2.TGZ"),
        ("kim", "kim"),
        ("Lee", "Lee.zip"),
        ("park", "park.tar.gz"),
    ]


def test_the_folder_of_gh_classroom_is_stepped_into(tmp_path: Path) -> None:
    """``gh classroom clone`` leaves one folder around the clones, and either may be named."""
    into_folder(tmp_path / "docker-kata-submissions" / "docker-kata-kim", work())
    into_folder(tmp_path / "docker-kata-submissions" / "docker-kata-lee", work())
    assert found(tmp_path) == found(tmp_path / "docker-kata-submissions")
    assert found(tmp_path, roster("kim", "lee")) == {"Kim": "docker-kata-kim", "Lee": "docker-kata-lee"}


def test_an_archive_alone_in_a_students_folder_is_theirs(tmp_path: Path) -> None:
    """Platforms for courses put what somebody uploads into a folder with that student's name."""
    into_zip(tmp_path / "kim" / "docker-kata-main.zip", work())
    into_zip(tmp_path / "lee" / "one.zip", work())
    into_zip(tmp_path / "lee" / "two.zip", work())
    assert found(tmp_path) == {"kim": "docker-kata-main.zip", "lee": "lee"}


def test_nobody_hands_in_for_others(tmp_path: Path) -> None:
    """Folders named like other students inside a submission, also inside the only one, are nobody's submissions."""
    into_folder(tmp_path / "mallory", [*work("kim/exercises/01_first"), *work("lee/exercises/01_first")])
    assert found(tmp_path, roster("mallory", "kim", "lee")) == {"Kim": None, "Lee": None, "Mallory": "mallory"}
    into_folder(tmp_path / "trudy-submissions", work("kim/exercises/01_first"))
    assert "trudy-submissions" in found(tmp_path)


def test_a_link_is_no_submission(tmp_path: Path) -> None:
    """A link among the submissions is somebody's, and refused with a sentence; it is not followed."""
    into_folder(tmp_path / "secrets", work())
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "mallory").symlink_to(tmp_path / "secrets")
    (tmp_path / "class" / "trudy.zip").symlink_to("nowhere")
    mallory, trudy = submissions(tmp_path / "class")
    assert mallory.problem is not None
    assert trudy.problem is not None
    assert trudy.student == "trudy"
    assert mallory.problem.text.en.startswith("mallory is a link.")
    (tmp_path / "lone").mkdir()
    (tmp_path / "lone" / "kata-submissions").symlink_to(tmp_path / "class")
    (lone,) = submissions(tmp_path / "lone")
    assert lone.problem == Note("work.link", {"file": "kata-submissions"})
    assert mallory.problem.text.ko.startswith("mallory는 링크예요.")


@pytest.mark.parametrize("suffix", ["rar", "7z", "alz", "tar.xz", "tar.bz2"])
def test_other_archives_are_somebodys_too(suffix: str, tmp_path: Path) -> None:
    """Whoever packs in a way that is not read here is told so, and is not taken for somebody who handed in nothing."""
    (tmp_path / f"kim.{suffix}").write_bytes(b"x")
    (kim,) = submissions(tmp_path, roster("kim"))
    assert kim.student == "Kim"
    assert kim.problem is not None
    assert kim.problem.text.en == f"kim.{suffix} is of a kind that is not read here. Hand in a .zip or a .tar.gz."
    assert kim.problem.text.ko.endswith("여기서 읽지 않는 형식이에요. .zip이나 .tar.gz로 제출해 주세요.")


def test_whoever_handed_in_nothing_is_missing(tmp_path: Path) -> None:
    """A student of the roster without a submission has one without a path; a stranger's is there, but not listed."""
    into_folder(tmp_path / "kata-kim", work())
    into_folder(tmp_path / "kata-stranger", work())
    known = Roster((*roster("kim", "lee").members, Member(student="20260001", name="박지민")))
    by_student = {one.student: one for one in submissions(tmp_path, known)}
    assert {student: one.path is None for student, one in by_student.items()} == {
        "Kim": False,
        "kata-stranger": False,
        "Lee": True,
        "20260001": True,
    }
    assert [student for student, one in by_student.items() if not one.listed] == ["kata-stranger"]
    assert by_student["20260001"].name == "박지민"


def test_case_and_accents_do_not_matter(tmp_path: Path) -> None:
    """GitHub does not tell Kim from kim, and macOS decomposes what it unpacks."""
    into_folder(tmp_path / "docker-kata-KIM", work())
    into_folder(tmp_path / "박지민", work())  # decomposed
    known = Roster((Member(student="1", github="kim"), Member(student="2", name="박지민")))
    assert {one.student for one in submissions(tmp_path, known)} == {"1", "2"}


def test_a_name_that_ends_like_another_is_not_taken_for_it(tmp_path: Path) -> None:
    """GitHub names may have hyphens: lee-kim's repo is never kim's, whether lee-kim is on the roster or not."""
    for name in ("kim", "lee-kim", "park"):
        into_folder(tmp_path / f"docker-kata-{name}", work())
    everybody = found(tmp_path, roster("kim", "lee-kim", "park"))
    assert everybody == {"Kim": "docker-kata-kim", "Lee-Kim": "docker-kata-lee-kim", "Park": "docker-kata-park"}
    (tmp_path / "docker-kata-kim").rename(tmp_path / "docker-kata-choi")
    into_folder(tmp_path / "x-kim", work())  # a shorter beginning, but nobody else's
    without = found(tmp_path, roster("kim", "choi", "park"))
    assert without["Kim"] is None
    assert without["Choi"] == "docker-kata-choi"
    assert without["docker-kata-lee-kim"] == "docker-kata-lee-kim"


def test_two_of_one_name_are_nobodys(tmp_path: Path) -> None:
    """A name that two students have says nothing about whose a submission is."""
    into_folder(tmp_path / "김민수", work())
    into_folder(tmp_path / "1", work())
    known = Roster((Member(student="1", name="김민수"), Member(student="2", name="김민수")))
    assert found(tmp_path, known) == {"1": "1", "2": None, "김민수": "김민수"}


def test_an_odd_name_is_harmless_and_still_ones_own(tmp_path: Path) -> None:
    """What steers a terminal is taken out of a student's name, and two that become alike stay two."""
    for name in ("\x1b[31mkim", "\x1b[32mkim", "a\nb", "=1+1"):
        (tmp_path / name).mkdir()
    students = list(found(tmp_path))
    assert len(set(students)) == 4
    assert all(student.isprintable() for student in students)
    assert sum(student.startswith(("�[31mkim ", "�[32mkim ")) for student in students) == 2


def test_two_submissions_of_one_student_stop_before_anything(tmp_path: Path) -> None:
    """A folder and an archive of one name, or two that the roster gives to one student, are both named."""
    into_folder(tmp_path / "kim", work())
    into_zip(tmp_path / "kim.zip", work())
    assert said(tmp_path) == (
        "There are two submissions of kim: kim and kim.zip.",
        "Move the one that does not count somewhere else.",
        "kim의 제출물이 두 개예요: kim, kim.zip",
        "채점하지 않을 것을 다른 곳으로 옮겨 주세요.",
    )
    assert said(tmp_path, roster("kim"))[0] == "There are two submissions of Kim: kim and kim.zip."


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    """Nothing to grade is an error before anything is graded."""
    (tmp_path / "notes.txt").write_text("x")
    assert said(tmp_path) == (
        f"There is nothing to grade in {tmp_path}.",
        "It should have a folder, a .zip or a .tar.gz for each student.",
        f"{tmp_path} 안에 채점할 것이 없어요.",
        "학생마다 폴더나 .zip, .tar.gz가 하나씩 있어야 해요.",
    )


def test_no_folder_and_a_file_in_its_place_are_told_apart(tmp_path: Path) -> None:
    """The sentence says which of the two it is, and what to name instead."""
    gone, file = tmp_path / "gone", into_zip(tmp_path / "class.zip", work())
    assert said(gone) == (
        f"There is no folder {gone}.",
        "Name the folder that has the submissions: a folder or an archive for each student.",
        f"{gone} 폴더가 없어요.",
        "제출물이 있는 폴더를 적어 주세요. 학생마다 폴더나 압축 파일이 하나씩 있어야 해요.",
    )
    assert said(file) == (
        f"{file} is a file; the submissions should be in a folder.",
        "Put the archive into a folder of its own and name that folder.",
        f"{file}은 파일이에요. 제출물은 폴더 안에 있어야 해요.",
        "압축 파일을 새 폴더에 넣고 그 폴더를 적어 주세요.",
    )


def test_a_roster_of_another_class_is_noticed(tmp_path: Path) -> None:
    """Where the roster knows none of the submissions, it is the wrong one, and a name is shown to compare."""
    name = into_folder(tmp_path / "docker-kata-kim", work()).name
    assert said(tmp_path, roster("smith", "jones")) == (
        f"None of the submissions in {tmp_path} belongs to anybody on the roster; the first one is called {name}.",
        "Is it the roster of this class? Its column github should have the end of these names.",
        f"{tmp_path}의 제출물 가운데 명단에 있는 학생의 것이 하나도 없어요. 첫 번째 것의 이름은 {name}이에요.",
        "이 반의 명단이 맞나요? github 열에 이 이름들의 끝부분이 있어야 해요.",
    )
