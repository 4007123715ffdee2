"""The one place that executes a learner's script.

It runs on a pseudo-terminal under a process of its own (``supervisor``), with a time limit, an environment made of
allowed variables only, and a ``DOCKER_HOST`` that leads to the run's guard. Nothing that it started survives it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from checker.phrase import KataError, plain
from checker.verdict import Mistake
from checker.workbench.ends import Ends
from checker.workbench.seat import seat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from checker.guard.serve import Guard
    from checker.workbench.seat import Seat

__all__ = ["Finished", "Script"]

KEPT_HEAD = 200_000  # bytes of what a script printed: its beginning …
KEPT_TAIL = 50_000  # … and its end
QUIET = 0.3  # seconds without a word
_TERMINALS = range(136, 144)  # major numbers of pseudo-terminals (Linux, admin-guide/devices.txt)
_KEYS = {"^C": b"\x03", "^D": b"\x04", "^P": b"\x10", "^Q": b"\x11"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a script ended.

    Attributes:
        script: Its file name.
        code: Its exit code; 128 + N where signal N ended it, as a shell has it.
        said: What it printed, plain text; the middle is left out where it was much.
        seconds: How long it ran.
        first_request: The number that its first request to the engine has in the guard's transcript, if it made one.
    """

    script: str
    code: int
    said: str
    seconds: float
    first_request: int = 0

    @property
    def last_lines(self) -> str:
        """The last few lines it printed, for a learner to read."""
        lines = [line.rstrip() for line in self.said.splitlines() if line.strip()]
        return "\n".join(line[:200] for line in lines[-5:])


class Script:
    """A learner's script while it runs; used as a context manager, at whose end nothing of it is left.

    Args:
        path: The script, in the run's own copy of the work; it is started in that folder.
        environment: What it finds in its environment beside a few harmless variables of ours.
        arguments: Its command line.
        guard: What it finds at its ``DOCKER_HOST``, listening already: it ends with the script, and the script with
            it. None where it finds nobody there.

    Raises:
        Mistake: It cannot be started: its first line names an interpreter that is not here.
    """

    def __init__(
        self,
        path: Path,
        environment: Mapping[str, str],
        arguments: tuple[str, ...] = (),
        guard: Guard | None = None,
    ) -> None:
        self.name = path.name
        self._guard = guard
        self._first_request = guard.transcript.count if guard else 0
        self._mark = f"KATA_SCRIPT={secrets.token_hex(8)}"
        self._kept = Ends(KEPT_HEAD, KEPT_TAIL)
        self._reported = ""
        self._started = self._heard = time.monotonic()
        self._seat = seat()
        command = _interpreter(path, self._seat)
        name, _, value = self._mark.partition("=")
        self._status, status = os.pipe()
        try:
            self._process = self._seat.start(
                [*command, str(path), *arguments], path.parent, {**environment, name: value}, status
            )
        except BaseException:
            os.close(self._status)
            raise
        finally:
            os.close(status)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def said(self) -> str:
        """What it has printed so far: plain text, its middle left out where it was much."""
        return plain(str(self._kept))

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self._started

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet, as far as we have listened."""
        return self._status >= 0

    def press(self, keys: str) -> None:
        """Type on its terminal: text, or one of ``^C``, ``^D``, ``^P``, ``^Q``."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(_KEYS.get(keys, keys.encode()))

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Let it run until ``holds()``, looking every few milliseconds.

        Returns:
            Whether it came to hold within ``seconds``; False too where the script ended first without it.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            if not self._listen(0.01):
                return holds()
        return True

    def wait(self, seconds: float, *, give_up: Callable[[], bool] = lambda: False) -> Finished:
        """Let it run to its end.

        Args:
            seconds: How long it may still run.
            give_up: Asked every fifth of a second: whether waiting longer is pointless.

        Raises:
            Mistake: It was still running then, waited for somebody to type, or killed the process that ran it.
        """
        deadline = time.monotonic() + seconds
        ask_again = time.monotonic() + 0.2
        while self._listen(0.05):
            now = time.monotonic()
            if now > deadline or (now > ask_again and give_up()):
                raise self._overdue()
            ask_again = now + 0.2 if now > ask_again else ask_again
        return self.finished()

    def finished(self) -> Finished:
        """Return how it ended; for one that still runs, how it would have looked had it ended well by now."""
        code = self._code() if self._status < 0 else 0
        return Finished(
            script=self.name,
            code=code,
            said=self.said,
            seconds=self.seconds,
            first_request=self._first_request,
        )

    def stop(self) -> None:
        """End it and everything it started, at once; harmless when it has ended."""
        if self._guard is not None:
            self._guard.close()  # before anything else: from here on it changes nothing on the engine
        if self._process.poll() is None:
            self._seat.end(self._process)
            self._drain(2.5)
            if self._process.poll() is None:
                self._process.kill()
        self._process.wait()
        if not self._reported:
            _kill_marked(self._mark)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def _drain(self, seconds: float) -> None:
        """Take in its last words: a supervisor that cannot write them cannot end either."""
        deadline = time.monotonic() + seconds
        self._guard = None
        while time.monotonic() < deadline and self._listen(0.05):
            pass

    def _listen(self, seconds: float) -> bool:
        """Take in what it prints for at most ``seconds``; return False once it has ended.

        Raises:
            KataError: Its guard has died: whatever it does now says nothing about it.
        """
        assert self._process.stdout is not None
        if self._guard is not None and self._guard.failure is not None:
            raise KataError("guard.died", detail=repr(self._guard.failure))
        if self._status < 0:
            return False
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            return True
        said = os.read(self._process.stdout.fileno(), 65_536)
        if said:
            self._heard = time.monotonic()
            self._kept.add(said)
            return True
        self._reported = os.read(self._status, 4096).decode().strip()
        os.close(self._status)
        self._status = -1
        self._process.wait()
        return False

    def _code(self) -> int:
        how, _, detail = self._reported.partition(" ")
        if how == "exit":
            return int(detail)
        if how == "signal":
            return 128 + int(detail)
        if how == "exec":
            raise Mistake("script.not_started", script=self.name, detail=detail)
        raise self._seat.lost(self.name, self._reported)

    def _overdue(self) -> Mistake:
        # who is held up in printing sleeps at the same place as who waits for a key, but is heard all the time
        is_quiet = time.monotonic() - self._heard > QUIET
        waiting = _reader_of_terminal(self._mark) if is_quiet else ""
        seconds = f"{self.seconds:.0f}"
        if waiting:
            return Mistake("script.waits_for_input", script=self.name, seconds=seconds, program=waiting)
        return Mistake("script.still_running", script=self.name, seconds=seconds)


