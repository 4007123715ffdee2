"""Fetches Debian's packages beside the system's own apt: verified by Debian's key, installed nowhere.

apt is run with a configuration of its own (a folder for its lists, cache and status, one line of sources), so
that neither the system's sources nor its list of installed packages changes. The mirror is the one that the
system uses.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Apt", "Source", "system_source", "unpack"]

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SUITES = frozenset({"bookworm", "trixie", "oldstable", "stable", "testing", "sid", "unstable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the system gets Debian from.

    Attributes:
        uri: The mirror's address as sources.list(5) has it.
        keyring: The file with the keys that may sign it; empty for the keys that apt trusts anyway.
    """

    uri: str
    keyring: str = ""

    def line(self, suite: str) -> str:
        """Return the sources.list(5) line for one suite of this mirror."""
        option = f"[signed-by={self.keyring}] " if self.keyring else ""
        return f"deb {option}{self.uri} {suite} main\n"


def system_source(etc: Path = Path("/etc/apt")) -> Source:
    """Return the Debian mirror that the system itself uses, out of its one-line and deb822 sources.

    Raises:
        KataError: ``engine.no_apt_source``: none of the sources is Debian's.
    """
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    entries = [
        entry
        for file in files
        if file.suffix in {".list", ".sources"} and file.is_file()
        for entry in _entries(file)
        if _SUITES & set(entry["suites"].split()) and "main" in entry["components"].split()
    ]
    # a third party may call its suite "bookworm" too: the archive itself is the one under /debian
    entries.sort(key=lambda entry: not entry["uris"].split()[0].rstrip("/").endswith("/debian"))
    if not entries:
        raise KataError("engine.no_apt_source", folder=etc)
    signed_by = entries[0].get("signed-by", "")
    # a key written into the source itself starts on the next line; Debian's own file has the same ones
    keyring = signed_by if signed_by.startswith("/") else _KEYRING
    return Source(uri=entries[0]["uris"].split()[0], keyring=keyring if Path(keyring).exists() else "")


def _entries(file: Path) -> Iterator[Mapping[str, str]]:
    text = file.read_text(encoding="utf-8", errors="replace")
    return _stanzas(text) if file.suffix == ".sources" else _lines(text)


_ONE_LINE = re.compile(
    r"^\s*deb\s+(?:\[(?P<options>[^]]*)]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#\n]*)",
    re.MULTILINE,
)


def _lines(text: str) -> Iterator[Mapping[str, str]]:
    for match in _ONE_LINE.finditer(text):
        options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
        signed_by = options.get("signed-by", "")
        yield {
            "uris": match["uri"],
            "suites": match["suite"],
            "components": match["components"],
            "signed-by": signed_by,
        }


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    uncommented = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for block in re.split(r"\n\s*\n", uncommented):
        fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", block, re.MULTILINE)
        stanza = {name.lower(): value.strip() for name, value in fields}
        enabled = stanza.get("enabled", "yes").lower() not in {"no", "false"}
        if enabled and "deb" in stanza.get("types", "").split():
            yield {"uris": "", "suites": "", "components": "", **stanza}


class Apt:
    """apt for one suite of Debian, with all its state under ``root``; as any user, but two at once never.

    Args:
        root: The folder for its lists, cache, sources and packages; made if missing.
        suite: The suite's code name, ``bookworm``.
        source: The mirror; the system's own by default.
    """

    def __init__(self, root: Path, suite: str, source: Source | None = None) -> None:
        self.root = root
        self.suite = suite
        for folder in ("lists/partial", "cache/archives/partial", "debs"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        # nothing counts as installed: what depends on what is answered from the suite alone
        self.status = root / "status"
        self.status.touch()
        self._sources = root / "sources.list"
        self._sources.write_text((source or system_source()).line(suite), encoding="utf-8")

    def update(self) -> None:
        """Fetch the suite's lists of packages and verify their signature.

        Raises:
            KataError: ``engine.apt``: the mirror does not answer, or its signature is not Debian's.
        """
        # without the option apt only warns when a mirror cannot be reached, and goes on with old lists
        self.run("update", "-o", "APT::Update::Error-Mode=any")

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run ``apt-get`` with this configuration and return what it printed.

        Raises:
            KataError: ``engine.apt`` with the last lines it said.
        """
        return self._run("apt-get", *arguments, cwd=cwd)

    def cache(self, *arguments: str) -> str:
        """Run ``apt-cache`` with this configuration and return what it printed."""
        return self._run("apt-cache", *arguments, cwd=None)

    def download(self, *packages: str) -> list[Path]:
        """Download exactly these packages, not what they depend on, and return their files.

        Raises:
            KataError: ``engine.apt``: one of them does not exist or could not be fetched.
        """
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            self.run("download", *packages, cwd=Path(folder))
            return [file.rename(self.root / "debs" / file.name) for file in sorted(Path(folder).iterdir())]

    def _run(self, program: str, *arguments: str, cwd: Path | None) -> str:
        command = [program, "-q", *self._options(), *arguments]
        environ = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        try:
            done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise KataError("engine.no_apt", program=program) from None
        if done.returncode != 0:
            raise KataError("engine.apt", suite=self.suite, detail=_tail(done.stderr or done.stdout))
        return done.stdout

    def _options(self) -> Iterator[str]:
        settings = {
            "Dir::State::Lists": self.root / "lists",
            "Dir::State::status": self.status,
            "Dir::State::extended_states": self.root / "extended_states",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc::SourceList": self._sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            # the folder is the user's own, where apt's own user _apt may not write
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        for name, value in settings.items():
            yield from ("-o", f"{name}={value}")


def _tail(text: str, lines: int = 4) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def unpack(packages: Iterable[Path], into: Path) -> None:
    """Unpack the files of each package under ``into``; their scripts do not run.

    Raises:
        KataError: ``engine.unpack``: a package is damaged, or the disk is full.
    """
    into.mkdir(parents=True, exist_ok=True)
    for package in packages:
        done = subprocess.run(["dpkg-deb", "-x", package, into], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise KataError("engine.unpack", package=package.name, detail=_tail(done.stderr))
