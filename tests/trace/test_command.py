from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from checker import cli
from checker.cli import basis
from checker.engine import Engine
from checker.guard import Ledger
from checker.phrase import KataError
from checker.trace import Live, command
from tests.trace.conftest import entries, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from checker.guard import Entry

ENGINE = Engine(host="tcp://classroom:2376", origin="default", certs="/certs")
HOST = "unix:///tmp/guard.sock"


class StandIn:
    """What a guard is to ``kata trace``: an address, and whether it is well."""

    def __init__(self) -> None:
        self.host = HOST
        self.failure: BaseException | None = None


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A stand-in for the guard; whatever runs behind it has the conversation of a first run."""
    guard = StandIn()

    @contextlib.contextmanager
    def behind(engine: Engine, tell: Callable[[Entry], None], allow: frozenset[str]) -> Iterator[StandIn]:
        del engine, allow
        for entry in moments(entries("run_cold")):
            tell(entry)
        yield guard

    monkeypatch.setattr(command, "_behind_a_guard", behind)
    monkeypatch.setenv("KATA_LANG", "en")
    return guard


@pytest.fixture
def started() -> list[tuple[list[str], dict[str, str]]]:
    """What was run, and in which environment."""
    return []


@pytest.fixture
def run(started: list[tuple[list[str], dict[str, str]]]) -> Callable[..., int]:
    """Run nothing, and end with exit code 7."""

    def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
        started.append((list(command), dict(environ)))
        return 7

    return run


@pytest.mark.usefixtures("guard")
def test_the_command_runs_behind_the_guard(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., int], started: list[tuple[list[str], dict[str, str]]]
) -> None:
    """It finds the guard where it would look for the engine, without TLS; its exit code is ours."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certs")
    monkeypatch.setenv("MINE", "kept")
    assert command.trace(["docker", "run", "hello-world"], ENGINE, Live(io.StringIO()), run) == 7
    [(what, environ)] = started
    assert what == ["docker", "run", "hello-world"]
    assert environ["DOCKER_HOST"] == HOST
    assert not {"DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} & set(environ)
    assert environ["TESTCONTAINERS_HOST_OVERRIDE"] == "classroom"
    assert environ["MINE"] == "kept"


@pytest.mark.usefixtures("guard")
def test_nobody_draws_over_our_lines(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., int], started: list[tuple[list[str], dict[str, str]]]
) -> None:
    """Builds and compose report their progress line by line, unless the learner wants it otherwise."""
    monkeypatch.delenv("BUILDKIT_PROGRESS", raising=False)
    monkeypatch.setenv("COMPOSE_PROGRESS", "quiet")
    command.trace(["docker"], ENGINE, Live(io.StringIO()), run)
    assert started[0][1]["BUILDKIT_PROGRESS"] == "plain"
    assert started[0][1]["COMPOSE_PROGRESS"] == "quiet"


@pytest.mark.usefixtures("guard")
def test_the_summary_comes_when_the_command_has_ended(run: Callable[..., int]) -> None:
    """The conversation first, then what it added up to."""
    stream = io.StringIO()
    command.trace(["docker"], ENGINE, Live(stream), run)
    assert stream.getvalue().splitlines()[-1].startswith("│ 7 requests")


@pytest.mark.usefixtures("guard")
def test_the_picture_is_saved(tmp_path: Path, run: Callable[..., int]) -> None:
    """``--save`` leaves an SVG with the command as it was typed."""
    command.trace(["docker", "run", "a b"], ENGINE, Live(io.StringIO()), run, save=tmp_path / "trace.svg")
    assert "$ docker run 'a b'" in (tmp_path / "trace.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "could not be written to {path}: No such file or directory\nGive --save a file"),
        ("ko", "{path}에 그림을 저장하지 못했어요: No such file or directory\n이미 있고 쓸 수 있는"),
    ],
)
def test_a_picture_that_cannot_be_saved_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., int], language: str, words: str
) -> None:
    """Where it cannot be written, the reason and what to do about it."""
    monkeypatch.setenv("KATA_LANG", language)
    path = tmp_path / "nowhere" / "trace.svg"
    with pytest.raises(KataError) as caught:
        command.trace(["docker"], ENGINE, Live(io.StringIO()), run, save=path)
    assert words.format(path=path) in str(caught.value)


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "There is no command nosuch here: No such file or directory\nTry it without kata trace first"),
        ("ko", "nosuch 명령이 여기에는 없어요: No such file or directory\nkata trace 없이 먼저"),
    ],
)
def test_a_command_that_does_not_exist_is_said_to(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A program that is not there is named, with the system's reason."""
    monkeypatch.setenv("KATA_LANG", language)

    def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
        del environ
        raise FileNotFoundError(2, "No such file or directory", command[0])

    with pytest.raises(KataError) as caught:
        command.trace(["nosuch"], ENGINE, Live(io.StringIO()), run)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "stumbled (RuntimeError: x)"), ("ko", "guard가 넘어졌어요(RuntimeError: x)")],
)
def test_a_bug_of_the_guard_is_said_to_be_ours(
    monkeypatch: pytest.MonkeyPatch, guard: StandIn, run: Callable[..., int], language: str, words: str
) -> None:
    """After the conversation, what went wrong between the two, and that it is not the learner's doing."""
    monkeypatch.setenv("KATA_LANG", language)
    guard.failure = RuntimeError("x")
    stream = io.StringIO()
    with pytest.raises(KataError) as caught:
        command.trace(["docker"], ENGINE, Live(stream), run)
    assert words in str(caught.value)
    assert "7 requests" in stream.getvalue()


