"""A network bridge, made and removed by the kernel's own calls: iproute2 may not be installed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import socket
import struct
from pathlib import Path

__all__ = ["ensure", "exists", "remove"]

# linux/sockios.h
_ADD_BRIDGE = 0x89A0
_DELETE_BRIDGE = 0x89A1
_SET_FLAGS = 0x8914


def exists(name: str) -> bool:
    """Return whether a network interface of this name exists."""
    return Path("/sys/class/net", name).exists()


def ensure(name: str) -> None:
    """Make the bridge if it is not there.

    Raises:
        OSError: The kernel refuses: not root, or no bridge support.
    """
    with contextlib.suppress(FileExistsError):
        _call(_ADD_BRIDGE, name.encode() + b"\0")


def remove(name: str) -> None:
    """Take the bridge down and remove it, if it is there."""
    try:
        # struct ifreq: the name in 16 bytes, then the flags, none of which is IFF_UP
        _call(_SET_FLAGS, struct.pack("16sh22x", name.encode(), 0))
        _call(_DELETE_BRIDGE, name.encode() + b"\0")
    except OSError as error:
        if error.errno not in {errno.ENODEV, errno.ENXIO}:
            raise


def _call(request: int, argument: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        fcntl.ioctl(kernel, request, argument)
