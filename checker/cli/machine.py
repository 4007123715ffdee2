"""Commands about this machine: its engine and its images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from checker.cli import basis
from checker.phrase import KataError, plain, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checker.engine import Engine, Place


@basis.kata.command(help=say("cli.help_up"))
def up() -> None:
    """Make the machine ready."""
    engine = basis.up()
    version = engine.request("GET", "/version")[1].get("Version", "?")
    basis.tell(say("setup.engine", version=version, origin=engine.origin, address=engine.host))
    basis.tell(say("setup.ready"))


@basis.kata.command(help=say("cli.help_doctor"))
def doctor() -> int:
    """Examine the machine; 3 if something is missing."""
    from checker.engine.doctor import examine  # noqa: PLC0415

    ok = True
    for line in examine():
        ok &= line.ok
        _report(line.text, line.remedy, ok=line.ok)
    for text, present in _catalogue():
        ok &= present
        _report(text, "" if present else say("cli.remedy_image"), ok=present)
    return 0 if ok else 3


def _report(text: str, remedy: str, *, ok: bool) -> None:
    click.echo(f"{click.style('✓', fg='green') if ok else click.style('✗', fg='red')} {plain(text)}")
    if remedy:
        click.echo(f"    → {plain(remedy)}")


def _catalogue() -> Iterable[tuple[str, bool]]:
    """Yield each image of the catalogue and whether the engine has it; nothing where there is no engine."""
    from checker import image  # noqa: PLC0415
    from checker.engine import find_engine  # noqa: PLC0415

    try:
        engine = find_engine()
    except KataError:
        return
    for entry in image.listing(engine):
        kind = say("cli.image_standin") if entry.standin else ""
        yield say("cli.doctor_image", name=entry.name, kind=kind), entry.present


@basis.kata.command(help=say("cli.help_clean"))
@click.option("--all", "everything", is_flag=True, help=say("cli.help_clean_all"))
def clean(*, everything: bool) -> None:
    """Remove what is ours."""
    from checker.engine import Place, find_engine  # noqa: PLC0415
    from checker.engine.ready import alone  # noqa: PLC0415
    from checker.engine.sweep import uninstall  # noqa: PLC0415

    place = Place.here()
    if not everything:
        _removed(_swept(find_engine(), place))
        return
    with alone(place, basis.tell):
        try:
            _removed(_swept(find_engine(), place, everything=True))
        except KataError as error:
            # a dead engine keeps nothing of ours from being deleted; one of the user's own might
            basis.tell(error.cause.here())
        for line in uninstall(place):
            click.echo(plain(line))


def _swept(engine: Engine, place: Place, *, everything: bool = False) -> list[str]:
    """Remove what dead runs have written down, then what carries our label or an exercise's name; say which."""
    from checker.engine.sweep import clean as clean_engine  # noqa: PLC0415
    from checker.lab.store import Store  # noqa: PLC0415
    from checker.workbench.run import sweep_dead  # noqa: PLC0415

    labs = Store(place, basis.tell).swept(engine, images=everything)
    sweep_dead(engine, place.data / "runs")
    return labs + clean_engine(engine)


def _removed(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(plain(say("cli.removed", what=line)))
    if not lines:
        click.echo(say("cli.nothing_removed"))


@basis.kata.group(help=say("cli.help_images"))
def images() -> None:
    """The catalogue's images."""


@images.command("pull", help=say("cli.help_images_pull"))
def images_pull() -> None:
    """Pull them from their registry."""
    from checker import image  # noqa: PLC0415

    image.pull(basis.engine(), basis.tell)


@images.command("build", help=say("cli.help_images_build"))
def images_build() -> None:
    """Build stand-ins."""
    from checker import image  # noqa: PLC0415

    image.build(basis.engine(), basis.tell)


@images.command("save", help=say("cli.help_images_save"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def images_save(file: Path) -> None:
    """Write them to a file."""
    from checker import image  # noqa: PLC0415

    image.save(basis.engine(), file, basis.tell)


@images.command("load", help=say("cli.help_images_load"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def images_load(file: Path) -> None:
    """Read them from a file."""
    from checker import image  # noqa: PLC0415

    image.load(basis.engine(), file, basis.tell)


@images.command("list", help=say("cli.help_images_list"))
def images_list() -> None:
    """Say which are there."""
    basis.engine()
    for text, present in _catalogue():
        _report(text, "", ok=present)
