"""The disk of a lab: a file with a file system in it, cloned in no time from one that was prepared.

A disk of a fixed size is a limit that nothing inside can get around (a quota of btrfs can be: whoever may write may
make a subvolume, which has a quota of its own). Cloning needs a file system that can share blocks between files
(``FICLONE``, ioctl_ficlonerange(2)): where the data folder is on none, one is kept in a file of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["await_detached", "can_clone", "clone", "distrust", "format_disk", "mount", "unmount"]

_FICLONE = 0x40049409  # linux/fs.h
_POWERLESS = "nodev,nosuid"
"""Whoever is root in a container of the lab can make a device's file in a folder of the work and let everybody open it,
and the lab has all devices of this machine. Such files, and setuid programs, are nothing but files there."""

_OF_A_LAB = f"noatime,nobarrier,{_POWERLESS}"  # its content need not outlive a crash


def clone(source: Path, target: Path) -> bool:
    """Make ``target`` a copy of a file that shares its blocks; where that cannot be, a full one.

    Returns:
        Whether the blocks are shared.

    Raises:
        KataError: ``lab.disk``: no room.
    """
    with contextlib.suppress(OSError), source.open("rb") as old, target.open("wb") as new:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        return True
    run("cp", "--sparse=always", "--reflink=never", source, target)
    return False


def can_clone(folder: Path) -> bool:
    """Return whether files in this folder can share blocks."""
    source, target = folder / "trial", folder / "trial.clone"
    try:
        source.write_bytes(bytes(4096))
        with source.open("rb") as old, target.open("wb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except OSError:
        return False
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    return True


def format_disk(file: Path, size: int) -> None:
    """Make a disk of ``size`` bytes, which takes only the room that is written to.

    Raises:
        KataError: ``lab.disk``.
    """
    with file.open("wb") as new:
        os.truncate(new.fileno(), size)
    # no journal: a disk that was not put away properly is thrown away
    run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0", "-E", "lazy_itable_init=1", file)


def mount(file: Path, folder: Path, options: str = _OF_A_LAB) -> None:
    """Mount a disk; its loop device goes with it when it is unmounted.

    Raises:
        KataError: ``lab.disk``.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    run("mount", "-o", f"loop,{options}", file, folder)


def distrust(folder: Path) -> None:
    """Let no process of this machine follow a link on a disk that is mounted there; mounts elsewhere still do.

    Whoever is root in a container of the lab can put a link in the place of a folder of the work at any moment, also
    between our looking and our opening (MS_NOSYMFOLLOW, mount(2); Linux 5.10).

    Raises:
        KataError: ``lab.disk``.
    """
    run("mount", "-o", f"remount,bind,nosymfollow,{_POWERLESS}", folder)


def unmount(folder: Path, *, cleanly: bool = False) -> None:
    """Unmount a disk and remove the folder that it was mounted to; harmless where it is not.

    Args:
        folder: Where it is mounted.
        cleanly: Whether everything has to be written, and nobody may use it any more.

    Raises:
        KataError: ``lab.busy``: somebody does.
    """
    if cleanly:
        done = subprocess.run(["umount", folder], capture_output=True, check=False)
        if done.returncode != 0 and os.path.ismount(folder):
            raise KataError("lab.busy", folder=folder)
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", "--recursive", folder], capture_output=True, check=False)
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()


def await_detached(file: Path, seconds: float = 30) -> None:
    """Wait until nobody has a disk mounted any more, so that everything that was written to it is in its file.

    Raises:
        KataError: ``lab.busy``: somebody still has after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while str(file) in _attached():
        if time.monotonic() > deadline:
            raise KataError("lab.busy", folder=file)
        time.sleep(0.02)


def _attached() -> Iterator[str]:
    """Yield the files that are behind loop devices (sysfs, Documentation/ABI/testing/sysfs-block-loop)."""
    for device in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            yield device.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")


def run(*command: str | Path) -> None:
    """Run a program of the system.

    Raises:
        KataError: ``lab.disk`` with what it said.
    """
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    program = shutil.which(str(command[0]), path=search)
    if program is None:
        raise KataError("lab.disk", program=command[0], detail="not found")
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise KataError("lab.disk", program=command[0], detail=(done.stderr or done.stdout).strip()[-500:])
