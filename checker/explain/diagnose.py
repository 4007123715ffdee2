"""What a container shows (its state, sockets, mounts, networks), turned into what the learner did.

Every function takes facts: what ``GET /containers/ID/json`` of the engine's API answers (1.24 to 1.52), and
callables for what has to be read only sometimes. None asks an engine by itself. Each returns None where it
finds nothing wrong.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.explain.command import SHELLS, command_went_wrong, only_first_word
from checker.explain.executable import (
    CARRIAGE_RETURNS,
    ENGINE_REFUSAL,
    RUN_OPTIONS,
    SHELL_REFUSAL,
    SINGLE_QUOTES,
    Refused,
    not_found,
)
from checker.explain.said import legible, tail
from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    Inspected = Mapping[str, Any]

__all__ = [
    "parse_listening",
    "why_data_lost",
    "why_no_name",
    "why_not_ready",
    "why_not_running",
    "why_slow_to_stop",
    "why_unreachable",
]

KILLED = 137  # 128 + SIGKILL
_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_DOCKER_DNS = "127.0.0.11"  # libnetwork/resolver.go


def why_not_running(
    inspect: Inspected,
    logs: Callable[[], str],
    read: Callable[[str], bytes | None] | None = None,
    *,
    image_architecture: str = "",
    engine_architecture: str = "",
) -> Mistake | None:
    """Return why a container does not run; None where it does.

    Args:
        inspect: The container, as the API shows it.
        logs: Returns what it printed.
        read: Returns a file of the container, or None where there is no such file.
        image_architecture: What the image says it is for, as ``arm64``.
        engine_architecture: What the engine runs on.
    """
    status = inspect["State"]["Status"]
    if status == "running":
        return None
    if status == "paused":
        return Mistake("docker.paused", name=_name(inspect))
    stopped = _Stopped(inspect, read, image_architecture, engine_architecture)
    return stopped.refused() or stopped.ended(logs())


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A container that does not run."""

    inspect: Inspected
    read: Callable[[str], bytes | None] | None
    wanted: str
    here: str

    @property
    def state(self) -> Inspected:
        state: Inspected = self.inspect["State"]
        return state

    @property
    def words(self) -> list[str]:
        """The command that was its PID 1."""
        return [str(self.inspect.get("Path") or ""), *(str(word) for word in self.inspect.get("Args") or ())]

    def refused(self) -> Mistake | None:
        """Explain a container that the engine could not start."""
        error = str(self.state.get("Error") or "")
        match = ENGINE_REFUSAL.search(error)
        if match is not None:
            return self._not_executed(match["program"] or match["other"], match["said"] or "not found")
        if self.state["Status"] == "created":
            if error:
                return Mistake("docker.refused_to_start", name=_name(self.inspect), said=error[-300:])
            return Mistake("docker.never_started", name=_name(self.inspect))
        return None

    def ended(self, said: str) -> Mistake:
        """Explain a container whose first process has ended."""
        code = int(self.state["ExitCode"])
        blanks = {"name": _name(self.inspect), "code": code}
        if self.state.get("OOMKilled"):
            return Mistake("docker.out_of_memory", **blanks)
        if code == 0:
            return only_first_word(self.words) or Mistake(
                "docker.ended_at_once", name=blanks["name"], command=" ".join(self.words)[:200]
            )
        quoted = tail(said)
        config = self.inspect.get("Config") or {}
        mistake = self._program_refused(said) or self._option() or command_went_wrong(self.words, config, said)
        if mistake is not None:
            return mistake
        if quoted:
            return Mistake("docker.ended", **blanks, tail=quoted)
        return Mistake("docker.ended_silently", **blanks, command=" ".join(self.words)[:200])

    def _program_refused(self, said: str) -> Mistake | None:
        """Look in its log for the words of a kernel or a shell that could not start a program."""
        if CARRIAGE_RETURNS.search(said):
            return Mistake("docker.crlf_lines", file=next(iter(self._files()), self.words[0]))
        text = legible(said)
        if SINGLE_QUOTES.search(text):
            return Mistake("docker.single_quotes", place="Dockerfile")
        match = SHELL_REFUSAL.search(text)
        if match is None:
            return None
        if match["program"].startswith("[") and any(word.startswith("[") for word in self.words):
            return Mistake("docker.single_quotes", place="Dockerfile")
        return self._not_executed(match["program"], match["said"].lower())

    def _files(self) -> list[str]:
        return [word for word in self.words if "/" in word and posixpath.basename(word) not in SHELLS]

    def _not_executed(self, program: str, said: str) -> Mistake:
        head = self._head(program) if "/" in program else None
        if "not found" in said or said.startswith("stat "):
            if head is None:
                return not_found(program)
            said = "no such file or directory"
        return Refused(file=program, said=said, head=head, here=self.here, wanted=self.wanted).mistake()

    def _head(self, program: str) -> bytes | None:
        content = self.read(program) if self.read is not None else None
        return None if content is None else content[:4_096]

    def _option(self) -> Mistake | None:
        """Look for an option of docker run that went to the image's entrypoint instead."""
        command = (self.inspect.get("Config") or {}).get("Cmd") or [""]
        if command[0].partition("=")[0] in RUN_OPTIONS:
            return Mistake("docker.option_after_image", option=command[0])
        return None


