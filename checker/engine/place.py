"""Where everything of ours lies on this machine: one folder of data, one short folder of sockets."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The user's data folder, shared by all clones, and what is named after it.

    Attributes:
        data: The folder; everything below it may be deleted by ``kata clean --all``.
    """

    data: Path

    @classmethod
    def here(cls) -> Place:
        """Return the user's own: ``KATA_DATA``, else where the platform keeps data of programs."""
        chosen = os.environ.get("KATA_DATA")
        if chosen:
            return cls(data=Path(chosen).expanduser().resolve())
        from platformdirs import user_data_path  # noqa: PLC0415 - only where no KATA_DATA is set

        return cls(data=user_data_path("docker-kata").resolve())

    @property
    def id(self) -> str:
        """Eight hex digits that tell this data folder's engine from another's."""
        return hashlib.sha256(os.fsencode(self.data)).hexdigest()[:8]

    @property
    def run(self) -> Path:
        """Sockets and pid files; short, because a socket's path may have 108 bytes (unix(7))."""
        return Path(f"/run/docker-kata-{self.id}")

    @property
    def socket(self) -> Path:
        """Where the embedded engine listens."""
        return self.run / "docker.sock"

    @property
    def bridge(self) -> str:
        """The embedded engine's default bridge; an interface's name may have 15 characters."""
        return f"kata{self.id}"

    @property
    def engine(self) -> Path:
        """Everything of the embedded engine that is not a socket."""
        return self.data / "engine"

    @property
    def tools(self) -> Path:
        """The engine's programs, unpacked from Debian's packages; whole if it exists."""
        return self.engine / "tools"

    @property
    def images(self) -> Path:
        """The engine's ``--data-root``: images, containers, volumes."""
        return self.engine / "data"

    @property
    def log(self) -> Path:
        """What dockerd has said since it was started."""
        return self.engine / "dockerd.log"

    @property
    def mirror_port(self) -> Path:
        """The file with the TCP port of the registry that the embedded engine uses as its mirror."""
        return self.data / "mirror.port"
