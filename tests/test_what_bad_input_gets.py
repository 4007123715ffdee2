from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.exercise import Exercise
from checker.verdict import Grade, Outcome, Verdict
from checker.workbench.container import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

    from checker.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
REDIS = Exercise.read(ROOT / "exercises" / "04_run_redis")
BACKGROUND = "04::keeps_running_in_the_background"
RUNS_WELL = (ROOT / "solutions" / REDIS.name / "run.sh").read_text(encoding="utf-8")

pytestmark = pytest.mark.docker


class Desk:
    """A learner's folder, and pytest run on it in a process of its own, with a data folder of its own."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._engine = engine.environment()  # with a data folder of its own it would not find an embedded one
        self.work = folder / "work" / REDIS.name
        self.data = folder / "data"
        self.runs = secrets.token_hex(3)  # what the ids of its runs begin with, so that others may be there too
        shutil.copytree(ROOT / "solutions" / REDIS.name, self.work)
        self._grades = folder / "grades.json"

    def command(self, *arguments: str) -> list[str]:
        options = [f"--work={self.work.parent}", f"--grades={self._grades}", "-p", "no:cacheprovider"]
        options += ["-p", "tests.known_runs"]
        return [sys.executable, "-m", "pytest", *(f"exercises/{name}" for name in arguments or ("04",)), *options]

    def environment(self, **more: str) -> dict[str, str]:
        own = {"KATA_DATA": str(self.data), "KATA_TEST_RUNS": self.runs, "KATA_LANG": "en", "COLUMNS": "100"}
        return {**os.environ, **self._engine, **own, **more}

    def check(self, *arguments: str, **more: str) -> tuple[int, Grade, str]:
        """Run the checks; return the exit code, the grade and what was printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, self.grade(), done.stdout + done.stderr

    def grade(self) -> Grade:
        data: list[dict[str, Any]] = json.loads(self._grades.read_text(encoding="utf-8"))["grades"]
        verdicts = (Verdict.from_json(verdict) for verdict in data[0]["verdicts"])
        return Grade.of(REDIS.name, REDIS.checks, verdicts)


@pytest.fixture
def desk(tmp_path: Path, client: DockerClient, engine: Engine) -> Desk:
    desk = Desk(tmp_path, engine)
    assert left_on(client, desk) == []
    return desk


def left_on(client: DockerClient, desk: Desk) -> list[str]:
    """Return the names of what stands on the engine that a run of this desk has made, or that is named as if."""
    rows = [(row["Names"][0], row["Labels"]) for row in client.api.containers(all=True)]
    rows += [(row["Name"], row["Labels"]) for row in client.api.volumes()["Volumes"] or ()]
    return [
        name
        for name, labels in rows
        if (labels or {}).get("kata.run", "").startswith(desk.runs) or name.lstrip("/").startswith(REDIS.prefix)
    ]


