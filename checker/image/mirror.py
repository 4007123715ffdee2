"""The mirror: a registry on this machine's loopback from which the embedded engine pulls the stand-ins.

It is Debian's docker-registry, unpacked into the data folder. The embedded engine is started with its address
as ``--registry-mirror``: it asks there first for whatever Docker Hub has, so that ``docker run hello-world``
really pulls, with no internet. Nothing runs where no stand-in is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.engine import Place
from checker.image.client import docker, said
from checker.image.pulling import pull_error
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from checker.engine import Engine
    from checker.engine.debian import Apt
    from checker.image.catalogue import Image

__all__ = ["Mirror"]

_READY_SECONDS = 15.0
# https://distribution.github.io/distribution/about/configuration/
_SETTINGS = """\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {storage}
  delete:
    enabled: true
http:
  addr: {address}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The registry beside one embedded engine.

    Attributes:
        place: The data folder in which its program and its storage are.
    """

    place: Place

    @classmethod
    def of(cls, engine: Engine) -> Mirror | None:
        """Return the engine's mirror, running or not; None for an engine that is not ours to configure."""
        return cls(place=Place.here()) if engine.origin == "embedded" else None

    @property
    def folder(self) -> Path:
        """Its program, settings, log and storage."""
        return self.place.data / "mirror"

    @property
    def program(self) -> Path:
        """The registry's executable; whole if it exists."""
        return self.folder / "program" / "usr/bin/docker-registry"

    @property
    def address(self) -> str:
        """Host and port, as the engine was told them.

        Raises:
            KataError: ``image.no_mirror_port``: no engine was started from this data folder.
        """
        try:
            return f"127.0.0.1:{int(self.place.mirror_port.read_text(encoding='ascii'))}"
        except (OSError, ValueError):
            raise KataError("image.no_mirror_port", file=self.place.mirror_port) from None

    def reference(self, image: Image) -> str:
        """Return the name under which the image is pushed here, which the engine asks for as Docker Hub's."""
        return f"{self.address}/library/{image.tagged}"

    def serves(self, image: Image) -> bool:
        """Return whether it runs and has the image; some milliseconds."""
        status, body = self._ask(f"/v2/library/{image.repository}/tags/list")
        return status == 200 and isinstance(body, dict) and image.tag in (body.get("tags") or ())

    def answers(self) -> bool:
        """Return whether a registry answers at its address."""
        return self._ask("/v2/")[0] == 200

    def _ask(self, path: str) -> tuple[int, object]:
        from checker.engine.wire import ask  # noqa: PLC0415 - listing a foreign engine needs none of it

        try:
            return ask(f"http://{self.address}", "GET", path)
        except (OSError, KataError):
            return 0, None

    def installed(self) -> bool:
        """Return whether the registry's program is there."""
        return self.program.exists()

    def install(self, debian: Callable[[str], Apt], tell: Callable[[str], None]) -> None:
        """Fetch and unpack the registry's program where it is missing.

        Args:
            debian: Returns the apt of a suite of Debian's; called only if it is needed.
            tell: Called with one line if it is.

        Raises:
            KataError: ``engine.apt``, ``engine.unpack``, ``engine.no_apt_source``.
        """
        if self.installed():
            return
        from checker.engine.debian import unpack  # noqa: PLC0415 - once in a machine's life

        tell(say("image.mirror_installing"))
        fresh = self.folder / "program.new"
        shutil.rmtree(fresh, ignore_errors=True)
        unpack(debian("bookworm").download("docker-registry"), fresh)
        fresh.rename(self.folder / "program")

    def ensure(self, tell: Callable[[str], None]) -> None:
        """Start the installed registry where it does not answer.

        Raises:
            KataError: ``image.mirror`` with the end of its log: it ends at once, or does not answer.
        """
        if self.answers():
            return
        self.stop()
        tell(say("image.mirror_starting"))
        settings, log = self.folder / "settings.yml", self.folder / "registry.log"
        storage = self.folder / "storage"
        storage.mkdir(exist_ok=True)
        settings.write_text(_SETTINGS.format(storage=storage, address=self.address), encoding="utf-8")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self.program, "serve", settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")},
                start_new_session=True,  # Ctrl-C at our terminal is not meant for it
            )
        self._await(process, log)

    def _await(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise KataError("image.mirror", address=self.address, detail="\n".join(said[-4:]))
            time.sleep(0.02)
        # it outlives us on purpose; without this Python would warn of a child that was never waited for
        process.returncode = 0

    def push(self, engine: Engine, image: Image) -> None:
        """Push what the engine has under the mirror's name for the image.

        Raises:
            KataError: ``image.push`` with what docker said, or ``image.disk_full``.
        """
        done = docker(engine, "push", "--quiet", self.reference(image))
        if done.returncode != 0:
            raise pull_error(done.stderr) or KataError("image.push", name=image.name, detail=said(done))

    def stop(self) -> None:
        """End its processes: those whose program lies in our folder, whatever a pid file might say.

        Raises:
            KataError: ``engine.unkillable``.
        """
        from checker.engine import remains  # noqa: PLC0415 - Linux only, as the embedded engine is

        with contextlib.suppress(FileNotFoundError):
            remains.end(remains.running(self.folder), seconds=5)
