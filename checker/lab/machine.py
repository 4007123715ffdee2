"""``Lab``: one disposable machine, from its disk to its engine, and back to nothing."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from checker.engine.found import LABEL, Engine, answers
from checker.image.client import docker
from checker.lab.disk import distrust, mount, unmount
from checker.lab.inside import LEARNER, Inside
from checker.lab.mirror_proxy import MirrorProxy
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checker.engine import Place
    from checker.lab.limits import Limits

__all__ = ["LAB", "Lab", "Site"]

LAB = "kata.lab"
"""The label of the containers that are labs; its value is the data folder's id, and who opened them."""
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all labs of one owner have in common.

    Attributes:
        engine: The outer engine.
        place: The data folder, whose engine's programs run inside too.
        system: The image that labs are made of.
        owner: Who opened them.
        limits: What each may take.
        mirror: The TCP port of the mirror.
    """

    engine: Engine
    place: Place
    system: str
    owner: str
    limits: Limits
    mirror: int

    @property
    def folder(self) -> Path:
        """Where the labs' disks are mounted: short, for there are sockets on them."""
        return self.place.run / "labs"


class Lab:
    """A machine of its own; a context manager, at whose end nothing of it is left.

    Attributes:
        name: Its name, which begins with its owner's.
        engine: The engine inside, reached from outside.
        environment: What a process needs that grades in it, on top of a small environment of its own.

    Args:
        site: Where it stands.
        name: Its name.
        disk: Its disk, a file that is its own.
        keep: Whether the disk stays; it is deleted with the lab otherwise.

    Raises:
        KataError: ``lab.disk``, ``lab.refused`` or ``lab.not_ready``; nothing of it is left then.
    """

    def __init__(self, site: Site, name: str, disk: Path, *, keep: bool = False) -> None:
        self.name = name
        self._site = site
        self._disk = disk
        self._keep = keep
        self._folder = site.folder / name
        self._container = ""
        self._pid, self._process = 0, -1
        self._closing = contextlib.ExitStack()
        self.engine = Engine(
            host=f"unix://{self._folder}/engine/docker.sock",
            origin="DOCKER_HOST",
            tools=str(site.place.tools / "bin"),
            plugins=str(site.place.tools / "config"),
        )
        self.environment: Mapping[str, str] = {}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_alive(self) -> bool:
        """Whether its first process, and with it its engine, has not ended."""
        return self._process >= 0 and _is_running(self._process)

    @property
    def network(self) -> Path:
        """The lab's network namespace, for a program of this machine to work in.

        What containers of the lab publish on 127.0.0.1 is at 127.0.0.1 for it, and nothing else is anywhere.
        """
        return Path("/proc", str(self._pid), "ns", "net")

    def kill(self) -> None:
        """End everything inside at once, whatever happens there; ``close`` tidies up."""
        with contextlib.suppress(ProcessLookupError):
            if self._process >= 0:
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def stop(self) -> None:
        """Let the engine inside put its store in order and end."""
        status, answer = self._site.engine.request("POST", f"/containers/{self._container}/stop?t=30", seconds=60)
        if status not in {204, 304}:
            raise KataError("lab.refused", detail=answer)

    def close(self) -> None:
        """Remove everything of it; harmless where there is nothing."""
        self.kill()
        try:
            if self._container:
                self._site.engine.request("DELETE", f"/containers/{self._container}?force=1&v=1", seconds=60)
                self._container = ""
        finally:
            self._put_away()

    def _put_away(self) -> None:
        self._closing.close()
        self._description.unlink(missing_ok=True)
        unmount(self._folder, cleanly=self._keep)
        if not self._keep:
            self._disk.unlink(missing_ok=True)
        if self._process >= 0:
            os.close(self._process)
            self._process = -1

    @property
    def _description(self) -> Path:
        return self._folder.with_suffix(".json")

    def _start(self) -> None:
        mount(self._disk, self._folder)
        for folder, mode in (("data", 0o711), ("engine", 0o700), ("runs", 0o711)):
            (self._folder / folder).mkdir(mode=mode, exist_ok=True)
        self._container = self._create()
        self._ask("POST", f"/containers/{self._container}/start")
        distrust(self._folder)  # the container has its own mounts by now
        self._pid = self._ask("GET", f"/containers/{self._container}/json")["State"]["Pid"]
        try:
            self._process = os.pidfd_open(self._pid)
            self._closing.enter_context(MirrorProxy(self._pid, self._site.mirror))
        except OSError as gone:
            raise self._not_ready() from gone
        self._await()
        self.environment = self._environment()

    def _environment(self) -> dict[str, str]:
        tools, runs = self._site.place.tools, str(self._folder / "runs")
        inside = Inside(
            container=self._container,
            engine=self._site.engine.host,
            client=str(tools / "bin/docker"),
            pid=self._pid,
            runs=runs,
        )
        return {**self.engine.environment(), **inside.describe(self._description)}

    def _create(self) -> str:
        body = {
            "Image": self._site.system,
            "Cmd": [*_flags(self._site.mirror)],
            "Hostname": "lab",
            "Labels": {LABEL: f"lab-{self._site.owner}", LAB: f"{self._site.place.id}.{self._site.owner}"},
            "HostConfig": {**self._limits(), "Privileged": True, "ReadonlyRootfs": True, "NetworkMode": "none"},
        }
        name: str = self._ask("POST", f"/containers/create?name=kata-lab-{self.name}", body)["Id"]
        return name

    def _limits(self) -> Mapping[str, object]:
        limits = self._site.limits
        some = f"size={limits.memory // 4}"
        return {
            "Memory": limits.memory,
            "MemorySwap": limits.memory,  # memory and swap together: no swap
            "PidsLimit": limits.pids,
            "NanoCpus": int(min(limits.cpus, os.cpu_count() or 1) * 1e9),
            "CgroupnsMode": "private",
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
            # what is not on its disk is in its memory, and counts as such
            "Tmpfs": {
                "/run": f"{some},mode=755",
                "/tmp": f"{some},mode=1777,exec",  # noqa: S108 - the lab's
                "/home/learner": f"{some},mode=755,exec,uid={LEARNER},gid={LEARNER}",
            },
            "Binds": [
                f"{self._site.place.tools}:/opt/docker:ro",
                f"{self._folder}/data:/var/lib/docker",
                f"{self._folder}/engine:/run/engine",
                f"{self._folder}/runs:{self._folder}/runs",
            ],
        }

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        status, answer = self._site.engine.request(method, path, body, seconds=60)
        if status >= 400:
            raise KataError("lab.refused", detail=answer.get("message", "") if isinstance(answer, dict) else answer)
        return answer or {}

    def _await(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while answers(self.engine) is not None:
            if not self.is_alive or time.monotonic() > deadline:
                raise self._not_ready()
            time.sleep(0.02)

    def _not_ready(self) -> KataError:
        done = docker(self._site.engine, "logs", "--tail", "8", self._container)
        return KataError("lab.not_ready", seconds=int(_READY_SECONDS), detail=done.stderr + done.stdout)


def _is_running(process: int) -> bool:
    """Return whether the process of a pidfd has not ended: it becomes readable when it does (pidfd_open(2))."""
    return not select.select([process], [], [], 0)[0]


def _flags(mirror: int) -> Iterator[str]:
    yield "--config-file=/opt/docker/daemon.json"
    yield "--data-root=/var/lib/docker"
    yield "--exec-root=/run/docker"
    yield "--pidfile=/run/docker.pid"
    yield "--host=unix:///run/engine/docker.sock"
    yield "--userland-proxy-path=/opt/docker/sbin/docker-proxy"
    yield "--storage-driver=overlay2"
    yield "--log-driver=json-file"
    soft = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1_048_576)
    yield f"--default-ulimit=nofile={soft}:{soft}"
    yield f"--registry-mirror=http://127.0.0.1:{mirror}"
