"""Runs one program on a terminal of its own and sees to it that nothing of it outlives it.

A process apart from pytest, because a learner's script may kill its parent. Standard library and ``ptyprocess`` only:

    python -I -S supervisor.py FOLDER_OF_PTYPROCESS STATUS_FD PROGRAM [ARGUMENT ...]

Standard input is what is typed on the terminal, standard output what appears on it. When the program ends, whatever
it left running is killed, and one line goes to STATUS_FD: ``exit N``, ``signal N``, ``exec TEXT`` where the program
could not be started, ``stopped`` where it was told to stop. It is told by SIGTERM, or by the end of its input, which
also comes when the process that started it dies.

There are two of it: what a program leaves that kills its parent falls to the one behind, which kills it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphaned descendants become our children, whatever sessions they opened
CHUNK = 65_536  # bytes


def main(status: int, argv: list[str]) -> None:
    """Run ``argv`` to its end, or to ours, and write how it ended to the file descriptor ``status``."""
    from ptyprocess import PtyProcess  # noqa: PLC0415 - sys.path has only just been told where it is

    adopt_orphans()
    wakeup, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        terminal = PtyProcess.spawn(argv, dimensions=(24, 80), preexec_fn=listen_to_signals)
    except OSError as problem:
        os.write(status, f"exec {problem.strerror or problem}\n".encode())
        return
    ended = relay(terminal.fd, wakeup, terminal.pid, stop)
    kill_descendants(2.0)
    drain(terminal.fd)
    os.write(status, ended.encode() + b"\n")
    os._exit(0)  # ptyprocess would wait a tenth of a second for a terminal that nobody uses any more


def stand_behind(status: int) -> None:
    """Return in a child; stay behind it until it ends, and then kill whatever it could not."""
    adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    front = os.fork()
    if front:
        os.close(0)
        os.close(status)
        signal.signal(signal.SIGTERM, lambda *_: pass_on(front))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if front:
        os.waitpid(front, 0)
        kill_descendants(2.0)
        os._exit(0)


def pass_on(front: int) -> None:
    """Tell the one in front to stop, also where the program has suspended it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(front, signal.SIGTERM)
        os.kill(front, signal.SIGCONT)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies; where the system can't, go without."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def listen_to_signals() -> None:
    """Give the program the signals that we ignore: what is ignored at its start, a shell can never trap."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def relay(terminal: int, wakeup: int, program: int, stop: list[int]) -> str:
    """Carry bytes both ways until the program ends or we are told to stop; return how it ended."""
    watched = {terminal, wakeup, 0}
    while True:
        ready, _, _ = select.select(watched, [], [])
        if terminal in ready and not forward(terminal):
            watched.discard(terminal)  # every holder of the terminal has closed it; the program may still run
        if 0 in ready:
            typed = os.read(0, CHUNK)
            if not typed:
                return "stopped"
            with contextlib.suppress(OSError):
                os.write(terminal, typed)
        if wakeup in ready:
            os.read(wakeup, CHUNK)
        if stop:
            return "stopped"
        ended = reap(program)
        if ended:
            return ended


def forward(terminal: int) -> bool:
    """Pass on what is there to read; return False at its end."""
    try:
        said = os.read(terminal, CHUNK)
    except OSError:  # Linux reports EIO once no process has the terminal open
        return False
    view = memoryview(said)
    while view:
        view = view[os.write(1, view) :]
    return bool(said)


def drain(terminal: int) -> None:
    """Pass on what had been printed and was not read yet, never waiting for more."""
    while select.select([terminal], [], [], 0)[0] and forward(terminal):
        pass


def reap(program: int) -> str:
    """Collect whatever has ended; return how the program did, empty while it runs."""
    ended = ""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == program:
            code = os.waitstatus_to_exitcode(status)
            ended = f"exit {code}" if code >= 0 else f"signal {-code}"


def kill_descendants(seconds: float) -> None:
    """Kill children until there are none: the children of a killed one become ours, and are next."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for pid in children():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                select.select([], [], [], 0.002)
        except ChildProcessError:
            return


def children() -> list[int]:
    """Return the process ids of our children."""
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stand_behind(int(sys.argv[2]))
    main(int(sys.argv[2]), sys.argv[3:])
