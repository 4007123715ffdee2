from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.guard import Entry, Grants
from checker.guard.message import Denied
from checker.guard.proxy.stream import Plain
from checker.guard.serve import Guard
from tests.guard.raw import Raw, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.guard.fake_engine import FakeEngine, Talk
    from tests.guard.stand_in import Policy

UPGRADE = ("Connection: Upgrade", "Upgrade: tcp")
CHUNKED = "Transfer-Encoding: chunked"


def wait_until(condition: Callable[[], object], what: str, seconds: float = 5) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)


def last(guard: Guard) -> Entry:
    """Return the newest entry, once it has ended."""
    wait_until(lambda: guard.transcript.entries and guard.transcript.entries[-1].end, "the end of the last request")
    return guard.transcript.entries[-1]


# --- questions and answers


def test_an_answer_comes_back_with_its_status_and_its_headers(guard: Guard, fake: FakeEngine) -> None:
    """What a client can use of an answer arrives; what is between the engine and us does not."""
    fake.scripts["GET /_ping"] = lambda talk: talk.reply(200, b"OK", Builder_Version="2", Set_Cookie="a", X_Other="b")
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/_ping")
    assert said is not None
    assert (said.status, said.body) == (200, b"OK")
    assert said.headers["api-version"] == "1.41"
    assert said.headers["builder-version"] == "2"
    assert said.headers.keys().isdisjoint({"set-cookie", "x-other", "connection"})


@pytest.mark.parametrize(("engine", "client"), [("1.41", "1.41"), ("1.45", "1.45"), ("1.52", "1.45"), ("x", "1.45")])
def test_a_client_hears_of_no_api_newer_than_the_policy_knows(
    engine: str, client: str, guard: Guard, fake: FakeEngine
) -> None:
    """An engine's newer version is not passed on, so that no client speaks it."""
    fake.scripts["HEAD /_ping"] = lambda talk: talk.send(
        f"HTTP/1.1 200 OK\r\nApi-Version: {engine}\r\nContent-Length: 2\r\n\r\n".encode()
    )
    with Raw.at(guard) as raw:
        raw.send(request("HEAD", "/_ping"))
        said = raw.head()
    assert said is not None
    assert said.headers["api-version"] == client
    assert said.headers["content-length"] == "2"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_body_has_none(status: int, guard: Guard, fake: FakeEngine) -> None:
    """After one the connection serves the next request."""
    fake.scripts["POST /containers/x/start"] = lambda talk: talk.reply(status)
    with Raw.at(guard) as raw:
        for _ in range(2):
            said = raw.ask("POST", "/containers/x/start")
            assert said is not None
            assert said.status == status
            assert "content-length" not in said.headers
            assert "transfer-encoding" not in said.headers


def test_the_engines_own_errors_reach_the_client(guard: Guard, fake: FakeEngine) -> None:
    """A 404 of the engine is the client's 404, in the engine's words."""
    fake.scripts["POST /containers/x/start"] = lambda talk: talk.reply(404, {"message": "No such container: x"})
    with Raw.at(guard) as raw:
        said = raw.ask("POST", "/containers/x/start")
    assert said is not None
    assert (said.status, said.json) == (404, {"message": "No such container: x"})
    assert last(guard).answered == {"message": "No such container: x"}


