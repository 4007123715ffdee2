from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, find_engine
from checker.guard.__main__ import main
from checker.guard.ledger import Ledger
from checker.guard.remove import remove
from tests.guard.raw import Raw

if TYPE_CHECKING:
    from tests.guard.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a guard as a command."""
    return subprocess.Popen(
        [sys.executable, "-m", "checker.guard", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KATA_LANG": "en"},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_when_told_to(number: signal.Signals, fake: FakeEngine, short: Path) -> None:
    """``ready S`` comes when it listens; SIGTERM and Ctrl-C end it with exit code 0, and its socket is gone."""
    fake.scripts["GET /_ping"] = lambda talk: talk.reply(200, b"OK")
    with start("--socket", short / "g.sock", "--engine", fake.host, "--work", short) as guard:
        assert guard.stdout is not None
        assert guard.stdout.readline() == f"ready {short / 'g.sock'}\n"
        with Raw(str(short / "g.sock")) as raw:
            assert raw.ask("GET", "/_ping")
        guard.send_signal(number)
        _, errors = guard.communicate(timeout=SECONDS)
    assert (guard.returncode, errors) == (0, "")
    assert not (short / "g.sock").exists()


def test_without_an_engine_it_says_so(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to guess why it did not start: exit code 3, and the cause."""
    code = main(["--socket", str(short / "g.sock"), "--engine", f"unix://{short}/nothing"])
    assert code == 3
    assert "nothing" in capsys.readouterr().err
    assert not (short / "g.sock").exists()


@pytest.mark.parametrize("arguments", [["--allow", "everything"], ["--work", "/no/such/folder"]])
def test_what_it_does_not_know_is_an_error(
    arguments: list[str], short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A grant that is none and a folder that is none end it before it listens."""
    with pytest.raises(SystemExit):
        main(["--socket", str(short / "g.sock"), "--engine", "unix:///x", *arguments])
    assert arguments[1] in capsys.readouterr().err


def test_what_a_run_owns_is_removed_in_the_order_of_its_use(fake: FakeEngine) -> None:
    """Containers go before the networks and volumes they use, names of images before the images."""
    ledger = Ledger("t")
    ledger.add("image", "sha256:f00")
    ledger.add("tag", "docker.io/library/web:latest", "sha256:f00")
    ledger.add("volume", "data")
    ledger.add("network", "beef")
    ledger.add("container", "cafe", "web")
    fake.scripts["DELETE /volumes/data"] = lambda talk: talk.reply(409, {"message": "volume is in use"})
    fake.scripts["DELETE /images/sha256:f00"] = lambda talk: talk.reply(404, {"message": "No such image"})
    left = remove(Engine(host=fake.host, origin="DOCKER_HOST"), ledger)
    assert left == ["volume data: volume is in use"]
    assert fake.asked == [
        "DELETE /containers/cafe?force=1&v=1",
        "DELETE /networks/beef",
        "DELETE /volumes/data?force=1",
        "DELETE /images/web:latest",
        "DELETE /images/sha256:f00?force=1",
    ]
    assert ledger.ids("volume") == ("data",)
    assert ledger.ids("container") == ledger.ids("image") == ()


@pytest.mark.docker
def test_what_was_made_through_it_is_gone_when_it_ends(short: Path, tmp_path: Path) -> None:
    """Containers, networks, volumes and images of a script are removed with the guard that it ran behind."""
    engine = find_engine()
    (tmp_path / "Dockerfile").write_text("FROM busybox:1\nRUN echo > /made\n", encoding="utf-8")
    socket = short / "g.sock"
    commands = (
        ("network", "create", "guard-test-main"),
        ("volume", "create", "guard-test-main"),
        ("build", "-q", "-t", "guard-test-main", str(tmp_path)),
        (
            "run",
            "-d",
            "--name",
            "guard-test-main",
            "--net",
            "guard-test-main",
            "-v",
            "guard-test-main:/v",
            "guard-test-main",
            "top",
        ),
    )
    with start("--socket", socket, "--engine", engine.host) as guard:
        assert guard.stdout is not None
        assert guard.stdout.readline() == f"ready {socket}\n"
        environment = {**os.environ, **engine.environment(), "DOCKER_HOST": f"unix://{socket}"}
        for command in commands:
            subprocess.run(
                ["docker", *command], env=environment, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL
            )
        guard.terminate()
        _, errors = guard.communicate(timeout=SECONDS)
    assert (guard.returncode, errors) == (0, "")
    for path in (
        "/containers/guard-test-main/json",
        "/networks/guard-test-main",
        "/volumes/guard-test-main",
        "/images/guard-test-main/json",
    ):
        assert engine.request("GET", path)[0] == 404, path
