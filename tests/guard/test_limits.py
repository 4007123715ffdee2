from __future__ import annotations

import errno
import os
import resource
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.guard import Grants
from checker.guard.proxy.clients import RESERVE
from checker.guard.serve import Guard
from tests.guard.conftest import SMALL
from tests.guard.raw import Raw, request
from tests.guard.test_proxy import CHUNKED, UPGRADE, chunk, last, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.guard.fake_engine import FakeEngine, Talk
    from tests.guard.stand_in import Policy


@pytest.fixture
def many() -> Iterator[None]:
    """Room for more open files than a usual shell has."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(6000, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_head_that_drips_in_is_cut(guard: Guard, fake: FakeEngine) -> None:
    """A client that sends one byte now and then has as long for its head as one that sends none."""
    began = time.monotonic()
    with Raw.at(guard) as raw:
        raw.socket.settimeout(0.02)
        raw.send(b"GET /_ping HTTP/1.1\r\nHost: x\r\nX: ")
        said = None
        while said is None and time.monotonic() - began < 5:
            raw.send(b"y")
            try:
                said = raw.answer()
            except TimeoutError:
                continue
    assert said is not None
    assert said.status == 408
    assert time.monotonic() - began < 2
    assert fake.got == b""
    (entry,) = guard.transcript.entries
    assert entry.end == "limit"


def test_a_connection_that_never_asks_is_no_request(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """An idle connection ends without an answer when its time is up."""
    limits = replace(SMALL, idle=0.1)
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, limits=limits) as guard:
        with Raw.at(guard) as raw:
            assert raw.rest() == b""
        with Raw.at(guard) as raw:
            assert raw.ask("GET", "/_ping")
            assert raw.rest() == b""
        assert guard.transcript.count == 1


def test_a_body_that_never_comes_is_not_waited_for(guard: Guard, fake: FakeEngine) -> None:
    """A JSON body has its time; then its client gets a 408."""
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/create", None, "Content-Length: 100") + b"{")
        said = raw.answer()
    assert said is not None
    assert said.status == 408
    assert fake.got == b""
    assert last(guard).end == "limit"


@pytest.mark.parametrize("framed", ["length", "chunks"])
def test_a_json_body_has_its_size(framed: str, guard: Guard, fake: FakeEngine) -> None:
    """One byte more than its limit is too much, however it is framed; its limit is not."""
    for size, status in ((SMALL.body_bytes, 200), (SMALL.body_bytes + 1, 413)):
        data = b'"' + b"x" * (size - 2) + b'"'
        more = CHUNKED if framed == "chunks" else f"Content-Length: {size}"
        with Raw.at(guard) as raw:
            body = chunk(data[:5000]) + chunk(data[5000:]) + b"0\r\n\r\n" if framed == "chunks" else data
            raw.send(request("POST", "/containers/create", None, more) + body)
            said = raw.answer()
        assert said is not None
        assert said.status == status
    assert len(fake.talks) == 1
    assert last(guard).end == "limit"


def test_bodies_have_a_size_together(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Who sends while others hold all the room is refused, whoever was there before goes on, and room comes back."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    limits = replace(SMALL, whole_bytes=12_000, body=10)
    data = b'"' + b"x" * (8000 - 2) + b'"'
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, limits=limits) as guard:
        with Raw.at(guard) as first, Raw.at(guard) as second:
            first.send(request("POST", "/containers/create", data)[:-100])
            wait_until(lambda: guard._proxy and guard._proxy._room.left <= 12_000 - 7900, "the first to be read")
            refused = second.ask("POST", "/containers/create", data)
            assert fake.got == b""
            first.send(data[-100:])
            served = first.answer()
        assert refused is not None
        assert refused.status == 413
        assert served is not None
        assert served.status == 200
        assert last(guard).end == "limit"
        with Raw.at(guard) as third:
            said = third.ask("POST", "/containers/create", data)
        assert said is not None
        assert said.status == 200


def test_answers_have_a_size_together(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Who asks for much and does not read it holds room, and nobody gets more than what is left."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    size = 4_000_000  # more than the kernel takes for a client that does not read
    limits = replace(SMALL, answer_bytes=size + 100, stream_bytes=size + 100, whole_bytes=size + 1000)
    fake.scripts["GET /containers/json"] = lambda talk: talk.reply(200, ["x" * size])
    fake.scripts["POST /containers/create"] = lambda talk: talk.reply(201, ["x" * 10_000])
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, limits=limits) as guard:
        with Raw.at(guard) as slow, Raw.at(guard) as other:
            slow.send(request("GET", "/containers/json"))
            wait_until(lambda: guard._proxy and guard._proxy._room.left <= 1000, "the first answer to be read")
            refused = other.ask("POST", "/containers/create", b"{}")
            whole = slow.answer()
        assert refused is not None
        assert refused.status == 413
        assert whole is not None
        assert len(whole.body) > size
        with Raw.at(guard) as third:
            said = third.ask("POST", "/containers/create", b"{}")
        assert said is not None
        assert said.status == 201


def test_chunks_without_end_are_cut(guard: Guard, fake: FakeEngine) -> None:
    """A streamed body has its size too; the engine's request ends without a last chunk."""
    got: list[bytes] = []
    fake.scripts["POST /build"] = lambda talk: got.append(talk.rest()[-100:])
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/build", None, CHUNKED))
        for _ in range(60):
            raw.send(chunk(b"x" * 50_000))
        said = raw.answer()
    assert said is None or said.status == 413
    wait_until(lambda: got, "the end of the engine's request")
    assert not got[0].endswith(b"0\r\n\r\n")
    assert last(guard).end == "limit"
    assert last(guard).sent <= SMALL.stream_bytes