def _name(inspect: Inspected) -> str:
    return str(inspect.get("Name") or inspect.get("Id") or "?").lstrip("/")


# Sockets


def parse_listening(proc_net_tcp: str) -> frozenset[tuple[str, int]]:
    """Return the addresses and ports that are listened on, out of ``/proc/net/tcp`` and ``/proc/net/tcp6``.

    Docker's own name server, which is in every container of a user's network, is left out. Addresses are written there
    in the byte order of the machine, which is taken to be little-endian (proc_net(5)).
    """
    rows = (line.split() for line in proc_net_tcp.splitlines())
    found = (_local(row[1]) for row in rows if len(row) > 3 and row[3] == _LISTEN and ":" in row[1])
    return frozenset((address, port) for address, port in found if address != _DOCKER_DNS)


def _local(written: str) -> tuple[str, int]:
    digits, _, port = written.rpartition(":")
    words = (bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)


def why_unreachable(
    inspect: Inspected, listening: Collection[tuple[str, int]], port: int | None = None
) -> Mistake | None:
    """Return why a running container cannot be reached from the machine; None where it should be.

    Args:
        inspect: The container, as the API shows it.
        listening: What ``parse_listening`` found inside it.
        port: The port inside the container that ought to answer; None to go by what is published.
    """
    published = _published(inspect)
    if not listening:
        return Mistake("docker.nothing_listens")
    numbers = {number for _, number in listening}
    if port is None:
        port = next(iter(sorted({*published} & numbers or {*published} or numbers)))
    if port not in numbers:
        return _listens_elsewhere(port, published, numbers)
    addresses = {address for address, number in listening if number == port}
    if all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return Mistake("docker.only_on_loopback", port=port, address=min(addresses))
    return None if port in published else _not_published(inspect, port, published, numbers)


def _published(inspect: Inspected) -> dict[int, list[int]]:
    """Return which ports of the machine lead to each TCP port of the container."""
    ports = (inspect.get("NetworkSettings") or {}).get("Ports") or {}
    return {
        int(name.partition("/")[0]): [int(row["HostPort"]) for row in rows]
        for name, rows in ports.items()
        if rows and name.endswith("/tcp")
    }


def _listens_elsewhere(port: int, published: Mapping[int, list[int]], numbers: Collection[int]) -> Mistake:
    if port in published:
        return _wrong_target(port, published[port], numbers)
    return Mistake("docker.listens_elsewhere", port=port, listening=_listed(numbers))


def _wrong_target(container: int, hosts: Collection[int], numbers: Collection[int]) -> Mistake:
    swapped = sorted({*hosts} & {*numbers})
    if swapped:
        return Mistake("docker.ports_swapped", host=swapped[0], container=container, listening=_listed(numbers))
    return Mistake("docker.published_other_port", container=container, listening=_listed(numbers))


def _not_published(
    inspect: Inspected, port: int, published: Mapping[int, list[int]], numbers: Collection[int]
) -> Mistake:
    for container in sorted(set(published) - set(numbers)):
        return _wrong_target(container, published[container], numbers)
    if f"{port}/tcp" in ((inspect.get("Config") or {}).get("ExposedPorts") or {}):
        return Mistake("docker.only_exposed", port=port)
    return Mistake("docker.not_published", port=port)


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers)[:5])


# Stopping


def why_slow_to_stop(pid1: Sequence[str], exit_code: int, seconds: float) -> Mistake | None:
    """Return why a container had to be killed; None where it ended by itself.

    Args:
        pid1: The command line of its first process, as ``/proc/1/cmdline`` had it before the stop.
        exit_code: What it ended with.
        seconds: How long the stop took.
    """
    if exit_code != KILLED:
        return None
    took = f"{seconds:.1f}"
    program = posixpath.basename(pid1[0].lstrip("-")) if pid1 else "?"
    if program not in SHELLS:
        return Mistake("docker.ignores_stop", pid1=" ".join(pid1)[:100], seconds=took)
    script = next((word for word in pid1[1:] if not word.startswith("-")), "")
    if script and "-c" not in pid1:
        return Mistake("docker.script_keeps_signal", script=script, seconds=took)
    return Mistake("docker.shell_form", pid1=pid1[0], seconds=took)


