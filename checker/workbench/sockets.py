"""Who listens where, read from ``/proc/net/tcp`` and ``/proc/net/tcp6`` (proc(5))."""

from __future__ import annotations

import ipaddress

__all__ = ["parse_listening"]

_LISTEN = "0A"


def parse_listening(proc_net_tcp: str) -> frozenset[tuple[str, int]]:
    """Return the addresses and ports of listening sockets in the text of one or both files."""
    rows = (line.split() for line in proc_net_tcp.splitlines())
    return frozenset(_address(row[1]) for row in rows if len(row) > 3 and row[3] == _LISTEN and ":" in row[1])


def _address(field: str) -> tuple[str, int]:
    """Read ``0100007F:1F90``: the address in hexadecimal, each 32-bit word in the machine's (little-endian) order."""
    address, _, port = field.partition(":")
    words = [bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)]
    return str(ipaddress.ip_address(b"".join(words))), int(port, 16)
