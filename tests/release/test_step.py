from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STEP = ROOT / "checker/release/step.py"
AUTOGRADER = ROOT / "checker/release/learners/.github/classroom50/autograder.py"
CLASSROOM = {
    "version": 1,
    "status": "fail",
    "max_score": 3,
    "tests": [{"name": "a", "score": 2}, {"name": "b", "score": 0}],
}
CLASSROOM50 = {"score": 2, "max-score": 3, "tests": [{"test-name": "a", "score": 2, "max-score": 3}]}
# in the checker's place: notes how it was started, says something, and ends as it was told to
KATA = """
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
told = json.loads((here / "told.json").read_text())
runs = here / "runs.json"
before = json.loads(runs.read_text()) if runs.exists() else []
runs.write_text(json.dumps([*before, {"arguments": sys.argv[1:], "environ": dict(os.environ), "cwd": os.getcwd()}]))
print("::error::from a learner", end="", flush=True)
if told["result"] is not None:
    pathlib.Path(sys.argv[sys.argv.index("--export-to") + 1]).write_text(told["result"])
sys.exit(told["codes"][min(len(before), len(told["codes"]) - 1)])
"""


class Course:
    """The instructor's copy, with a checker that does what a test tells it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "checker/release").mkdir(parents=True)
        shutil.copy(STEP, root / "checker/release")
        (root / "kata").write_text(KATA, encoding="utf-8")
        self.ends(0, result=CLASSROOM)

    def ends(self, *codes: int, result: object = None) -> None:
        text = result if isinstance(result, str) or result is None else json.dumps(result)
        (self.root / "told.json").write_text(json.dumps({"codes": codes, "result": text}), encoding="utf-8")

    @property
    def runs(self) -> list[dict[str, Any]]:
        file = self.root / "runs.json"
        runs: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        return runs


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path / "course")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A student's repository."""
    (tmp_path / "work/exercises/04_run_redis").mkdir(parents=True)
    return tmp_path / "work"


