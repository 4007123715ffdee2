from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from checker import cli
from checker.exercise import Course
from checker.phrase import KataError
from checker.release import release
from checker.release.pin import Pin
from checker.report.exporters import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "kata-class/docker-kata@" + "0123456789abcdef" * 2 + "01234567"
COMMIT = SOURCE.partition("@")[2]
GIT = ("git", "-c", "user.name=kata", "-c", "user.email=kata@example.org", "-c", "commit.gpgsign=false")


def released(course: Course, out: Path, source: str | None = SOURCE) -> list[str]:
    """Release a course and return what was said."""
    said: list[str] = []
    release(course, out, source, said.append, as_is=True)
    return said


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, course: Course) -> Path:
    """A release of the real course."""
    folder = tmp_path_factory.mktemp("release") / "out"
    released(course, folder)
    return folder


@pytest.fixture
def copy(course: Course, tmp_path: Path) -> Course:
    """A course of one exercise that can be changed."""
    root = tmp_path / "course"
    for folder in ("exercises", "solutions"):
        shutil.copytree(course.root / folder / "04_run_redis", root / folder / "04_run_redis")
    shutil.copy(course.root / "pyproject.toml", root)
    return Course(root)


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_release_holds_what_learners_need(out: Path, course: Course) -> None:
    """Prompts, starters and checks of every exercise, the checker, the starter program, settings and workflows."""
    names = _names(out)
    for exercise in course.exercises():
        wanted = {"README.md", "README.ko.md", "exercise.toml", *exercise.files}
        assert {f"exercises/{exercise.name}/{name}" for name in wanted} <= names
        assert any(re.fullmatch(rf"exercises/{exercise.name}/\.checks/test_\w+\.py", name) for name in names)
    assert {
        "README.md",
        "README.ko.md",
        "LICENSE",
        "kata",
        "conftest.py",
        "pyproject.toml",
        "requirements.lock",
    } <= names
    assert {".devcontainer/devcontainer.json", ".github/workflows/classroom.yml"} <= names
    assert {".github/classroom50/autograder.py", ".github/classroom50/autograde.yaml"} <= names
    assert {"checker/cli/__init__.py", "checker/phrases/export.toml", "checker/release/step.py"} <= names
    assert (out / "kata").stat().st_mode & 0o100


def test_a_release_holds_no_solution_and_no_test(out: Path, course: Course) -> None:
    """Nothing of solutions/ or tests/ is in it, under whatever name, and nothing that tools leave behind."""
    names = _names(out)
    assert [name for name in names if re.search(r"^(solutions|tests)/|(^|/)(private|__pycache__|\.git)/", name)] == []
    answers = {path.read_bytes() for path in (course.root / "solutions").rglob("*") if path.is_file()}
    assert [name for name in sorted(names) if (out / name).read_bytes() in answers] == []


def test_private_checks_stay_private(copy: Course, tmp_path: Path) -> None:
    """Whatever lies below .checks/private/ is in no release; the check beside it is."""
    private = copy.folder / "04_run_redis" / ".checks" / "private" / "deeper"
    private.mkdir(parents=True)
    (private / "test_secret.py").write_text("SECRET = 'nobody may know'\n", encoding="utf-8")
    (private.parent / "checks.toml").write_text("x = 'nobody may know'\n", encoding="utf-8")
    released(copy, tmp_path / "out")
    names = _names(tmp_path / "out")
    assert "exercises/04_run_redis/.checks/test_run_redis.py" in names
    assert [name for name in names if "private" in name] == []
    assert [name for name in names if b"nobody may know" in (tmp_path / "out" / name).read_bytes()] == []


