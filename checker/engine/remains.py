"""What an engine that was killed leaves behind: processes, mounts, control groups. Linux only.

Ours are told from others by where they come from: a program below our tools, a root file system below our
data.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["below", "contained", "delete", "end", "is_alive", "remove_groups", "running", "unmount"]

_PROC = Path("/proc")
_KILLED_WITHIN = 10.0  # seconds
_DETACH = 2  # MNT_DETACH, umount2(2)


def running(tools: Path) -> dict[int, str]:
    """Return the processes whose program lies below ``tools``: pid and the program's name."""
    found = {}
    for pid in _pids():
        with contextlib.suppress(OSError):
            # "(deleted)" follows the path of a program whose file is gone
            program = Path(str((_PROC / str(pid) / "exe").readlink()).removesuffix(" (deleted)"))
            if program.is_relative_to(tools):
                found[pid] = program.name
    return found


def contained(images: Path) -> list[int]:
    """Return the processes whose root file system is made from below ``images``: those in containers."""
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            mounts = (_PROC / str(pid) / "mountinfo").read_text(encoding="utf-8", errors="replace")
            # fields of proc(5): id, parent, device, root, mount point, ...
            root = next((line for line in mounts.splitlines() if line.split(" ", 5)[4] == "/"), "")
            if f"{images}/" in root or _is_copy(root, images):
                found.append(pid)
    return found


def _is_copy(root: str, images: Path) -> bool:
    """Return whether it is a copy by the vfs driver, whose path starts at the root of the disk it is on."""
    match = re.search(r"/vfs/dir/[0-9a-f]{64}", root)
    return match is not None and (images / match[0].removeprefix("/")).exists()


def below(parents: Iterable[int]) -> list[int]:
    """Return the processes that descend from these, at any depth: of a shim, all of its container."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        with contextlib.suppress(OSError):
            children.setdefault(int(_status(pid)[1]), []).append(pid)
    found: list[int] = []
    ahead = list(parents)
    while ahead:
        more = children.get(ahead.pop(), [])
        found += more
        ahead += more
    return found


def _status(pid: int) -> list[str]:
    """Return the fields of proc(5)'s stat from the state on; the program's name before may hold anything."""
    text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def _pids() -> list[int]:
    own = os.getpid()
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit() and int(entry.name) != own]


def end(pids: Iterable[int], *, seconds: float) -> None:
    """Ask processes to end, and kill those that have not after ``seconds``; return when all are gone.

    Raises:
        KataError: ``engine.unkillable``: one survives even that (it hangs in the kernel).
    """
    pids = set(pids)
    for number, limit in ((signal.SIGTERM, seconds), (signal.SIGKILL, _KILLED_WITHIN)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + limit
        while (pids := {pid for pid in pids if is_alive(pid)}) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not pids:
            return
    raise KataError("engine.unkillable", pids=", ".join(map(str, sorted(pids))))


def is_alive(pid: int) -> bool:
    """Return whether a process is there and not only waiting to be reaped by its parent."""
    try:
        return _status(pid)[0] not in {"Z", "X"}
    except OSError:
        return False


def unmount(*folders: Path) -> list[Path]:
    """Unmount everything below the folders, deepest first, and return what was mounted there.

    A folder that is itself a mount point stays one: that was the user's doing.
    """
    mounts = (_PROC / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = [_unescaped(line.split(" ", 5)[4]) for line in mounts]
    ours = [point for point in points if any(folder in point.parents for folder in folders)]
    libc = ctypes.CDLL(None, use_errno=True)
    for point in sorted(ours, key=lambda point: len(point.parts), reverse=True):
        libc.umount2(os.fsencode(point), _DETACH)
    return ours


def _unescaped(field: str) -> Path:
    """Undo what proc(5) does to blanks and the like in a path: a backslash and three octal digits."""
    return Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field))


def delete(folder: Path) -> bool:
    """Delete a folder and return whether it was there; never through a mount that leads out of it.

    Raises:
        KataError: ``engine.still_mounted``: something below it could not be unmounted.
    """
    if not folder.exists():
        return False
    unmount(folder)
    left = unmount(folder)
    if left:
        raise KataError("engine.still_mounted", folder=folder, point=left[0])
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    with contextlib.suppress(OSError):  # the user may have mounted a disk right here
        folder.rmdir()
    return True


def remove_groups(containers: Iterable[str]) -> None:
    """Remove the control groups of containers that ended without their engine, by the containers' ids."""
    for container in containers:
        for group in Path("/sys/fs/cgroup").glob(f"**/docker/{container}"):
            for folder in sorted([group, *group.glob("**/")], reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
