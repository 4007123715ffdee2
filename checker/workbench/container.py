"""A learner's container, as the engine shows it: asked anew each time, and every surprise turned into a sentence.

Nothing here believes what a script printed. What a learner could have removed, stopped or paused meanwhile ends in a
``Mistake`` that says so, never in an exception of the Docker library.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake
from checker.workbench.execution import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

__all__ = ["Answer", "Binding", "Container", "wait_for"]

MOST_SAID = 10_000_000  # bytes that a command in a container may print


def wait_for(holds: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """Ask ``holds`` every ``every`` seconds until it is true or ``seconds`` are over; return what it said last."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a container's port can be reached on this machine."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach it."""
        try:
            return ipaddress.ip_address(self.address).is_loopback  # empty, which means everywhere, is no address
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command in a container answered."""

    code: int
    said: str


class Container:
    """One container of the learner's.

    Args:
        client: The engine it lives on.
        id: Its full id: the name may belong to another container a moment later.
        name: What a learner calls it, for sentences.
    """

    def __init__(self, client: DockerClient, id: str, name: str) -> None:  # noqa: A002 - Docker's own word
        self._client = client
        self.id = id
        self.name = name

    def inspect(self) -> dict[str, Any]:
        """Return what ``docker inspect`` shows.

        Raises:
            Mistake: It is gone.
        """
        with self._speaking():
            found: dict[str, Any] = self._client.api.inspect_container(self.id)
            return found

    @property
    def status(self) -> str:
        """``created``, ``running``, ``paused``, ``restarting``, ``exited`` or ``dead``."""
        return str(self.inspect()["State"]["Status"])

    @property
    def is_running(self) -> bool:
        """Whether its PID 1 is alive and not paused."""
        return self.status == "running"

    @property
    def exit_code(self) -> int:
        """What its PID 1 ended with."""
        return int(self.inspect()["State"]["ExitCode"])

    @property
    def exists(self) -> bool:
        """Whether it has not been removed."""
        try:
            self.inspect()
        except Mistake:
            return False
        return True

    @property
    def image(self) -> str:
        """The id of the image that it was made from."""
        return str(self.inspect()["Image"])

    def logs(self) -> str:
        """Return what it printed, standard output and error together, at most its last 200 lines."""
        with self._speaking():
            return bytes(self._client.api.logs(self.id, tail=200)).decode(errors="replace")

    def last_words(self) -> str:
        """Return the last lines of its log, for a learner to read."""
        lines = [line.rstrip()[:200] for line in self.logs().splitlines() if line.strip()]
        return "\n".join(lines[-5:])

    def why_not_running(self) -> Mistake | None:
        """Return what its command, its files and its log show of why it has ended; None where they show nothing."""
        from checker.explain.diagnose import why_not_running  # noqa: PLC0415 - only where something went wrong

        return why_not_running(self.inspect(), self.logs, self.read)

    def listening(self) -> frozenset[tuple[str, int]]:
        """Return the addresses and TCP ports at which its programs listen, as they see them.

        Raises:
            Mistake: It is gone, not running, or has no ``cat``.
        """
        from checker.explain.diagnose import parse_listening  # noqa: PLC0415 - only some exercises ask

        return parse_listening(self.ask("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null").said)

    def ask(self, *command: str, user: str = "", seconds: float = 15.0) -> Answer:
        """Run a command inside it.

        Args:
            command: The program and its arguments.
            user: Who runs it; empty for the image's own user.
            seconds: How long it may take: a program that hangs would keep us for ever.

        Raises:
            Mistake: It is gone or not running, or the command does not end, or says more than ``MOST_SAID`` bytes.
        """
        with self._speaking():
            created = self._client.api.exec_create(self.id, list(command), user=user)
            said = Execution(self._client, created["Id"]).hear(seconds, MOST_SAID)
            if said is None:
                raise Mistake("container.no_answer", name=self.name, command=" ".join(command)[:100])
            code = self._exit_code_of(created["Id"])
        return Answer(code=code, said=said[2].decode(errors="replace"))

    def _exit_code_of(self, command: str) -> int:
        """Return a command's exit code, which the engine knows a moment after its output has ended."""
        codes: list[int | None] = []

        def ended() -> bool:
            codes.append(self._client.api.exec_inspect(command)["ExitCode"])
            return codes[-1] is not None

        if not wait_for(ended, 10, every=0.002):
            raise Mistake("container.not_running", name=self.name)
        return int(codes[-1] or 0)

    def published(self, port: int) -> tuple[Binding, ...]:
        """Return where its TCP port can be reached on this machine; empty where it cannot."""
        ports = self.inspect()["NetworkSettings"]["Ports"] or {}
        rows = ports.get(f"{port}/tcp") or []
        return tuple(Binding(address=row["HostIp"], port=int(row["HostPort"])) for row in rows)

    def all_published(self) -> tuple[Binding, ...]:
        """Return every binding of every TCP port of its."""
        ports = self.inspect()["NetworkSettings"]["Ports"] or {}
        numbers = [int(port.partition("/")[0]) for port in ports if port.endswith("/tcp")]
        return tuple(binding for number in numbers for binding in self.published(number))

    def stop(self, seconds: int) -> float:
        """Stop it as ``docker stop -t seconds`` does; return how many seconds that took."""
        started = time.monotonic()
        with self._speaking():
            self._client.api.stop(self.id, timeout=seconds)
        return time.monotonic() - started

    def start(self) -> None:
        """Start it again."""
        with self._speaking():
            self._client.api.start(self.id)

    def read(self, path: str) -> bytes | None:
        """Return a file of its, running or not, also one behind a symbolic link; None where there is no such file."""
        from docker.errors import APIError, NotFound  # noqa: PLC0415 - imported late, as everywhere

        try:
            stream, about = self._client.api.get_archive(self.id, path)
            content = b"".join(stream)  # also of a link: the engine keeps the container locked until all is sent
        except NotFound:
            self.inspect()
            return None
        except APIError as refused:
            if "too many l" in str(refused.explanation):  # links, or levels of symbolic links: they lead in a circle
                return None
            raise
        if about["linkTarget"] not in {"", path}:
            return self.read(about["linkTarget"])  # the engine has followed it to its end
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            first = archive.next()
            opened = archive.extractfile(first) if first is not None and first.isfile() else None
            return None if opened is None else opened.read()

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the engine refuses into what the learner did."""
        from docker.errors import APIError, NotFound  # noqa: PLC0415 - imported late, as everywhere

        try:
            yield
        except NotFound:
            raise Mistake("container.gone", name=self.name) from None
        except APIError as refused:
            said = refused.explanation or str(refused)
            if refused.status_code == 409 and "dead or marked for removal" in said:
                raise Mistake("container.gone", name=self.name) from None
            if refused.status_code == 409 and ("not running" in said or "is paused" in said):
                raise Mistake("container.not_running", name=self.name) from None
            if refused.status_code in (400, 500) and "executable file not found" in said:
                raise Mistake("container.no_such_program", name=self.name, detail=said[-200:]) from None
            if refused.status_code in (400, 500) and "runtime" in said:
                raise Mistake("container.refused", name=self.name, detail=said[-300:]) from None
            raise
