"""The labs' disks on this machine: one that was prepared, and the clones of it that are in use."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

from checker.image.catalogue import catalogue, on_engine
from checker.image.client import docker, said
from checker.lab.disk import await_detached, can_clone, clone, format_disk, mount, unmount
from checker.lab.machine import LAB, Lab
from checker.lab.system import forget
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from checker.engine import Engine, Place
    from checker.image.catalogue import Image
    from checker.lab.machine import Site

__all__ = ["Store"]

_LAYOUT = 1  # of a prepared disk; count on when it changes
_GIB = 1024**3
_LABELLED = quote(json.dumps({"label": [LAB]}))


class Store:
    """The folder ``labs/`` of the data folder.

    ``store/`` has the disks, on a file system that can clone them: the data folder's own, or btrfs in the file
    ``store.btrfs``. ``owners/`` has a file for each process that has labs, locked for as long as it lives.

    Args:
        place: The data folder.
        tell: Called with one line for each thing that takes time.
    """

    def __init__(self, place: Place, tell: Callable[[str], None]) -> None:
        self._place = place
        self._tell = tell
        self.folder = place.data / "labs"
        self.disks = self.folder / "store"
        self._owners = self.folder / "owners"

    @contextlib.contextmanager
    def owner(self, engine: Engine, system: Callable[[], str]) -> Iterator[str]:
        """Take part in the store, and return a name for it that nobody else has; what dead ones left is swept first.

        Args:
            engine: The outer engine.
            system: Makes sure that there is the image that labs are made of, and returns its name.
        """
        self._owners.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(3)
        lock = self._owners / name
        with contextlib.ExitStack() as closing:
            with self.alone():  # nobody may see it before it is locked, and take us for dead
                held = closing.enter_context(lock.open("w", encoding="utf-8"))
                fcntl.flock(held, fcntl.LOCK_EX)
            try:
                with self.alone():
                    self.sweep(engine)
                    self._open(engine, system())
                yield name
            finally:
                with self.alone():
                    lock.unlink(missing_ok=True)
                    self.sweep(engine, name)
                    self._close()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store's lock: whoever prepares, sweeps, mounts or unmounts it does so alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def alive(self) -> frozenset[str]:
        """Return the owners whose process lives; the files of dead ones are removed."""
        living = set()
        for file in self._owners.glob("*"):
            with contextlib.suppress(FileNotFoundError), file.open("r+", encoding="utf-8") as opened:
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    living.add(file.name)
                else:
                    file.unlink(missing_ok=True)
        return frozenset(living)

    def swept(self, engine: Engine, *, images: bool = False) -> list[str]:
        """Remove what dead processes have left of their labs, if there ever were labs; say which.

        The prepared disk stays, as the catalogue does: it goes with the data folder.

        Args:
            engine: The outer engine.
            images: Whether the image goes too that labs are made of.
        """
        if not self.folder.is_dir():
            return []
        with self.alone():
            gone = self.sweep(engine)
            self._close()
        return gone + (forget(engine) if images else [])

    def sweep(self, engine: Engine, ended: str = "") -> list[str]:
        """Remove the labs of whoever does not live any more, and of ``ended``; say which.

        Args:
            engine: The outer engine.
            ended: An owner of ours that has ended.
        """
        living = self.alive() - {ended}
        gone = []
        status, rows = engine.request("GET", f"/containers/json?all=1&filters={_LABELLED}")
        for row in rows if status == 200 else ():
            place, _, owner = row["Labels"][LAB].partition(".")
            # an engine may have labs of other data folders, whose owners are not known here
            if place == self._place.id and owner not in living:
                engine.request("DELETE", f"/containers/{row['Id']}?force=1&v=1", seconds=60)
                gone.append(f"lab {row['Names'][0].removeprefix('/kata-lab-')}")
        for entry in (self._place.run / "labs").glob("*"):
            if entry.name.partition("-")[0] not in living:
                entry.unlink() if entry.is_file() else unmount(entry)
        for disk in self.disks.glob("*-*-*.img"):
            if disk.name.split("-")[1] not in living:
                disk.unlink()
        return gone

    def _open(self, engine: Engine, system: str) -> None:
        self._place.run.mkdir(mode=0o711, parents=True, exist_ok=True)
        (self._place.run / "labs").mkdir(mode=0o700, exist_ok=True)
        self.disks.mkdir(exist_ok=True)
        if os.path.ismount(self.disks) or can_clone(self.disks):
            return
        file = self.folder / "store.btrfs"
        try:
            if not file.exists():
                _make_btrfs(engine, system, file, f"{self._place.id}.mkfs")
            mount(file, self.disks, "noatime,discard")  # so that what labs wrote does not stay in the file
        except KataError as error:
            file.unlink(missing_ok=True)  # a damaged one is made anew next time
            self._tell(say("lab.copying", detail=error.blanks.get("detail", error.key)))

    def _close(self) -> None:
        if os.path.ismount(self.disks) and not self.alive():
            subprocess.run(["umount", self.disks], capture_output=True, check=False)
            unmount(self.disks)

    def clone(self, owner: str, number: int, prepared: Path) -> Path:
        """Return a new disk for a lab."""
        disk = self.disks / f"lab-{owner}-{number}.img"
        clone(prepared, disk)
        return disk

    def prepared(self, site: Site) -> Path:
        """Return the disk with the catalogue's images on it, made now where it is missing.

        Raises:
            KataError: ``lab.no_image``, or what ``Lab`` raises; what was prepared until then is gone.
        """
        file = self.disks / f"prepared-{self._key(site)}.img"
        with self.alone():
            if not file.exists():
                self._tell(say("lab.preparing"))
                if self.alive() == {site.owner}:
                    for old in self.disks.glob("prepared-*.img"):
                        old.unlink()
                self._prepare(site, file)
        return file

    def _key(self, site: Site) -> str:
        engine = site.engine
        images = {name: row["Id"] for name, row in on_engine(engine).items()}
        wanted = {image.tagged: images.get(image.tagged) for image in catalogue() if not image.cold}
        # Debian's packages are one version of the engine a folder
        tools = (site.place.tools / "root/usr/sbin/dockerd").stat()
        parts = [_LAYOUT, site.system, site.limits.disk, wanted, tools.st_size, int(tools.st_mtime)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def _prepare(self, site: Site, file: Path) -> None:
        name = f"{site.owner}-0"
        disk = self.disks / f"preparing-{name}.img"
        try:
            format_disk(disk, site.limits.disk)
            with Lab(site, name, disk, keep=True) as lab:
                for image in catalogue():
                    if not image.cold:
                        _fill(site.engine, lab.engine, image)
                lab.stop()
            await_detached(disk)
            with disk.open("rb") as opened:
                os.fsync(opened.fileno())
            disk.rename(file)
        finally:
            disk.unlink(missing_ok=True)


def _fill(outer: Engine, inner: Engine, image: Image) -> None:
    """Let the engine of a lab pull an image from the mirror, or hand it over where the mirror lacks it."""
    if docker(inner, "pull", "--quiet", image.name).returncode == 0:
        return
    environment = {**os.environ, **outer.environment()}
    saving = subprocess.Popen(
        ["docker", "save", image.name], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with saving:
        environment = {**os.environ, **inner.environment()}
        loaded = subprocess.run(
            ["docker", "load", "--quiet"],
            env=environment,
            stdin=saving.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    if saving.returncode or loaded.returncode:
        raise KataError("lab.no_image", name=image.name, detail=said(loaded))


def _make_btrfs(engine: Engine, system: str, file: Path, label: str) -> None:
    """Format a file of most of the free room, which takes only what is written to it.

    mkfs.btrfs is in the labs' image, so that nobody has to install it.
    """
    new = file.with_suffix(".new")
    size = int(shutil.disk_usage(file.parent).free * 0.8) // _GIB * _GIB
    with new.open("wb") as opened:
        os.truncate(opened.fileno(), size)
    arguments = ("--rm", "--network", "none", "--label", f"{LAB}={label}", "--entrypoint", "mkfs.btrfs")
    done = docker(engine, "run", *arguments, "--volume", f"{new.parent}:/disk", system, "-q", "-f", f"/disk/{new.name}")
    if done.returncode != 0:
        new.unlink()
        raise KataError("lab.disk", program="mkfs.btrfs", detail=said(done))
    new.rename(file)
