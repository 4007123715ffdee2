from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tomllib
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Composition, Container, Mistake, Web, hedges, step, wait_for, without_quotes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSIONS = {"app-a": "1.0", "app-b": "2.0"}
PATIENCE = 15.0  # seconds that a program may take until it answers
PACKAGE = re.compile(r"(?:(?:the )?package )?greeter(?: package| ?패키지)?", re.IGNORECASE)
NEEDED = {"app_a": (1, 2), "app_b": (2, 1)}  # the greeter that each needs, and the one that it cannot live with
# a version as pip and people write it: 1, v1.0, 1.x, 1.*, ~= 1.0, <2
NUMBER = r"(?<![\w.])v?\d+(?:\.\d+)*(?:\.[x*])?"
CLAUSE = rf"(?<![~=<>!^])(?:[~=<>!^]=*\s*)?{NUMBER}"
NEW = "def greet(name):\n    return name\n\n\nclass Greeter"  # greeter 3 can do what both before it could

SAYS = {"1.0": "Hello", "2.0": "Good day"}  # how each greeter begins
WITNESS = Path(__file__).with_name("witness.py").read_text(encoding="utf-8")
ABOUT = '        if self.path == "/about":'

# Which container this is, and what a program and its greeter are like if nobody has touched them
INSIDE = f"""{WITNESS}
import json
optimize, *texts = sys.argv[1:]
codes = [written(compile(text, "", "exec", dont_inherit=True, optimize=int(optimize))) for text in texts]
print(json.dumps([room(), *codes]))
"""