def test_what_scripts_made_and_links_are_left_out(copy: Course, tmp_path: Path) -> None:
    """Files that an exercise's scripts make are no starters, and a link would lead out of the release."""
    folder = copy.folder / "04_run_redis"
    manifest = (folder / "exercise.toml").read_text(encoding="utf-8")
    (folder / "exercise.toml").write_text('made = ["log.txt"]\n' + manifest, encoding="utf-8")
    (folder / "log.txt").write_text("a try of the author's", encoding="utf-8")
    (folder / "hosts").symlink_to("/etc/hosts")
    released(copy, tmp_path / "out")
    assert not {"exercises/04_run_redis/log.txt", "exercises/04_run_redis/hosts"} & _names(tmp_path / "out")


def test_the_released_course_can_be_read_and_collected(out: Path, course: Course) -> None:
    """Manifests are whole, and what is left of pyproject.toml are settings for learners alone."""
    assert [each.name for each in Course(out).exercises()] == list(course.names())
    settings = tomllib.loads((out / "pyproject.toml").read_text(encoding="utf-8"))
    ours = tomllib.loads((course.root / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"] == ours["project"]
    assert set(settings["tool"]) == {"hatch", "pytest"}
    assert settings["tool"]["pytest"]["testpaths"] == ["exercises"]


@pytest.mark.parametrize(("name", "words"), [("README.md", "judges exercise 04"), ("README.ko.md", "04번을 확인해요")])
def test_readmes_list_the_exercises(out: Path, course: Course, name: str, words: str) -> None:
    """Both READMEs name every exercise in their language, and every link leads somewhere."""
    text = (out / name).read_text(encoding="utf-8")
    assert words in text
    for exercise in course.exercises():
        assert exercise.title.in_language("ko" if "ko" in name else "en") in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > len(course.names())
    assert [link for link in links if not (out / link).exists()] == []
    assert not re.search(r"@[A-Z]+@", text)


def test_the_workflow_has_a_step_an_exercise(out: Path, course: Course) -> None:
    """Each exercise has its step, its variable for the reporter and its place in the reporter's list."""
    text = (out / ".github/workflows/classroom.yml").read_text(encoding="utf-8")
    numbers = [exercise.number for exercise in course.exercises()]
    assert re.findall(r"^        id: ex-(\d\d)$", text, re.MULTILINE) == numbers
    assert (
        re.findall(r"^          EX-(\d\d)_RESULTS: \$\{\{ steps\.ex-\1\.outputs\.result \}\}$", text, re.MULTILINE)
        == numbers
    )
    assert f'runners: "{",".join(f"ex-{number}" for number in numbers)}"' in text
    assert "on: [push, repository_dispatch]" in text
    assert "if: github.actor != 'github-classroom[bot]'" in text
    for permission in ("checks: write", "actions: read", "contents: read"):
        assert f"\n  {permission}\n" in text
    assert "\t" not in text


def test_the_workflow_runs_nothing_of_the_students(out: Path) -> None:
    """Every program that is run lies in the instructor's copy, which is pinned to a commit; solutions stay away."""
    text = (out / ".github/workflows/classroom.yml").read_text(encoding="utf-8")
    runs = re.findall(r"^\s+run: (.*)$", text, re.MULTILINE)
    programs = {"kata", "checker/release/step.py"}
    assert len(runs) > 1
    assert {run.split('"')[1].removeprefix("$GITHUB_WORKSPACE/course/") for run in runs} == programs
    assert all(run.startswith("python3 -I ") for run in runs)
    assert text.count("working-directory: ${{ runner.temp }}") == len(runs)
    assert 'repository: "kata-class/docker-kata"' in text
    assert f'ref: "{COMMIT}"' in text
    assert "!/solutions/" in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_titles_cannot_break_the_workflow(copy: Course, tmp_path: Path) -> None:
    """A title with quotes, colons and braces is one YAML string, in which GitHub finds no expression."""
    manifest = copy.folder / "04_run_redis" / "exercise.toml"
    text = manifest.read_text(encoding="utf-8")
    old = re.search(r'^\[title\]\nen = "(.*)"$', text, re.MULTILINE)
    assert old
    manifest.write_text(text.replace(old[1], 'a \\"b\\": c # d ${{ secrets.X }} | e', 1), encoding="utf-8")
    released(copy, tmp_path / "out")
    workflow = (tmp_path / "out/.github/workflows/classroom.yml").read_text(encoding="utf-8")
    assert '- name: "04 a \\"b\\": c # d $ {{ secrets.X }} | e"\n' in workflow
    assert "\\| e" not in (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "&#124; e" in (tmp_path / "out/README.md").read_text(encoding="utf-8")


def test_classroom50_gets_the_same_pin(out: Path) -> None:
    """Its autograder fetches the pinned commit, and its workflow calls the instructor's runner."""
    program = (out / ".github/classroom50/autograder.py").read_text(encoding="utf-8")
    assert 'REPOSITORY = "kata-class/docker-kata"' in program
    assert f'COMMIT = "{COMMIT}"' in program
    compile(program, "autograder.py", "exec")
    workflow = (out / ".github/classroom50/autograde.yaml").read_text(encoding="utf-8")
    assert 'uses: "kata-class/classroom50/.github/workflows/autograde-runner.yaml@main"' in workflow
    # the name is Classroom 50's own, which writes over it
    assert not (out / ".github/workflows/autograde.yaml").exists()


def test_the_devcontainer_starts_as_a_bare_machine(out: Path) -> None:
    """It may run an engine of its own, and ./kata up makes it ready."""
    settings = json.loads((out / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert settings["privileged"] is True
    assert settings["postStartCommand"] == "./kata up"
    assert (out / ".devcontainer" / settings["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize(("language", "words"), [("en", "Before an autograder"), ("ko", "autograder에서 쓰려면")])
def test_blanks_that_are_left_are_said(
    copy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Without --from the places of repository and commit are left open, and a sentence names them."""
    monkeypatch.setenv("KATA_LANG", language)
    said = released(copy, tmp_path / "out", None)
    assert words in said[-1]
    workflow = (tmp_path / "out/.github/workflows/classroom.yml").read_text(encoding="utf-8")
    for blank in (f'"{Pin.read(None, copy.root).repository}"', f'"{Pin.read(None, copy.root).commit}"'):
        assert blank in workflow
        assert blank.strip('"') in said[-1]
    assert len(released(copy, tmp_path / "filled")) == 1


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def committed(copy: Course) -> Course:
    """The copy as a git repository with everything committed."""
    _git(copy.root, "init", "-q")
    _git(copy.root, "add", ".")
    _git(copy.root, "commit", "-q", "-m", "Begin")
    return copy


def test_the_commit_is_the_one_that_is_checked_out(committed: Course) -> None:
    """A source without a commit is pinned to the course's own."""
    assert Pin.read("kata-class/docker-kata", committed.root).commit == _git(committed.root, "rev-parse", "HEAD")


@pytest.mark.parametrize("change", ["run.sh", "new.txt"])
@pytest.mark.parametrize(
    ("language", "words"), [("en", "differ from what is committed"), ("ko", "commit된 것과 달라요")]
)
def test_an_authors_own_tries_are_not_released(
    committed: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, language: str, words: str
) -> None:
    """What is not committed is named and not released, unless that is asked for."""
    monkeypatch.setenv("KATA_LANG", language)
    (committed.folder / "04_run_redis" / change).write_text("a try", encoding="utf-8")
    with pytest.raises(KataError) as raised:
        release(committed, tmp_path / "out", SOURCE, print, as_is=False)
    assert words in str(raised.value)
    assert f"exercises/04_run_redis/{change}" in str(raised.value)
    assert not (tmp_path / "out").exists()
    release(committed, tmp_path / "out", SOURCE, print, as_is=True)
    assert (tmp_path / "out/exercises/04_run_redis" / change).read_text(encoding="utf-8") == "a try"


def test_a_committed_course_is_released(committed: Course, tmp_path: Path) -> None:
    """With nothing of an author's own about, no more has to be said; private checks need not be committed."""
    private = committed.folder / "04_run_redis/.checks/private/test_secret.py"
    private.parent.mkdir()
    private.write_text("", encoding="utf-8")
    release(committed, tmp_path / "out", SOURCE, print, as_is=False)
    assert (tmp_path / "out/exercises/04_run_redis/run.sh").is_file()


@pytest.mark.parametrize(("language", "words"), [("en", "is the solution, not a starter"), ("ko", "풀이예요")])
def test_a_solved_starter_is_noticed(
    copy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A starter that is its own solution is never released, whatever was asked for."""
    monkeypatch.setenv("KATA_LANG", language)
    shutil.copy(copy.root / "solutions/04_run_redis/run.sh", copy.folder / "04_run_redis/run.sh")
    with pytest.raises(KataError) as raised:
        released(copy, tmp_path / "out")
    assert words in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "is not empty: it holds keep"), ("ko", "비어 있지 않아요. keep이")]
)
def test_a_folder_that_is_taken_stays_as_it_is(
    copy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Nothing is written over; a folder with nothing but .git is free."""
    monkeypatch.setenv("KATA_LANG", language)
    (tmp_path / "out" / ".git").mkdir(parents=True)
    (tmp_path / "out" / "keep").write_text("mine", encoding="utf-8")
    with pytest.raises(KataError) as raised:
        released(copy, tmp_path / "out")
    assert words in str(raised.value)
    assert _names(tmp_path / "out") == {"keep"}
    (tmp_path / "out" / "keep").unlink()
    released(copy, tmp_path / "out")
    assert (tmp_path / "out" / "kata").exists() == (copy.root / "kata").exists()
    assert (tmp_path / "out" / "README.md").is_file()


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be written"), ("ko", "쓸 수 없어요")])
def test_a_place_that_cannot_be_written_is_said(
    copy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A release below a file is 3 with its reason, in both languages."""
    monkeypatch.setenv("KATA_LANG", language)
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "file" / "out", tmp_path / "file"):
        with pytest.raises(KataError) as raised:
            released(copy, out)
        assert words in str(raised.value)


@pytest.mark.parametrize(
    "source", ["docker-kata", "a/b@main", "a/b@0123", "a/b/c", "a/b c", "../x", "a/b\n", "-a/b", ""]
)
@pytest.mark.parametrize(("language", "words"), [("en", "names no repository"), ("ko", "알아볼 수 없어요")])
def test_a_source_that_is_none_is_2(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str,
    language: str,
    words: str,
) -> None:
    """A branch, a short commit or anything else that does not pin is wrong usage; nothing is written."""
    monkeypatch.setenv("KATA_LANG", language)
    assert cli.run(["release", str(tmp_path / "out"), f"--from={source}"]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_releases_the_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`kata release OUT` is all there is to type, and its help says what it leaves out."""
    assert cli.run(["release", str(tmp_path / "out"), "--from", SOURCE, "--as-is"]) == 0
    assert (tmp_path / "out/exercises/04_run_redis/run.sh").is_file()
    capsys.readouterr()
    assert cli.run(["release", "--help"]) == 0
    assert "--from" in capsys.readouterr().out


def test_the_walk_through_names_what_there_is(root: Path) -> None:
    """docs/autograding.md knows every format, both blanks, and the files that a release writes for autograders."""
    text = (root / "docs" / "autograding.md").read_text(encoding="utf-8")
    blanks = Pin.read(None, root)
    wanted = {blanks.repository, blanks.commit, *(f"`{name}`" for name in FORMATS)}
    files = sorted(path.name for path in (root / "checker/release/learners/.github").rglob("*.*") if path.is_file())
    assert files == ["autograde.yaml", "autograder.py", "classroom.yml"]
    assert [word for word in [*sorted(wanted), *files] if word not in text] == []