def _interpreter(path: Path, there: Seat) -> list[str]:
    """Return what the script's first line asks for, so that a lost x bit costs nobody a point."""
    with path.open("rb") as opened:
        first = opened.readline(300).decode(errors="replace").strip()
    named = first[2:].split() if first.startswith("#!") else []  # as the kernel: quotes mean nothing there
    if not named:
        return ["bash" if there.has("bash") else "/bin/sh"]
    if Path(named[0]).name == "env":
        named = [word for word in named[1:] if word != "-S"]
    if not named or not there.has(named[0]):
        raise Mistake("script.no_interpreter", script=path.name, line=first)
    return named


def _marked(mark: str) -> list[Path]:
    """Return the ``/proc`` folders of processes whose environment carries ``mark``, the supervisor's too."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def _kill_marked(mark: str) -> None:
    """Kill what a script left after it killed its supervisor."""
    for _ in range(20):
        left = _marked(mark)
        if not left:
            return
        for process in left:
            with contextlib.suppress(OSError):
                os.kill(int(process.name), signal.SIGKILL)


def _reader_of_terminal(mark: str) -> str:
    """Return the name of a program, not the docker CLI, that sleeps until somebody types; empty if none."""
    for process in _marked(mark):
        with contextlib.suppress(OSError):
            name = (process / "comm").read_text().strip()
            asleep = re.search(r"n_tty_read|wait_woken", (process / "wchan").read_text())
            # by its number: in a lab a terminal's path is another
            if name != "docker" and asleep and os.major((process / "fd" / "0").stat().st_rdev) in _TERMINALS:
                return name
    return ""
