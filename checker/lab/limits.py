"""What one lab may take of the machine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one lab may take; the time is up to who opened it, with ``Lab.kill``.

    Attributes:
        memory: Bytes, without swap, of everything inside together: engine, containers, scripts, temporary files.
        pids: Processes and threads.
        cpus: Processors' worth of time.
        disk: Bytes of images, containers, volumes, logs and the work together; the catalogue is in it.
    """

    memory: int = 1536 * _MIB
    pids: int = 1024
    cpus: float = 2.0
    disk: int = 4096 * _MIB
