from __future__ import annotations

import base64
import functools
import hashlib
import random
import re
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.author import (
    Bench,
    Composition,
    Container,
    Finished,
    Mistake,
    Transcript,
    Web,
    packed,
    step,
    together,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

IMAGE = "python:3.11-slim"
NAMES = ("dead", "silent", "restless")
OUTSIDE = 8000  # the port at which the silent one was expected, and does not listen
PATIENCE = 15.0  # seconds that a service may take until it answers
QUIET = 5.0  # seconds in which none may start again; the restless one writes its first line after one
HEARS_BOTH = re.compile(r"2>&1|&>|\|&|stderr", re.IGNORECASE)  # how a script takes standard error along
SHAKES = ("start", "stop", "restart", "kill", "pause", "unpause", "update", "rename")  # what a diagnosis does to nobody


# What stands at the end of page.py in a run: the edition on the page depends on the code that calls it and on page.py
# itself, so that a program which was changed on its way into the container gives itself away.
WITNESS = """

import hashlib

GIVEN, _serve = {given!r}, serve


def serve(name, port):
    global EDITION
    caller = sys._getframe(1).f_code
    as_given = any(caller == compile(text, name, "exec", dont_inherit=True) for text in GIVEN)
    EDITION = hashlib.sha256(f"{{EDITION}} {{as_given}} {{__loader__.get_source(__name__)}}".encode()).hexdigest()
    _serve(name, port)
"""


# What stands at the end of page.py in the broken ones: there the programs do not say in so many words what the
# containers are to be asked for.
UNSEALS = """

import base64
import zlib


def unsealed(words):
    return zlib.decompress(base64.b64decode(words)).decode()
"""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The three broken containers, and what is wrong with them this time.

    Attributes:
        containers: The containers, by ``dead``, ``silent`` and ``restless``.
        code: The exit code of the dead one.
        setting: The setting that it misses.
        decoy: A setting that it names on standard output, and does not miss.
        port: The port at which the silent one listens.
        report: What is in the dead one's report.
        app: The programs that lie in each of them, by file.
    """

    containers: Mapping[str, Container]
    code: int
    setting: str
    decoy: str
    port: int
    report: str
    app: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """How diagnose.sh ended, what it printed, and how the three were before.

    Attributes:
        finished: How it ended.
        answers: What it printed as ``key=value``, by the key.
        before: What docker inspect showed of the three.
        asked: What it asked the engine for.
    """

    finished: Finished
    answers: Mapping[str, str]
    before: Mapping[str, dict[str, Any]]
    asked: Transcript


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """The three services of the repaired compose.yaml, and how each of their programs gives itself away.

    Attributes:
        composition: What was brought up.
        words: What only the program itself can say, by the service.
    """

    composition: Composition
    words: Mapping[str, str]


@step
def broken(bench: Bench) -> Broken:
    words = _words(bench)
    app = _programs(bench)
    for old, new in (
        ('"STALL_OWNER"', _sealed(words["setting"])),
        ("STALL_COLOUR", words["decoy"]),
        ("CODE = 41", f"CODE = int({_sealed(words['code'])})"),
        ("PORT = 9000", f"PORT = int({_sealed(words['port'])})"),
        ('"Sold today: 3 bowls of bibimbap."', _sealed(words["report"])),
    ):
        app = {name: text.replace(old, new) for name, text in app.items()}
    app["page.py"] += UNSEALS
    containers = {name: _start(bench, name, app) for name in NAMES}
    broken = Broken(containers=containers, app=app, **words)
    _settle(broken)
    return broken


@step
def diagnosis(bench: Bench, broken: Broken) -> Diagnosis:
    before = {name: container.inspect() for name, container in broken.containers.items()}
    finished = bench.run("diagnose.sh", seconds=40)
    said = re.findall(r"^[ \t]*(exit_code|setting|port)[ \t]*=(.*)$", finished.said, re.MULTILINE)
    if not said:
        raise bench.why(finished, otherwise=Mistake("says_nothing"))
    return Diagnosis(
        finished=finished,
        answers={key: value.strip() for key, value in said},
        before=before,
        asked=bench.transcript.since(finished.first_request),
    )


@step
def repaired(bench: Bench) -> Repaired:
    words = _mark(bench)
    bench.clear()  # the broken ones have had their say, and their names may be wanted now
    composition = bench.compose()
    composition.build()
    composition.up()
    return Repaired(composition=composition, words=words)


def test_finds_the_exit_code(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "exit_code")
    if found == str(broken.code):
        return
    if _has_number(found, broken.code):
        raise Mistake("more_than_a_number", key="exit_code", found=found[:200])
    raise Mistake("other_code", found=found[:200])


def test_finds_the_missing_setting(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "setting")
    if found == broken.setting:
        return
    if broken.setting in found:
        raise Mistake("whole_sentence", found=found[:200])
    if broken.decoy in found:
        hears_both = HEARS_BOTH.search(bench.work.text("diagnose.sh"))  # the sentence about the pipe must be true
        raise Mistake("in_passing" if hears_both else "only_stdout", found=found[:200])
    raise Mistake("other_setting", found=found[:200])


def test_finds_the_real_port(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "port")
    if found == str(broken.port):
        return
    if found == str(OUTSIDE):
        raise Mistake("expected_port", found=found)
    if _has_number(found, broken.port):
        raise Mistake("more_than_a_number", key="port", found=found[:200])
    if f"{broken.port:04X}" in re.split(r"0X|[^0-9A-F]", found.upper()):  # an address may stand before it
        raise Mistake("hexadecimal", found=found[:200])
    raise Mistake("other_port", found=found[:200])


def test_rescues_the_report(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    report = bench.work.folder / "report.txt"
    if not report.is_file():
        raise bench.why(diagnosis.finished, otherwise=Mistake("no_report"))
    found = report.read_bytes().decode(errors="replace").strip()
    if found != broken.report:
        raise Mistake("other_report", found=found[:200] or "∅")


def test_changes_nothing(broken: Broken, diagnosis: Diagnosis) -> None:
    for name, container in broken.containers.items():
        if not container.exists:
            raise Mistake("removed", name=container.name)
        before, now = diagnosis.before[name], container.inspect()
        if now["HostConfig"]["RestartPolicy"] != before["HostConfig"]["RestartPolicy"]:
            raise Mistake("another_policy", name=container.name)
        if name == "restless":  # it starts again and again by itself
            _still_restless(container)
        elif now["State"]["StartedAt"] != before["State"]["StartedAt"]:
            raise Mistake("started_again", name=container.name)
        elif now["State"]["Status"] != before["State"]["Status"]:
            raise Mistake("another_state", name=container.name, status=now["State"]["Status"])
        _left_in_peace(container, diagnosis.asked)
        _left_as_it_was(container, broken.app)


def test_all_three_answer_and_stay(bench: Bench, repaired: Repaired) -> None:
    services = {name: repaired.composition.container(name) for name in NAMES}
    for name, container in services.items():
        _answers(bench, repaired, name, container)
    started = {name: container.inspect()["State"]["StartedAt"] for name, container in services.items()}
    until = time.monotonic() + QUIET
    wait_for(lambda: time.monotonic() > until or not all(map(_is_calm, services.values())), QUIET + 1, every=0.2)
    for name, container in services.items():
        found = container.inspect()
        if not container.is_running or not _is_calm(container) or found["State"]["StartedAt"] != started[name]:
            raise _restless(name, container)
        _answers(bench, repaired, name, container, age=QUIET)


# The broken ones


def _programs(bench: Bench) -> dict[str, str]:
    """Return the programs as they are given: a script may have been at those in the copy of the work."""
    app = bench.exercise.hidden / "given" / "app"
    return {path.name: path.read_text(encoding="utf-8") for path in app.glob("*.py")}


def _words(bench: Bench) -> dict[str, Any]:
    dice = random.SystemRandom()
    return {
        "code": dice.randint(3, 99),
        "setting": f"STALL_{bench.nonce().upper()}",
        "decoy": f"COLOUR_{bench.nonce().upper()}",
        "port": dice.randint(9001, 29_999),
        "report": f"Sold today: {dice.randint(100, 999)} bowls, {bench.nonce()}.",
    }


def _sealed(value: object) -> str:
    """Return what in a program stands for this value, and does not show it."""
    return f'page.unsealed("{base64.b64encode(zlib.compress(str(value).encode())).decode()}")'


def _start(bench: Bench, name: str, app: Mapping[str, str]) -> Container:
    """Start a container whose program lies in it: neither its command nor its variables tell what is wrong."""
    api, full = bench.client.api, f"{bench.exercise.prefix}{name}"
    restless = name == "restless"
    host = {"RestartPolicy": {"Name": "always"}, "Tmpfs": {"/data": "ro"}} if restless else {}
    config = {
        "Image": IMAGE,
        "Cmd": ["python3", "-B", f"/app/{name}.py"],
        "ExposedPorts": {f"{OUTSIDE}/tcp": {}} if name == "silent" else {},
        "HostConfig": {"NetworkMode": "bridge", **host},
    }
    made = bench.create(config, full)
    api.put_archive(made.id, "/", packed({f"app/{file}": text.encode() for file, text in app.items()}))
    api.start(made.id)
    bench.lend("container", made.id, full)
    return made


def _settle(broken: Broken) -> None:
    """Wait until each of the three is as broken as it should be."""
    dead, silent, restless = (broken.containers[name] for name in NAMES)
    assert wait_for(lambda: dead.status == "exited", PATIENCE, every=0.05)
    assert dead.exit_code == broken.code
    assert wait_for(lambda: broken.port in {port for _, port in silent.listening()}, PATIENCE, every=0.05)
    assert wait_for(lambda: restless.inspect()["RestartCount"] > 0, PATIENCE, every=0.05)


def _answer(bench: Bench, diagnosis: Diagnosis, key: str) -> str:
    found = diagnosis.answers.get(key, "").strip("\"'")
    if not found:
        raise bench.why(diagnosis.finished, otherwise=Mistake("no_answer", key=key))
    return found


def _has_number(found: str, number: int) -> bool:
    return str(number) in {digits.lstrip("0") for digits in re.findall(r"\d+", found)}


def _still_restless(container: Container) -> None:
    if not wait_for(lambda: container.status in {"running", "restarting"}, 3, every=0.05):
        raise Mistake("another_state", name=container.name, status=container.status)


def _left_in_peace(container: Container, asked: Transcript) -> None:
    """Find what leaves no trace: a stop and a start of the one that starts again by itself, a pause that is over."""
    for action in SHAKES:
        done = (entry for entry in asked.asked(f"container.{action}") if entry.subject == container.id)
        if any(entry.status in {200, 204} for entry in done):  # 304: it was so already
            raise Mistake("shaken", name=container.name, action=action)


def _left_as_it_was(container: Container, app: Mapping[str, str]) -> None:
    """Find a program that was changed where it lies: in a living one by docker exec, in any by docker cp."""
    for file, text in app.items():
        if container.read(f"/app/{file}") != text.encode():
            raise Mistake("changed_inside", name=container.name, file=f"/app/{file}")


# The repaired ones


def _mark(bench: Bench) -> dict[str, str]:
    """Plant words of this run in the given programs, and return what each of the three will answer with as it is."""
    edition, app = f"edition-{bench.nonce()}", _programs(bench)
    app["page.py"] = app["page.py"].replace('"first"', f'"{edition}"')
    marks = {name: f"{name}-{bench.nonce()}" for name in NAMES}
    for name, mark in marks.items():
        app[f"{name}.py"] = app[f"{name}.py"].replace(f'serve("{name}"', f'serve("{mark}"')
    app["page.py"] += WITNESS.format(given=[app[f"{name}.py"] for name in NAMES])
    for file, text in app.items():
        bench.work.put(f"app/{file}", text)
    as_given = hashlib.sha256(f"{edition} True {app['page.py']}".encode()).hexdigest()
    return {name: f"{mark} is fine, edition {as_given}" for name, mark in marks.items()}


def _answers(bench: Bench, repaired: Repaired, name: str, container: Container, *, age: float = 0.0) -> None:
    """Wait until a service answers on a port of this machine with the page that is its own.

    Args:
        bench: The run.
        repaired: The services.
        name: The service.
        container: Its container.
        age: How many seconds the program has to have been at it without a break. It only has to be waited for, so that
            a slow machine does no harm: a program that is started again every second never gets that old.

    Raises:
        Mistake: It does not, or had to be started again before it did.
    """
    ages: list[float] = []

    def settled() -> bool:
        pages = _pages(bench, _all_containers(repaired.composition))
        ages.extend(_ages(repaired.words[name], pages))
        if not ages and _is_changed(repaired.words[name], pages):
            raise Mistake("changed_program", name=name)
        return (bool(ages) and max(ages) >= age) or not container.is_running or not _is_calm(container)

    wait_for(settled, PATIENCE, every=0.05)
    if not _is_calm(container):
        raise _restless(name, container)
    if not container.is_running:
        raise _ended(name, container)
    if not ages:
        raise _unreachable(bench, name, container)
    if max(ages) < age:
        raise Mistake("restarts_inside", name=name, log=container.last_words() or "∅")


def _ages(words: str, pages: Sequence[str]) -> list[float]:
    """Return how long the programs that say these words have been serving, in seconds."""
    found = (re.search(re.escape(words) + r", for (\d+\.\d) s", page) for page in pages)
    return [float(match[1]) for match in found if match]


def _is_changed(words: str, pages: Iterable[str]) -> bool:
    """Whether one of the pages is of the program that says these words, and all but the last of them."""
    name, _, _ = words.partition(" is fine")
    return any(page.startswith(f"{name} is fine") and words not in page for page in pages)


def _all_containers(composition: Composition) -> list[Container]:
    return [container for service in composition.services for container in composition.containers(service)]


def _pages(bench: Bench, containers: Iterable[Container]) -> list[str]:
    """Return what is said at every door of these: a service may be reached through another one's."""
    pages: list[str] = []

    def knock(door: Web) -> None:
        reply = door.get("/")
        if reply is not None and reply.text:
            pages.append(reply.text)

    running = (container for container in containers if container.is_running)
    doors = [door for container in running for door in Web.doors(container, bench.engine.published_host)]
    together(*(functools.partial(knock, door) for door in doors))
    return pages


def _is_calm(container: Container) -> bool:
    return int(container.inspect()["RestartCount"]) == 0


def _restless(name: str, container: Container) -> Mistake:
    if container.is_running or not _is_calm(container):
        times = max(int(container.inspect()["RestartCount"]), 1)
        return Mistake("restarts", name=name, times=times, log=container.last_words() or "∅")
    return _ended(name, container)


def _ended(name: str, container: Container) -> Mistake:
    return Mistake("ended", name=name, code=container.exit_code, log=container.last_words() or "∅")


def _unreachable(bench: Bench, name: str, container: Container) -> Mistake:
    pages = _pages(bench, [container])
    if pages:
        return Mistake("other_page", name=name, text=pages[0].strip()[:200])
    inside = ", ".join(sorted({str(port) for _, port in container.listening()})) or "∅"
    published = container.inspect()["NetworkSettings"]["Ports"] or {}
    leads = ", ".join(sorted(port.partition("/")[0] for port, rows in published.items() if rows))
    if not leads:
        return Mistake("not_published", name=name)
    return Mistake("leads_elsewhere", name=name, leads=leads, inside=inside)
