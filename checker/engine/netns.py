"""Network namespaces, entered by the kernel's own call: Python has it since 3.12 only."""

from __future__ import annotations

import ctypes
import os

__all__ = ["enter"]

_NETWORK = 0x40000000  # CLONE_NEWNET, setns(2)


def enter(network: int) -> None:
    """Move this thread, for the rest of its life, to a network namespace.

    Args:
        network: The file descriptor of ``/proc/PID/ns/net``; it stays open.

    Raises:
        OSError: It is none, or we may not go there.
    """
    if ctypes.CDLL(None, use_errno=True).setns(network, _NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")
