"""One cheap question to an engine's API, over its unix socket or TCP, without docker-py."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from http.client import HTTPConnection

__all__ = ["ask", "is_supported"]

_SCHEMES = frozenset({"unix", "tcp", "http", "https"})


def is_supported(host: str) -> bool:
    """Return whether ``ask`` can talk to this kind of address (``ssh://`` and ``npipe://`` it cannot)."""
    return urlsplit(host).scheme in _SCHEMES


def ask(  # noqa: PLR0913 - an address, a question, and how long to wait
    host: str,
    method: str,
    path: str,
    body: object = None,
    *,
    seconds: float = 2.0,
    certs: str = "",
) -> tuple[int, Any]:
    """Send one request and return its status and body: JSON parsed, anything else as text.

    Args:
        host: The engine's address as ``DOCKER_HOST`` has it.
        method: ``GET``, ``POST`` or ``DELETE``.
        path: The path below the address, without an API version: the engine's newest is used.
        body: What to send: bytes as they are, which are a tar then; anything else as JSON.
        seconds: The limit for connecting and for each read.
        certs: A folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` for TLS; empty for none.

    Raises:
        OSError: Nobody listens there, access is denied, time is up, or what answers does not speak HTTP.
    """
    from http.client import HTTPException  # noqa: PLC0415 - 10 ms that collecting tests need not pay

    connection = _connect(host, seconds, certs)
    kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
    try:
        connection.request(
            method,
            path,
            body=body if body is None or isinstance(body, bytes) else json.dumps(body),
            headers={"Content-Type": kind, "Connection": "close"},
        )
        response = connection.getresponse()
        return response.status, _parsed(response.read(), response.getheader("Content-Type", ""))
    except HTTPException as error:
        raise ConnectionError(f"not an HTTP answer: {error!r}") from error
    finally:
        connection.close()


def _parsed(content: bytes, kind: str) -> object:
    text = content.decode("utf-8", errors="replace")
    if not kind.startswith("application/json"):
        return text
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise ConnectionError(f"not JSON: {text[:80]!r}") from error


def _connect(host: str, seconds: float, certs: str) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - see above

    parts = urlsplit(host)
    if parts.scheme == "unix":
        # the name in the Host header is of no account on a unix socket
        connection = HTTPConnection("docker", timeout=seconds)
        connection.sock = _unix_socket(parts.netloc + parts.path, seconds)
        return connection
    if certs:
        return HTTPSConnection(parts.hostname or "", parts.port or 2376, timeout=seconds, context=_tls(Path(certs)))
    return HTTPConnection(parts.hostname or "", parts.port or 2375, timeout=seconds)


def _unix_socket(path: str, seconds: float) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(seconds)
    try:
        connected.connect(path)
    except OSError:
        connected.close()
        raise
    return connected


def _tls(certs: Path) -> Any:  # noqa: ANN401 - ssl is only imported where it is needed
    import ssl  # noqa: PLC0415

    context = ssl.create_default_context(cafile=str(certs / "ca.pem"))
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    return context