def test_a_script_beside_us_needs_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``run.sh`` is found in the current folder, by a shell where it may not be executed; programs stay programs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.sh").write_text("true\n", encoding="utf-8")
    (tmp_path / "sh").write_text("a file that happens to be called like a program\n", encoding="utf-8")
    assert command._found(["run.sh", "a"]) == ["sh", "run.sh", "a"]
    (tmp_path / "run.sh").chmod(0o755)
    assert command._found(["run.sh", "a"]) == [str(tmp_path / "run.sh"), "a"]
    assert command._found(["./run.sh"]) == [str(tmp_path / "run.sh")]
    assert command._found(["sh", "-c", "true"]) == ["sh", "-c", "true"]


def test_what_is_on_the_engine_is_the_commands_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's own command may see and change what is there: containers, networks, volumes, images."""
    answers: dict[str, Any] = {
        "/containers/json?all=1": [{"Id": "c1", "Names": ["/web"]}, {"Id": "c2", "Names": []}],
        "/networks": [{"Id": "n1", "Name": "bridge"}],
        "/volumes": {"Volumes": [{"Name": "data"}]},
        "/images/json": [{"RepoTags": ["mine:1", "<none>:<none>"]}, {"RepoTags": None}],
    }
    monkeypatch.setattr(Engine, "request", lambda _self, _method, path: (200, answers[path]))
    ledger = Ledger("trace-1")
    command._adopt(ENGINE, ledger)
    assert (ledger.find("container", "web"), ledger.find("container", "c2")) == ("c1", "c2")
    assert (ledger.find("network", "bridge"), ledger.find("volume", "data")) == ("n1", "data")
    assert {"docker.io/library/mine:1", "docker.io/library/redis:7"} <= command._images(ENGINE)


@pytest.mark.usefixtures("guard")
def test_the_command_line_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """``kata trace`` passes the command's options on, leaves its output alone, and ends with its exit code."""
    monkeypatch.setattr(basis, "engine", lambda: ENGINE)
    monkeypatch.setenv("COLUMNS", "80")
    picture = tmp_path / "trace.svg"
    program = "import os, sys; print(os.environ['DOCKER_HOST'], *sys.argv[1:]); sys.exit(5)"
    arguments = ["trace", "--raw", "--save", str(picture), "--", sys.executable, "-c", program, "--save", "x"]
    assert cli.run(arguments) == 5
    said = capfd.readouterr()
    assert said.out == f"{HOST} --save x\n"
    assert "│       HEAD /_ping → 200, 1 ms" in said.err
    assert said.err.splitlines()[-1] == f"» Drawn: {picture}"
    assert picture.exists()


@pytest.mark.parametrize("arguments", [["trace"], ["trace", "--bogus", "docker"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, or with an option that it does not know, it says how it is used."""
    assert cli.run(arguments) == 2
    assert "Usage: kata trace" in capsys.readouterr().err


@pytest.mark.docker
def test_a_real_run_is_told(engine: Engine, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's way through a real guard and engine: asked, found in the cache, made, run, ended, gone."""
    monkeypatch.setenv("KATA_LANG", "en")
    monkeypatch.setenv("COLUMNS", "120")

    def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
        return subprocess.run(command, env=dict(environ), check=False).returncode

    live = Live(sys.stderr, columns=120)
    arguments = ["docker", "run", "--rm", "busybox:1", "sh", "-c", "echo hello; exit 7"]
    assert command.trace(arguments, engine, live, run) == 7
    said = capfd.readouterr()
    assert said.out == "hello\n"
    for words in (
        "client → server    Please make a container from busybox:1 that runs: sh -c echo hello; exit 7",
        "server             I look into my image cache: busybox:1 is there.",
        "server → you       Here is what the program says, for your terminal",
        "server → client    Its program has ended",
    ):
        assert words in said.err
