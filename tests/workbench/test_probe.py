from __future__ import annotations

import http.server
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from checker.workbench.container import Binding, Container
from checker.workbench.probe import Web

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page(http.server.BaseHTTPRequestHandler):
    """A server of one page; everything else it does not know, and /old has moved."""

    def do_GET(self) -> None:
        status = {"/": 200, "/old": 301}.get(self.path, 404)
        self.send_response(status)
        self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write("안녕".encode() if status == 200 else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where the page is served."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_an_answer_is_returned_whatever_its_status(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page, an error and a redirection are answers; a proxy of the machine's is not asked."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    web = Web(host="127.0.0.1", port=port)
    answers = [web.get(path) for path in ("/", "/nowhere", "/old")]
    assert [answer.status for answer in answers if answer] == [200, 404, 301]
    assert answers[0] is not None
    assert answers[0].text == "안녕"


def test_silence_is_no_answer() -> None:
    """Where nobody listens, and where somebody listens who does not speak HTTP, there is no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mute = Web(host="127.0.0.1", port=listening.getsockname()[1], seconds=0.05)
        assert mute.get() is None
    assert mute.get() is None


@pytest.mark.parametrize(
    ("published_host", "doors"),
    [
        ("127.0.0.1", [("127.0.0.1", 8), ("127.0.0.1", 4), ("::1", 6)]),
        ("10.1.2.3", [("127.0.0.1", 8), ("10.1.2.3", 4), ("10.1.2.3", 6)]),
    ],
)
def test_every_door_keeps_its_own_port(
    published_host: str, doors: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published for IPv6 is not asked for over IPv4, where its number may be another container's."""
    bindings = (
        Binding(address="::", port=6),
        Binding(address="127.0.0.1", port=8),
        Binding(address="0.0.0.0", port=4),  # noqa: S104 - as Docker tells it
    )
    container = Container.__new__(Container)
    monkeypatch.setattr(Container, "all_published", lambda _: bindings)
    assert [(door.host, door.port) for door in Web.doors(container, published_host)] == doors
