from __future__ import annotations

import bz2
import contextlib
import io
import itertools
import lzma
import re
import signal
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Built, Mistake, Served, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO

    Squeezed = bz2.BZ2Decompressor | lzma.LZMADecompressor

BASE = "python:3.11-slim"
PORT = 8000
STOP_SECONDS = 10  # what docker stop gives
LARGEST_ZIP = 20_000_000  # bytes of a file that is looked at as a whole, since a zip archive is read from its end
MOST_UNPACKED = 500_000_000  # bytes, of all archives of an image together; a base image has some ten million
LEAST_PIECE = 4_096  # bytes as which a piece counts that is smaller: very many of nothing also take their time
MOST_MEMORY = 128_000_000  # bytes for what xz looks back at; its highest level has half of that
GZIP = b"\x1f\x8b"
PIECE = 65_536  # bytes that are held at a time
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


def test_builds_without_internet(bench: Bench, image: Built) -> None:
    if not bench.grew_from(image.reference, BASE):
        raise Mistake("other_base", base=BASE)


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
    wanted = f'"Hi there", it\'s {bench.nonce()}, 안녕'
    with bench.serve(image.reference, environment={"GREETING": wanted}, network=answering.network) as other:
        if not other.answers(port=PORT):
            raise Mistake("not_with_a_greeting", wanted=wanted)
        _, text = _ask(other, "/")
    if wanted not in text:
        raise Mistake("other_greeting", wanted=wanted, found=_first_line(text))


def test_stops_when_asked(answering: Served) -> None:
    is_deaf = _is_deaf_to_stop(answering)
    mistake = answering.ask_to_stop(2 if is_deaf else STOP_SECONDS)
    if mistake is not None:
        is_explained = is_deaf or mistake.key == "service.kill_signal"
        raise mistake if is_explained else Mistake("stops_too_late", seconds=STOP_SECONDS)
    if answering.exit_code not in (0, 143):
        raise Mistake("stopped_badly", code=answering.exit_code)


def test_leaves_secrets_at_home(bench: Bench, image: Built, answering: Served, planted: Planted) -> None:
    kept, seen = Finder(planted.secret), Finder(planted.secret)
    for member in _members(bench.client.api.get_image(image.reference)):
        kept.look_through(member)
    if not kept.found:
        return
    seen.look_through(bench.client.api.export(answering.id))
    file = next(name for name in SECRETS if name in (seen.found or kept.found))
    if not seen.found:
        raise Mistake("secret_in_a_layer", file=file)
    if seen.found[file]:
        raise Mistake("secret_packed", file=file, archive=seen.found[file])
    top = file.rpartition("/")[2]
    raise Mistake("secret_inside" if top in kept.found else "secret_below", file=file)


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


def _is_deaf_to_stop(server: Served) -> bool:
    """Whether its PID 1 has no ear for the stop signal, neither a handler nor a wait for it.

    It then never gets the signal (pid_namespaces(7)), and there is no use in waiting.
    """
    name = str(server.inspect()["Config"].get("StopSignal") or "SIGTERM").upper()
    names = {"SIG" + name.removeprefix("SIG"), name}
    number = next((known.value for known in signal.Signals if names & {known.name, str(known.value)}), 0)
    status = ""
    with contextlib.suppress(Mistake):  # not every image has cat
        status = server.ask("cat", "/proc/1/status").said
    heard = [int(mask, 16) for mask in re.findall(r"^Sig(?:Cgt|Blk):\s*([0-9a-f]+)$", status, re.MULTILINE)]
    return number > 0 and len(heard) == 2 and not any(mask >> (number - 1) & 1 for mask in heard)


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


