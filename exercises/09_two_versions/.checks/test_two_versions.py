from __future__ import annotations

import contextlib
import json
import re
import tomllib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Composition, Container, Mistake, Web, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSIONS = {"app-a": "1.0", "app-b": "2.0"}
DOCKER_DNS = "127.0.0.11"  # Docker's name server listens there in every container of a network of its own
PATIENCE = 15.0  # seconds that a program may take until it answers
RIGHT = {"package": "greeter", "app_a": "1", "app_b": "2"}
NEW = "def greet(name):\n    return name\n\n\nclass Greeter"  # greeter 3 can do what both before it could

# Every greeter that lies about in a container: in what the program's own Python knows, and in all its folders
SCAN = """
import os
for folder, folders, files in os.walk("/"):
    if folder in ("/proc", "/sys", "/dev"):
        folders[:] = []
    elif os.path.basename(folder).startswith("greeter") and "__init__.py" in files:
        print(folder)
"""

# What is in a file of an archive that Python runs as it is
UNPACK = """
import sys, zipfile
from pathlib import Path
file = Path(sys.argv[1])
archive = next(folder for folder in file.parents if folder.is_file())
sys.stdout.write(zipfile.ZipFile(archive).read(str(file.relative_to(archive))).decode())
"""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Words that were put into the copy of the work, and that nobody can have typed in.

    Attributes:
        apps: The edition of each program, by its name.
        greeters: The edition of each greeter, by its version.
        code: What is in each program's file now.
    """

    apps: Mapping[str, str]
    greeters: Mapping[str, str]
    code: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class App:
    """One of the two services, while both run.

    Attributes:
        name: Its name.
        container: Its container.
        about: What it says of itself at ``/about``.
    """

    name: str
    container: Container
    about: Mapping[str, str]


@step
def planted(bench: Bench) -> Planted:
    folder, apps, greeters = bench.work.folder, {}, {}
    for name, version in VERSIONS.items():
        apps[name], greeters[version] = f"edition-{bench.nonce()}", f"greeter-{bench.nonce()}"
        program = folder / name / "app.py"
        program.write_text(program.read_text(encoding="utf-8").replace('"first"', f'"{apps[name]}"'), encoding="utf-8")
        _reprint(folder, version, version, {'"first"': f'"{greeters[version]}"'})
    code = {name: (folder / name / "app.py").read_bytes() for name in VERSIONS}
    return Planted(apps=apps, greeters=greeters, code=code)


@step
def composition(bench: Bench, planted: Planted) -> Composition:
    composition = bench.compose()
    _build(composition)
    composition.up()
    return composition


@step
def app_a(bench: Bench, composition: Composition) -> App:
    return _app(bench, composition, "app-a")


@step
def app_b(bench: Bench, composition: Composition) -> App:
    return _app(bench, composition, "app-b")


@step
def apps(app_a: App, app_b: App) -> Mapping[str, App]:
    return {app.name: app for app in (app_a, app_b)}


def test_names_what_collides(bench: Bench) -> None:
    answers = _answers(bench.work.text("answers.toml"))
    for key, right in RIGHT.items():
        found = answers.get(key, "").strip()
        if not found:
            raise Mistake("no_answer", key=key)
        number = re.search(r"\d+", found)
        given = found.lower() if key == "package" else number[0] if number else ""
        if given != right:
            raise Mistake("other_answer", key=key, found=found)


def test_app_a_answers(app_a: App, planted: Planted) -> None:
    _speaks(app_a, planted)


def test_app_b_answers_at_the_same_time(bench: Bench, app_b: App, app_a: App, planted: Planted) -> None:
    _speaks(app_b, planted)
    if _ask(bench, app_a.container) is None:
        raise _silent(app_a.container, app_a.name)


def test_one_greeter_each(apps: Mapping[str, App]) -> None:
    for name, app in apps.items():
        found = app.container.ask(app.about["python"], "-c", SCAN, user="0")
        if found.code != 0:
            raise Mistake("runs_elsewhere", name=name, python=app.about["python"])
        places = found.said.splitlines()
        if len(places) > 1:
            raise Mistake("several_greeters", name=name, places="\n".join(places))


def test_nobody_edited_the_programs(apps: Mapping[str, App], planted: Planted) -> None:
    for name, app in apps.items():
        if _program(app) != planted.code[name]:
            raise Mistake("edited", name=name, file=app.about["file"])


def test_a_new_greeter_changes_nothing(bench: Bench, composition: Composition, apps: Mapping[str, App]) -> None:
    _reprint(bench.work.folder, "2.0", "3.0", {"2.0": "3.0", "class Greeter": NEW})
    _build(composition)
    composition.up()
    for name, version in VERSIONS.items():
        found = _app(bench, composition, name).about["greeter"]
        if found != version:
            raise Mistake("follows_the_newest", name=name, version=found)


def _build(composition: Composition) -> None:
    try:
        composition.build()
    except Mistake as mistake:
        if "ResolutionImpossible" in " ".join(map(str, mistake.blanks.values())):
            raise Mistake("conflict") from None
        raise


def _app(bench: Bench, composition: Composition, name: str) -> App:
    """Wait until a service answers on a port of this machine, and return what it says of itself."""
    container = composition.container(name)
    abouts: list[Mapping[str, str] | None] = []

    def answered() -> bool:
        abouts.append(_ask(bench, container))
        return abouts[-1] is not None or not container.is_running

    wait_for(answered, PATIENCE, every=0.05)
    about = abouts[-1]
    if about is None:
        raise _silent(container, name)
    if about["app"] != name:
        other = composition.container(about["app"])
        raise Mistake("same_image" if other.image == container.image else "other_app", name=name, other=about["app"])
    return App(name=name, container=container, about=about)


def _ask(bench: Bench, container: Container) -> Mapping[str, str] | None:
    """Return what a program says of itself at a port of this machine; None where none of the two answers."""
    for door in Web.doors(container, bench.engine.published_host) if container.is_running else ():
        reply = door.get("/about")
        try:
            said = json.loads(reply.text) if reply is not None else None
        except ValueError:
            continue
        if isinstance(said, dict) and {"app", "edition", "greeter", "greeter_edition", "file", "python"} <= said.keys():
            return {key: str(value) for key, value in said.items()}
    return None


def _silent(container: Container, name: str) -> Mistake:
    if not container.is_running:
        return Mistake("not_running", name=name, code=container.exit_code, log=container.last_words() or "∅")
    if not container.all_published():
        return Mistake("not_published", name=name)
    inside = ", ".join(sorted({str(port) for at, port in container.listening() if at != DOCKER_DNS})) or "∅"
    return Mistake("nobody_answers", name=name, port=container.all_published()[0].port, inside=inside)


def _speaks(app: App, planted: Planted) -> None:
    name, about, version = app.name, app.about, VERSIONS[app.name]
    if about["greeter"] != version or about["greeter_edition"] != planted.greeters[version]:
        raise Mistake("other_greeter", name=name, wanted=version, found=about["greeter"])
    if about["edition"] != planted.apps[name]:
        raise Mistake("old_program", name=name)


def _program(app: App) -> bytes | None:
    """Return the file that a program says it is; out of an archive its own Python gets it; None where it is nowhere."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):  # it is no path to a file where a file is on the way
        return app.container.read(app.about["file"])
    found = app.container.ask(app.about["python"], "-c", UNPACK, app.about["file"], user="0")
    return found.said.encode() if found.code == 0 else None


def _answers(text: str) -> dict[str, str]:
    try:
        return {key: str(value) for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        raise Mistake("answers_unreadable", detail=str(error)) from None


def _reprint(work: Path, old: str, new: str, words: Mapping[str, str]) -> None:
    """Make a wheel of greeter out of another one, with other words in it."""
    wheels = work / "wheels"
    with zipfile.ZipFile(wheels / f"greeter-{old}-py3-none-any.whl") as wheel:
        files = {name: wheel.read(name).decode() for name in wheel.namelist()}
    with zipfile.ZipFile(wheels / f"greeter-{new}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            changed = text
            for word, other in words.items():
                changed = changed.replace(word, other)
            wheel.writestr(name.replace(old, new), changed)
