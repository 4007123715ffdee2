"""iptables out of unpacked packages: dockerd needs it, and the rules it leaves are taken back with it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["choose", "forget", "wrap"]

_PROGRAMS = (
    "iptables",
    "ip6tables",
    "iptables-save",
    "ip6tables-save",
    "iptables-restore",
    "ip6tables-restore",
)
_BACKENDS = ("nft", "legacy")
_TABLES = ("nat", "filter")

# the program finds its libraries and extensions beside it, wherever the folder has been moved to
_WRAPPER = """#!/bin/sh
here=${{0%/*}}
lib=$(echo "$here"/../root/usr/lib/*-linux-*)
export LD_LIBRARY_PATH=$lib XTABLES_LIBDIR=$lib/xtables
exec "$here"/../root/usr/sbin/xtables-{backend}-multi {program} "$@"
"""


def wrap(tools: Path, backend: str = "nft") -> None:
    """Write ``sbin/iptables`` and its relatives, which run the unpacked program of this backend."""
    for program in _PROGRAMS:
        script = tools / "sbin" / program
        text = _WRAPPER.format(backend=backend, program=program)
        if script.exists() and script.read_text(encoding="utf-8") == text:
            continue
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def choose(tools: Path) -> None:
    """Use nft where this kernel can, else legacy; where neither works dockerd will say why.

    It is tried with a chain: nft lists the table as an empty one also on a kernel that cannot make it.
    """
    chain = f"kata-{os.getpid()}"
    for backend in _BACKENDS:
        wrap(tools, backend)
        if _iptables(tools, "-t", "nat", "-N", chain) is not None:
            _iptables(tools, "-t", "nat", "-X", chain)
            return


def forget(tools: Path, bridges: Iterable[str]) -> None:
    """Delete the rules that name one of these bridges; an engine leaves them behind when it stops."""
    names = frozenset(bridges)
    for table in _TABLES:
        listing = _iptables(tools, "-t", table, "-S") or ""
        for rule in _rules(listing, names):
            _iptables(tools, "-t", table, "-D", *rule)


def _rules(listing: str, names: frozenset[str]) -> Iterator[list[str]]:
    for line in listing.splitlines():
        words = line.split()
        if words[0] == "-A" and names & set(words):
            yield words[1:]


def _iptables(tools: Path, *arguments: str) -> str | None:
    """Return what iptables printed; None if it failed."""
    command: list[str | Path] = [tools / "sbin/iptables", "--wait", *arguments]
    environ = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
