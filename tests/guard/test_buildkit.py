from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.guard.exchange.buildkit import Solves
from checker.guard.output import Output
from tests.guard.grpc import PRUNE, SOLVE, STATUS, Client, answered, broken_off, data, failed, message, solve, solved

HUB = "docker.io/library/"
ID = f"sha256:{'9' * 64}"
OTHER = f"sha256:{'8' * 64}"
NOTHING = b"\x0a\x0did==kata-none"


def heard(*said: tuple[str, bytes], piece: int = 10**6) -> Output:
    """Return what is known after a connection, of which so many bytes come at a time."""
    output = Output()
    solves = Solves(output)
    for who, content in said:
        for at in range(0, len(content), piece):
            (solves.ask if who == "client" else solves.answer)(content[at : at + piece])
    return output


@pytest.mark.parametrize("piece", [1, 2, 7, 10**6])
@pytest.mark.parametrize("older", [False, True])
def test_a_build_tells_its_names_and_its_id(piece: int, older: bool) -> None:  # noqa: FBT001 - a column
    """The request has the names that are to be given, the answer the image's digest, however the bytes are cut."""
    client = Client()
    asked = client.begin() + client.ask(1, solve("web,docker.io/me/web:2", older=older))
    output = heard(("client", asked), piece=piece)
    assert output.names == {f"{HUB}web:latest", "docker.io/me/web:2"}
    assert output.is_unfinished
    output = heard(("client", asked), ("engine", answered(1, solved(ID, OTHER))), piece=piece)
    assert output.made == {ID, OTHER}
    assert not output.is_unfinished
    assert not output.is_unread


def test_a_build_without_a_name_is_unfinished_until_it_has_answered() -> None:
    """It may have made an image of which nothing is known yet."""
    client = Client()
    asked = client.begin() + client.ask(1, solve(None))
    output = heard(("client", asked))
    assert (output.names, output.is_unfinished) == (set(), True)
    assert not heard(("client", asked), ("engine", answered(1, solved(ID)))).is_unfinished


@pytest.mark.parametrize("ending", [failed(1), broken_off(1)])
def test_a_build_that_fails_makes_nothing(ending: bytes) -> None:
    """An answer with an error has no message."""
    client = Client()
    output = heard(("client", client.begin() + client.ask(1, solve(None))), ("engine", ending))
    assert (output.made, output.is_unfinished, output.is_unread) == (set(), False, False)


def test_a_client_that_breaks_off_leaves_it_open_what_was_made() -> None:
    """BuildKit may be done before it hears of it."""
    client = Client()
    output = heard(("client", client.begin() + client.ask(1, solve(None)) + broken_off(1)))
    assert output.is_unfinished


def test_several_builds_go_through_one_connection() -> None:
    """``docker buildx bake`` asks for all its targets at once; each is unfinished until its own answer."""
    client = Client()
    asked = client.begin() + client.ask(1, solve("a")) + client.ask(3, solve("b")) + client.ask(5, solve("c"))
    output = heard(("client", asked), ("engine", answered(3, solved(ID))))
    assert output.names == {f"{HUB}{name}:latest" for name in "abc"}
    assert (output.made, output.is_unfinished) == ({ID}, True)
    output = heard(("client", asked), ("engine", answered(3, solved(ID)) + answered(5, solved(OTHER)) + failed(1)))
    assert (output.made, output.is_unfinished) == ({ID, OTHER}, False)


def test_what_exports_nothing_is_no_build() -> None:
    """Before it builds, buildx asks with a Solve that has no exporter whether BuildKit is there."""
    client = Client()
    output = heard(("client", client.begin() + client.ask(1, b"\x0a\x01x\x58\x01")))
    assert (output.names, output.is_unfinished) == (set(), False)


def test_other_calls_are_passed_over() -> None:
    """Their messages are not kept, whatever they are, and their headers are decoded all the same."""
    client = Client()
    asked = client.begin() + client.call(1, STATUS) + data(1, b"\xff" * 5000)
    asked += client.call(3, STATUS, cut=2) + client.ask(5, solve("web"))
    output = heard(("client", asked), ("engine", answered(1, solved(OTHER)) + answered(5, solved(ID))), piece=100)
    assert (output.names, output.made) == ({f"{HUB}web:latest"}, {ID})


def test_a_message_may_come_in_many_frames() -> None:
    """A message ends where its length says, not where a frame does."""
    client = Client()
    asked = client.begin() + client.call(1, SOLVE, cut=3)
    for byte in message(solve("web")):
        asked += data(1, bytes([byte])) + client.ask(7, b"", STATUS)
    assert heard(("client", asked)).names == {f"{HUB}web:latest"}


def test_a_name_that_is_none_is_left_out() -> None:
    """BuildKit refuses it, and the build with it."""
    client = Client()
    asked = client.begin() + client.ask(1, solve("web, other,UPPER,,x:y:z"))
    assert heard(("client", asked)).names == {f"{HUB}web:latest", f"{HUB}other:latest"}