# Every greeter that lies about in a container, unpacked or in an archive that Python can run, as text or compiled:
# beside a text that was compiled it is the same one, in __pycache__ it is none. A wheel is none yet.
# Whatever somebody has called it, in a greeter out of wheels/ stands a word that stands nowhere else.
SCAN = """
import contextlib, os, sys, zipfile
words = [word.encode() for word in sys.argv[1:]]
found = {}
def look(path, read):
    folder, name = os.path.split(path.removesuffix("c"))
    if os.path.basename(folder) == "__pycache__":
        return
    is_called_so = name == "__init__.py" and os.path.basename(folder).startswith("greeter")
    if is_called_so or (name.endswith(".py") and any(word in read() for word in words)):
        found[folder if name == "__init__.py" else os.path.join(folder, name)] = True
for folder, folders, files in os.walk("/"):
    if folder in ("/proc", "/sys", "/dev"):
        folders[:] = files = []
    for path in (os.path.join(folder, file) for file in files):
        with contextlib.suppress(OSError, zipfile.BadZipFile):  # without its capabilities not even root may read all
            if path.endswith((".py", ".pyc")) and not os.path.islink(path):
                look(path, lambda: open(path, "rb").read(100_000))
            elif not path.endswith((".py", ".pyc", ".whl")) and os.path.isfile(path) and zipfile.is_zipfile(path):
                archive = zipfile.ZipFile(path)
                for name in archive.namelist():
                    look(os.path.join(path, name), lambda: archive.read(name))
print("\\n".join(found))
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
        greetings: What each program says to everybody.
        code: What is in each program's file now.
        greeter_code: What is in each greeter's file now, by its version.
        secret: The path at which a program bears witness of itself.
    """

    apps: Mapping[str, str]
    greeters: Mapping[str, str]
    greetings: Mapping[str, str]
    code: Mapping[str, bytes]
    greeter_code: Mapping[str, str]
    secret: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Who answered at a port of this machine.

    Attributes:
        door: The port.
        about: What a program says of itself at ``/about``.
        witness: What its own code tells where nobody knows that it does; empty where other code answers.
    """

    door: Web
    about: Mapping[str, str]
    witness: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class App:
    """One of the two services, while both run.

    Attributes:
        name: Its name.
        container: Its container.
        door: The port of this machine at which it answers.
        about: What it says of itself at ``/about``.
        runs: The functions that run: the program's and its greeter's; empty where other code answers.
        wanted: What they are like in what was given.
    """

    name: str
    container: Container
    door: Web
    about: Mapping[str, str]
    runs: Mapping[str, Mapping[str, str]]
    wanted: Mapping[str, Mapping[str, str]]


@step
def planted(bench: Bench) -> Planted:
    secret, apps, greeters, greetings = bench.nonce(), {}, {}, {}
    wheels = {
        version: bench.work.folder / f"wheels/greeter-{version}-py3-none-any.whl" for version in VERSIONS.values()
    }
    given = {version: wheel.read_bytes() for version, wheel in wheels.items()}
    for name, version in VERSIONS.items():
        apps[name], greeters[version] = f"edition-{bench.nonce()}", f"greeter-{bench.nonce()}"
        says = f"{SAYS[version]} {bench.nonce()}"
        greetings[name] = f"{says}, {name}!" if version == "1.0" else f"{says} to you, {name}."
        _plant(bench, name, apps[name], secret)
        words = {'"first"': f'"{greeters[version]}"', f'f"{SAYS[version]}': f'f"{says}'}
        _reprint(bench.work.folder, version, version, words)
    for version, wheel in wheels.items():
        _change_copies(bench.work.folder, wheel, given[version])
    code = {name: (bench.work.folder / name / "app.py").read_bytes() for name in VERSIONS}
    greeter_code = {version: _wheel(bench.work.folder, version)["greeter/__init__.py"] for version in greeters}
    return Planted(
        apps=apps, greeters=greeters, greetings=greetings, code=code, greeter_code=greeter_code, secret=secret
    )


@step
def composition(bench: Bench, planted: Planted) -> Composition:
    composition = bench.compose()
    _build(composition)
    composition.up()
    return composition


@step
def app_a(bench: Bench, composition: Composition, planted: Planted) -> App:
    return _app(bench, composition, "app-a", planted)


@step
def app_b(bench: Bench, composition: Composition, planted: Planted) -> App:
    return _app(bench, composition, "app-b", planted)


@step
def apps(app_a: App, app_b: App) -> Mapping[str, App]:
    return {app.name: app for app in (app_a, app_b)}


def test_names_what_collides(bench: Bench) -> None:
    answers = _answers(bench.work.text("answers.toml"))
    for key in ("package", *NEEDED):
        found = answers.get(key, "").strip()
        if not found:
            raise Mistake("no_answer", key=key)
        said = without_quotes(found).lower()[:200]
        needed, other = NEEDED.get(key, (0, 0))
        if not (_is_right(said, needed, other) if needed else PACKAGE.fullmatch(said)):
            raise Mistake("other_answer", key=key, found=found[:80])
        if hedges(said, CLAUSE, partial(_is_right, needed=needed, other=other), alone=NUMBER):
            raise Mistake("left_open", key=key, found=found[:80])


def test_app_a_answers(app_a: App, planted: Planted) -> None:
    _speaks(app_a, planted)


def test_app_b_answers_at_the_same_time(
    bench: Bench, composition: Composition, app_b: App, app_a: App, planted: Planted
) -> None:
    _speaks(app_b, planted)
    if _about(app_a.door) is None:
        raise _silent(bench, composition, app_a.container, app_a.name)


def test_one_greeter_each(apps: Mapping[str, App], planted: Planted) -> None:
    for name, app in apps.items():
        words = planted.greeters.values()
        found = app.container.ask(app.about["python"], "-W", "ignore", "-c", SCAN, *words, user="0")
        if found.code != 0:
            raise Mistake("runs_elsewhere", name=name, python=app.about["python"])
        places = found.said.splitlines()
        if len(places) > 1:
            raise Mistake("several_greeters", name=name, places="\n".join(places))


def test_nobody_edited_the_programs(bench: Bench, apps: Mapping[str, App], planted: Planted) -> None:
    for name, app in apps.items():
        if _program(app) != planted.code[name]:
            raise Mistake("edited", name=name, file=app.about["file"])
        said = _get(app.door, "/").strip()
        if app.runs.get("program") != app.wanted["program"] or said != planted.greetings[name]:
            raise Mistake("another_program_runs", name=name, file=app.about["file"])
    for name in VERSIONS:
        _is_as_given(bench, f"{name}/app.py")


def test_a_new_greeter_changes_nothing(
    bench: Bench, composition: Composition, apps: Mapping[str, App], planted: Planted
) -> None:
    _reprint(bench.work.folder, "2.0", "3.0", {"2.0": "3.0", "class Greeter": NEW})
    _build(composition)
    composition.up()
    for name, version in VERSIONS.items():
        found = _app(bench, composition, name, planted).about["greeter"]
        if found != version:
            raise Mistake("follows_the_newest", name=name, version=found)


def _is_right(said: str, needed: int, other: int) -> bool:
    """Whether an answer begins with the version that is needed, or with a range in which it lies and the other not."""
    clauses = re.search(rf"{CLAUSE}(?:(?:[\s,&]|and)*[~=<>!^]=*\s*{NUMBER})*", said, re.ASCII)
    if clauses is None:
        return False
    found = re.findall(rf"([~=<>!^]=*)?\s*({NUMBER})", clauses[0], re.ASCII)
    return all(_holds(*clause, needed) for clause in found) and not all(_holds(*clause, other) for clause in found)


def _holds(operator: str, number: str, major: int) -> bool:
    """Whether a version of which only the first number is not 0 fits a clause, as PEP 440 has it."""
    text = re.sub(r"(?:\.(?:0+|[x*]))+$", "", number.removeprefix("v"))
    wanted, version = tuple(map(int, text.split("."))), (major,)
    match operator.rstrip("=") or operator[:1]:
        case "<":
            return version <= wanted if "=" in operator else version < wanted
        case ">":
            return version >= wanted if "=" in operator else version > wanted
        case "~" | "^":
            return version >= wanted and version[0] == wanted[0]
        case "!":
            return False
        case _:
            return version == wanted


def _build(composition: Composition) -> None:
    try:
        composition.build()
    except Mistake as mistake:
        # pip says both, one on each of its outputs, and either may be the last that is heard
        if re.search("ResolutionImpossible|dependency conflict", " ".join(map(str, mistake.blanks.values()))):
            raise Mistake("conflict") from None
        raise


def _app(bench: Bench, composition: Composition, name: str, planted: Planted) -> App:
    """Wait until a service answers on a port of this machine, and return what it says of itself."""
    container = _container(bench, composition, name)
    heard: list[Heard] = []

    def answered() -> bool:
        if not container.is_running:
            return True
        at_its_own = sorted(_heard(bench, container, planted), key=lambda one: one.about["app"] != name)
        heard[:] = at_its_own or _at_other_doors(bench, composition, name, planted)
        if at_its_own:  # of several doors one may lead to the other program, and that one may be the first to answer
            return heard[0].about["app"] == name or len(at_its_own) == len(container.all_published())
        return any(_runs_in(container, one) for one in heard[:1])

    wait_for(answered, PATIENCE, every=0.05)
    if not heard:
        raise _silent(bench, composition, container, name)
    found = heard[0]
    if found.about["app"] != name:
        other = composition.container(found.about["app"])
        raise Mistake("same_image" if other.image == container.image else "other_app", name=name, other=other.name)
    return _seen_from_inside(container, name, found, planted)


def _container(bench: Bench, composition: Composition, name: str) -> Container:
    """Return the container of a service that may sleep under a profile, which Compose then does not mention."""
    if name not in composition.services:
        every = bench.compose(environment={"COMPOSE_PROFILES": "*"}).services.get(name, {})
        if every.get("profiles"):
            raise Mistake("asleep", name=name, profiles=", ".join(every["profiles"]))
    return composition.container(name)


def _heard(bench: Bench, container: Container, planted: Planted) -> Iterator[Heard]:
    """Ask at every port of this machine that leads into a container which of the two programs is there."""
    for door in Web.doors(container, bench.engine.published_host) if container.is_running else ():
        about = _about(door)
        if about is not None:
            yield Heard(door=door, about=about, witness=_json(_get(door, f"/{planted.secret}")))


def _at_other_doors(bench: Bench, composition: Composition, name: str, planted: Planted) -> list[Heard]:
    """Ask for a program at the ports of the other services: one of them may be the door to all."""
    others = [one for service in composition.services if service != name for one in composition.containers(service)]
    heard = [one for other in others for one in _heard(bench, other, planted) if one.about["app"] == name]
    container = composition.container(name)
    return [one for one in heard if _runs_in(container, one)] or heard


def _about(door: Web) -> Mapping[str, str] | None:
    """Return what a program says of itself at a port of this machine; None where none of the two answers."""
    reply = door.get("/about")
    said = _json(reply.text) if reply is not None else {}
    known = {"app", "edition", "greeter", "greeter_edition", "file", "python"} <= said.keys()
    return {key: str(value) for key, value in said.items()} if known and str(said["app"]) in VERSIONS else None


def _get(door: Web, path: str) -> str:
    """Ask somebody who has just answered, and may be a bit slow on a busy machine."""
    replies: list[str] = []

    def answered() -> bool:
        reply = door.get(path)
        replies.extend([reply.text] if reply is not None else [])
        return bool(replies)

    return replies[0] if wait_for(answered, PATIENCE / 3, every=0.05) else ""


def _json(text: str) -> dict[str, Any]:
    """Return what a text says in JSON; empty where it is something else."""
    with contextlib.suppress(ValueError):
        said = json.loads(text)
        return said if isinstance(said, dict) else {}
    return {}


def _runs_in(container: Container, heard: Heard) -> bool:
    """Return whether the code that answered runs in a container, and not behind it or beside it."""
    asked = container.ask(heard.about["python"], "-W", "ignore", "-c", INSIDE, "0", user="0")
    return asked.code == 0 and json.loads(asked.said.splitlines()[-1])[0] == heard.witness.get("room")


def _seen_from_inside(container: Container, name: str, heard: Heard, planted: Planted) -> App:
    """Compare what answered with what the Python in the service's container makes of the given files."""
    python, texts = heard.about["python"], (planted.code[name].decode(), planted.greeter_code[VERSIONS[name]])
    asked = container.ask(python, "-W", "ignore", "-c", INSIDE, str(heard.witness.get("optimize", 0)), *texts, user="0")
    if asked.code != 0:
        raise Mistake("runs_elsewhere", name=name, python=python)
    room, program, greeter = json.loads(asked.said.splitlines()[-1])
    if heard.witness.get("room", room) != room:
        raise Mistake("answers_from_elsewhere", name=name, port=heard.door.port)
    return App(
        name=name,
        container=container,
        door=heard.door,
        about=heard.about,
        runs={key: heard.witness[key] for key in ("program", "greeter") if key in heard.witness},
        wanted={"program": program, "greeter": greeter},
    )


