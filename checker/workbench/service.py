"""Runs an image for as long as a check looks at it, and asks it from another container.

The containers are testcontainers', pointed at one engine and no other. Each stands on a network that leads nowhere
else, so that what an image needs from outside is missed on every machine alike. Whatever happens meanwhile, nothing of
it is left.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from checker.engine import LABEL
from checker.verdict import Mistake
from checker.workbench.container import Container, wait_for
from checker.workbench.execution import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from docker import DockerClient
    from docker.errors import APIError
    from testcontainers.core.container import DockerContainer

    from checker.engine import Engine
    from checker.phrase import KataError

__all__ = ["Reply", "Served", "Services"]

IMAGE_OF_NEIGHBOURS = "busybox:1"
LARGEST_REPLY = 1_000_000  # bytes of a body
PATIENCE = 2.0  # seconds that a server may take before we look where it listens
_IDLE = ("sleep", "86400")
_SETTLED = frozenset({"docker.only_on_loopback", "docker.listens_elsewhere"})

# timeout(1) and not wget -T, with which Debian's static BusyBox crashes
_FETCH = f"timeout $1 wget -q -S -O - $2 2>/said.$$ | head -c {LARGEST_REPLY}; head -c 20000 /said.$$ >&2; rm /said.$$"

_ENVIRONMENT = threading.Lock()  # testcontainers reads and writes the process's environment while it starts something


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an HTTP server answered: its status, and its text; of an error only the status."""

    status: int
    text: str


