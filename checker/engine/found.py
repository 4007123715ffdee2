"""``Engine``, and how the one to use is found."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from checker.engine.place import Place
from checker.engine.wire import ask, is_supported
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient

__all__ = ["LABEL", "Engine", "Origin", "answers", "find_engine", "is_chosen"]

LABEL = "kata.run"
"""What every object carries that we make on an engine; its value is the run's id."""

Origin = Literal["DOCKER_HOST", "context", "default", "embedded"]
Inspected = Literal["containers", "images", "networks", "volumes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Docker engine that answers.

    Attributes:
        host: Its address as ``DOCKER_HOST`` has it.
        origin: How it was found.
        tools: A folder with the ``docker`` CLI to use, put first in PATH; empty to use the machine's own.
        plugins: The ``DOCKER_CONFIG`` in which the CLI finds buildx and compose; empty for the machine's own.
        certs: A folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` for TLS; empty where there is no TLS.
    """

    host: str
    origin: Origin
    tools: str = ""
    plugins: str = ""
    certs: str = ""

    @property
    def published_host(self) -> str:
        """The host at which ports appear that this engine's containers publish."""
        if urlsplit(self.host).scheme == "unix":
            return "127.0.0.1"
        return urlsplit(self.host).hostname or "127.0.0.1"

    def environment(self) -> dict[str, str]:
        """Return what a child process needs, on top of ``os.environ``, to use this engine and no other."""
        path = os.environ.get("PATH", os.defpath)
        variables = {
            "DOCKER_HOST": self.host,
            "DOCKER_CONTEXT": "",  # newer CLIs let it win over DOCKER_HOST
            "PATH": f"{self.tools}{os.pathsep}{path}" if self.tools else path,
            "DOCKER_BUILDKIT": "1",
            "DOCKER_CLI_HINTS": "false",
            # its image is in no catalogue of ours; what is left over is found by LABEL
            "TESTCONTAINERS_RYUK_DISABLED": "true",
            # else /.dockerenv on our side makes it look for ports at the gateway
            "TESTCONTAINERS_HOST_OVERRIDE": self.published_host,
        }
        if self.plugins:
            variables["DOCKER_CONFIG"] = self.plugins
        if self.certs:
            variables |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": self.certs}
        return variables

    def client(self, seconds: float = 60) -> DockerClient:
        """Return a new docker-py client, to be closed by who asked for it.

        Args:
            seconds: The limit for each answer of the engine.
        """
        import docker  # noqa: PLC0415 - 0.3 s

        tls: Any = False
        if self.certs:
            from docker.tls import TLSConfig  # noqa: PLC0415

            cert, key = (str(Path(self.certs) / f"{name}.pem") for name in ("cert", "key"))
            tls = TLSConfig(client_cert=(cert, key), ca_cert=str(Path(self.certs) / "ca.pem"), verify=True)
        client = docker.DockerClient(base_url=self.host, timeout=int(seconds), tls=tls)
        if self.host.startswith("unix:"):
            client.api.trust_env = False  # no proxy stands before a socket: looking for one costs 2 ms a request
        return client

    def request(self, method: str, path: str, body: object = None, *, seconds: float = 30) -> tuple[int, Any]:
        """Ask the engine's API one thing and return its status and parsed answer.

        Raises:
            KataError: ``engine.not_answering``: it is gone, or did not answer within ``seconds``.
        """
        try:
            return ask(self.host, method, path, body, seconds=seconds, certs=self.certs)
        except OSError as error:
            raise _not_answering(self, error) from error

    def order(self, method: str, path: str, body: object = None, *, seconds: float = 60) -> Any:  # noqa: ANN401 - JSON
        """Ask for something that has to be done, and return the parsed answer.

        Raises:
            KataError: ``engine.not_answering``; ``engine.refused`` where the engine says no.
        """
        status, answer = self.request(method, path, body, seconds=seconds)
        return _unless_refused(f"{method} {path.partition('?')[0]}", status, answer)

    def inspect(self, kind: Inspected, reference: str) -> Any:  # noqa: ANN401 - the engine's JSON
        """Return what the engine shows of one object; None where there is none of that name.

        Raises:
            KataError: As ``order``.
        """
        path = f"/{kind}/{quote(reference, safe='')}" + ("/json" if kind in {"containers", "images"} else "")
        status, answer = self.request("GET", path)
        return None if status == 404 else _unless_refused(f"GET {path}", status, answer)


def _unless_refused(what: str, status: int, answer: Any) -> Any:  # noqa: ANN401 - the engine's JSON
    if status >= 400:
        detail = answer.get("message", "") if isinstance(answer, dict) else answer
        raise KataError("engine.refused", what=what, detail=detail)
    return answer


def find_engine() -> Engine:
    """Return the engine to use: ``DOCKER_HOST``, the CLI's context, a usual socket, our embedded one.

    One that was named (the first two) is used or is an error; we never fall back to another behind its back.

    Raises:
        KataError: ``engine.missing``, ``engine.not_answering``, ``engine.no_permission`` or
            ``engine.unsupported_address``.
    """
    problems: list[KataError] = []
    for engine in _candidates():
        problem = answers(engine)
        if problem is None:
            return engine
        if engine.origin in {"DOCKER_HOST", "context"}:
            raise problem
        problems.append(problem)
    denied = (problem for problem in problems if problem.key == "engine.no_permission")
    raise next(denied, KataError("engine.missing"))


def is_chosen() -> bool:
    """Return whether the user named an engine, by ``DOCKER_HOST`` or by the CLI's context."""
    return next(_candidates()).origin in {"DOCKER_HOST", "context"}


def answers(engine: Engine, seconds: float = 2.0) -> KataError | None:
    """Return None if the engine answers a ping within ``seconds``, else what is wrong."""
    if not is_supported(engine.host):
        return KataError("engine.unsupported_address", address=engine.host, origin=engine.origin)
    try:
        status, body = ask(engine.host, "GET", "/_ping", seconds=seconds, certs=engine.certs)
    except PermissionError:
        return KataError("engine.no_permission", address=engine.host)
    except OSError as error:
        return _not_answering(engine, error)
    if status != 200:
        return _not_answering(engine, ConnectionError(f"{status} {body}"))
    return None


def _not_answering(engine: Engine, error: OSError) -> KataError:
    detail = error.strerror or str(error) or type(error).__name__
    return KataError("engine.not_answering", address=engine.host, origin=engine.origin, detail=detail)


def _candidates() -> Iterator[Engine]:
    chosen = _named()
    if chosen is not None:
        yield chosen
        return
    for socket in _usual_sockets():
        if socket.is_socket() or socket == _DEFAULT:
            yield Engine(host=f"unix://{socket}", origin="default")
    yield embedded_engine(Place.here())


def embedded_engine(place: Place) -> Engine:
    """Return our own engine's address and tools, whether or not it runs."""
    return Engine(
        host=f"unix://{place.socket}",
        origin="embedded",
        tools=str(place.tools / "bin"),
        plugins=str(place.tools / "config"),
    )


def _named() -> Engine | None:
    """Return the engine that DOCKER_HOST or the CLI's context names; None where neither does."""
    host = os.environ.get("DOCKER_HOST")
    config = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if host:
        certs = os.environ.get("DOCKER_CERT_PATH") or str(config)
        return Engine(
            host=host,
            origin="DOCKER_HOST",
            certs=certs if os.environ.get("DOCKER_TLS_VERIFY") and not host.startswith("unix:") else "",
        )
    name = os.environ.get("DOCKER_CONTEXT") or _json(config / "config.json").get("currentContext") or "default"
    return None if name == "default" else _context(config, str(name))


def _context(config: Path, name: str) -> Engine:
    """Return what the CLI's context store says of a context (docker/cli, cli/context/store).

    Raises:
        KataError: ``engine.no_context``: there is none of that name.
    """
    folder = hashlib.sha256(name.encode()).hexdigest()
    meta = _json(config / "contexts" / "meta" / folder / "meta.json")
    endpoint = meta.get("Endpoints", {}).get("docker", {})
    if not endpoint.get("Host"):
        raise KataError("engine.no_context", name=name)
    certs = config / "contexts" / "tls" / folder / "docker"
    return Engine(host=endpoint["Host"], origin="context", certs=str(certs) if certs.is_dir() else "")


def _json(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


_DEFAULT = Path("/var/run/docker.sock")


def _usual_sockets() -> Iterator[Path]:
    """Docker's own first, then what Desktop, Colima, Rancher Desktop, rootless Docker and Podman use."""
    home, runtime = Path.home(), Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    yield _DEFAULT
    yield runtime / "docker.sock"
    yield home / ".docker/run/docker.sock"
    yield home / ".docker/desktop/docker.sock"
    yield home / ".colima/default/docker.sock"
    yield home / ".rd/docker.sock"
    yield runtime / "podman/podman.sock"
    yield Path("/run/podman/podman.sock")
