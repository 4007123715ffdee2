"""A fake engine that answers on a unix socket, and a home without any Docker configuration."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class FakeEngine:
    """Answers with what a test put into ``answers``, and remembers what it was asked."""

    host: str
    answers: dict[str, tuple[int, object]] = field(default_factory=lambda: {"/_ping": (200, "OK")})
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str) -> tuple[int, object]:
        """Return status and body for a request; 404 for what no test prepared."""
        self.asked.append(f"{method} {path}")
        return self.answers.get(path.partition("?")[0], (404, {"message": "no such thing"}))


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


def _handler(fake: FakeEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("GET")

        def do_DELETE(self) -> None:
            self._reply("DELETE")

        def _reply(self, method: str) -> None:
            status, body = fake.answer(method, self.path)
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def address_string(self) -> str:
            return "test"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
            del format, args

    return Handler


@pytest.fixture
def short() -> Iterator[Path]:
    """Yield a folder with a path short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="kt"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fake_engine(short: Path) -> Iterator[FakeEngine]:
    """Yield an engine of paper, listening on a unix socket."""
    fake = FakeEngine(f"unix://{short}/paper.sock")
    with _Server(str(short / "paper.sock"), _handler(fake)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty home on a machine where nothing names an engine and none is in a usual place."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("checker.engine.found._usual_sockets", lambda: iter(()))
    monkeypatch.setattr("checker.engine.place.Place.socket", tmp_path / "none.sock")
    return tmp_path
