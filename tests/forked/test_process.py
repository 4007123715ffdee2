"""A pytest that is forked from a warm process: what reaches it, what it tells, and what it ends with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.forked import Forked, start_pytest
from checker.workbench.container import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Forked]:
    """Starts a pytest that runs a program as its only test; what it prints is in ``said``."""

    def start(program: str, network: Path | None = None) -> Forked:
        file = tmp_path / "test_it.py"
        file.write_text(f"import os, signal, time\nfrom pathlib import Path\ndef test_it():\n    {program}\n", "utf-8")
        said = tmp_path / "said"
        return start_pytest(
            ["-p", "no:cacheprovider", "-q", "-s", f"--rootdir={tmp_path}", str(file)],
            root=ROOT,
            folder=tmp_path,
            environment={"ONLY": "this", "PYTHONDONTWRITEBYTECODE": "1"},
            complaints=said,
            output=said,
            network=network,
        )

    return start


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("pass", 0),
        ("assert False", 1),
        ("os._exit(7)", 7),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_how_it_ended_is_known(started: Callable[..., Forked], program: str, code: int) -> None:
    """Its exit code is pytest's, or whatever it ended with, or the signal that ended it."""
    process = started(program)
    assert process.wait(60)
    assert process.code == code


def test_it_has_only_what_it_was_given(started: Callable[..., Forked], tmp_path: Path) -> None:
    """Its variables, its folder and its streams are those of the request; it hears nothing on standard input, leads a
    group of its own, and no file of ours is open in it.
    """
    process = started(
        "print(sorted(os.environ), os.getcwd(), os.read(0, 1), os.getpgrp() == os.getpid(),"
        " ['socket' for file in Path('/proc/self/fd').iterdir() if file.is_socket()])"
    )
    assert process.wait(60)
    said = (tmp_path / "said").read_text("utf-8")
    assert process.code == 0, said
    variables = ["ONLY", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTHONDONTWRITEBYTECODE"]
    assert f"{variables} {tmp_path} b'' True []" in said


def test_several_run_at_once(started: Callable[..., Forked], tmp_path: Path) -> None:
    """One that waits keeps no other from its end, and can be sent a signal."""
    waiting = started("print('waits', flush=True); time.sleep(600)")
    assert wait_for(lambda: "waits" in (tmp_path / "said").read_text("utf-8"), 60)
    other = started("pass")
    assert other.wait(60)
    assert not waiting.wait(0)
    waiting.send(signal.SIGTERM)
    assert waiting.wait(60)
    assert waiting.code == -signal.SIGTERM


def test_without_the_process_it_comes_from_it_ends(started: Callable[..., Forked], tmp_path: Path) -> None:
    """Where somebody kills the warm process, what was forked from it ends; the next pytest comes from a new one."""
    process = started("print('waits', flush=True); time.sleep(600)")
    assert wait_for(lambda: "waits" in (tmp_path / "said").read_text("utf-8"), 60)
    between = _parent(process.pid)
    os.kill(_parent(between), signal.SIGKILL)
    assert process.wait(60)
    assert process.code is None
    assert wait_for(lambda: not Path("/proc", str(process.pid)).exists(), 60)
    again = started("pass")
    assert again.wait(60)
    assert again.code == 0


def _parent(pid: int) -> int:
    status = Path("/proc", str(pid), "stat").read_text("ascii")
    return int(status.rpartition(")")[2].split()[1])


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root makes networks")
def test_it_works_in_another_network(started: Callable[..., Forked], tmp_path: Path) -> None:
    """In the network of another process, it is there from its first line on."""
    with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as holder:
        network = Path("/proc", str(holder.pid), "ns", "net")
        ours = Path("/proc/self/ns/net").readlink()
        try:
            assert wait_for(lambda: network.readlink() != ours, 60)
            process = started("print(os.readlink('/proc/self/ns/net'))", network)
            assert process.wait(60)
            assert str(network.readlink()) in (tmp_path / "said").read_text("utf-8")
        finally:
            holder.kill()


def test_a_network_that_is_gone_is_missed_at_once(started: Callable[..., Forked]) -> None:
    """Where a lab has just died, nothing is started."""
    with pytest.raises(FileNotFoundError, match="/proc/0/ns/net"):
        started("pass", Path("/proc/0/ns/net"))


def test_what_is_no_network_is_told(started: Callable[..., Forked], tmp_path: Path) -> None:
    """A pytest that cannot enter its network never begins, and says why."""
    (tmp_path / "no-network").touch()
    with pytest.raises(ChildProcessError, match="setns"):
        started("pass", tmp_path / "no-network")