class Served(Container):
    """A container that runs an image, and has a neighbour who can ask it.

    Attributes:
        network: The network that it is on; another service can be told to join it.
    """

    def __init__(self, client: DockerClient, id: str, name: str, network: str, stand: _Stand) -> None:  # noqa: A002
        super().__init__(client, id, name)
        self.network = network
        self._stand = stand

    @functools.cached_property
    def _neighbour(self) -> Container:
        return self._stand.idle(network=self.network)

    @functools.cached_property
    def _lookout(self) -> Container:
        """A container of ours that shares the network of this one and sees what it sees."""
        return self._stand.idle(network_mode=f"container:{self.id}")

    def get(self, path: str = "/", *, port: int, seconds: int = 5) -> Reply | None:
        """Ask the server at a port of this container's for a path, from another container on the same network.

        Args:
            path: What to ask for, with its slash.
            port: Where the server should listen, inside the container.
            seconds: How long it may take to answer.

        Returns:
            The answer, also an error's; None where nobody answered in HTTP.

        Raises:
            Mistake: The container is gone.
        """
        address = self.inspect()["NetworkSettings"]["Networks"].get(self.network, {}).get("IPAddress")
        if not address:  # a container that has ended has none
            return None
        url = f"http://{address}:{port}{path}"
        api = self._client.api
        asked = api.exec_create(self._neighbour.id, ["sh", "-c", _FETCH, "-", str(seconds), url])
        heard = Execution(self._client, asked["Id"]).hear(seconds + 10, LARGEST_REPLY + 20_000)
        if heard is None:
            return None
        text, said, _ = heard
        statuses = re.findall(rb"^\s*HTTP/[\d.]+ (\d{3})\b", said, re.MULTILINE)
        if not statuses:
            return None
        return Reply(status=int(statuses[-1]), text=text.decode(errors="replace"))

    def answers(self, path: str = "/", *, port: int, seconds: float = 15.0) -> bool:
        """Wait until the server answers, whatever it answers.

        Waiting ends early where it is pointless: the container has ended, or its programs have had time to start
        and listen, but not where anybody could reach them.

        Args:
            path: What to ask for.
            port: Where the server should listen, inside the container.
            seconds: How long to wait at most.
        """
        started = time.monotonic()

        def settled() -> bool:
            if not self.is_running or self.get(path, port=port) is not None:
                return True
            return time.monotonic() - started > PATIENCE and self.why_silent(port).key in _SETTLED

        wait_for(settled, seconds, every=0.05)
        return self.get(path, port=port) is not None

    def why_silent(self, port: int) -> Mistake:
        """Return why nobody answers at a port of this container's: the best that can be seen from outside."""
        from checker.explain.diagnose import parse_listening, why_not_running, why_unreachable  # noqa: PLC0415

        found = self.inspect()
        mistake = why_not_running(found, self.logs, self.read)
        if mistake is None:
            mistake = why_unreachable(found, parse_listening(self._sockets()), port)
        if mistake is None or mistake.key in {"docker.not_published", "docker.only_exposed"}:
            return Mistake("service.no_answer", name=self.name, port=port)
        return mistake

    def ask_to_stop(self, seconds: int) -> Mistake | None:
        """Stop it as ``docker stop -t seconds`` does.

        Returns:
            Why it had to be killed; None where it ended by itself, whatever its exit code.

        Raises:
            Mistake: It is gone.
        """
        from checker.explain.diagnose import why_slow_to_stop  # noqa: PLC0415 - only some exercises ask

        found = self.inspect()
        first = [str(found.get("Path") or ""), *(str(word) for word in found.get("Args") or ())]
        with contextlib.suppress(Mistake):  # a shell may have put another program in its place; not every image has cat
            said = self.ask("cat", "/proc/1/cmdline")
            first = [word for word in said.said.split("\0") if word] if said.code == 0 else first
        took = self.stop(seconds)
        signal = str(found["Config"].get("StopSignal") or "")
        if self.exit_code == 137 and signal.removeprefix("SIG") in {"KILL", "9"}:
            return Mistake("service.kill_signal", signal=signal)
        return why_slow_to_stop(first, self.exit_code, took)

    def _sockets(self) -> str:
        """Return what ``/proc/net/tcp`` and its sister hold, without needing any program inside."""
        return self._lookout.ask("cat", "/proc/net/tcp", "/proc/net/tcp6").said


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where services of one run are started.

    Attributes:
        engine: The engine that they run on.
        client: The same, through docker-py.
        run: What they are labelled with.
        prefix: How their names begin, ``kata-06-``.
    """

    engine: Engine
    client: DockerClient
    run: str
    prefix: str

    @contextlib.contextmanager
    def serve(  # noqa: PLR0913 - as many as docker run has, and each has a name
        self,
        image: str,
        *,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        network: str = "",
        name: str = "",
        published: int = 0,
    ) -> Iterator[Served]:
        """Run an image and yield its container once it has been started; at the end it is gone.

        Args:
            image: What to run.
            command: In place of the image's own CMD.
            environment: Variables on top of the image's own.
            network: The network of another service, to join that; empty for one of its own.
            name: What it is called, to be begun with the exercise's prefix; empty for a name that nobody has.
            published: A TCP port of its that the engine's machine can reach, on loopback and at a free port; it then
                stands on the engine's own bridge, since a network that leads nowhere has no way in either.

        Raises:
            Mistake: The engine cannot start it, for a reason that lies in the image.
        """
        name = name or self._name()
        with contextlib.ExitStack() as stack:
            stand = _Stand(self, stack)
            network = network or ("bridge" if published else stand.network())
            id_ = stand.start(image, name, command, environment, published, network=network)
            yield Served(self.client, id_, name, network, stand)

    def _name(self) -> str:
        return f"{self.prefix}{secrets.token_hex(4)}"


class _Stand:
    """What one service is made of: itself, its network and its neighbours; all goes when ``stack`` is closed."""

    def __init__(self, services: Services, stack: contextlib.ExitStack) -> None:
        self._services = services
        self._stack = stack

    def network(self) -> str:
        """Make a network that leads nowhere else and return its name."""
        with self._on_this_engine() as client:
            from testcontainers.core.network import Network  # noqa: PLC0415 - 0.4 s

            made = Network(client, {"labels": {LABEL: self._services.run}, "internal": True})
            made.name = self._services._name()  # noqa: SLF001 - the two belong together
            self._stack.callback(made._docker.client.close)  # noqa: SLF001 - nothing else closes it
            made.create()
        self._stack.callback(_remove, made.remove)
        return str(made.name)

    def idle(self, **options: str) -> Container:
        """Start a container of ours that only waits to be asked something."""
        name = self._services._name()  # noqa: SLF001 - the two belong together
        id_ = self.start(IMAGE_OF_NEIGHBOURS, name, _IDLE, None, 0, **options)
        return Container(self._services.client, id_, name)

    def start(
        self,
        image: str,
        name: str,
        command: Sequence[str] | None,
        environment: Mapping[str, str] | None,
        published: int,
        **options: str,
    ) -> str:
        """Start a container and return its id.

        Raises:
            Mistake: The engine refuses it for a reason that lies in the image.
        """
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        with self._on_this_engine() as client:
            from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - 0.4 s

            labels = {LABEL: self._services.run}
            made = DockerContainer(image, client, env=dict(environment or {}), name=name)
            made.with_kwargs(labels=labels, **options)
            made.image = image  # without the prefix that the machine may ask testcontainers to put before it
            if published:
                made.ports = cast("Any", {f"{published}/tcp": ("127.0.0.1", None)})  # its own method knows no address
            if command is not None:
                made.with_command(list(command))
            self._stack.callback(made.get_docker_client().client.close)
            self._stack.callback(_remove, lambda: _remove_container(made))
            try:
                made.start()
            except APIError as refused:
                known = self._refusal(refused, name)
                if known is None:
                    raise
                raise known from None
            return str(made.get_wrapped_container().id)

    @contextlib.contextmanager
    def _on_this_engine(self) -> Iterator[dict[str, Any]]:
        """Let testcontainers see our engine and none that the machine is set to; its settings are read at import."""
        wanted = self._services.engine.environment()
        settings = {"TC_POOLING_INTERVAL": "0.02", "DOCKER_AUTH_CONFIG": ""}
        with _ENVIRONMENT:
            before = {name: os.environ.get(name) for name in wanted | settings}
            os.environ.update(wanted | settings)
            try:
                yield {"environment": wanted}
            finally:
                for name, value in before.items():
                    os.environ.pop(name, None)
                    os.environ.update({} if value is None else {name: value})

    def _refusal(self, refused: APIError, name: str) -> Mistake | KataError | None:
        """Return whose fault it is that the engine did not start something; None where that is not known."""
        from checker.explain.output import explain  # noqa: PLC0415 - only where something went wrong

        said = str(refused.explanation or refused)
        explained = explain(f"docker: Error response from daemon: {said}", engine=self._services.engine)
        if explained is not None:
            return explained
        if "no command specified" in said.lower():
            return Mistake("service.no_command")
        if "runtime create failed" in said or "OCI runtime" in said:
            return Mistake("docker.refused_to_start", name=name, said=said[-300:])
        return None


def _remove_container(made: DockerContainer) -> None:
    """Remove what testcontainers made, also where it made it and could not start it."""
    if made._container is not None:  # noqa: SLF001 - its own stop() does no more, and leaves its client open
        made.get_wrapped_container().remove(v=True, force=True)


def _remove(remove: Callable[[], object]) -> None:
    """Remove something that somebody may have removed already."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):
        remove()