def test_an_upload_that_stalls_is_cut(guard: Guard, fake: FakeEngine) -> None:
    """Between two pieces of a body only so much time may pass."""
    fake.scripts["POST /build"] = lambda talk: talk.send(talk.rest()[:0])
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/build", None, CHUNKED) + chunk(b"x"))
        said = raw.answer()
    assert said is not None
    assert said.status == 408
    assert last(guard).end == "limit"


def test_an_engine_that_never_answers_is_not_waited_for(guard: Guard, fake: FakeEngine) -> None:
    """A route that has nothing to wait for has its limit."""
    fake.scripts["GET /containers/json"] = lambda talk: talk.send(talk.rest()[:0])
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/containers/json")
    assert said is not None
    assert said.status == 502
    assert last(guard).end == "engine"


def test_what_waits_for_something_has_no_limit(guard: Guard, fake: FakeEngine) -> None:
    """A wait, a log that is followed, an attached container: silent for longer than any other answer may be."""
    stop = threading.Event()

    def silent(talk: Talk) -> None:
        stop.wait(5)
        talk.reply(200, {"StatusCode": 0})

    fake.scripts["POST /containers/x/wait"] = silent
    fake.scripts["POST /containers/x/attach"] = silent
    with Raw.at(guard) as waits, Raw.at(guard) as attached:
        waits.send(request("POST", "/containers/x/wait"))
        attached.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        threading.Timer(2 * SMALL.answer, stop.set).start()
        for raw in (waits, attached):
            said = raw.answer()
            assert said is not None
            assert said.status == 200


def test_idle_connections_make_room(guard: Guard) -> None:
    """Who comes when all places are taken gets the place of who has been idle longest."""
    with Raw.at(guard) as oldest, Raw.at(guard) as second:
        assert oldest.ask("GET", "/_ping")
        assert second.ask("GET", "/_ping")
        others = [Raw.at(guard) for _ in range(SMALL.connections - 2)]
        for raw in others:
            assert raw.ask("GET", "/_ping")
        with Raw.at(guard) as newest:
            assert newest.ask("GET", "/_ping")
            assert oldest.rest() == b""
            assert second.ask("GET", "/_ping"), "only one had to go"
        for raw in others:
            raw.socket.close()


def test_busy_connections_are_not_cut_for_others(guard: Guard, fake: FakeEngine) -> None:
    """Where every place is at work, who comes is turned away, and that is counted."""
    stop = threading.Event()

    def script(talk: Talk) -> None:
        stop.wait(10)
        talk.reply(200, {})

    fake.scripts["POST /containers/x/wait"] = script
    busy = [Raw.at(guard) for _ in range(SMALL.connections)]
    for raw in busy:
        raw.send(request("POST", "/containers/x/wait"))
    wait_until(lambda: len(fake.talks) == SMALL.connections, "all of them at work")
    with Raw.at(guard) as late:
        assert late.rest() == b""
    stop.set()
    for raw in busy:
        said = raw.answer()
        assert said is not None
        assert said.status == 200
        raw.socket.close()
    assert [entry.end for entry in guard.transcript.entries].count("limit") == 1


def test_a_thousand_idle_connections_hurt_nobody(many: None, fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Who comes after them is served as quickly as before."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard:
        idle = [Raw.at(guard) for _ in range(1000)]
        for number, raw in enumerate(idle):
            if number % 3 == 0:
                raw.send(b"GET /_ping HT")
        began = time.monotonic()
        with Raw.at(guard) as raw:
            said = raw.ask("GET", "/_ping")
        took = time.monotonic() - began
        for raw in idle:
            raw.socket.close()
    assert said is not None
    assert said.status == 200
    assert took < 2


def test_no_more_connections_than_files(
    fake: FakeEngine, policy: Policy, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a process may open few files, fewer clients have a place: each needs a second one, to the engine."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    files = RESERVE + 2 * 3
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as first:
        assert first.ask("GET", "/_ping")
        wait_until(lambda: guard._proxy and guard._proxy._waiting, "the first to be idle")
        with Raw.at(guard) as second, Raw.at(guard) as third, Raw.at(guard) as fourth:
            assert first.rest() == b""
            for raw in (second, third, fourth):
                assert raw.ask("GET", "/_ping")


def test_no_room_for_another_file_is_no_end(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine gives no more files, idle connections go, who knocks waits for a moment, the guard lives."""
    real = socket.socket.accept
    refusals = [OSError(errno.EMFILE, "Too many open files")] * 2

    def accept(listener: socket.socket) -> tuple[socket.socket, object]:
        if refusals and "g.sock" in listener.getsockname():
            raise refusals.pop()
        return real(listener)

    with Raw.at(guard) as idle:
        assert idle.ask("GET", "/_ping")
        monkeypatch.setattr(socket.socket, "accept", accept)
        with Raw.at(guard) as raw:
            assert raw.ask("GET", "/_ping")
        assert idle.rest() == b""
    assert refusals == []
    assert guard.failure is None


@pytest.mark.full
def test_memory_stays_flat(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Ten thousand requests leave no more behind than the first thousands did, but for what the transcript keeps."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    limits = replace(SMALL, kept_bytes=0)
    sizes = []
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, limits=limits) as guard:
        guard.transcript._kept = 1000
        for _ in range(5):
            for _ in range(2000):
                with Raw.at(guard) as raw:
                    assert raw.ask("POST", "/containers/create", b'{"Image":"x"}')
            fake.talks.clear()
            policy.ended.clear()
            policy.judged.clear()
            sizes.append(_resident())
        assert guard.transcript.count == 10_000
        assert len(guard.transcript.entries) == 1000
    assert sizes[-1] - sizes[1] < 3_000_000


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
