from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.guard import Grants
from checker.guard.serve import Guard
from tests.guard.fake_engine import Talk
from tests.guard.raw import Raw, request
from tests.guard.test_proxy import hijacked, last

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.guard.stand_in import Policy


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    """A folder as DOCKER_CERT_PATH has it, with one certificate for everybody."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "Debian's openssl package makes the certificates of this test"
    command = (openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kata")
    files = ("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"))
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    shutil.copy(tmp_path / "cert.pem", tmp_path / "ca.pem")
    return tmp_path


@pytest.fixture
def address(certs: Path) -> Iterator[str]:
    """An engine behind TLS, which wants to know its clients, attaches, and answers everything else with 2 MB."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certs / "ca.pem"))
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, context), daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connected, _ = server.accept()
        except OSError:
            return
        try:
            talk = Talk(context.wrap_socket(connected, server_side=True))
        except OSError:
            connected.close()
            continue
        if talk.read_head():
            _serve(talk)
        talk.socket.close()


def _serve(talk: Talk) -> None:
    if talk.headers.get("upgrade"):
        hijacked(talk)
    else:
        body = talk.body()
        talk.reply(200, body or b"x" * 2_000_000)


def test_an_engine_behind_tls_is_reached(address: str, certs: Path, policy: Policy, short: Path) -> None:
    """Questions, uploads, long answers and tunnels go through TLS, and each direction of a tunnel has its own end."""
    engine = Engine(host=address, origin="DOCKER_HOST", certs=str(certs))
    data = b"y" * 1_000_000
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard:
        with Raw.at(guard) as raw:
            said = raw.ask("GET", "/containers/x/logs")
            assert said is not None
            assert said.body == b"x" * 2_000_000
            raw.send(request("PUT", "/containers/x/archive", None, f"Content-Length: {len(data)}") + data)
            said = raw.answer()
            assert said is not None
            assert said.body == data
        with Raw.at(guard) as raw:
            raw.send(request("POST", "/containers/x/attach", None, "Connection: Upgrade", "Upgrade: tcp"))
            assert raw.head()
            raw.send(b"hello")
            assert raw.take(5) == b"HELLO"
            raw.socket.shutdown(socket.SHUT_WR)
            assert raw.rest() == b"<end>"
        assert last(guard).end == "done"
        assert guard.failure is None


def test_an_engine_that_is_somebody_else_is_not_talked_to(
    address: str, certs: Path, policy: Policy, short: Path
) -> None:
    """A certificate for another name is no engine of ours: a 502, and nothing is sent."""
    engine = Engine(host=address.replace("127.0.0.1", "localhost"), origin="DOCKER_HOST", certs=str(certs))
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as raw:
        said = raw.ask("GET", "/_ping")
    assert said is not None
    assert said.status == 502