def _silent(bench: Bench, composition: Composition, container: Container, name: str) -> Mistake:
    if not container.is_running:
        return Mistake("not_running", name=name, code=container.exit_code, log=container.last_words() or "∅")
    if not container.all_published():
        third = [one for service in composition.services.keys() - VERSIONS for one in composition.containers(service)]
        ports = sorted({binding.port for one in third for binding in one.all_published()})
        if ports:
            return Mistake("not_behind_a_door", name=name, ports=", ".join(map(str, ports)))
        return Mistake("not_published", name=name)
    inside = ", ".join(sorted({str(port) for _, port in container.listening()})) or "∅"
    return Mistake("nobody_answers", name=name, port=container.all_published()[0].port, inside=inside)


def _speaks(app: App, planted: Planted) -> None:
    name, about, version = app.name, app.about, VERSIONS[app.name]
    is_the_given_one = app.runs.get("greeter", app.wanted["greeter"]) == app.wanted["greeter"]
    if about["greeter"] != version or about["greeter_edition"] != planted.greeters[version] or not is_the_given_one:
        raise Mistake("other_greeter", name=name, wanted=version, found=about["greeter"])
    if about["edition"] != planted.apps[name]:
        raise Mistake("old_program", name=name)


def _is_as_given(bench: Bench, file: str) -> None:
    """Look at the learner's own copy of a file that a run takes from us; Windows may have changed its line ends."""
    own, given = bench.work.source / file, bench.exercise.hidden / "given" / file
    if own.is_file() and own.read_bytes().replace(b"\r\n", b"\n") != given.read_bytes():
        raise Mistake("edited_in_the_folder", file=file)


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


