"""A fake engine that does what a test tells it to, and remembers every byte that it got."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Script = Callable[["Talk"], None]

__all__ = ["FakeEngine", "Talk"]

SECONDS = 20
"""What a test waits for at most."""


class Talk:
    """One connection, from the engine's side."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.got = bytearray()
        self._used = 0
        self.method = self.target = ""
        self.headers: dict[str, str] = {}

    def read_head(self) -> bool:
        """Read a request's head; return whether there was one."""
        while (end := self.got.find(b"\r\n\r\n")) < 0:
            if not self.more():
                return False
        self._used = end + 4
        first, *lines = self.got[:end].decode().split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        return True

    def more(self) -> bytes:
        """Return, and remember, what comes next; nothing at the end."""
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            return b""
        self.got += data
        return data

    def body(self) -> bytes:
        """Return the request's body, freed from its framing; what is missing of it is simply missing."""
        if "transfer-encoding" in self.headers:
            while not self.got.endswith(b"0\r\n\r\n") and self.more():
                pass
            return _without_chunks(bytes(self.got[self._used :]))
        length = int(self.headers.get("content-length", "0"))
        while len(self.got) - self._used < length and self.more():
            pass
        return bytes(self.got[self._used :])

    def rest(self) -> bytes:
        """Return what came after the head until the other side ended its direction."""
        while self.more():
            pass
        return bytes(self.got[self._used :])

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def reply(self, status: int, value: object = None, **headers: str) -> None:
        """Send a whole answer: JSON, bytes, or nothing."""
        content = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = "application/octet-stream" if isinstance(value, bytes) else "application/json"
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Api-Version: 1.41"]
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        if status not in {204, 304}:
            lines.append(f"Content-Length: {len(content)}")
        self.send("\r\n".join([*lines, "", ""]).encode() + (b"" if self.method == "HEAD" else content))


def _without_chunks(text: bytes) -> bytes:
    body = b""
    while text:
        size, _, text = text.partition(b"\r\n")
        number = int(size, 16)
        body, text = body + text[:number], text[number + 2 :]
        if not number:
            break
    return body


class FakeEngine:
    """Listens on a unix socket; a context manager.

    ``scripts`` says by "METHOD /path" (below the version, without the query) what it does; it answers ``200 {}``
    where nothing is said.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.host = f"unix://{self.path}"
        self.scripts: dict[str, Script] = {}
        self.talks: list[Talk] = []
        self._listener = socket.socket(socket.AF_UNIX)

    @property
    def got(self) -> bytes:
        """Every byte that it ever got."""
        return b"".join(bytes(talk.got) for talk in self.talks)

    @property
    def asked(self) -> list[str]:
        """The requests that it got, "METHOD /target"."""
        return [f"{talk.method} {talk.target}" for talk in self.talks if talk.method]

    def __enter__(self) -> Self:
        self._listener.bind(str(self.path))
        self._listener.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for talk in self.talks:
            talk.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connected.settimeout(SECONDS)
            talk = Talk(connected)
            self.talks.append(talk)
            threading.Thread(target=self._serve, args=(talk,), daemon=True).start()

    def _serve(self, talk: Talk) -> None:
        with contextlib.suppress(OSError):
            if talk.read_head():
                path = talk.target.partition("?")[0]
                path = "/" + path.split("/", 2)[2] if path.startswith("/v1.") else path
                self.scripts.get(f"{talk.method} {path}", _default)(talk)
        with contextlib.suppress(OSError):
            talk.socket.shutdown(socket.SHUT_RDWR)
        talk.socket.close()


def _default(talk: Talk) -> None:
    talk.body()
    talk.reply(200, {})
