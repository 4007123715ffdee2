"""A process that has imported what takes half a second, and forks one for each pytest that it is asked for.

Run as ``python -I server.py ROOT`` and nothing else, with a socket as its standard input. ``-I`` keeps the current
folder, the user's packages and every ``PYTHON…`` variable out: pytest runs beside files that are hostile. ROOT, where
the checker lies, is the one folder that is let in.

One byte asks for a pytest. With it come file descriptors (``SCM_RIGHTS``): a line to who asks, what the process prints,
what it complains about and, where it is not ours, the network in which it works. Over the line come the request, as
JSON, and back go the number of the process as it begins and its exit code as it ends: a process between the two waits
for that. Where who asks dies, however it dies, this process ends, and with it, after it has cleaned up, every pytest.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys

__all__: list[str] = []

# not our plugin, nor anything else in which pytest rewrites what is asserted: that it has to import itself
_IMPORTED = (
    "pytest",
    "checker.author",
    "checker.guard.serve",
    "checker.workbench.bench",
    "checker.workbench.service",
    "docker.errors",
)
_MOST_DESCRIPTORS = 4
_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def _import_all() -> None:
    # elsewhere a process must not be forked once it has used the system's libraries
    if sys.platform == "linux":
        for name in _IMPORTED:
            with contextlib.suppress(Exception):  # pytest itself says better what is wrong with it
                importlib.import_module(name)
    gc.freeze()  # what is shared with every fork stays shared


def _serve(asking: socket.socket) -> list[int]:
    """Return what came with a request, in a process that is there for it alone; the server itself ends in here."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # it waits for none of them
    while True:
        byte, descriptors, _, _ = socket.recv_fds(asking, 1, _MOST_DESCRIPTORS)
        if not byte:
            sys.exit(0)
        if _fork() == 0:
            asking.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return descriptors
        for descriptor in descriptors:
            os.close(descriptor)


def _fork() -> int:
    """Fork a process that gets a SIGTERM where this one dies."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it was faster
            os._exit(3)
    return pid


def _settle(output: int, complaints: int, network: int | None) -> None:
    """Take the request's streams in place of the server's, and work in its network, apart from all others."""
    os.setsid()  # a Ctrl-C is for who asked to pass on
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, wanted in ((0, nothing), (1, output), (2, complaints)):
        os.dup2(wanted, ours)
        os.close(wanted)
    if network is not None:
        from checker.engine.netns import enter  # noqa: PLC0415 - only now is there a place to say what is wrong with it

        enter(network)
        os.close(network)


def _run(line: socket.socket) -> int:
    with line, line.makefile("r", encoding="utf-8") as written:
        request = json.loads(written.readline())
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        line.sendall(f"began {os.getpid()}\n".encode())
    import pytest  # noqa: PLC0415 - there already, where it can be had at all

    sys.argv = ["pytest", *request["arguments"]]
    return pytest.main(request["arguments"])


def _main() -> int:
    with socket.socket(fileno=os.dup(0)) as asking:
        told, output, complaints, *network = _serve(asking)
    line = socket.socket(fileno=told)
    pid = _fork()
    if pid == 0:
        _settle(output, complaints, network[0] if network else None)
        return _run(line)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # nobody wants to know any more
        line.sendall(f"ended {os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    _import_all()
    sys.exit(_main())