def _plant(bench: Bench, name: str, edition: str, secret: str) -> None:
    """Give a program an edition and a path where it bears witness; let what it needs be what the learner says."""
    program = bench.work.folder / name / "app.py"
    testifies = f'        if self.path == "/{secret}":\n            self.say(json.dumps(witness(self, greeter)))\n'
    text = program.read_text(encoding="utf-8").replace('"first"', f'"{edition}"')
    text = text.replace(ABOUT, testifies + ABOUT.replace("if", "elif"))
    before, pages, after = text.partition("class Pages")
    helper = WITNESS.partition("from __future__ import annotations\n")[2]
    program.write_text(f"{before}{helper}\n\n{pages}{after}", encoding="utf-8")
    own = bench.work.source / name / "requirements.txt"
    if own.is_file() and not own.is_symlink():
        bench.work.put(f"{name}/requirements.txt", own.read_text(encoding="utf-8", errors="replace"))


def _wheel(work: Path, version: str) -> dict[str, str]:
    with zipfile.ZipFile(work / "wheels" / f"greeter-{version}-py3-none-any.whl") as wheel:
        return {name: wheel.read(name).decode() for name in wheel.namelist()}


def _change_copies(work: Path, wheel: Path, given: bytes) -> None:
    """Have copies of a wheel that was given be copies of ours, and who pins it by its digest (pip does) pin ours."""
    ours = wheel.read_bytes()
    digests = {
        hashlib.new(kind, given).hexdigest().encode(): hashlib.new(kind, ours).hexdigest().encode()
        for kind in ("sha256", "sha384", "sha512")
    }
    for path in [path for path in work.rglob("*") if path.is_file() and not path.is_symlink()]:
        content = path.read_bytes()
        changed = ours if content == given else re.sub(b"|".join(digests), lambda found: digests[found[0]], content)
        if changed != content:
            mode = path.stat().st_mode
            path.unlink()  # it may not be written to
            path.write_bytes(changed)
            path.chmod(mode)


def _reprint(work: Path, old: str, new: str, words: Mapping[str, str]) -> None:
    """Make a wheel of greeter out of another one, with other words in it."""
    files = _wheel(work, old)
    with zipfile.ZipFile(work / "wheels" / f"greeter-{new}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            changed = text
            for word, other in words.items():
                changed = changed.replace(word, other)
            wheel.writestr(name.replace(old, new), changed)
