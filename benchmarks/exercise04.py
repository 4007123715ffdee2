"""Times ``pytest exercises/04 --work solutions`` against the same checks written by hand for other tools.

    python -m benchmarks.exercise04 [--rounds 7]

All run on the same engine, in turn (ours, bats, check50, plain, ours, …), so that a machine whose speed drifts drifts
for all of them; quoted are medians, and the median of the ratios round by round. Every run has to pass. ``bats`` is
Debian's package; ``check50`` and ``pexpect`` are installed into an environment of their own on first use.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checker.engine import Place, find_engine

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
WORK = ROOT / "solutions" / "04_run_redis"
CHECK50 = "check50==3.5.0"


def environment() -> dict[str, str]:
    """Return what every contender finds: the same engine, the learner's scripts, and Python as it usually is."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**usual, **find_engine().environment(), "WORK": str(WORK)}


def own_environment() -> Path:
    """Return the folder with the programs of the peers' own virtual environment, made on first use."""
    folder = Place.here().data / "benchmarks"
    if not (folder / "ready").exists():
        print(f"installing {CHECK50} and pexpect into {folder} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        packages = [CHECK50, "setuptools<81", "pexpect", "pytest", "docker", "testcontainers"]
        subprocess.run([folder / "bin" / "pip", "install", "-q", *packages], check=True)
        (folder / "ready").touch()
    return folder / "bin"


def contenders(programs: Path) -> dict[str, Callable[[], None]]:
    """Return what is timed, by name."""
    env = environment()

    def run(*command: object, cwd: Path = ROOT, **more: str) -> None:
        done = subprocess.run(
            [str(c) for c in command], cwd=cwd, env={**env, **more}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{command[0]} did not pass:\n{done.stdout}{done.stderr}")

    def check50() -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            shutil.copytree(WORK, work)
            more = {"BENCH_VALUE": secrets.token_hex(5), "BENCH_BYSTANDER": f"bench-{secrets.token_hex(4)}"}
            run(
                programs / "check50",
                "--dev",
                "-o",
                "json",
                "--output-file",
                f"{folder}/out.json",
                PEERS / "check50",
                cwd=work,
                **more,
            )
            if (
                '"passed": false' in (Path(folder) / "out.json").read_text()
                or '"passed": null' in (Path(folder) / "out.json").read_text()
            ):
                sys.exit("check50 did not pass")

    return {
        "ours": lambda: run(
            sys.executable, "-m", "pytest", "exercises/04", "--work=solutions", "-p", "no:cacheprovider"
        ),
        "bats": lambda: run("bats", PEERS / "run_redis.bats"),
        "check50": check50,
        "plain": lambda: run(
            programs / "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--noconftest",
            "-c",
            os.devnull,
            "--rootdir",
            PEERS,
            PEERS / "test_plain.py",
        ),
    }


def main() -> None:
    """Time all of them and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=7, help="counted rounds (default: 7), after one that is not counted"
    )
    wanted = parser.parse_args()
    if shutil.which("bats") is None:
        sys.exit("bats is missing: apt-get install bats")
    runs = contenders(own_environment())
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(wanted.rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    version = find_engine().request("GET", "/version")[1]["Version"]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, Docker Engine {version}")
    print(f"{wanted.rounds} rounds\n\n{'':8} median    min    max   ours/peer")
    for name, times in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(seconds["ours"], times, strict=True))
        print(f"{name:8} {statistics.median(times):6.2f} {min(times):6.2f} {max(times):6.2f}   {ratio:9.2f}")


if __name__ == "__main__":
    main()
