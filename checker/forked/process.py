"""A pytest in a process of its own, as who started it sees it, and the process that it is forked from.

There is one of those for each folder that a checker lies in. It is started when it is first needed, imports what pytest
needs, and ends with the process that started it, since it sees the end of a line to it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

__all__ = ["Forked", "start_pytest"]

_PASSED_ON = ("PATH", "LC_ALL", "LANG", "TZ")
_SOON = 0.001  # seconds: the least that is waited, since 0 stands for something else


class Forked:
    """A pytest that was started.

    Attributes:
        pid: Its process, which leads a group of its own.
        code: Its exit code, negative where a signal ended it; None as long as it runs, and where nobody could tell.
    """

    def __init__(self, pid: int, line: socket.socket, said: bytes = b"") -> None:
        self.pid = pid
        self.code: int | None = None
        self._line = line
        self._said = said
        self._has_ended = False

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether it has ended, at the latest after so many seconds; None waits for as long as it takes."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._has_ended:
            self._line.settimeout(None if until is None else max(until - time.monotonic(), _SOON))
            try:
                said = _received(self._line)
            except TimeoutError:
                return False
            self._said += said
            if not said:
                self._has_ended = True
                self.code = int(self._said.removeprefix(b"ended ")) if self._said else None
                self._line.close()
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to whatever else is in its group; not where it has ended."""
        if not self.wait(0):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def start_pytest(  # noqa: PLR0913 - a process has as many sides
    arguments: Sequence[str],
    *,
    root: Path,
    folder: Path,
    environment: Mapping[str, str],
    complaints: Path,
    output: Path = Path(os.devnull),
    network: Path | None = None,
) -> Forked:
    """Start ``pytest`` in a process of its own, which gets a SIGTERM where this one dies.

    What lies in ``folder``, the packages of a user and ``PYTHON…`` variables do not reach it.

    Args:
        arguments: What follows ``pytest``.
        root: The folder with the package ``checker`` that it uses.
        folder: Where it runs.
        environment: All the variables that it has.
        complaints: The file for what it writes to its standard error.
        output: The file for what it prints; it may be the same.
        network: The file of the network namespace that it works in; None for ours.

    Raises:
        OSError: It cannot be started, or there is no such network.
    """
    request = {"arguments": [*arguments], "folder": str(folder), "environment": {**environment}}
    with contextlib.ExitStack() as held:
        ours, theirs = socket.socketpair()
        line = held.enter_context(ours)
        with contextlib.ExitStack() as passed:  # and closed here, or the end of the line would never be seen
            descriptors = [passed.enter_context(theirs).fileno()]
            descriptors += [passed.enter_context(file.open("ab")).fileno() for file in (output, complaints)]
            if network is not None:
                descriptors.append(passed.enter_context(network.open("rb")).fileno())
            _server(root).fork(descriptors)
        line.sendall(json.dumps(request).encode() + b"\n")
        said = b""
        while more := _received(line):
            said += more
            if said.startswith(b"began ") and b"\n" in said:
                held.pop_all()
                began, _, said = said.partition(b"\n")
                return Forked(int(began.removeprefix(b"began ")), line, said)
    raise ChildProcessError(complaints.read_text(encoding="utf-8", errors="replace").strip()[-300:])


def _received(line: socket.socket) -> bytes:
    """Return what came; nothing where the other end is gone."""
    with contextlib.suppress(ConnectionResetError):
        return line.recv(64)
    return b""


class _Server:
    """The process that others are forked from."""

    def __init__(self, root: Path) -> None:
        self._asking, theirs = socket.socketpair()
        script = Path(__file__).with_name("server.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(script), str(root)],
                cwd="/",
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                stdin=theirs.fileno(),
                start_new_session=True,  # a Ctrl-C is for who asks to pass on
            )

    @property
    def is_there(self) -> bool:
        return self._process.poll() is None

    def fork(self, descriptors: Sequence[int]) -> None:
        """Ask for a process that has these files: its line, its output, its complaints, perhaps its network."""
        socket.send_fds(self._asking, [b"\n"], list(descriptors))

    def close(self) -> None:
        """Let it end, and every pytest that is forked from it."""
        self._asking.close()
        self._process.wait()


_servers: dict[Path, _Server] = {}
_one_at_a_time = threading.Lock()


def _server(root: Path) -> _Server:
    with _one_at_a_time:
        server = _servers.get(root)
        if server is not None and not server.is_there:  # somebody ended it
            server.close()
            server = None
        if server is None:
            server = _servers[root] = _Server(root)
        return server


@atexit.register
def _close_all() -> None:
    for server in _servers.values():
        server.close()
