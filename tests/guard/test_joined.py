"""The real policy in the real proxy: what is refused never becomes a request, what is harmless does."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.guard import Grants
from checker.guard.serve import Guard
from tests.guard.conftest import SMALL
from tests.guard.raw import Raw, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.guard.fake_engine import FakeEngine, Talk

BUSYBOX = "docker.io/library/busybox:1"
CREATE = "/v1.45/containers/create"


@pytest.fixture
def real(fake: FakeEngine, short: Path) -> Iterator[Guard]:
    """A guard as a run has it, before a fake engine that has one image."""
    image = {"Id": "sha256:" + "1" * 64, "RepoTags": ["busybox:1"], "RepoDigests": [], "Config": {}}
    fake.scripts["GET /images/busybox:1/json"] = lambda talk: talk.reply(200, image)
    fake.scripts["GET /images/docker.io/library/busybox:1/json"] = fake.scripts["GET /images/busybox:1/json"]
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(images=frozenset({BUSYBOX})), "t", short / "g.sock", limits=SMALL) as guard:
        yield guard
    assert guard.failure is None


def body(**more: object) -> bytes:
    """Return a container's description."""
    return json.dumps({"Image": "busybox:1", **more}).encode()


REFUSED = {
    "privileged": request("POST", CREATE, body(HostConfig={"Privileged": True})),
    "the engine's socket": request("POST", CREATE, body(HostConfig={"Binds": ["/var/run/docker.sock:/s"]})),
    "a key that Go would fold": request("POST", CREATE, body(hostconfig={"Privileged": True})),
    "a key twice": request("POST", CREATE, b'{"Image":"busybox:1","HostConfig":{},"HostConfig":{"Privileged":true}}'),
    "something behind it": request("POST", CREATE, body() + b"{}"),
    "a compressed body": request("POST", CREATE, gzip.compress(body()), "Content-Encoding: gzip"),
    "a compressed bomb": request("POST", CREATE, gzip.compress(b" " * 5_000_000), "Content-Encoding: gzip"),
    "an encoded path": request("POST", "/v1.41%2Fcontainers%2Fcreate", body()),
    "a path with dots": request("GET", "/v1.41/containers/../info"),
    "a path with two slashes": request("GET", "//containers/json"),
    "an upgrade to h2c on the bare socket": request(
        "GET", "/_ping", None, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"
    ),
    "h2c where a terminal belongs": request(
        "POST", f"/v1.45/containers/{'1' * 64}/attach?stream=1", None, "Connection: Upgrade", "Upgrade: h2c"
    ),
    "somebody else's container": request("POST", "/v1.45/containers/foreign/start"),
    "a swarm": request("POST", "/v1.45/swarm/init", b"{}"),
    "an image from elsewhere under a name of the run's own": request(
        "POST", "/v1.45/images/create?fromImage=evil.example:5000%2Fkata-x&tag=1"
    ),
    "a network over somebody else's addresses": request(
        "POST", "/v1.45/networks/create", b'{"Name":"n1","IPAM":{"Config":[{"Subnet":"8.8.8.0/24"}]}}'
    ),
    "ranks above everybody else's": request(
        "POST", CREATE, body(HostConfig={"Ulimits": [{"Name": "rtprio", "Soft": 99, "Hard": 99}]})
    ),
    "half a character, twice": request("POST", CREATE, b'{"\\ud800":1,"\\ud800":1}'),
    "what nobody knows": request("POST", "/v1.45/nothing"),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_never_becomes_a_request(text: bytes, real: Guard, fake: FakeEngine) -> None:
    """Its client gets a sentence, and the engine was asked about an image at most."""
    with Raw.at(real) as raw:
        raw.send(text)
        said = raw.answer()
    assert said is not None
    assert 400 <= said.status < 500
    assert said.json["message"]
    assert [asked for asked in fake.asked if not asked.startswith("GET /v1.41/images/")] == []
    assert [entry.end for entry in real.transcript.entries] == ["denied"]


def test_what_is_harmless_arrives_rewritten(real: Guard, fake: FakeEngine) -> None:
    """Its twin is made, with our label, and belongs to the run from then on."""
    made = "c" * 64

    def create(talk: Talk) -> None:
        talk.body()
        talk.reply(201, {"Id": made})

    fake.scripts["POST /containers/create"] = create
    fake.scripts[f"GET /containers/{made}/json"] = lambda talk: talk.reply(
        200, {"Id": made, "Name": "/web", "Mounts": []}
    )
    with Raw.at(real) as raw:
        said = raw.ask("POST", CREATE, body(HostConfig={"Privileged": False}))
        assert said is not None
        assert (said.status, said.json["Id"]) == (201, made)
        assert raw.ask("POST", "/v1.45/containers/web/start")
    assert f"POST /v1.45/containers/{made}/start" in fake.asked
    sent = next(bytes(talk.got) for talk in fake.talks if talk.target.startswith(CREATE))
    asked = json.loads(sent.partition(b"\r\n\r\n")[2])
    assert asked["Labels"]["kata.run"] == "t"
    assert real.ledger.find("container", "web") == made
    assert real.transcript.created == (made,)
