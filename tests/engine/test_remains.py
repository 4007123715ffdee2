from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checker.engine import remains
from checker.phrase import KataError

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
pytestmark = linux


def _sleeper(tools: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a copy of sleep or sh that lies below ``tools``."""
    tools.mkdir(exist_ok=True)
    program = tools / command[0]
    shutil.copy(shutil.which(command[0]) or "", program)
    return subprocess.Popen([program, *command[1:]])


def test_finds_only_what_runs_from_our_folder(tmp_path: Path) -> None:
    """A process is ours by where its program lies, not by its name."""
    with _sleeper(tmp_path / "tools", "sleep", "60") as ours, subprocess.Popen(["sleep", "60"]) as other:
        try:
            assert remains.running(tmp_path / "tools") == {ours.pid: "sleep"}
        finally:
            ours.kill()
            other.kill()


def test_finds_a_process_whose_program_was_deleted(tmp_path: Path) -> None:
    """A program that was removed while it ran still counts as ours."""
    with _sleeper(tmp_path / "tools", "sleep", "60") as ours:
        try:
            (tmp_path / "tools/sleep").unlink()
            assert ours.pid in remains.running(tmp_path / "tools")
        finally:
            ours.kill()


def test_ends_what_can_be_asked_to_end(tmp_path: Path) -> None:
    """A process that heeds SIGTERM is not killed."""
    with _sleeper(tmp_path / "tools", "sleep", "60") as ours:
        remains.end([ours.pid], seconds=10)
        assert ours.wait() == -signal.SIGTERM


def test_kills_what_will_not_end() -> None:
    """A process that ignores SIGTERM is killed when time is up."""
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        remains.end([stubborn.pid], seconds=0.05)
        assert stubborn.wait() == -signal.SIGKILL


def test_ending_nothing_is_no_error() -> None:
    """A pid that is gone already is not an error."""
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    remains.end([gone.pid], seconds=0.05)


@pytest.mark.parametrize(("language", "words"), [("en", "do not end"), ("ko", "끝나지 않아요")])
def test_says_what_cannot_be_killed(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A process that survives SIGKILL is named by its pid."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr("os.kill", lambda *_: None)
    monkeypatch.setattr(remains, "_KILLED_WITHIN", 0.01)
    with pytest.raises(KataError, match=words) as caught:
        remains.end([os.getpid()], seconds=0.01)
    assert str(os.getpid()) in str(caught.value)


def test_finds_descendants_at_any_depth() -> None:
    """A grandchild counts as below its grandparent."""
    with subprocess.Popen(["sh", "-c", "sh -c 'sleep 60 & echo $!; wait' & wait"], stdout=subprocess.PIPE) as top:
        assert top.stdout is not None
        grandchild = int(top.stdout.readline())
        below = remains.below([top.pid])
        assert grandchild in below
        remains.end(below, seconds=1)


def test_a_zombie_is_not_alive() -> None:
    """A process that only waits for its parent to notice has ended."""
    with subprocess.Popen(["true"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert not remains.is_alive(zombie.pid)


def test_undoes_escapes_of_mount_points() -> None:
    """A blank in a mount point's path is written as octal by the kernel."""
    assert remains._unescaped("/a\\040b") == Path("/a b")


@root
def test_deletes_no_file_through_a_mount(tmp_path: Path) -> None:
    """What is mounted below a folder is unmounted first; its files stay where they are."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("mine", encoding="utf-8")
    (tmp_path / "ours/a b").mkdir(parents=True)
    for _ in range(2):  # stacked, as a killed engine leaves them
        subprocess.run(["mount", "--bind", tmp_path / "precious", tmp_path / "ours/a b"], check=True)
    assert remains.delete(tmp_path / "ours")
    assert (tmp_path / "precious/file").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "ours").exists()


def test_deletes_no_file_through_a_link(tmp_path: Path) -> None:
    """A link below the folder goes, what it points to stays."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/link").symlink_to(tmp_path / "precious")
    remains.delete(tmp_path / "ours")
    assert (tmp_path / "precious").is_dir()


def test_deleting_nothing_says_so(tmp_path: Path) -> None:
    """A folder that is not there was not deleted."""
    assert not remains.delete(tmp_path / "nothing")


@pytest.mark.parametrize(("language", "words"), [("en", "still mounted"), ("ko", "아직 mount되어")])
def test_deletes_nothing_while_something_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where unmounting fails nothing is deleted, and the mount is named."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(remains, "unmount", lambda *_: [tmp_path / "stuck"])
    (tmp_path / "file").touch()
    with pytest.raises(KataError, match=words) as caught:
        remains.delete(tmp_path)
    assert "stuck" in str(caught.value)
    assert (tmp_path / "file").exists()
