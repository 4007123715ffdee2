"""Times what the guard adds: to a request, to a container, to a copy of 200 MB, to twenty clients at once.

    python -m benchmarks.guard [--rounds 15]

Everything runs in turn on the same engine, once directly and once through a guard, so that a machine whose speed
drifts drifts for both; quoted are medians, and the median of the ratios pair by pair. The images ``busybox:1`` has to
be there. Memory is that of this process, which holds the guard, as pytest does.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checker.engine import find_engine
from checker.guard import Grants
from checker.guard.reference import reference
from checker.guard.remove import remove
from checker.guard.serve import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Way = Mapping[str, str]

NAME = f"kata-g-bench-{os.getpid()}"
MEGABYTES = 200
CLIENTS = 20
REQUESTS = 10_000


def run(way: Way, *command: object) -> None:
    """Run a client to its end; it has to end well."""
    done = subprocess.run([str(word) for word in command], env=way, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command} did not pass:\n{done.stdout}{done.stderr}")


def ask(way: Way, path: str) -> None:
    """Ask one thing on a connection of its own."""
    connection = http.client.HTTPConnection("docker", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(urlsplit(way["DOCKER_HOST"]).path)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    finally:
        connection.close()


def at_once(way: Way) -> None:
    """Let many clients ask at the same time."""
    threads = [threading.Thread(target=ask, args=(way, "/v1.41/containers/json")) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def copies(folder: Path) -> dict[str, Callable[[Way], None]]:
    """Return what moves many bytes, by name."""
    (folder / "Dockerfile").write_text("FROM busybox:1\nCOPY Dockerfile /\n", encoding="utf-8")
    (folder / "big").write_bytes(os.urandom(1024**2) * MEGABYTES)

    def inward(way: Way) -> None:
        run(way, "docker", "cp", "-q", folder / "big", f"{container(way)}:/big")

    def outward(way: Way) -> None:
        subprocess.run(["docker", "cp", f"{container(way)}:/big", "-"], env=way, stdout=subprocess.DEVNULL, check=True)

    def context(way: Way) -> None:
        run({**way, "DOCKER_BUILDKIT": "0"}, "docker", "build", "-q", "-t", container(way), folder)

    return {f"docker cp {MEGABYTES} MB in": inward, "… and out": outward, "… as a build context": context}


def container(way: Way) -> str:
    """Return the name of the container that is used on a way."""
    return f"{NAME}-{'guarded' if 'KATA_GUARDED' in way else 'direct'}"


def compare(name: str, work: Callable[[Way], None], ways: tuple[Way, Way], rounds: int, requests: int = 1) -> None:
    """Time some work on both ways in turn, and print a row."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for way, times in zip(ways, seconds, strict=True):
            started = time.perf_counter()
            work(way)
            if turn:
                times.append(time.perf_counter() - started)
    direct, guarded = (statistics.median(times) * 1000 for times in seconds)
    ratio = statistics.median(b / a for a, b in zip(*seconds, strict=True))
    added = statistics.median((b - a) * 1000 for a, b in zip(*seconds, strict=True)) / requests
    print(f"{name:28} {direct:9.1f} {guarded:9.1f} {ratio:7.2f} {added:9.2f}")


def memory(way: Way) -> None:
    """Print how this process grows while requests go through the guard that it holds."""
    sizes = []
    for _ in range(5):
        for _ in range(REQUESTS // 5):
            ask(way, "/_ping")
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        sizes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1024**2)
    print(f"\nmemory, MB, after each fifth of {REQUESTS} requests: {' '.join(f'{size:.1f}' for size in sizes)}")


def main() -> None:
    """Time all of it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (default: 15), after one that is not")
    rounds = parser.parse_args().rounds
    engine = find_engine()
    direct = {**os.environ, **engine.environment()}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds\n")
    print(f"{'ms':28} {'direct':>9} {'guarded':>9} {'ratio':>7} {'added a request':>9}")
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        grants = Grants(images=frozenset({str(reference("busybox:1"))}))
        with Guard(engine, grants, NAME, Path(folder) / "g.sock") as guard:
            ways = (direct, {**direct, "DOCKER_HOST": guard.host, "KATA_GUARDED": "1"})
            try:
                measure(ways, rounds, Path(folder))
            finally:
                for kind in ("rm", "rmi"):
                    subprocess.run(
                        ["docker", kind, "-f", container(direct)], env=direct, capture_output=True, check=False
                    )
        remove(engine, guard.ledger)


def measure(ways: tuple[Way, Way], rounds: int, folder: Path) -> None:
    """Print all rows."""
    compare("GET /_ping", lambda way: ask(way, "/_ping"), ways, 20 * rounds)
    compare("GET /containers/json", lambda way: ask(way, "/v1.41/containers/json"), ways, 20 * rounds)
    compare("docker version", lambda way: run(way, "docker", "version"), ways, rounds, requests=2)
    true = ("docker", "run", "--rm", "busybox:1", "true")
    compare("docker run --rm … true", lambda way: run(way, *true), ways, rounds, requests=5)
    compare(f"{CLIENTS} clients at once", at_once, ways, rounds, requests=CLIENTS)
    for way in ways:
        run(way, "docker", "run", "-d", "--name", container(way), "busybox:1", "top")
    context = folder / "context"
    context.mkdir()
    for name, work in copies(context).items():
        compare(name, work, ways, max(3, rounds // 3))
    memory(ways[1])


if __name__ == "__main__":
    main()
