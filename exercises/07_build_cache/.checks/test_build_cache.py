from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass

from checker.author import Bench, Built, Container, Mistake, packed, step, wait_for

BASE = "debian:bookworm-slim"
SECONDS = 60.0  # a build installs at most three packages, in less than a second each
UUID = "$(cat /proc/sys/kernel/random/uuid)"  # what the installer writes on a receipt as its number
BESIDE = {  # what lies beside the program, and changes all the time
    "README.md": "README.md",
    "tests/test_bibimbap.sh": "tests/",
    ".git/HEAD": ".git/",
}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Our installer, of which nobody has seen the like.

    Attributes:
        name: What it writes on a receipt.
        stamp: What it makes the seal of a receipt's number with.
    """

    name: str
    stamp: str

    def installer(self, given: str) -> str:
        """Return the installer with a name and a seal of its own; and quick, for it is run some times."""
        number = f"number={UUID}"
        seal = f'seal="$(echo "{self.stamp} $number" | sha256sum | cut -c 1-12)"'
        changed = given.replace("corner-shop", self.name).replace("sleep 1", "sleep 0.3")
        changed = changed.replace(UUID, "$number-$seal").replace("\nlist=", f"\n{number}\n{seal}\nlist=")
        assert changed.count("$number-$seal") == changed.count(seal) == 1
        return changed

    def has_sealed(self, number: str) -> bool:
        """Whether it was the installer itself that has put a number on a receipt."""
        number, _, seal = number.rpartition("-")
        return seal == hashlib.sha256(f"{self.stamp} {number}\n".encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Image:
    """A build, what is installed in it, and what a container of it did.

    Attributes:
        built: The build.
        packages: What is installed in the image, before a container of it has been started.
        receipt: The receipt of that: who installed it, and a number; empty where there is none.
        edition: The edition of the program that a container ran.
        said: All that it printed.
        exit_code: How it ended.
    """

    built: Built
    packages: tuple[str, ...]
    receipt: str
    edition: str
    said: str
    exit_code: int

    @property
    def receipt_shown(self) -> str:
        """The receipt that the container showed; that of the image where it is among what it printed."""
        shown = re.findall(r"receipt (\S+ [\w-]+)", self.said)
        return self.receipt if self.receipt in shown else next(reversed(shown), "")


@step
def shop(bench: Bench) -> Shop:
    """Prepare the folder: an installer, packages and files beside the program that nobody has seen before."""
    shop = Shop(name=f"shop-{bench.nonce()}", stamp=bench.nonce())
    bench.work.put("install-deps.sh", shop.installer(_text(bench, "install-deps.sh")))
    bench.work.put("requirements.txt", f"rice 1.{bench.nonce()}\negg 0.{bench.nonce()}\n")
    for name in (*BESIDE, "deps/notes"):
        bench.work.put(name, f"{bench.nonce()}\n")
    return shop


@step
def first(bench: Bench, shop: Shop) -> Image:
    image = _build(bench)
    if image.receipt:  # else it is not there yet when the image is built, which is another check's
        _as_wanted(bench, image, shop)
    return image


@step
def installed(first: Image) -> Image:
    """The first image, with its dependencies in it."""
    if not first.receipt or first.receipt_shown != first.receipt:
        raise Mistake("installed_at_start", inside=first.receipt or "∅", shown=first.receipt_shown or "∅")
    return first


@step
def changed(bench: Bench, installed: Image) -> Image:
    """The image after a change of the program alone."""
    edition = bench.nonce()
    bench.work.put("app/bibimbap.sh", _text(bench, "app/bibimbap.sh").replace('"first"', f'"{edition}"'))
    image = _build(bench)
    if image.receipt != installed.receipt:
        raise Mistake("reinstalled", step=_first_redone(image.built) or "?")
    if image.edition != edition:
        raise Mistake("old_program", edition=image.edition)
    return image


def test_builds_and_works(bench: Bench, first: Image) -> None:
    if not bench.grew_from(first.built.reference, BASE):
        raise Mistake("other_base", base=BASE)
    if first.exit_code:
        raise Mistake("ends_badly", code=first.exit_code)
    _nothing_more(bench, first)
    if first.receipt and first.receipt_shown == first.receipt:  # else it is installed anew, which is another check's
        _runs_the_program(bench, first)


def test_installed_when_built(installed: Image) -> None:
    assert installed.receipt


def test_new_code_keeps_the_dependencies(changed: Image) -> None:
    assert changed.receipt


def test_new_requirements_are_installed(bench: Bench, shop: Shop, changed: Image) -> None:
    kept, _ = _required(bench)
    package = f"sesame 3.{bench.nonce()}"
    bench.work.put("requirements.txt", f"{kept}\negg 0.{bench.nonce()}\n{package}\n")
    image = _build(bench)
    if image.receipt == changed.receipt or package not in image.packages:
        raise Mistake("old_requirements", package=package)
    _as_wanted(bench, image, shop)
    _nothing_more(bench, image)


def test_what_lies_beside_redoes_nothing(bench: Bench, changed: Image) -> None:
    for name, called in BESIDE.items():
        redone = _redone_by(bench, name)
        if redone:
            raise Mistake("redone", name=called, step=redone)


def test_a_fresh_clone_builds_too(bench: Bench, shop: Shop, changed: Image) -> None:
    shutil.rmtree(bench.work.folder / "deps")
    _as_wanted(bench, _build(bench, no_cache=True), shop)


def test_nothing_is_smuggled_in(bench: Bench, changed: Image) -> None:
    redone = _redone_by(bench, "deps/notes")
    if redone:
        raise Mistake("smuggled", step=redone)


def _as_wanted(bench: Bench, image: Image, shop: Shop) -> None:
    """Look whether our installer has installed what our list asks for, and the program has it."""
    name, _, number = image.receipt.partition(" ")
    if name != shop.name:
        raise Mistake("not_installed", shop=name or "∅")
    if not shop.has_sealed(number):
        raise Mistake("not_its_receipt", receipt=image.receipt)
    for wanted in _required(bench):
        if wanted not in image.packages or f"with {wanted}" not in image.said:
            raise Mistake("package_missing", package=wanted)


def _nothing_more(bench: Bench, image: Image) -> None:
    for package in image.packages:
        if package not in _required(bench):
            raise Mistake("package_too_many", package=package)


def _runs_the_program(bench: Bench, image: Image) -> None:
    """Refuse a container that repeats what was written down in the build: ours has one thing more to mix.

    One that takes that away again when it starts shows nothing by it, and is believed.
    """
    more = f"sesame 4.{bench.nonce()}"
    packages = "".join(f"{package}\n" for package in (*image.packages, more))
    config = {"Image": image.built.reference, "HostConfig": {"NetworkMode": "none"}}
    with bench.temporary(config) as container:
        bench.client.api.put_archive(container.id, "/opt/deps", packed({"packages": packages.encode()}))
        container.start()
        if not wait_for(lambda: not container.is_running, 10, every=0.03):
            raise Mistake("does_not_end")
        if f"with {more}" not in container.logs() and more in _lines(container, "packages"):
            raise Mistake("written_down_before", package=more)


def _required(bench: Bench) -> list[str]:
    return _text(bench, "requirements.txt").splitlines()


def _redone_by(bench: Bench, name: str) -> str:
    """Change one file and nothing else, and return the first instruction that has to be redone for it."""
    before = bench.layers(_make(bench).reference)
    bench.work.put(name, f"{bench.nonce()}\n")
    built = _make(bench)
    redone = _first_redone(built)
    return redone or ("" if bench.layers(built.reference) == before else "?")


def _make(bench: Bench, *, no_cache: bool = False) -> Built:
    return bench.build(no_cache=no_cache, seconds=SECONDS)


def _build(bench: Bench, *, no_cache: bool = False) -> Image:
    built = _make(bench, no_cache=no_cache)
    edition, said, exit_code = _run(bench, built)
    with bench.temporary({"Image": built.reference, "Cmd": ["true"]}) as container:  # for its files, never started
        packages, receipt = _lines(container, "packages"), _lines(container, "receipt")
    return Image(
        built=built,
        packages=packages,
        receipt=next(iter(receipt), ""),
        edition=edition,
        said=said,
        exit_code=exit_code,
    )


def _first_redone(built: Built) -> str:
    """Return the first instruction that did not come out of the cache; of a FROM that says nothing."""
    return next((step.name for step in built.steps if not step.cached and not step.name.startswith("FROM ")), "")


def _run(bench: Bench, built: Built) -> tuple[str, str, int]:
    """Run a container to its end, and return the program's edition, all that was printed, and the exit code."""
    with bench.serve(built.reference, network="none") as container:
        if not wait_for(lambda: not container.is_running, 10, every=0.03):
            raise Mistake("does_not_end")
        said, code = container.logs(), container.exit_code
        whole_line = re.search(r"^bibimbap, edition (\w+)$", said, re.MULTILINE)
        edition = whole_line or re.search(r"bibimbap, edition (\w+)", said)  # who numbers the lines may do so
        if edition is None:
            silent = Mistake("no_bibimbap", text=said[:200].strip() or "∅")
            raise container.why_silent(80) if code else silent
        return edition[1], said, code


def _lines(container: Container, name: str) -> tuple[str, ...]:
    """Return what is in a file of the installer's, a line each; nothing where there is none."""
    content = container.read(f"/opt/deps/{name}") or b""
    return tuple(line.strip() for line in content.decode(errors="replace").splitlines() if line.strip())


def _text(bench: Bench, name: str) -> str:
    return (bench.work.folder / name).read_text(encoding="utf-8")
