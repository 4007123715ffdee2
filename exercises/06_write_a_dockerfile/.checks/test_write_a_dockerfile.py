from __future__ import annotations

import itertools
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Built, Mistake, Served, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


PORT = 8000
SECRETS = (".env", ".git/config", "id_rsa", "deploy/.env", "deploy/keys/id_rsa")


@dataclass(frozen=True)
class Planted:
    """What was changed in the copy of the work before the build, and nobody can have typed in."""

    quotes: tuple[str, ...]  # all there are; the last one is new
    edition: str
    secret: str


@step
def planted(bench: Bench) -> Planted:
    app = bench.work.folder / "app"
    given = (app / "quotes.txt").read_text(encoding="utf-8")
    quotes = (*given.splitlines(), f"A fresh one: {bench.nonce()}")
    (app / "quotes.txt").write_text("".join(f"{quote}\n" for quote in quotes), encoding="utf-8")
    planted = Planted(quotes, bench.nonce(), f"secret-{bench.nonce()}")
    code = (app / "server.py").read_text(encoding="utf-8")
    (app / "server.py").write_text(code.replace('"first"', f'"{planted.edition}"'), encoding="utf-8")
    for number, name in enumerate(SECRETS):
        bench.work.put(name, f"password = {planted.secret}-{number};\n")
    return planted


@step
def image(bench: Bench, planted: Planted) -> Built:
    built = bench.build(tag="kata-06-quotes", seconds=40)
    if all(step.name.startswith("FROM ") for step in built.steps):
        raise Mistake("nothing_added")
    bench.work.folder.rename(bench.work.folder.with_name("moved away"))
    return built


@step
def server(bench: Bench, image: Built) -> Iterator[Served]:
    with bench.serve(image.reference, name="kata-06-quotes") as server:
        yield server


@step
def answering(server: Served) -> Served:
    if not server.answers(port=PORT):
        raise _why_silent(server)
    return server


def test_builds_without_internet(image: Built) -> None:
    assert image.image_id


def test_serves_quotes(answering: Served, planted: Planted) -> None:
    status, text = _ask(answering, "/")
    if not any(quote in text for quote in planted.quotes):
        raise Mistake("no_quote", status=status, text=text[:200].strip() or "∅")


def test_carries_its_own_code(answering: Served, planted: Planted) -> None:
    status, text = _ask(answering, "/about")
    if planted.edition not in text:
        raise Mistake("other_code", text=f"{status} {_first_line(text)}")


def test_has_the_new_quote(answering: Served, planted: Planted) -> None:
    _, text = _ask(answering, "/quotes")
    if planted.quotes[-1] not in text:
        raise Mistake("old_quotes")


def test_greets_as_it_is_told(bench: Bench, image: Built, answering: Served) -> None:
    wanted = f"annyeong-{bench.nonce()}"
    with bench.serve(image.reference, environment={"GREETING": wanted}, network=answering.network) as other:
        if not other.answers(port=PORT):
            raise Mistake("not_with_a_greeting")
        _, text = _ask(other, "/")
    if wanted not in text:
        raise Mistake("other_greeting", wanted=wanted, found=_first_line(text))


def test_stops_when_asked(answering: Served) -> None:
    mistake = answering.ask_to_stop(5)
    if mistake is not None:
        raise mistake
    if answering.exit_code not in (0, 143):
        raise Mistake("stopped_badly", code=answering.exit_code)


def test_leaves_secrets_at_home(bench: Bench, image: Built, answering: Served, planted: Planted) -> None:
    secret = f"{planted.secret}-".encode()
    kept = {
        name for member in _members(bench.client.api.get_image(image.reference)) for name in _secrets(secret, member)
    }
    if not kept:
        return
    seen = _secrets(secret, bench.client.api.export(answering.id))
    file = next(name for name in SECRETS if name in (seen or kept))
    if not seen:
        raise Mistake("secret_in_a_layer", file=file)
    raise Mistake("secret_below" if file.startswith("deploy/") else "secret_inside", file=file)


def _ask(server: Served, path: str) -> tuple[int, str]:
    """Ask for a page, again where a busy machine lets nobody answer; nothing where nobody does."""
    replies = (server.get(path, port=PORT) for _ in range(3))
    reply = next((reply for reply in replies if reply is not None), None)
    return (0, "") if reply is None else (reply.status, reply.text)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:100]


def _why_silent(server: Served) -> Mistake:
    log = "" if server.is_running else server.logs()
    if "FileNotFoundError" in log and "quotes.txt" in log:
        return Mistake("quotes_not_found", folder=server.inspect()["Config"]["WorkingDir"] or "/")
    return server.why_silent(PORT)


class _Stream:
    """Chunks of bytes, to be read as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        said, self._rest = self._rest[:size], self._rest[size:]
        return said


def _members(saved: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """Yield what is in each file of a saved image, layers decompressed: the containerd image store has them gzipped."""
    with tarfile.open(fileobj=_Stream(saved), mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                yield _plain(iter(lambda read=content.read: read(1_000_000), b""))


def _plain(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    chunks = itertools.chain([first], chunks)
    if not first.startswith(b"\x1f\x8b"):
        yield from chunks
        return
    unpack = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        yield unpack.decompress(chunk)
        while unpack.unused_data:  # one gzip stream may follow another
            rest, unpack = unpack.unused_data, zlib.decompressobj(wbits=31)
            yield unpack.decompress(rest)


def _secrets(secret: bytes, chunks: Iterable[bytes]) -> set[str]:
    """Return which of our secrets is in there; each ends in its number."""
    found: set[str] = set()
    before = b""
    for chunk in chunks:
        searched = before + chunk
        found |= {SECRETS[int(match[1])] for match in re.finditer(re.escape(secret) + rb"(\d)", searched)}
        before = searched[-len(secret) :]
    return found
