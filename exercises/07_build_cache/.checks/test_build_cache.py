from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Built, Mistake, Served, step, wait_for

if TYPE_CHECKING:
    from checker.author import Work

SECONDS = 60.0  # a build installs at most two packages, a second each
BESIDE = {  # what lies beside the program, and changes all the time
    "README.md": "README.md",
    "tests/test_bibimbap.sh": "tests/",
    ".git/HEAD": ".git/",
}


@dataclass(frozen=True, kw_only=True)
class Dish:
    """What a container of an image printed.

    Attributes:
        edition: The edition of the program.
        packages: What it was made of.
        shop: Who wrote the receipt; empty where there is none.
        number: The receipt's number, a new one for each installation.
    """

    edition: str
    packages: tuple[str, ...]
    shop: str
    number: str


@dataclass(frozen=True, kw_only=True)
class Image:
    """A build, and what a container of it printed.

    Attributes:
        built: The build.
        dish: What a container of it printed.
    """

    built: Built
    dish: Dish


@step
def shop(bench: Bench) -> str:
    """Prepare the folder: an installer, a package and files beside the program that nobody has seen before."""
    shop = f"shop-{bench.nonce()}"
    _replace(bench.work, "install-deps.sh", "corner-shop", shop)
    bench.work.put("requirements.txt", f"rice 1.{bench.nonce()}\n")
    for name in (*BESIDE, "deps/notes"):
        bench.work.put(name, f"{bench.nonce()}\n")
    return shop


@step
def first(bench: Bench, shop: str) -> Image:
    image = _build(bench)
    _as_wanted(bench, image.dish, shop)
    return image


@step
def second(bench: Bench, first: Image) -> Dish:
    """What another container of the first image prints."""
    return _run(bench, first.built)


@step
def changed(bench: Bench, first: Image, second: Dish) -> Image:
    """The image after a change of the program alone."""
    if second.number != first.dish.number:
        raise Mistake("installed_at_start")
    edition = bench.nonce()
    _replace(bench.work, "app/bibimbap.sh", first.dish.edition, edition)
    image = _build(bench)
    if image.dish.number != first.dish.number:
        raise Mistake("reinstalled", step=_first_redone(image.built) or "?")
    if image.dish.edition != edition:
        raise Mistake("old_program", edition=image.dish.edition)
    return image


def test_builds_and_works(first: Image) -> None:
    assert first.dish.edition


def test_installed_when_built(first: Image, second: Dish) -> None:
    if second.number != first.dish.number:
        raise Mistake("installed_at_start")


def test_new_code_keeps_the_dependencies(changed: Image) -> None:
    assert changed.dish.number


def test_new_requirements_are_installed(bench: Bench, changed: Image) -> None:
    package = f"sesame 3.{bench.nonce()}"
    asked_for = (bench.work.folder / "requirements.txt").read_text(encoding="utf-8")
    bench.work.put("requirements.txt", f"{asked_for}{package}\n")
    dish = _build(bench).dish
    if dish.number == changed.dish.number or package not in dish.packages:
        raise Mistake("old_requirements", package=package)


def test_what_lies_beside_redoes_nothing(bench: Bench, changed: Image) -> None:
    for name, called in BESIDE.items():
        redone = _redone_by(bench, name)
        if redone:
            raise Mistake("redone", name=called, step=redone)


def test_a_fresh_clone_builds_too(bench: Bench, shop: str, changed: Image) -> None:
    shutil.rmtree(bench.work.folder / "deps")
    _as_wanted(bench, _build(bench, no_cache=True).dish, shop)


def test_nothing_is_smuggled_in(bench: Bench, changed: Image) -> None:
    redone = _redone_by(bench, "deps/notes")
    if redone:
        raise Mistake("smuggled", step=redone)


def _as_wanted(bench: Bench, dish: Dish, shop: str) -> None:
    """Look whether our installer has installed what our list asks for."""
    if dish.shop != shop:
        raise Mistake("not_installed", shop=dish.shop or "∅")
    for wanted in (bench.work.folder / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if wanted not in dish.packages:
            raise Mistake("package_missing", package=wanted)


def _redone_by(bench: Bench, name: str) -> str:
    """Change one file and nothing else, and return the first instruction that has to be redone for it."""
    before = _layers(bench, _make(bench))
    bench.work.put(name, f"{bench.nonce()}\n")
    built = _make(bench)
    redone = _first_redone(built)
    return redone or ("" if _layers(bench, built) == before else "?")


def _make(bench: Bench, *, no_cache: bool = False) -> Built:
    return bench.build(no_cache=no_cache, seconds=SECONDS)


def _build(bench: Bench, *, no_cache: bool = False) -> Image:
    built = _make(bench, no_cache=no_cache)
    return Image(built=built, dish=_run(bench, built))


def _layers(bench: Bench, built: Built) -> tuple[str, ...]:
    found = bench.image(built.reference)
    assert found is not None
    return tuple(found["RootFS"].get("Layers") or ())


def _first_redone(built: Built) -> str:
    """Return the first instruction that did not come out of the cache; of a FROM that says nothing."""
    return next((step.name for step in built.steps if not step.cached and not step.name.startswith("FROM ")), "")


def _run(bench: Bench, built: Built) -> Dish:
    with bench.serve(built.reference, network="none") as container:
        if not wait_for(lambda: not container.is_running, 10, every=0.03):
            raise Mistake("does_not_end")
        return _dish(container)


def _dish(container: Served) -> Dish:
    text = container.logs()
    edition, receipt = re.search(r"edition (\S+)", text), re.search(r"receipt (\S+) (\S+)", text)
    if edition is None:
        silent = Mistake("no_bibimbap", text=text[:200].strip() or "∅")
        raise container.why_silent(80) if container.exit_code else silent
    shop, number = receipt.groups() if receipt else ("", "")
    packages = tuple(re.findall(r"^\s*with (.+?)\s*$", text, re.MULTILINE))
    return Dish(edition=edition[1], packages=packages, shop=shop, number=number)


def _replace(work: Work, name: str, old: str, new: str) -> None:
    work.put(name, (work.folder / name).read_text(encoding="utf-8").replace(old, new))
