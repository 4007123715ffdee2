from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from checker.guard.message import Head
from checker.guard.proxy.http1 import Malformed, _understood
from tests.guard.raw import Raw, request

if TYPE_CHECKING:
    from checker.guard.serve import Guard
    from tests.guard.fake_engine import FakeEngine

CREATE = "POST /v1.41/containers/create HTTP/1.1\r\n"
JSON = "Host: docker\r\nContent-Type: application/json\r\n"
# what no client sends, or what two readers could understand in two ways: RFC 9112 and 9110
REFUSED = {
    "HTTP/1.0": "GET /_ping HTTP/1.0\r\nHost: x\r\n\r\n",
    "HTTP/2 by prior knowledge": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": "GET /_ping\r\nHost: x\r\n\r\n",
    "absolute form": "GET http://x/_ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk form": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority form": "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target without a slash": "GET _ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": "GET /_ping /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "a letter beyond ASCII in the target": "GET /_pi\u00f1g HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab in the first line": "GET\t/_ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": "GET /_ping HTTP/1.1\r\n\r\n",
    "two Hosts": "GET /_ping HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "length and chunks": CREATE + JSON + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks and length": CREATE + JSON + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "two lengths": CREATE + JSON + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "the same length twice": CREATE + JSON + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": CREATE + JSON + "Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": CREATE + JSON + "Content-Length: +2\r\n\r\n{}",
    "a length in hexadecimal": CREATE + JSON + "Content-Length: 0x2\r\n\r\n{}",
    "a length without end": CREATE + JSON + "Content-Length: 99999999999999999999\r\n\r\n{}",
    "another coding": CREATE + JSON + "Transfer-Encoding: gzip\r\n\r\n{}",
    "chunks in another coding": CREATE + JSON + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": CREATE + JSON + "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "two Transfer-Encodings": CREATE
    + JSON
    + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a coding that only looks chunked": CREATE + JSON + "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a bare line feed": "GET /_ping HTTP/1.1\nHost: x\r\n\r\n",
    "bare line feeds all over": "GET /_ping HTTP/1.1\nHost: x\n\n",
    "a bare line feed at the end": "GET /_ping HTTP/1.1\r\nHost: x\r\n\n",
    "a bare carriage return": "GET /_ping HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    "a folded line": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a line folded by a tab": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n",
    "an empty line before": "\r\nGET /_ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space before the colon": "GET /_ping HTTP/1.1\r\nHost : x\r\n\r\n",
    "a header without a colon": "GET /_ping HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "a header without a name": "GET /_ping HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "NUL": "GET /_ping HTTP/1.1\r\nHost: x\0y\r\n\r\n",
    "a control character": "GET /_ping HTTP/1.1\r\nHost: x\x0by\r\n\r\n",
    "an upgrade of a route that has none": "GET /_ping HTTP/1.1\r\nHost: x\r\n"
    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    "h2c on a route that has none": "GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "an upgrade that Connection does not name": "POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nUpgrade: tcp\r\n\r\n",
    "two upgrades": "POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
    "Upgrade: h2c\r\n\r\n",
    "an expectation": CREATE + JSON + "Expect: a-miracle\r\nContent-Length: 2\r\n\r\n{}",
    "announced trailers": CREATE
    + JSON
    + "Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "trailers": CREATE + JSON + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "a chunk of no size": CREATE + JSON + "Transfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n",
    "a chunk of negative size": CREATE + JSON + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CREATE + JSON + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "a body where none belongs": request("POST", "/containers/x/start", b"{}").decode(),
    "too many headers": "GET /_ping HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n" * 100 + "\r\n",
    "a header that is too long": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + "y" * 70_000 + "\r\n\r\n",
    "a head without end": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + "y" * 200_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_could_be_read_in_two_ways_goes_nowhere(text: str, guard: Guard, fake: FakeEngine) -> None:
    """It is answered with a 4xx and a sentence, its connection ends, and the engine gets no byte."""
    with Raw.at(guard) as raw:
        raw.send(text.encode("latin-1"))
        said = raw.answer()
        assert said is not None
        assert 400 <= said.status < 500
        assert said.json["message"]
        assert said.headers["connection"] == "close"
        assert raw.rest() == b""
    assert fake.got == b""
    (entry,) = guard.transcript.entries
    assert entry.denied.startswith("http.")
    assert entry.end in {"denied", "limit"}


ALLOWED = {
    "the shortest": "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "a Host with nothing in it, as old clients send": "GET /_ping HTTP/1.1\r\nHost:\r\n\r\n",
    "a body with its length": CREATE + JSON + "Content-Length: 2\r\n\r\n{}",
    "a body in chunks": CREATE + JSON + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "chunks, written in another case": CREATE + JSON + "Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "no body, and its length": "POST /containers/x/start HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "no body, in chunks": "POST /containers/x/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "as many headers as may be": "GET /_ping HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n" * 99 + "\r\n",
    "a long header": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + "y" * 60_000 + "\r\n\r\n",
    "a letter beyond ASCII in a header": "GET /_ping HTTP/1.1\r\nHost: x\r\nX: \u00f1\r\n\r\n",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_can_be_read_in_one_way_reaches_the_engine(text: str, guard: Guard, fake: FakeEngine) -> None:
    """Its allowed twin gets its answer, and the engine one request in our own words."""
    with Raw.at(guard) as raw:
        raw.send(text.encode("latin-1"))
        said = raw.answer()
    assert said is not None
    assert said.status == 200
    assert len(fake.talks) == 1
    assert fake.talks[0].headers["host"] == "docker"
    assert fake.talks[0].headers["connection"] == "close"
    assert "x" not in fake.talks[0].headers
    assert "transfer-encoding" not in fake.talks[0].headers


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_it_does_not_matter_how_the_bytes_come(size: int, guard: Guard, fake: FakeEngine) -> None:
    """A request cut anywhere is the same request, also where the cut divides a line's end."""
    text = request("POST", "/containers/create", b'{"Image":"x"}')
    with Raw.at(guard) as raw:
        for start in range(0, len(text), size):
            raw.send(text[start : start + size])
        said = raw.answer()
    assert said is not None
    assert said.status == 200
    assert fake.talks[0].body() == b'{"Image":"x"}'


def test_a_bare_line_feed_is_refused_before_the_head_ends(guard: Guard) -> None:
    """Whoever ends lines with a line feed alone hears of it at once, not when time is up."""
    began = time.monotonic()
    with Raw.at(guard) as raw:
        raw.send(b"GET /_ping HTTP/1.1\nHost: x\n\n")
        said = raw.answer()
    assert said is not None
    assert said.status == 400
    assert time.monotonic() - began < 0.25


def test_requests_that_follow_each_other_each_get_their_answer(guard: Guard, fake: FakeEngine) -> None:
    """Several requests on one connection each go to the engine on one of their own, in their order."""
    fake.scripts["GET /_ping"] = lambda talk: talk.reply(200, {"number": len(fake.talks)})
    with Raw.at(guard) as raw:
        raw.send(request("GET", "/_ping") * 3)
        answers = [raw.answer() for _ in range(3)]
    assert [said.json["number"] for said in answers if said] == [1, 2, 3]
    assert [bytes(talk.got).count(b"HTTP/1.1") for talk in fake.talks] == [1, 1, 1]


def test_a_request_behind_a_body_is_a_request_of_its_own(guard: Guard, fake: FakeEngine) -> None:
    """What follows a body is judged again; it never goes along with it."""
    smuggled = request("GET", "/containers/json")
    with Raw.at(guard) as raw:
        raw.send(request("POST", "/containers/create", b"{}") + smuggled)
        assert raw.answer()
        assert raw.answer()
    assert fake.asked == ["POST /v1.41/containers/create", "GET /v1.41/containers/json"]
    assert [entry.route for entry in guard.transcript.entries] == ["container.create", "container.list"]


def test_an_unknown_path_is_refused_before_its_body_is_read(guard: Guard, fake: FakeEngine) -> None:
    """Who announces a body on a route that is none gets the answer without sending it."""
    with Raw.at(guard) as raw:
        raw.send(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
        said = raw.answer()
        assert said is not None
        assert said.status == 403
        assert raw.rest() == b""
    assert fake.got == b""


def test_a_client_that_waits_for_it_is_asked_for_its_body(guard: Guard, fake: FakeEngine) -> None:
    """Expect: 100-continue gets its 100, and then its answer."""
    with Raw.at(guard) as raw:
        raw.send((CREATE + JSON + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n").encode())
        first = raw.head()
        assert first is not None
        assert first.status == 100
        raw.send(b"{}")
        said = raw.answer()
    assert said is not None
    assert said.status == 200
    assert fake.talks[0].body() == b"{}"
    assert "expect" not in fake.talks[0].headers


def test_connection_says_upgrade_in_any_case() -> None:
    """``Connection: keep-alive, upgrade`` is one too, as Go's and Python's clients write it."""
    headers = (("host", "x"), ("connection", "keep-alive, Upgrade"), ("upgrade", "TCP"))
    assert _understood(Head(method="POST", target="/x", headers=headers)).upgrade == "tcp"


def test_an_empty_upgrade_is_none_that_anybody_should_guess_at() -> None:
    """A header that is there and says nothing is refused."""
    headers = (("host", "x"), ("connection", "Upgrade"), ("upgrade", ""))
    with pytest.raises(Malformed):
        _understood(Head(method="POST", target="/x", headers=headers))