def test_a_denied_request_goes_nowhere_and_says_why(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """A denied request appears in the transcript, its client reads the sentence, and the connection goes on."""
    policy.denied["/containers/create"] = Denied(key="http.body_too_large", blanks={"megabytes": 3}, status=403)
    with Raw.at(guard) as raw:
        said = raw.ask("POST", "/containers/create", b"{}")
        assert said is not None
        assert said.status == 403
        assert "3 MB" in said.json["message"]
        assert ".dockerignore" in said.json["message"], "the remedy belongs to it"
        assert fake.got == b""
        assert raw.ask("GET", "/_ping")
    denied = guard.transcript.entries[0]
    assert (denied.end, denied.denied, denied.status) == ("denied", "http.body_too_large", 403)
    assert policy.ended == [("ping", 200, None)]


def test_a_sentence_is_in_the_learners_language(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Korean set the API's error is in Korean."""
    monkeypatch.setenv("KATA_LANG", "ko")
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/_ping", b"x")
    assert said is not None
    assert said.json["message"] == "이 요청에는 내용이 딸려 올 이유가 없어요."


def test_the_guard_answers_itself_what_the_policy_answers(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """An answer that the policy has ready costs no question to the engine."""
    policy.answers["/_ping"] = (200, {"made": "up"})
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/_ping")
    assert said is not None
    assert said.json == {"made": "up"}
    assert fake.got == b""
    assert last(guard).answered == {"made": "up"}


@pytest.mark.parametrize("place", ["match", "learn", "judge", "begin"])
def test_a_bug_in_judging_denies(place: str, guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """Any exception of ours is a 500, goes nowhere, and is known as ours."""
    policy.bug = place
    with Raw.at(guard) as raw:
        said = raw.ask("POST", "/containers/create", b"{}")
    assert said is not None
    assert said.status == 500
    assert fake.got == b""
    assert last(guard).end == "guard"
    assert isinstance(guard.failure, RuntimeError)


def test_a_bug_after_the_answer_hides_the_answer(guard: Guard, policy: Policy) -> None:
    """What could not be narrowed is not shown."""
    policy.bug = "end"
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/containers/json")
    assert said is not None
    assert said.status == 500
    assert isinstance(guard.failure, RuntimeError)


def test_a_listener_that_fails_stops_no_request(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """A bug in what is told about requests is known, and costs the client nothing."""

    def tell(entry: Entry) -> None:
        raise RuntimeError(entry.path)

    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, tell=tell) as guard, Raw.at(guard) as raw:
        assert raw.ask("GET", "/_ping")
        assert isinstance(guard.failure, RuntimeError)


# --- streams of objects


def test_objects_arrive_as_they_come(guard: Guard, fake: FakeEngine) -> None:
    """Each object of a stream is passed on at once, however it was cut, and what is foreign is kept back."""
    go_on = threading.Event()

    def script(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        talk.send(chunk(b'{"status":"a"}\r\n{"foreign":1}{"sta') + chunk('tus":"é'.encode()[:-1]))
        go_on.wait(5)
        talk.send(chunk("é".encode()[1:] + b'"}') + chunk(b"\n") + b"0\r\n\r\n")

    fake.scripts["GET /events"] = script
    with Raw.at(guard) as raw:
        raw.send(request("GET", "/events"))
        assert raw.head() is not None
        assert first_chunk(raw) == b'{"status":"a"}\n'
        go_on.set()
        assert first_chunk(raw) == '{"status":"é"}\n'.encode()
        assert first_chunk(raw) == b""
    assert [dict(line) for line in last(guard).lines] == [{"status": "a"}, {"status": "é"}]


@pytest.mark.parametrize(
    "body",
    [b"[1]\n", b"nonsense\n", b'{"a":' * 2000 + b"\n", b'{"a":"' + b"x" * 20_000, b'{"a":1', b"\xff\n"],
    ids=["a list", "no JSON", "depth", "no end", "cut off", "no UTF-8"],
)
def test_a_stream_that_is_none_ends_there(body: bytes, guard: Guard, fake: FakeEngine) -> None:
    """The client's answer is cut off, so that nobody takes it for a whole one; the engine is to blame."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    fake.scripts["GET /events"] = lambda talk: talk.send(head + chunk(body) + b"0\r\n\r\n")
    with Raw.at(guard) as raw:
        assert raw.ask("GET", "/events") is None
    assert last(guard).end == "engine"


def chunk(data: bytes) -> bytes:
    """Return a chunk as HTTP frames it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def first_chunk(raw: Raw) -> bytes:
    """Return the next chunk's data."""
    size = b""
    while not size.endswith(b"\r\n"):
        size += raw.take(1) or b"0\r\n"
    return (raw.take(int(size, 16) + 2) or b"\r\n")[:-2]


# --- bodies


@pytest.mark.parametrize("framed", ["length", "chunks"])
def test_a_streamed_body_arrives_whole(framed: str, guard: Guard, fake: FakeEngine) -> None:
    """A tar arrives as it was, framed as the client framed it."""
    data = os.urandom(1_500_000)
    got: list[bytes] = []

    def script(talk: Talk) -> None:
        got.append(talk.body())
        talk.reply(200)

    fake.scripts["PUT /containers/x/archive"] = script
    head = CHUNKED if framed == "chunks" else f"Content-Length: {len(data)}"
    body = chunk(data[:700_000]) + chunk(data[700_000:]) + b"0\r\n\r\n" if framed == "chunks" else data
    with Raw.at(guard) as raw:
        raw.send(request("PUT", "/containers/x/archive", None, head) + body)
        said = raw.answer()
        assert said is not None
        assert said.status == 200
        assert raw.ask("GET", "/_ping"), "the connection goes on"
    assert got == [data]
    assert guard.transcript.entries[0].sent == len(data)


def test_an_engine_that_has_heard_enough_is_heard(guard: Guard, fake: FakeEngine) -> None:
    """An answer that comes before the body has gone arrives, although the client is still sending."""
    fake.scripts["PUT /containers/x/archive"] = lambda talk: talk.reply(404, {"message": "No such container: x"})
    with Raw.at(guard) as raw:
        raw.send(request("PUT", "/containers/x/archive", None, CHUNKED) + chunk(b"x" * 100_000))
        said = raw.answer()
        assert said is not None
        assert (said.status, said.json) == (404, {"message": "No such container: x"})
        assert said.headers["connection"] == "close"
        raw.send(chunk(b"x" * 100_000))
        assert raw.rest() == b""


def test_a_denied_upload_is_answered_though_its_client_still_sends(
    guard: Guard, fake: FakeEngine, policy: Policy
) -> None:
    """Its client can finish a write and read the sentence; the connection ends after that."""
    policy.denied["/build"] = Denied(key="http.malformed")
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/build", None, CHUNKED) + chunk(b"x" * 1_000_000))
        said = raw.answer()
    assert said is not None
    assert said.status == 403
    assert fake.got == b""


def test_a_body_that_breaks_off_never_looks_whole(guard: Guard, fake: FakeEngine) -> None:
    """A chunk that is none ends the engine's request without its last chunk, and the client gets a 400."""
    got: list[bytes] = []
    fake.scripts["POST /build"] = lambda talk: got.append(talk.rest())
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/build", None, CHUNKED) + chunk(b"x" * 1000) + b"nonsense\r\n")
        said = raw.answer()
    assert said is not None
    assert said.status == 400
    wait_until(lambda: got, "the end of the engine's request")
    assert not got[0].endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("framed", ["length", "chunks", "until the end"])
def test_a_long_answer_arrives_whole(framed: str, guard: Guard, fake: FakeEngine) -> None:
    """A tar from the engine arrives as it was, with an end of its own."""
    data = os.urandom(1_500_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nX-Docker-Container-Path-Stat: e30=\r\n"
    frames = {
        "length": (b"Content-Length: %d\r\n\r\n" % len(data)) + data,
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n" + chunk(data[:99]) + chunk(data[99:]) + b"0\r\n\r\n",
        "until the end": b"\r\n" + data,
    }
    fake.scripts["GET /containers/x/archive"] = lambda talk: talk.send(head + frames[framed])
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/containers/x/archive")
        assert said is not None
        assert said.body == data
        assert said.headers["x-docker-container-path-stat"] == "e30="
        assert raw.ask("GET", "/_ping")
    assert guard.transcript.entries[0].received == len(data)


# --- an engine that is not to be trusted either


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 301 Moved\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Moved\r\nLocation: /v1.41/info\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n" + b" " * 200_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\nnonsense!",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    ],
    ids=["silent", "nonsense", "1.0", "301", "307", "head", "length", "no JSON", "other", "cut off", "unasked 101"],
)
def test_what_is_no_engines_answer_is_a_502(answer: bytes, guard: Guard, fake: FakeEngine) -> None:
    """An engine that answers as none does is not believed, not followed, and not the learner's fault."""
    fake.scripts["GET /containers/json"] = lambda talk: talk.send(answer)
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/containers/json")
    assert said is not None
    assert said.status == 502
    assert len(fake.talks) == 1
    assert last(guard).end == "engine"


def test_an_engine_that_goes_away_in_the_middle_is_noticed(guard: Guard, fake: FakeEngine) -> None:
    """The client's answer ends without its last chunk."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    fake.scripts["GET /containers/x/logs"] = lambda talk: talk.send(head + chunk(b"so far"))
    with Raw.at(guard) as raw:
        raw.send(request("GET", "/containers/x/logs"))
        assert raw.head()
        assert raw.rest() == chunk(b"so far")
    assert last(guard).end == "engine"


def test_no_engine_at_all_is_a_502(policy: Policy, short: Path) -> None:
    """A guard without an engine says so, and lives."""
    engine = Engine(host=f"unix://{short}/nothing", origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as raw:
        said = raw.ask("POST", "/containers/create", b"{}")
        assert said is not None
        assert said.status == 502
        assert policy.ended == [("container.create", 0, None)]
        assert guard.failure is None


# --- clients that go away


def test_an_answer_that_nobody_waits_for_is_still_learnt_from(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """A container that is being created when its client goes away is known all the same."""
    there, gone = threading.Event(), threading.Event()

    def script(talk: Talk) -> None:
        there.set()
        gone.wait(5)
        talk.reply(201, {"Id": "f00"})

    fake.scripts["POST /containers/create"] = script
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/create", b"{}"))
        assert there.wait(5)
    gone.set()
    wait_until(lambda: policy.ended, "the end of the exchange")
    assert policy.ended == [("container.create", 201, {"Id": "f00"})]


def test_an_engine_hears_when_nobody_waits_any_more(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """A client that leaves a long answer ends it at the engine too, and the transcript says who went."""
    ended = threading.Event()

    def script(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        talk.rest()
        ended.set()

    fake.scripts["GET /containers/x/logs"] = script
    with Raw.at(guard) as raw:
        raw.send(request("GET", "/containers/x/logs"))
        assert raw.head()
    assert ended.wait(5)
    assert last(guard).end == "client"
    assert policy.ended == [("container.logs", 200, None)]


# --- tunnels


def hijacked(talk: Talk) -> None:
    """Answer as an engine that attaches, then return everything in capitals."""
    talk.send(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
        b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    )
    while data := talk.more():
        talk.send(data.upper())
    talk.send(b"<end>")


def test_a_tunnel_carries_both_directions_and_each_ones_end(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """Who ends one direction goes on hearing the other."""
    fake.scripts["POST /containers/x/attach"] = hijacked
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        said = raw.head()
        assert said is not None
        assert said.status == 101
        assert said.headers["content-type"] == "application/vnd.docker.raw-stream"
        assert said.headers["upgrade"] == "tcp"
        raw.send(b"hello")
        assert raw.take(5) == b"HELLO"
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.rest() == b"<end>"
    entry = last(guard)
    assert (entry.status, entry.end, entry.sent, entry.received) == (101, "done", 5, 10)
    assert (bytes(policy.asked_on), bytes(policy.answered_on)) == (b"hello", b"HELLO<end>")
    assert policy.ended == [("container.attach", 101, None)]
    assert fake.talks[0].headers["upgrade"] == "tcp"
    assert fake.talks[0].headers["connection"] == "Upgrade"


def test_what_follows_an_upgrade_is_no_request(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """Bytes behind an upgrade are held until the engine agrees, and then are the tunnel's, not a request."""
    agree = threading.Event()

    def script(talk: Talk) -> None:
        agree.wait(5)
        hijacked(talk)

    fake.scripts["POST /containers/x/attach"] = script
    smuggled = request("POST", "/containers/create", b"{}")
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE) + smuggled)
        wait_until(lambda: fake.talks and fake.talks[0].method, "the request at the engine")
        assert smuggled not in fake.got
        agree.set()
        assert raw.head()
        assert raw.take(len(smuggled)) == smuggled.upper()
    assert policy.asked_on == smuggled
    assert len(fake.talks) == 1


def test_what_follows_a_refused_upgrade_is_judged(guard: Guard, fake: FakeEngine) -> None:
    """Where the engine does not agree, what follows is the next request, on a connection of its own."""
    fake.scripts["POST /containers/x/attach"] = lambda talk: talk.reply(404, {"message": "No such container: x"})
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE) + request("GET", "/containers/json"))
        first, second = raw.answer(), raw.answer()
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (404, 200)
    assert fake.asked == ["POST /v1.41/containers/x/attach", "GET /v1.41/containers/json"]


