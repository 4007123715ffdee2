"""Our own engine where there is none: Debian's packages, unpacked into the data folder and started there."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checker.engine import bridge, firewall, remains
from checker.engine.debian import Apt, system_source, unpack
from checker.engine.found import answers, embedded_engine
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checker.engine.found import Engine
    from checker.engine.place import Place

__all__ = ["install", "is_possible", "start", "stop"]

# trixie's engine runs on bookworm's libc; its runc does not, and its iptables needs newer libraries
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "trixie": ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd", "tini"),
    "bookworm": (
        "runc",
        "iptables",
        "libip4tc2",
        "libip6tc2",
        "libmnl0",
        "libnetfilter-conntrack3",
        "libnfnetlink0",
        "libnftnl11",
        "libxtables12",
    ),
}
_READY_SECONDS = 60.0


def is_possible() -> bool:
    """Return whether the embedded engine could run here: we are root, and packages come from Debian."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    try:
        system_source()
    except KataError:
        return False
    return True


def install(place: Place, tell: Callable[[str], None]) -> None:
    """Fetch and unpack the engine's programs where they are missing.

    Raises:
        KataError: ``engine.apt``, ``engine.unpack``, ``engine.no_apt_source``.
    """
    if place.tools.exists():
        return
    place.engine.mkdir(parents=True, exist_ok=True)
    for remnant in place.engine.glob("new-*"):
        remains.delete(remnant)
    folder = Path(tempfile.mkdtemp(prefix="new-", dir=place.engine))
    for suite, packages in PACKAGES.items():
        tell(say("setup.fetching", suite=suite, packages=" ".join(packages)))
        apt = Apt(folder / suite, suite)
        apt.update()
        unpack(apt.download(*packages), folder / "tools" / "root")
    _arrange(folder / "tools")
    (folder / "tools").rename(place.tools)
    remains.delete(folder)


def _arrange(tools: Path) -> None:
    """Sort what a learner runs into ``bin``, what the engine runs into ``sbin``, plugins into ``config``."""
    shutil.rmtree(tools / "root/usr/share", ignore_errors=True)
    (tools / "daemon.json").write_text("{}\n", encoding="utf-8")
    for name, target in _links(tools / "root/usr"):
        link = tools / name
        link.parent.mkdir(parents=True, exist_ok=True)
        # relative, so that the whole folder can be moved into place
        link.symlink_to(os.path.relpath(target, link.parent))
    firewall.wrap(tools)


def _links(usr: Path) -> Iterator[tuple[str, Path]]:
    yield "bin/docker", usr / "bin/docker"
    yield "sbin/docker-init", usr / "bin/tini-static"
    for plugin in sorted((usr / "libexec/docker/cli-plugins").iterdir()):
        yield f"config/cli-plugins/{plugin.name}", plugin
    for program in ("bin/containerd", "bin/containerd-shim-runc-v2", "bin/ctr"):
        yield f"sbin/{Path(program).name}", usr / program
    for program in ("sbin/dockerd", "sbin/docker-proxy", "sbin/runc"):
        yield program, usr / program


def start(place: Place, tell: Callable[[str], None]) -> Engine:
    """Start the engine if it does not run, after clearing what a killed one left, and return it.

    Raises:
        KataError: ``engine.died`` or ``engine.not_ready`` with the end of its log, ``engine.no_bridge``.
    """
    engine = embedded_engine(place)
    if answers(engine) is None:
        return engine
    stop(place)
    tell(say("setup.starting", folder=place.engine))
    _make_room(place)
    flags = [*_flags(place, tell), *shlex.split(os.environ.get("KATA_ENGINE_FLAGS", ""))]
    with place.log.open("wb") as log:
        process = subprocess.Popen(
            [place.tools / "sbin/dockerd", *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(place),
            start_new_session=True,  # Ctrl-C at our terminal is not meant for it
        )
    _await(engine, process, place)
    return engine


def _make_room(place: Place) -> None:
    for folder in (place.run, place.images):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".log.old"))
    firewall.choose(place.tools)
    try:
        bridge.ensure(place.bridge)
    except OSError as error:
        raise KataError("engine.no_bridge", name=place.bridge, detail=error.strerror) from error


