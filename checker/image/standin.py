"""Makes stand-ins: images of the catalogue out of Debian's packages, where their registry is out of reach.

The packages are chosen and fetched by apt on this machine, with a configuration of its own; nothing is
installed here. They are unpacked and set up inside a build that has no network, so that no package file stays
in a layer. The Dockerfiles lie in ``standins/``, one folder an image.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from checker.engine import LABEL
from checker.engine.debian import Apt, system_source, unpack
from checker.image.catalogue import STANDIN, STANDINS
from checker.image.client import docker, said
from checker.image.hello import executable
from checker.image.pulling import pull_error
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from checker.engine import Engine
    from checker.image.catalogue import Image

__all__ = ["RUN", "Workshop"]

RUN = "standins"
"""The value of our label on containers that live while stand-ins are made."""


class Workshop:
    """Where stand-ins are made for one engine; a context manager that leaves no file behind.

    Args:
        engine: The engine that builds them and gets them.
        folder: A folder of its own; what an interrupted run left there is deleted first.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._all = folder
        self._folder = folder
        self._apts: dict[str, Apt] = {}

    def __enter__(self) -> Self:
        shutil.rmtree(self._all, ignore_errors=True)
        self._all.mkdir(parents=True, exist_ok=True)
        # a new one each time: an apt that outlived its killed parent may still hold the lock of the last one
        self._folder = Path(tempfile.mkdtemp(dir=self._all))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._all, ignore_errors=True)

    def build(self, image: Image, reference: str) -> None:
        """Build the stand-in for an image on the engine; what it is built upon has to be there already.

        Args:
            image: The image to stand in for.
            reference: The name that the result gets.

        Raises:
            KataError: ``engine.apt`` or ``engine.unpack``: a package could not be had; ``image.build`` with
                what the build said; ``image.disk_full``; ``image.machine``.
        """
        with tempfile.TemporaryDirectory(prefix=f"{image.folder}-", dir=self._folder) as folder:
            context = Path(folder)
            shutil.copytree(STANDINS / image.folder, context, dirs_exist_ok=True)
            version = _version(image, self._fill(image, context))
            arguments = _arguments(image, reference, version)
            done = docker(self._engine, "buildx", "build", *arguments, context)
        if done.returncode != 0:
            raise pull_error(done.stderr) or KataError("image.build", name=image.name, detail=said(done))

    def _fill(self, image: Image, context: Path) -> list[Path]:
        """Add to a build's context what is not in ``standins/``; return the packages."""
        if image.upon:
            shutil.copy(STANDINS / "install", context)
            return self._packages(image, context / "debs", self._status(image.upon))
        if image.folder == "hello-world":
            (context / "hello").write_bytes(executable(platform.machine()))
            return []
        if image.folder == "busybox":
            return self._busybox(image, context)
        return self._system(image, context)

    def _busybox(self, image: Image, context: Path) -> list[Path]:
        packages = self.debian(image.suite).download(*image.packages)
        unpack(packages, self._folder / "busybox")
        shutil.move(self._folder / "busybox/usr/bin/busybox", context)
        return packages

    def _system(self, image: Image, context: Path) -> list[Path]:
        debian = self.debian(image.suite)
        packages = self._packages(image, context / "debs", debian.status)
        with tempfile.TemporaryDirectory(prefix="root-", dir=self._folder) as root:
            unpack_system(packages, Path(root))
            _run("tar", "--create", "--file", context / "rootfs.tar", "--directory", root, ".")
        (context / "sources.list").write_text(system_source().line(image.suite), encoding="utf-8")
        return packages

    def debian(self, suite: str) -> Apt:
        """Return apt for one of Debian's suites, its lists fetched.

        Raises:
            KataError: ``engine.apt``, ``engine.no_apt_source``.
        """
        if suite not in self._apts:
            self._apts[suite] = Apt(self._folder / suite, suite)
            self._apts[suite].update()
        return self._apts[suite]

    def _packages(self, image: Image, into: Path, status: Path) -> list[Path]:
        """Download an image's packages and all that they need beyond what ``status`` has installed."""
        (into / "partial").mkdir(parents=True)
        places = ("-o", f"Dir::State::status={status}", "-o", f"Dir::Cache::Archives={into}/")
        # a hook of the host's, meant for its own archives, could delete ours
        quiet = ("-o", "APT::Keep-Downloaded-Packages=true")
        self.debian(image.suite).run("install", "--yes", "--download-only", *places, *quiet, *image.packages)
        return sorted(into.glob("*.deb"))

    def _status(self, upon: str) -> Path:
        """Return a copy of what is installed in an image, as dpkg writes it down."""
        arguments = ("--rm", "--network", "none", "--label", f"{LABEL}={RUN}", upon)
        done = docker(self._engine, "run", *arguments, "cat", "/var/lib/dpkg/status")
        if done.returncode != 0:
            raise pull_error(done.stderr) or KataError("image.build", name=upon, detail=said(done))
        status = self._folder / "status"
        status.write_text(done.stdout, encoding="utf-8")
        return status


def unpack_system(packages: Iterable[Path], root: Path) -> None:
    """Unpack packages as the files of one system, in which ``/bin``, ``/lib``, ``/sbin`` lead into ``/usr``.

    Raises:
        KataError: ``engine.unpack``: a package is damaged, or the disk is full.
    """
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for folder in (root, *root.glob("usr/**")):
        folder.chmod(0o755)  # whatever our own umask is
    for package in packages:
        # "dpkg-deb -x" would replace the links by folders
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as files:
            done = subprocess.run(
                ["tar", "-x", "--preserve-permissions", "--keep-directory-symlink", "--directory", root],
                stdin=files.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0 or files.returncode != 0:
            raise KataError("engine.unpack", package=package.name, detail=said(done))


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise pull_error(done.stderr) or KataError("image.build", name=command[0], detail=said(done))


def _version(image: Image, packages: Iterable[Path]) -> str:
    """Return the upstream version in the file name of an image's main package: ``redis_5%3a7.0.15-1_…``."""
    for package in packages:
        match = re.match(rf"{re.escape(image.version_of)}_(?:\d+%3a)?([\d.]+)", package.name)
        if image.version_of and match:
            return match[1]
    return ""


def _arguments(image: Image, reference: str, version: str) -> Iterator[str]:
    # the engine's own builder, whatever else is set up here, and one plain image without attestations
    yield from ("--builder", "default", "--load", "--provenance=false", "--network", "none")
    yield from (
        "--progress",
        "plain",
        "--build-arg",
        f"BASE={image.upon}",
        "--build-arg",
        f"VERSION={version}",
    )
    made_of = f"Debian {image.suite}'s packages {', '.join(image.packages)}" if image.packages else "nothing"
    labels = {STANDIN: image.recipe, "org.opencontainers.image.version": version}
    labels["org.opencontainers.image.description"] = f"docker-kata's stand-in for {image.name}, made of {made_of}"
    for name, value in labels.items():
        yield from ("--label", f"{name}={value}")
    yield from ("--tag", reference)