def processes_of(desk: Desk) -> list[str]:
    """Return the names of processes that a script of this desk has left."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            ours = any(v.startswith(f"TMPDIR={desk.data}".encode()) for v in variables)
            found += [(process / "comm").read_text().strip()] if ours else []
    return found


def first(grade: Grade) -> Verdict:
    return grade.verdicts[0]


def spoil(make: Callable[[Path], object]) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        script = desk.work / "run.sh"
        script.unlink()
        make(script)

    return act


@pytest.mark.parametrize(
    ("act", "key", "en", "ko"),
    [
        (spoil(lambda _: None), "work.missing", "There is no run.sh in your folder", "폴더에 run.sh 파일이 없어요"),
        (spoil(lambda p: p.write_text("")), "work.empty", "run.sh is empty", "run.sh가 비어 있어요"),
        (
            spoil(lambda p: p.write_bytes(RUNS_WELL.replace("\n", "\r\n").encode())),
            "work.crlf",
            "Windows line ends (CRLF)",
            "Windows 방식(CRLF)",
        ),
        (
            spoil(lambda p: p.write_text(RUNS_WELL, "utf-16")),
            "work.not_utf8",
            "not UTF-8 text",
            "UTF-8 텍스트가 아니에요",
        ),
        (spoil(lambda p: p.symlink_to("/etc/hostname")), "work.link", "run.sh is a link", "run.sh는 링크예요"),
        (spoil(lambda p: p.symlink_to("nowhere")), "work.link", "run.sh is a link", "run.sh는 링크예요"),
        (spoil(lambda p: p.symlink_to("/etc")), "work.link", "run.sh is a link", "run.sh는 링크예요"),
        (spoil(lambda p: p.mkdir()), "work.folder", "run.sh is a folder", "run.sh는 폴더예요"),
        (spoil(os.mkfifo), "work.not_a_file", "not a regular file", "일반 파일이 아니에요"),
        (spoil(lambda p: p.write_bytes(b"#" * 50_000_000)), "work.too_large", "has 50 MB", "50 MB나 돼요"),
        (
            spoil(lambda p: p.write_text("#!/bin/no-such-shell\n")),
            "script.no_interpreter",
            "asks for a program that is not here",
            "프로그램이 여기에는 없어요",
        ),
        (
            spoil(lambda p: p.write_text("#!/bin/sh\nkill -9 $PPID; sleep 60\n")),
            "script.killed_its_parent",
            "killed the process that ran it",
            "자기를 실행한 프로세스를 죽였어요",
        ),
        (
            spoil(lambda p: p.write_text("#!/bin/sh\necho 'is not so' >&2\nexit 42\n")),
            "script.failed",
            "exit code 42. The last thing it said:\nis not so",
            "exit code 42로 끝났어요. 마지막으로 한 말은 이거예요.\nis not so",
        ),
        (
            spoil(lambda p: p.write_text("#!/bin/sh\ndocker run -d --name kata-04-redis redsi:7\n")),
            "docker.unknown_image_near",
            "redis:7",
            "redis:7",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[:12] else "",
)
def test_a_spoilt_script_is_the_learners_mistake(
    desk: Desk, client: DockerClient, act: Callable[[Desk], None], key: str, en: str, ko: str
) -> None:
    """A script that cannot do its work fails its check with a sentence in both languages, and nothing is left."""
    act(desk)
    code, grade, said = desk.check(BACKGROUND)
    assert (code, first(grade).outcome, first(grade).mistake) == (1, Outcome.FAILED, key), said
    feedback = first(grade).feedback
    assert feedback is not None
    assert en in feedback.en
    assert ko in feedback.ko
    assert "Traceback" not in said
    assert left_on(client, desk) == []


@pytest.mark.parametrize(
    "content",
    [
        RUNS_WELL.partition("\n")[2],
        "#!/usr/bin/env bash\n# 안녕하세요\n".encode("euc-kr").decode("latin-1") + RUNS_WELL,
        RUNS_WELL + "\n(setsid sleep 300 &) ; nohup sleep 300 & sleep 300 &\n",
        RUNS_WELL + "\nfor i in $(seq 200); do sleep 300 & done\n",
        RUNS_WELL + "\ntrap '' HUP INT TERM\nrm -rf \"$PWD\"\n",
        RUNS_WELL
        + "\ndocker run -d redis:7; docker run -d --name kata-04-more redis:7; docker volume create kata-04-v\n",
        RUNS_WELL + "\nprintf '\\033]0;x\\007\\033[31m\\xff\\x00::error::no\\n'; exit 7\n",
    ],
    ids=[
        "without-shebang",
        "euc-kr-comment",
        "leaves-processes",
        "leaves-a-crowd",
        "removes-its-own-folder",
        "makes-more-than-asked",
        "odd-output-and-exit-code",
    ],
)
def test_an_odd_script_that_does_its_work_passes(desk: Desk, client: DockerClient, content: str) -> None:
    """No x bit, no first line, odd bytes, processes left behind, an exit code: what counts is what is there after."""
    (desk.work / "run.sh").write_text(content, encoding="latin-1")
    (desk.work / "run.sh").chmod(0o644)
    code, grade, said = desk.check(BACKGROUND)
    assert (code, first(grade).outcome) == (0, Outcome.PASSED), said
    assert left_on(client, desk) == []


@pytest.mark.parametrize(
    ("trick", "key"),
    [
        ("rm run.sh; mkfifo run.sh", "work.not_a_file"),
        ("rm run.sh; ln -s /etc/passwd run.sh", "work.link"),
        ("rm run.sh", "work.unreadable"),
    ],
)
def test_what_one_script_does_to_another_is_the_learners(
    desk: Desk, client: DockerClient, trick: str, key: str
) -> None:
    """A script that replaces or removes the next one, in our copy, is told so; nothing hangs or breaks over it."""
    script = desk.work / "interactive.sh"
    script.write_text(f"#!/bin/bash\n{trick}\nexec docker run -it --rm redis:7\n", encoding="utf-8")
    code, grade, said = desk.check("04::ctrl_c_ends_it_cleanly", BACKGROUND)
    assert (code, [verdict.mistake for verdict in grade.verdicts]) == (1, ["", key]), said
    assert (desk.work / "run.sh").read_text(encoding="utf-8") == RUNS_WELL
    assert left_on(client, desk) == []


def test_what_is_the_learners_own_stays(desk: Desk, client: DockerClient) -> None:
    """Containers and volumes that were there before, also of redis:7 or with a name like ours, are there after."""
    own = f"kata-redis-{os.getpid()}"
    try:
        client.api.create_volume(own)
        running = client.api.create_container("redis:7", name=own)["Id"]
        client.api.start(running)
        before = client.api.inspect_container(running)["State"]["Pid"]
        assert desk.check()[0] == 0
        assert client.api.inspect_container(running)["State"]["Pid"] == before
        assert client.api.inspect_volume(own)
    finally:
        client.api.remove_container(own, force=True, v=True)
        client.api.remove_volume(own)


def test_a_renamed_container_goes_too(desk: Desk, client: DockerClient) -> None:
    """What a script makes under a name of ours and then renames is still its own, and is removed."""
    other = f"other-{os.getpid()}"
    text = f"{RUNS_WELL}\ndocker rename kata-04-redis {other}\n"
    (desk.work / "run.sh").write_text(text, encoding="utf-8")
    code, grade, said = desk.check(BACKGROUND)
    assert (code, first(grade).mistake) == (1, "container.missing"), said
    assert not [row for row in client.api.containers(all=True) if f"/{other}" in row["Names"]]
    assert left_on(client, desk) == []


@pytest.mark.full
@pytest.mark.parametrize("freeze", ["docker kill -s STOP", "docker exec -d $1 redis-cli client pause 90000 ALL;:"])
def test_a_redis_that_is_frozen_does_not_keep_us(desk: Desk, client: DockerClient, freeze: str) -> None:
    """A Redis that lives and answers nobody fails the check; it neither hangs nor breaks it."""
    text = f"{RUNS_WELL}\nset -- kata-04-redis\n{freeze} kata-04-redis; sleep 0.5\n"
    (desk.work / "run.sh").write_text(text, encoding="utf-8")
    code, grade, said = desk.check(BACKGROUND)
    assert (code, first(grade).mistake) == (1, "no_redis_inside"), said
    assert left_on(client, desk) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 64 KB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_of_ours_costs_no_points(desk: Desk, client: DockerClient, tiny_disk: Path) -> None:
    """When there is no room for the copy of the work, all is broken, and it is said which disk is full."""
    (desk.work / "more.txt").write_bytes(b"x" * 200_000)
    code, grade, said = desk.check(BACKGROUND, KATA_DATA=str(tiny_disk))
    assert (code, first(grade).outcome) == (3, Outcome.BROKEN), said
    feedback = first(grade).feedback
    assert feedback is not None
    assert f"There is no room left on the disk of {tiny_disk}." in feedback.en
    assert "디스크에 남은 공간이 없어요" in feedback.ko
    assert list((tiny_disk / "runs").glob("*")) == []
    assert left_on(client, desk) == []


def test_a_data_folder_that_cannot_be_written_costs_no_points(desk: Desk, client: DockerClient) -> None:
    """When KATA_DATA can be no folder, all is broken, and it is said which and what to do about it."""
    code, grade, said = desk.check(BACKGROUND, KATA_DATA=str(desk.work / "run.sh"))
    assert (code, first(grade).outcome) == (3, Outcome.BROKEN), said
    feedback = first(grade).feedback
    assert feedback is not None
    assert "cannot be written: Not a directory" in feedback.en
    assert "쓸 수 없어요" in feedback.ko
    assert "KATA_DATA" in feedback.ko
    assert left_on(client, desk) == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("body", "key"),
    [("sleep 300", "script.still_running"), ("read answer", "script.waits_for_input"), ("yes", "script.still_running")],
)
def test_a_script_that_does_not_end_is_ended(desk: Desk, client: DockerClient, body: str, key: str) -> None:
    """A script that hangs, waits for somebody to type, or prints for ever fails after its time."""
    (desk.work / "run.sh").write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    code, grade, said = desk.check(BACKGROUND)
    assert (code, first(grade).mistake) == (1, key), said
    assert left_on(client, desk) == []


def test_no_engine_costs_no_points(desk: Desk) -> None:
    """Without an engine every check is broken, exit code 3, with what to do about it."""
    code, grade, said = desk.check(DOCKER_HOST="unix:///nowhere/docker.sock", DOCKER_CONTEXT="")
    assert code == 3, said
    assert {verdict.outcome for verdict in grade.verdicts} == {Outcome.BROKEN}
    assert "does not answer" in said or "No Docker engine" in said
    assert not grade.is_final


@pytest.mark.parametrize(
    ("said", "en", "ko"),
    [
        ("toomanyrequests: You have reached your pull rate limit.", "too many were pulled", "너무 많이 받아서"),
        (
            'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
            "cannot be reached",
            "연결할 수 없어서",
        ),
        (
            "mkdir /var/lib/docker/x: no space left on device",
            "disk of the Docker engine is full",
            "디스크가 가득 찼어요",
        ),
    ],
    ids=["rate-limit", "unreachable", "disk-full"],
)
def test_the_machines_fault_is_broken(desk: Desk, tmp_path: Path, said: str, en: str, ko: str) -> None:
    """What Docker Hub or the disk refuses costs no points and comes with a remedy, in both languages."""
    (desk.work / "run.sh").write_text(
        f"#!/bin/sh\necho \"Unable to find image 'redis:7' locally\" >&2\n"
        f"echo 'docker: Error response from daemon: {said}' >&2\nexit 125\n",
        encoding="utf-8",
    )
    code, grade, printed = desk.check(BACKGROUND)
    assert (code, first(grade).outcome) == (3, Outcome.BROKEN), printed
    feedback = first(grade).feedback
    assert feedback is not None
    assert en in feedback.en
    assert ko in feedback.ko


class Line:
    """A unix socket through which an engine is reached, and which can be cut as if the engine had died."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.path = folder / "line.sock"
        self._engine = engine.host.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._ends = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def cut(self) -> None:
        self.path.unlink()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _start(self, work: Callable[..., None], *ends: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=ends, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                self._ends += [near, far]
                far.connect(self._engine)
                self._start(self._carry, near, far)
                self._start(self._carry, far, near)

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(65_536):
                target.sendall(said)
            target.shutdown(socket.SHUT_WR)


def test_an_engine_that_dies_in_the_middle_is_broken(
    desk: Desk, client: DockerClient, engine: Engine, tmp_path: Path
) -> None:
    """When the engine goes away while a script runs, no point is lost: exit code 3, a remedy, and pytest ends soon."""
    if not engine.host.startswith("unix://"):
        pytest.skip("an engine that is reached over TCP cannot be cut off here")
    (desk.work / "run.sh").write_text(f"{RUNS_WELL}\nsleep 60\n", encoding="utf-8")
    line = Line(engine, tmp_path)
    process = subprocess.Popen(
        desk.command(BACKGROUND),
        cwd=ROOT,
        env=desk.environment(DOCKER_HOST=f"unix://{line.path}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert wait_for(lambda: any(name.startswith("/kata-04-redis") for name in left_on(client, desk)), 30)
    line.cut()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert first(desk.grade()).outcome is Outcome.BROKEN
    assert "does not answer any more" in said
    assert "Traceback" not in said
    desk.check("04::touches_nothing_else")  # the next run clears away what this one had to leave
    assert left_on(client, desk) == []


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        (0.9, signal.SIGINT),
        (1.5, signal.SIGTERM),
        (2.5, signal.SIGINT),
        *(pytest.param(at / 10, signal.SIGINT, marks=pytest.mark.full) for at in range(4, 40, 3)),
    ],
)
def test_an_interrupted_run_leaves_nothing(
    desk: Desk, client: DockerClient, moment: float, how: signal.Signals
) -> None:
    """Ctrl-C, or SIGTERM, at any moment: what was started is gone when pytest is."""
    process = subprocess.Popen(
        desk.command(), cwd=ROOT, env=desk.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(moment)
    process.send_signal(how)
    process.wait(30)
    assert left_on(client, desk) == []
    assert list((desk.data / "runs").glob("*")) == []


def test_what_a_killed_run_leaves_goes_with_the_next(desk: Desk, client: DockerClient) -> None:
    """After kill -9 in the middle of interactive.sh the next run removes all of it, the Redis without a name too."""
    process = subprocess.Popen(
        desk.command(), cwd=ROOT, env=desk.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert wait_for(lambda: any("bystander" in name for name in left_on(client, desk)), 30)
    process.kill()
    process.wait()
    assert left_on(client, desk) != []
    code, _, said = desk.check(BACKGROUND)
    assert code == 0, said
    assert left_on(client, desk) == []
    assert list((desk.data / "runs").glob("*")) == []


def test_two_runs_of_one_exercise_take_turns(desk: Desk, client: DockerClient) -> None:
    """The second run of an exercise on the same engine waits for the first; both come to the same verdict."""
    started = time.monotonic()
    both = [
        subprocess.Popen(
            desk.command(BACKGROUND),
            cwd=ROOT,
            env=desk.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [process.wait(120) for process in both] == [0, 0], time.monotonic() - started
    assert left_on(client, desk) == []


@pytest.mark.parametrize(
    ("typed", "en"),
    [
        ("exercises/99", "There is no exercise 99. These exist: 01 02"),
        ("exercises/4", "There is no exercise 4; did you mean 04? These exist: 01 02"),
        ("exercises/0", "There is no exercise 0. These exist: 01 02"),
    ],
)
def test_an_exercise_that_does_not_exist_is_one_line(typed: str, en: str) -> None:
    """A wrong number is one sentence that lists what exists, and exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", typed],
        cwd=ROOT,
        env={**os.environ, "KATA_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(en)
    assert len(done.stderr.splitlines()) == 1