def run(program: Path, *arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(program), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def step(course: Course, work: Path, form: str = "classroom", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a step for exercise 04, in a folder of its own where no other is needed."""
    output = work.parent / "output"
    output.touch()
    where = work if form == "classroom50" else work.parent
    return run(
        course.root / "checker/release/step.py", form, work, "04", cwd=where, GITHUB_OUTPUT=str(output), **environ
    )


@pytest.mark.parametrize("code", [0, 1])
def test_a_final_grade_becomes_the_steps_output(course: Course, work: Path, code: int) -> None:
    """Passed or failed, the step is green and its output is the result in base64, on a line of its own."""
    course.ends(code, result=CLASSROOM)
    assert step(course, work).returncode == 0
    (line,) = (work.parent / "output").read_text(encoding="ascii").split()
    assert json.loads(base64.b64decode(line.removeprefix("result="))) == CLASSROOM
    arguments = course.runs[0]["arguments"]
    assert arguments[:6] == ["check", "04", "--work", str(work / "exercises"), "--export", "classroom"]


def test_the_checks_know_nothing_of_the_workflow(course: Course, work: Path) -> None:
    """They run outside the student's repository; nothing that steers pytest, Python or the workflow is passed on."""
    course.ends(0, result=CLASSROOM)
    step(course, work, PYTEST_ADDOPTS="--collect-only", PYTHONPATH=str(work), GITHUB_ENV="env", KATA_LANG="ko")
    (ran,) = course.runs
    assert not {"GITHUB_OUTPUT", "GITHUB_ENV", "PYTEST_ADDOPTS", "PYTHONPATH"} & set(ran["environ"])
    assert ran["environ"]["KATA_LANG"] == "ko"
    assert not Path(ran["cwd"]).is_relative_to(work)


def test_the_log_obeys_nobody_meanwhile(course: Course, work: Path) -> None:
    """What is said while the checks run stands between a stop and a word that is another one every time."""
    course.ends(1, result=CLASSROOM)
    words = set()
    for _ in range(2):
        log = step(course, work).stdout
        framed = re.fullmatch(r"::stop-commands::([0-9a-f]{64})\n::error::from a learner\n::\1::\n", log)
        assert framed
        words.add(framed[1])
    assert len(words) == 2


@pytest.mark.parametrize(("codes", "code", "tries"), [((3, 0), 0, 2), ((3, 3), 3, 2), ((2,), 2, 1), ((130,), 130, 1)])
def test_only_a_final_grade_is_published(
    course: Course, work: Path, codes: tuple[int, ...], code: int, tries: int
) -> None:
    """What could not be judged is tried again, once; then, and after any other end, nothing is published."""
    course.ends(*codes, result=CLASSROOM)
    assert step(course, work).returncode == code
    assert len(course.runs) == tries
    assert bool((work.parent / "output").read_text(encoding="ascii")) == (code == 0)


@pytest.mark.parametrize(
    "result",
    [
        None,
        "",
        "[]",
        "{}",
        "nonsense",
        {**CLASSROOM, "tests": []},
        {**CLASSROOM, "tests": [{"name": "a", "score": "10"}]},
        {**CLASSROOM, "tests": [{"name": "a", "score": 2.5}]},
        {**CLASSROOM, "tests": [{"name": "a"}]},
        {**CLASSROOM, "tests": [{"name": "a", "score": 4}]},
        {**CLASSROOM, "max_score": True},
    ],
)
def test_a_result_that_is_none_is_not_published(course: Course, work: Path, result: object) -> None:
    """A result that is missing, or whose scores the reporter would add up wrongly, ends with 3 and a word about it."""
    course.ends(0, result=result)
    done = step(course, work)
    assert done.returncode == 3
    assert "Nothing is published" in done.stderr
    assert "결과를 내보내지 않아요" in done.stderr
    assert (work.parent / "output").read_text(encoding="ascii") == ""


def test_a_link_is_no_work(course: Course, work: Path) -> None:
    """Folders that lead elsewhere, to the instructor's solutions for example, are refused before anything runs."""
    course.ends(0, result=CLASSROOM)
    (work / "exercises/05_x\n::error::y").symlink_to(course.root)
    linked = step(course, work)
    shutil.rmtree(work / "exercises")
    missing = step(course, work)
    (work / "exercises").symlink_to(course.root)
    whole = step(course, work)
    assert [done.returncode for done in (linked, missing, whole)] == [2, 2, 2]
    assert linked.stderr.count("\n") == 1
    assert "is a link" in linked.stderr
    assert "링크가 있어요" in linked.stderr
    assert "There is no folder exercises/" in missing.stderr
    assert "폴더가 없어요" in whole.stderr
    assert course.runs == []


@pytest.mark.parametrize("old", ["file", "link", "folder"])
def test_classroom50_gets_its_file(course: Course, work: Path, tmp_path: Path, old: str) -> None:
    """result.json takes the place of whatever a student has committed there; no link is followed."""
    course.ends(1, result=CLASSROOM50)
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    target = work / "result.json"
    {"file": lambda: target.write_text("{}"), "link": lambda: target.symlink_to(victim), "folder": target.mkdir}[old]()
    assert step(course, work, "classroom50").returncode == 0
    assert json.loads(target.read_text(encoding="utf-8")) == CLASSROOM50
    assert victim.read_text(encoding="utf-8") == "precious"
    assert sorted(path.name for path in work.iterdir()) == ["exercises", "result.json"]


def test_totals_have_to_be_those_of_the_tests(course: Course, work: Path) -> None:
    """A Classroom 50 result whose score is not the sum of its tests' is not published."""
    course.ends(0, result={**CLASSROOM50, "score": 3})
    assert step(course, work, "classroom50").returncode == 3
    assert not (work / "result.json").exists()


def autograder(folder: Path, **blanks: str) -> Path:
    """Return the autograder as a release writes it."""
    text = AUTOGRADER.read_text(encoding="utf-8")
    values = {"REPOSITORY": "kata-class/docker-kata", "COMMIT": "PUT-IT-HERE", "LANGUAGE": "ko"} | blanks
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    folder.mkdir()
    (folder / "autograder.py").write_text(text, encoding="utf-8")
    return folder / "autograder.py"


@pytest.mark.parametrize(
    ("assignment", "exercises"), [("04-redis", ["04"]), ("04", ["04"]), ("docker", []), ("2026-docker", [])]
)
def test_a_course_beside_the_autograder_is_used(
    course: Course, work: Path, tmp_path: Path, assignment: str, exercises: list[str]
) -> None:
    """A bundle that brings the course needs no network; the assignment's name says which exercise it is about."""
    course.ends(1, result=CLASSROOM50)
    program = autograder(tmp_path / "bundle")
    course.root.rename(program.parent / "course")
    course.root = program.parent / "course"
    (work / "result.json").write_text('{"score": 100}', encoding="utf-8")
    (work / "release-body.md").write_text("100 of 100", encoding="utf-8")
    assert run(program, cwd=work, ASSIGNMENT=assignment).returncode == 0
    assert json.loads((work / "result.json").read_text(encoding="utf-8")) == CLASSROOM50
    assert not (work / "release-body.md").exists()
    (ran,) = course.runs
    assert ran["arguments"][1 : ran["arguments"].index("--work")] == exercises
    assert ran["environ"]["KATA_LANG"] == os.environ.get("KATA_LANG", "ko")


def _git(folder: Path, *arguments: str) -> str:
    git = ["git", "-c", "user.name=kata", "-c", "user.email=kata@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def forge(course: Course, tmp_path: Path) -> tuple[str, str]:
    """A server with the instructor's repository, solutions and all; its address and a commit that is not its head."""
    (course.root / "solutions").mkdir()
    (course.root / "solutions/run.sh").write_text("the answer", encoding="utf-8")
    (course.root / "told.json").write_text(
        json.dumps({"codes": [1], "result": json.dumps(CLASSROOM50)}), encoding="utf-8"
    )
    see = "\n(pathlib.Path(os.environ['SEEN'])).write_text(json.dumps(sorted(os.listdir(here))))\n"
    (course.root / "kata").write_text(KATA.replace("\nprint(", f"{see}print("), encoding="utf-8")
    repository = tmp_path / "forge/kata-class/docker-kata"
    repository.parent.mkdir(parents=True)
    course.root.rename(repository)
    _git(repository, "init", "-q")
    _git(repository, "config", "uploadpack.allowFilter", "true")
    _git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "Pinned")
    pinned = _git(repository, "rev-parse", "HEAD")
    (repository / "kata").write_text("raise SystemExit('a later commit')", encoding="utf-8")
    _git(repository, "commit", "-q", "-am", "Later")
    return f"file://{tmp_path}/forge", pinned


def test_the_pinned_commit_is_fetched_without_its_solutions(forge: tuple[str, str], work: Path, tmp_path: Path) -> None:
    """Not the branch's head but the commit that was named, and no solution lies where a learner's script could be."""
    server, pinned = forge
    program = autograder(tmp_path / "bundle", COMMIT=pinned)
    done = run(program, cwd=work, GITHUB_SERVER_URL=server, ASSIGNMENT="04-redis", SEEN=str(tmp_path / "seen"))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((work / "result.json").read_text(encoding="utf-8")) == CLASSROOM50
    seen = json.loads((tmp_path / "seen").read_text(encoding="utf-8"))
    assert "kata" in seen
    assert "solutions" not in seen


@pytest.mark.parametrize(
    ("commit", "words"), [("PUT-IT-HERE", "fill in REPOSITORY and COMMIT"), ("0" * 40, "cannot be fetched")]
)
def test_without_the_course_nothing_is_graded(
    forge: tuple[str, str], work: Path, tmp_path: Path, commit: str, words: str
) -> None:
    """Blanks that are left, or a commit that is not there, end with 3; a committed result does not stand in for one."""
    (work / "result.json").write_text('{"score": 100}', encoding="utf-8")
    done = run(autograder(tmp_path / "bundle", COMMIT=commit), cwd=work, GITHUB_SERVER_URL=forge[0])
    assert done.returncode == 3
    assert words in done.stderr
    assert not (work / "result.json").exists()
