"""``Guard``: a proxy in a thread of its own, for as long as a learner's script needs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Self

from checker.guard.ledger import Ledger
from checker.guard.limits import Limits
from checker.guard.proxy.clients import Proxy
from checker.guard.proxy.rules import Rules
from checker.guard.proxy.upstream import Upstream
from checker.guard.transcript import Entry, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from checker.engine import Engine
    from checker.guard.ledger import Kind
    from checker.guard.message import Grants

__all__ = ["Guard"]

_BACKLOG = 1024
_START = 10  # seconds; it takes a few milliseconds


class Guard:
    """Stands in front of an engine, and lets through what a run may ask for.

    A context manager: it listens inside, and nothing of it is left outside. What was made through it is still there;
    ``ledger`` knows it. Its thread is the checker's; nothing of it runs in the learner's process::

        with Guard(engine, Grants(work=work), run_id, folder / "docker.sock") as guard:
            environment = engine.environment() | {"DOCKER_HOST": guard.host}

    Args:
        engine: The engine behind it.
        grants: What may be asked for.
        run_id: The run that owns what is made.
        socket: Where it listens; a file that is there is replaced.
        note: Told of each object that comes to belong to the run, its kind and id, as ``Ledger`` tells it.
        tell: Told of each request as it begins, goes on and ends, from the guard's thread.
        ledger: One that an earlier guard of the run has written, to go on in; ``note`` was its own.
        transcript: One that an earlier guard of the run has written, to go on in; ``tell`` was its own.
        limits: What clients may take.
        mode: The socket's permissions.
        group: The number of the group that the socket belongs to; None for our own.
        on_death: Called, from the guard's thread, with what it died of, if it does.
        rules: The policy; that of ``checker.guard.policy.judging`` where it is not given.
    """

    def __init__(  # noqa: PLR0913 - all but four have their usual values
        self,
        engine: Engine,
        grants: Grants,
        run_id: str,
        socket: Path,
        *,
        note: Callable[[Kind, str], None] | None = None,
        tell: Callable[[Entry], None] | None = None,
        ledger: Ledger | None = None,
        transcript: Transcript | None = None,
        limits: Limits | None = None,
        mode: int = 0o600,
        group: int | None = None,
        on_death: Callable[[BaseException], None] | None = None,
        rules: Callable[[Ledger, Grants], Rules] | None = None,
    ) -> None:
        self.ledger = ledger or (Ledger(run_id, note) if note else Ledger(run_id))
        self.transcript = transcript or Transcript(self._telling(tell) if tell else None)
        self._engine = engine
        self._grants = grants
        self._socket = socket
        self._limits = limits or Limits()
        self._mode = mode
        self._group = group
        self._on_death = on_death
        self._rules = rules or Rules.of
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxy: Proxy | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"guard {run_id}", daemon=True)

    @property
    def host(self) -> str:
        """Its address as ``DOCKER_HOST`` has it."""
        return f"unix://{self._socket}"

    @property
    def failure(self) -> BaseException | None:
        """The first exception that is a bug of ours; what was judged under it is *broken*, not wrong."""
        return self._failure

    @property
    def is_alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        listener = self._listen()
        self._listener = listener
        self._thread.start()
        self._ready.wait(_START)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close_door(self) -> None:
        """Stop listening and cut every connection; when it returns, nothing more of any client goes to the engine."""
        self._unlink()
        proxy = self._proxy
        if proxy is not None:
            self._in_loop(proxy.close_door)

    def close(self) -> None:
        """Close the door, wait for what was under way, and end the thread."""
        self.close_door()
        over = self._over
        if over is not None:
            self._in_loop(over.set)
        if self._thread.is_alive():
            self._thread.join(self._limits.closing + _START)

    def _in_loop(self, function: Callable[[], None]) -> None:
        """Run something in the guard's thread, and wait for it; nothing where that has ended."""
        done = threading.Event()

        def run() -> None:
            try:
                function()
            finally:
                done.set()

        if threading.current_thread() is self._thread:
            function()
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed
            assert self._loop is not None  # there is a proxy, so there is one
            self._loop.call_soon_threadsafe(run)
            while self._thread.is_alive() and not done.wait(0.05):
                pass

    def _listen(self) -> socket.socket:
        """Return a listening socket that nobody could connect to before its permissions were right."""
        new = self._socket.with_name(f".{self._socket.name}.{secrets.token_hex(3)}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(new))
            if self._group is not None:
                os.chown(new, -1, self._group)
            new.chmod(self._mode)
            listener.listen(_BACKLOG)
            self._inode = new.stat().st_ino
            new.rename(self._socket)
        except BaseException:
            listener.close()
            new.unlink(missing_ok=True)
            raise
        return listener

    def _unlink(self) -> None:
        with contextlib.suppress(OSError):
            if self._socket.stat().st_ino == self._inode:
                self._socket.unlink()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001 - it is handed to whoever waits for it
            self._fail(problem)
            self._unlink()
            self._ready.set()
            if self._on_death is not None:
                self._on_death(problem)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._on_loop_error)
        self._over = asyncio.Event()
        self._proxy = Proxy(
            listener=self._listener,
            rules=self._rules(self.ledger, self._grants),
            upstream=Upstream(self._engine, self._limits),
            transcript=self.transcript,
            limits=self._limits,
            fail=self._fail,
        )
        self._ready.set()
        try:
            await self._over.wait()
        finally:
            self._proxy.close_door()
            await self._proxy.settle()

    def _fail(self, problem: BaseException) -> None:
        self._failure = self._failure or problem

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        del loop
        problem = context.get("exception")
        self._fail(problem if isinstance(problem, BaseException) else RuntimeError(str(context.get("message"))))

    def _telling(self, tell: Callable[[Entry], None]) -> Callable[[Entry], None]:
        """Return ``tell`` so that its own mistakes are known and stop no request."""

        def told(entry: Entry) -> None:
            try:
                tell(entry)
            except Exception as bug:  # noqa: BLE001 - whatever it is, the request is none the worse
                self._fail(bug)

        return told