def test_an_exec_sends_its_question_before_the_tunnel(guard: Guard, fake: FakeEngine) -> None:
    """The body of an exec's start is judged; what comes behind it is the tunnel's."""

    def script(talk: Talk) -> None:
        assert talk.body() == b'{"Tty":true}'
        hijacked(talk)

    fake.scripts["POST /exec/x/start"] = script
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/exec/x/start", b'{"Tty":true}', *UPGRADE) + b"early")
        assert raw.head()
        assert raw.take(5) == b"EARLY"
    assert last(guard).asked == {"Tty": True}


def test_old_clients_get_their_raw_stream(guard: Guard, fake: FakeEngine) -> None:
    """Without an upgrade the engine's 200 of a raw stream opens the tunnel."""

    def script(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nfirst")
        talk.send(b"heard " + talk.rest())

    fake.scripts["POST /containers/x/attach"] = script
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach") + b"early")
        said = raw.head()
        assert said is not None
        assert said.status == 200
        raw.send(b", late")
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.rest() == b"firstheard early, late"


def test_a_tunnel_ends_when_the_engine_leaves_it(guard: Guard, fake: FakeEngine) -> None:
    """What the engine said last arrives, then the end, although the client could still send."""
    fake.scripts["POST /containers/x/attach"] = lambda talk: talk.send(
        b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + b"x" * 1_000_000
    )
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        assert raw.head()
        assert raw.rest() == b"x" * 1_000_000
        assert last(guard).end == "done"


def test_a_tunnel_ends_when_its_client_leaves_it(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """The engine hears at once that nobody is there, and the exchange ends."""
    ended = threading.Event()

    def script(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        talk.rest()
        ended.set()

    fake.scripts["POST /containers/x/attach"] = script
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        assert raw.head()
    assert ended.wait(5)
    wait_until(lambda: policy.ended, "the end of the exchange")
    assert last(guard).end == "client"


def test_a_tunnel_waits_for_who_is_slow(guard: Guard, fake: FakeEngine) -> None:
    """A client that does not read makes the engine wait; almost nothing piles up in between."""
    sent = 0

    def script(talk: Talk) -> None:
        nonlocal sent
        talk.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        talk.socket.settimeout(0.3)
        try:
            while sent < 50_000_000:
                sent += talk.socket.send(b"x" * 100_000)
        except TimeoutError:
            stuck.set()

    stuck = threading.Event()
    fake.scripts["POST /containers/x/attach"] = script
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        assert raw.head()
        assert stuck.wait(10)
    assert sent < 1_500_000


def test_a_build_is_dealt_with_before_what_builds_on_it(guard: Guard, fake: FakeEngine, policy: Policy) -> None:
    """A request that comes after a client has left its build is judged when the build's images are known."""
    fake.scripts["POST /session"] = hijacked
    for turn in range(20):
        with Raw.at(guard) as raw:
            raw.send(request("POST", "/session", None, "Connection: Upgrade", "Upgrade: h2c"))
            assert raw.head()
        with Raw.at(guard) as raw:
            assert raw.ask("POST", "/containers/create", b"{}")
        assert policy.judged[-1] == ("container.create", 2 * turn + 1)


# --- the door


def test_nobody_but_us_may_knock(guard: Guard) -> None:
    """The socket is ours alone."""
    mode = Path(guard.host.removeprefix("unix://")).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_others_may_knock_where_that_is_wanted(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Mode and group are the caller's, for a socket that a lab's user opens."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, mode=0o660, group=os.getgid()) as guard:
        mode = Path(guard.host.removeprefix("unix://")).stat()
        assert stat.S_IMODE(mode.st_mode) == 0o660
        assert mode.st_gid == os.getgid()


def test_a_closed_door_cuts_everything(guard: Guard, fake: FakeEngine) -> None:
    """When the door has closed nothing more of any client reaches the engine: no request, no tunnel, no upload."""
    fake.scripts["POST /containers/x/attach"] = hijacked
    fake.scripts["POST /build"] = lambda talk: talk.send(talk.body()[:0])
    with Raw.at(guard) as idle, Raw.at(guard) as tunnel, Raw.at(guard) as upload:
        assert idle.ask("GET", "/_ping")
        tunnel.send(request("POST", "/containers/x/attach", None, *UPGRADE))
        assert tunnel.head()
        upload.send(request("POST", "/build", None, CHUNKED) + chunk(b"x"))
        wait_until(lambda: len(fake.talks) == 3 and b"x\r\n" in fake.talks[2].got, "the upload at the engine")
        guard.close_door()
        got = fake.got
        for raw in (idle, tunnel, upload):
            raw.send(request("GET", "/_ping"))
            assert raw.rest() == b""
        with pytest.raises(FileNotFoundError):
            Raw.at(guard)
        guard.close()
        assert fake.got == got
    assert [entry.end for entry in guard.transcript.entries] == ["done", "client", "client"]


def test_a_guard_ends_at_once_and_leaves_nothing(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Its socket is gone, its thread too, and it takes a few milliseconds."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    took = []
    for _ in range(5):
        with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as raw:
            assert raw.ask("GET", "/_ping")
            began = time.monotonic()
            guard.close()
            took.append(time.monotonic() - began)
    assert min(took) < 0.05
    assert [file.name for file in short.iterdir()] == ["engine.sock"]
    assert not any(thread.name == "guard t" for thread in threading.enumerate())


def test_two_guards_live_side_by_side(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Each has its own transcript, and one that ends takes nothing from the other."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "a", short / "a.sock", rules=policy.rules) as first:
        with Guard(engine, Grants(), "b", short / "b.sock", rules=policy.rules) as second, Raw.at(second) as raw:
            assert raw.ask("GET", "/_ping")
            assert second.transcript.count == 1
        with Raw.at(first) as raw:
            assert raw.ask("GET", "/_ping")
        assert first.transcript.count == 1


def test_a_socket_left_by_a_crash_is_replaced(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """A file that a dead guard left behind is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(short / "g.sock"))
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as raw:
        assert raw.ask("GET", "/_ping")


def test_a_guard_that_dies_says_so(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """Its clients are cut, whoever waits for it is told, and the socket is gone."""
    told: list[BaseException] = []
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with (
        Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules, on_death=told.append) as guard,
        Raw.at(guard) as raw,
    ):
        assert raw.ask("GET", "/_ping")
        assert guard._loop is not None
        guard._loop.call_soon_threadsafe(guard._loop.stop)
        assert raw.rest() == b""
        wait_until(lambda: told, "the news of its death")
        assert guard.failure is told[0]
        assert not guard.is_alive
    assert not (short / "g.sock").exists()


def test_a_guard_that_cannot_listen_says_so_at_once(fake: FakeEngine, policy: Policy, short: Path) -> None:
    """A folder that is not there is an error of whoever asked, before anything runs."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with (
        pytest.raises(OSError, match=r"No such file"),
        Guard(engine, Grants(), "t", short / "none" / "g.sock", rules=policy.rules),
    ):
        pass


# --- other ways to an engine


def test_a_stream_loses_nothing_when_its_wait_is_given_up() -> None:
    """A wait that is cancelled has taken no byte off the socket."""
    import asyncio

    async def main() -> bytes:
        ours, theirs = socket.socketpair()
        stream = Plain(ours)
        try:
            data = b""
            for _ in range(50):
                task = asyncio.create_task(stream.receive())
                await asyncio.sleep(0)
                theirs.send(b"x")
                await asyncio.sleep(0)
                task.cancel()
                (got,) = await asyncio.gather(task, return_exceptions=True)
                data += got if isinstance(got, bytes) else b""
            theirs.close()
            while piece := await stream.receive():
                data += piece
            return data
        finally:
            stream.close()
            theirs.close()

    assert asyncio.run(main()) == b"x" * 50


def test_an_engine_behind_tcp_is_reached(policy: Policy, short: Path) -> None:
    """``tcp://`` works as a unix socket does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connected, _ = server.accept()
            with connected:
                while b"\r\n\r\n" not in connected.recv(10_000):
                    pass
                connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

        threading.Thread(target=serve, daemon=True).start()
        engine = Engine(host=f"tcp://127.0.0.1:{server.getsockname()[1]}", origin="DOCKER_HOST")
        with Guard(engine, Grants(), "t", short / "g.sock", rules=policy.rules) as guard, Raw.at(guard) as raw:
            said = raw.ask("GET", "/_ping")
    assert said is not None
    assert said.body == b"OK"


def test_json_is_sent_as_it_was_meant(guard: Guard, fake: FakeEngine) -> None:
    """Letters beyond ASCII and large numbers survive the way through."""
    value = {"a": "한글 <&>", "n": 9007199254740993, "f": 0.1, "d": "\u2028"}
    fake.scripts["GET /containers/json"] = lambda talk: talk.reply(200, [value])
    with Raw.at(guard) as raw:
        said = raw.ask("GET", "/containers/json")
    assert said is not None
    assert json.loads(said.body) == [value]