def _many_names() -> bytes:
    """Return a request for more names than are kept; each entry of the attributes has some."""
    return b"".join(
        solve(",".join(f"n{first + number}" for number in range(100)), older=True) for first in range(0, 1100, 100)
    )


def _unreadable() -> dict[str, bytes]:
    client = Client()
    begun = client.begin() + client.call(1)
    return {
        "no HTTP/2": b"GET / HTTP/1.1\r\n\r\n",
        "compressed": begun + data(1, message(b"x", flag=1)),
        "too long": begun + data(1, b"\0" + (1 << 21).to_bytes(4, "big")),
        "no message": begun + data(1, message(b"\x0a\x05x")),
        "a wire type that there is not": begun + data(1, message(b"\x0b")),
        "a number without an end": begun + data(1, message(b"\xff" * 11)),
        "headers that depend on none": client.begin() + b"\0\0\x01\x01\x04\0\0\0\x01\xff",
        "a frame too long": client.begin() + b"\x20\0\0\x01\x04\0\0\0\x01",
        "a text that is none": begun + data(1, message(b"\x22\x06\x0a\x04\xff\xff\xff\xff")),
        "names without end": begun + data(1, message(_many_names())),
        "calls without end": client.begin() + b"".join(client.call(1 + 2 * number) for number in range(65)),
    }


@pytest.mark.parametrize("why", _unreadable())
def test_what_cannot_be_read_may_be_anything(why: str) -> None:
    """Where the connection is not understood, nothing is known of what comes out of it, and nothing more is read."""
    output = heard(("client", _unreadable()[why]))
    assert output.is_unread
    for piece in (1, 50):
        solves, asked = Solves(Output()), _unreadable()[why] + b"and so on"
        passed = b"".join(bytes(solves.ask(asked[at : at + piece])) for at in range(0, len(asked), piece))
        assert passed == asked
    client = Client()
    heard_on = Output(is_unread=True)
    Solves(heard_on).ask(client.begin() + client.ask(1, solve("web")))
    assert heard_on.names == set()


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=20), st.booleans())
def test_no_bytes_break_it(pieces: list[tuple[bool, bytes]], begins: bool) -> None:  # noqa: FBT001 - it is drawn
    """Whatever goes through a tunnel, it goes through, as it came and in its order; a frame perhaps a little later."""
    output = Output()
    solves, client = Solves(output), Client()
    begun = client.begin() + client.call(1) if begins else b""
    passed = bytes(solves.ask(begun))
    for is_client, piece in pieces:
        if is_client:
            passed += solves.ask(piece)
        else:
            solves.answer(piece)
    asked = begun + b"".join(piece for is_client, piece in pieces if is_client)
    assert asked.startswith(passed)
    assert len(passed) == len(asked) or not output.is_unread


@pytest.mark.parametrize("piece", [1, 5, 10**6])
@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        (data(1, message(b"\x10\x01"), ends=True), data(1, message(NOTHING), ends=True)),
        (data(1, message(b"")) + data(1, b"", ends=True), data(1, message(NOTHING)) + data(1, b"", ends=True)),
        (data(1, message(b"\x10\x01")[:3]) + data(1, message(b"\x10\x01")[3:]), data(1, message(NOTHING))),
        (data(1, b"\0\0", ends=True), data(1, message(NOTHING), ends=True)),
        (data(1, b"\0\0") + broken_off(1), broken_off(1)),
    ],
    ids=["at once", "ends later", "in two frames", "too short", "broken off"],
)
def test_the_cache_is_not_pruned(piece: int, asked: bytes, gets: bytes) -> None:
    """It is everybody's: BuildKit is asked to remove something that there is not. What else is said is as it was."""
    client, output = Client(), Output()
    begun, around = client.begin() + client.call(1, PRUNE, cut=4), client.ask(3, b"x" * 40, STATUS)
    after = client.ask(5, solve("web"))
    solves, whole = Solves(output), begun + around + asked + after
    passed = b"".join(bytes(solves.ask(whole[at : at + piece])) for at in range(0, len(whole), piece))
    assert passed == begun + around + gets + after
    assert output.names == {f"{HUB}web:latest"}


@pytest.mark.parametrize(
    ("output", "full_id", "names", "may_be"),
    [
        (Output(), ID, [], False),
        (Output(names={"a"}), ID, ["a", "b"], True),
        (Output(names={"a"}), ID, ["b"], False),
        (Output(made={ID}), ID, ["b"], True),
        (Output(made={OTHER}), ID, [], False),
        (Output(is_unfinished=True), ID, [], True),
        (Output(is_unfinished=True), ID, ["b"], False),
        (Output(is_unread=True), ID, ["b"], True),
    ],
)
def test_an_image_may_be_a_builds(output: Output, full_id: str, names: list[str], may_be: bool) -> None:  # noqa: FBT001 - a column
    """By its id, by a name that was asked for, without a name while something is untold; by anything where unread."""
    assert output.may_be(full_id, names) is may_be