def _environment(place: Place) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    path = f"{place.tools / 'sbin'}:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return {**ours, "PATH": path}


def _flags(place: Place, tell: Callable[[str], None]) -> Iterator[str]:
    yield f"--config-file={place.tools / 'daemon.json'}"  # not /etc/docker/daemon.json, which is another's
    yield f"--data-root={place.images}"
    yield f"--exec-root={place.run / 'exec'}"
    yield f"--pidfile={place.run / 'docker.pid'}"
    yield f"--host=unix://{place.socket}"
    yield f"--bridge={place.bridge}"
    yield f"--userland-proxy-path={place.tools / 'sbin/docker-proxy'}"
    yield f"--registry-mirror=http://127.0.0.1:{mirror_port(place)}"
    yield "--log-driver=json-file"
    # a containerd of the system, if there is one, is shared but not mixed with
    yield f"--containerd-namespace=kata-{place.id}"
    yield f"--containerd-plugins-namespace=kata-plugins-{place.id}"
    # no more open files than we have ourselves: raising a limit needs a capability that root may lack
    soft = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1_048_576)
    yield f"--default-ulimit=nofile={soft}:{soft}"
    if not _overlay_works(place.images):
        tell(say("setup.vfs", folder=place.images))
        yield "--storage-driver=vfs"


def _overlay_works(folder: Path) -> bool:
    """Mount an overlay there and see: whether a file system can carry one is only known to the kernel."""
    with tempfile.TemporaryDirectory(prefix="overlay-", dir=folder) as trial:
        parts = {name: Path(trial, name) for name in ("lower", "upper", "work", "merged")}
        for part in parts.values():
            part.mkdir()
        options = "lowerdir={lower},upperdir={upper},workdir={work}".format_map(parts)
        command: list[str | Path] = ["mount", "-t", "overlay", "overlay", "-o", options, parts["merged"]]
        done = subprocess.run(command, capture_output=True, check=False)
        remains.unmount(Path(trial))
        return done.returncode == 0


def mirror_port(place: Place) -> int:
    """Return the loopback TCP port of the local registry: chosen once, and again if a stranger has taken it.

    Call it while the engine is down; the engine learns the port when it starts.
    """
    with contextlib.suppress(OSError, ValueError):
        port = int(place.mirror_port.read_text(encoding="ascii"))
        if _is_free(port) or _is_our_mirror(place):
            return port
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place.mirror_port.write_text(f"{port}\n", encoding="ascii")
    return int(port)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        # as servers do: a connection that is still fading away does not hold the port
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _is_our_mirror(place: Place) -> bool:
    return any("registry" in program for program in remains.running(place.data).values())


def _await(engine: Engine, process: subprocess.Popen[bytes], place: Place) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while answers(engine) is not None:
        if process.poll() is not None:
            raise KataError("engine.died", log=place.log, detail=_end_of(place.log))
        if time.monotonic() > deadline:
            stop(place)
            process.kill()
            process.wait()
            detail = _end_of(place.log)
            raise KataError("engine.not_ready", log=place.log, seconds=int(_READY_SECONDS), detail=detail)
        time.sleep(0.02)
    # it outlives us on purpose; without this Python would warn of a child that was never waited for
    process.returncode = 0


def _end_of(log: Path, lines: int = 6) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def stop(place: Place) -> None:
    """Stop the engine and everything that it or a killed one before it left running, mounted or linked.

    Images, containers and volumes stay. What does not run is not an error.

    Raises:
        KataError: ``engine.unkillable``.
    """
    running = remains.running(place.tools)
    remains.end((pid for pid, name in running.items() if name == "dockerd"), seconds=20)
    # containers before their shims: a shim that goes first leaves its container without a parent that is ours
    shims = remains.running(place.tools)
    remains.end({*remains.contained(place.images), *remains.below(shims)}, seconds=0)
    remains.end(remains.running(place.tools), seconds=2)
    remains.unmount(place.run, place.engine)
    with contextlib.suppress(OSError):
        remains.remove_groups(entry.name for entry in (place.images / "containers").iterdir())
    bridge.remove(place.bridge)
    if place.run.exists():
        remains.delete(place.run)