# Networks


def why_no_name(client: Inspected, server: Inspected, name: str) -> Mistake | None:
    """Return why the container ``client`` cannot find ``server`` under ``name``; None where it should."""
    mine, others = _networks(client), _networks(server)
    shared = sorted(set(mine) & set(others))
    if not shared:
        networks = {"networks": ", ".join(mine) or "-", "others": ", ".join(others) or "-"}
        return Mistake("docker.no_shared_network", client=_name(client), name=name, **networks)
    named = [network for network in shared if network != "bridge"]
    if not named:
        return Mistake("docker.names_on_default_bridge", client=_name(client), name=name)
    known = {network: _names_on(server, others[network]) for network in named}
    if any(name in names for names in known.values()):
        return None
    return Mistake("docker.name_not_known", network=named[0], name=name, known=", ".join(known[named[0]]))


def _networks(inspect: Inspected) -> Mapping[str, Inspected]:
    return (inspect.get("NetworkSettings") or {}).get("Networks") or {}


def _names_on(inspect: Inspected, endpoint: Inspected) -> list[str]:
    """Return what a container is called on a network; engines before 26 list no DNSNames."""
    short_id = str(inspect.get("Id") or "")[:12]
    names = [*(endpoint.get("DNSNames") or ()), *(endpoint.get("Aliases") or ()), _name(inspect)]
    return [name for name in dict.fromkeys(names) if name != short_id]


# Volumes


def why_data_lost(inspect: Inspected, path: str) -> Mistake | None:
    """Return why what was written to ``path`` does not outlive the container; None where it should."""
    tmpfs = ((inspect.get("HostConfig") or {}).get("Tmpfs") or {}).keys()
    mounts = inspect.get("Mounts") or []
    memory = [*tmpfs, *(mount["Destination"] for mount in mounts if mount.get("Type") == "tmpfs")]
    lasting = {mount["Destination"]: mount for mount in mounts if mount.get("Type") != "tmpfs"}
    where = _deepest(path, [*memory, *lasting])
    if where in memory:
        return Mistake("docker.data_in_memory", path=path)
    if where:
        anonymous = re.fullmatch(r"[0-9a-f]{64}", str(lasting[where].get("Name") or ""))
        return Mistake("docker.anonymous_volume", path=path) if anonymous else None
    if lasting:
        return Mistake("docker.volume_elsewhere", path=path, mounted=", ".join(sorted(lasting)[:3]))
    return Mistake("docker.no_volume", path=path)


def _deepest(path: str, mounted: Collection[str]) -> str:
    """Return the mount that a path lies in; empty where it lies in none."""
    parts = _parts(path)
    above = [where for where in mounted if _parts(where) == parts[: len(_parts(where))]]
    return max(above, key=len, default="")


def _parts(path: str) -> list[str]:
    return [part for part in posixpath.normpath(path).split("/") if part]


# Compose


def why_not_ready(service: Inspected, needed: Inspected, logs: Callable[[], str]) -> Mistake | None:
    """Return why ``service`` asked ``needed`` too early; None where its log does not say that it was refused.

    Args:
        service: The container that gave up, as the API shows it; made by Compose.
        needed: The container that it needs.
        logs: Returns what ``service`` printed.
    """
    if not _TOO_EARLY.search(logs()):
        return None
    names = {"service": _service(service), "needed": _service(needed)}
    condition = _conditions(service).get(names["needed"])
    if condition is None:
        return Mistake("docker.depends_on_missing", **names)
    return None if condition == "service_healthy" else Mistake("docker.started_is_not_ready", **names)


_TOO_EARLY = re.compile(
    r"connection refused|ECONNREFUSED|could not connect|can't connect|ConnectionRefusedError|Connection reset"
    r"|the database system is starting up|LOADING Redis is loading|name resolution|bad address|(?-i:\bENOTFOUND\b)",
    re.IGNORECASE,
)


def _labels(inspect: Inspected) -> Mapping[str, str]:
    return (inspect.get("Config") or {}).get("Labels") or {}


def _service(inspect: Inspected) -> str:
    return _labels(inspect).get("com.docker.compose.service") or _name(inspect)


def _conditions(inspect: Inspected) -> dict[str, str]:
    """Return what is waited for in each dependency: Compose's label is ``db:service_started:false,…``."""
    written = _labels(inspect).get("com.docker.compose.depends_on") or ""
    rows = (entry.split(":") for entry in written.split(","))
    return {row[0]: row[1] for row in rows if len(row) >= 2}