class Finder:
    """Looks for our secrets, each of which ends in its number, in files and one level into archives among them.

    Attributes:
        found: Those that were seen, and the archive that each is in; empty where it lies open.
    """

    def __init__(self, secret: str) -> None:
        self.found: dict[str, str] = {}
        self._stem = f"{secret}-".encode()
        self._left = MOST_UNPACKED

    def look_through(self, content: Iterable[bytes]) -> None:
        """Look through a layer or a container's files, which are a tar archive; or through anything else."""
        passing = self._watch(content)
        with (
            contextlib.suppress(tarfile.TarError),
            tarfile.open(fileobj=_Stream(passing), mode="r|") as archive,
        ):
            for entry in archive:
                if entry.isreg():
                    opened = archive.extractfile(entry)
                    assert opened is not None
                    self._unpack(opened, entry.size, f"/{entry.name.removeprefix('./')}")
        for _ in passing:  # what is no tar archive, and what comes after the end of one
            pass

    def _unpack(self, opened: IO[bytes], size: int, name: str) -> None:
        """Look into a file that is an archive; where it turns out to be broken, what came out of it so far counts."""
        with contextlib.suppress(Exception):
            first = opened.read(PIECE)
            content = itertools.chain([first], _pieces(opened))
            if first.startswith(GZIP):
                self._watch_unpacked(_unzipped(content), name)
            elif squeezed := next((make for start, make in SQUEEZED.items() if first.startswith(start)), None):
                self._watch_unpacked(_unsqueezed(content, squeezed), name)
            elif size <= LARGEST_ZIP and zipfile.is_zipfile(packed := io.BytesIO(b"".join(content))) and self._left > 0:
                self._left -= size  # also of one that is a long list of nothing
                with zipfile.ZipFile(packed) as archive:
                    for member in archive.infolist():
                        self._left -= LEAST_PIECE
                        if self._left <= 0:
                            break
                        with archive.open(member) as inside:
                            self._watch_unpacked(_pieces(inside), name)

    def _watch_unpacked(self, content: Iterable[bytes], archive: str) -> None:
        """Look at what comes out of an archive, for as long as there is not too much of it."""
        for piece in self._watch(content, archive):
            self._left -= max(len(piece), LEAST_PIECE)
            if self._left <= 0:
                break

    def _watch(self, content: Iterable[bytes], archive: str = "") -> Iterator[bytes]:
        """Hand on what passes, and note the secrets in it."""
        before = b""
        for piece in content:
            searched = before + piece
            for match in re.finditer(re.escape(self._stem) + rb"(\d)", searched):
                name = SECRETS[int(match[1])]
                self.found[name] = self.found.get(name, archive) and archive
            before = searched[-len(self._stem) :]
            yield piece


def _members(saved: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """Yield what is in each file of a saved image, layers decompressed: the containerd image store has them gzipped."""
    with tarfile.open(fileobj=_Stream(saved), mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                yield _plain(_pieces(content))


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: opened.read(PIECE), b"")


def _plain(content: Iterator[bytes]) -> Iterator[bytes]:
    first = next(content, b"")
    content = itertools.chain([first], content)
    return _unzipped(content) if first.startswith(GZIP) else content


def _unzipped(content: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress what gzip made, in pieces: a little of it may become very much."""
    unpack = zlib.decompressobj(wbits=31)
    for chunk in content:
        rest = chunk
        while rest:
            yield unpack.decompress(rest, PIECE)
            rest = unpack.unconsumed_tail
            if unpack.eof:  # one gzip stream may follow another
                rest, unpack = unpack.unused_data, zlib.decompressobj(wbits=31)


def _unsqueezed(content: Iterable[bytes], make: Callable[[], Squeezed]) -> Iterator[bytes]:
    """Decompress what bzip2 or xz made, likewise."""
    unpack = make()
    for chunk in content:
        rest = chunk
        while rest:
            yield unpack.decompress(rest, PIECE)
            while not (unpack.eof or unpack.needs_input):
                yield unpack.decompress(b"", PIECE)
            rest = unpack.unused_data
            if unpack.eof:
                unpack = make()


SQUEEZED: dict[bytes, Callable[[], Squeezed]] = {
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(memlimit=MOST_MEMORY),
    b"\x5d\x00\x00": lambda: lzma.LZMADecompressor(memlimit=MOST_MEMORY),  # lzma, its older form
}
