from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Composition, Container, Finished, Mistake, Web, packed, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = "python:3.11-slim"
NAMES = ("dead", "silent", "restless")
OUTSIDE = 8000  # the port at which the silent one was expected, and does not listen
PATIENCE = 15.0  # seconds that a service may take until it answers
DOCKER_DNS = "127.0.0.11"  # Docker's name server listens there in every container of a network of its own
QUIET = 5.0  # seconds in which none may start again; the restless one writes its first line after one


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
    """

    containers: Mapping[str, Container]
    code: int
    setting: str
    decoy: str
    port: int
    report: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """How diagnose.sh ended, what it printed, and how the three were before.

    Attributes:
        finished: How it ended.
        answers: What it printed as ``key=value``, by the key.
        before: What docker inspect showed of the three.
    """

    finished: Finished
    answers: Mapping[str, str]
    before: Mapping[str, dict[str, Any]]


@step
def broken(bench: Bench) -> Broken:
    words = _words(bench)
    app = {path.name: path.read_text(encoding="utf-8") for path in (bench.work.folder / "app").glob("*.py")}
    for old, new in (
        ("STALL_OWNER", words["setting"]),
        ("STALL_COLOUR", words["decoy"]),
        ("CODE = 41", f"CODE = {words['code']}"),
        ("PORT = 9000", f"PORT = {words['port']}"),
        ("Sold today: 3 bowls of bibimbap.", words["report"]),
    ):
        app = {name: text.replace(old, new) for name, text in app.items()}
    containers = {name: _start(bench, name, app) for name in NAMES}
    broken = Broken(containers=containers, **words)
    _settle(broken)
    return broken


@step
def diagnosis(bench: Bench, broken: Broken) -> Diagnosis:
    before = {name: container.inspect() for name, container in broken.containers.items()}
    finished = bench.run("diagnose.sh", seconds=40)
    said = re.findall(r"^[ \t]*(exit_code|setting|port)[ \t]*=(.*)$", finished.said, re.MULTILINE)
    if not said:
        raise bench.why(finished, otherwise=Mistake("says_nothing"))
    return Diagnosis(finished=finished, answers={key: value.strip() for key, value in said}, before=before)


@step
def repaired(bench: Bench) -> Composition:
    edition = f"edition-{bench.nonce()}"
    page = bench.work.folder / "app" / "page.py"
    page.write_text(page.read_text(encoding="utf-8").replace('"first"', f'"{edition}"'), encoding="utf-8")
    bench.clear()  # the broken ones have had their say, and their names may be wanted now
    composition = bench.compose()
    composition.build()
    composition.up()
    return composition


def test_finds_the_exit_code(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "exit_code")
    if found != str(broken.code):
        raise Mistake("other_code", found=found)


def test_finds_the_missing_setting(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "setting")
    if broken.setting in found.split() and len(found) > len(broken.setting):
        raise Mistake("whole_sentence", found=found[:200])
    if broken.decoy in found:
        raise Mistake("only_stdout", found=found[:200])
    if found != broken.setting:
        raise Mistake("other_setting", found=found[:200])


def test_finds_the_real_port(bench: Bench, broken: Broken, diagnosis: Diagnosis) -> None:
    found = _answer(bench, diagnosis, "port")
    if found == str(OUTSIDE):
        raise Mistake("expected_port", found=found)
    if found.upper().removeprefix("0X") == f"{broken.port:04X}":
        raise Mistake("hexadecimal", found=found)
    if found != str(broken.port):
        raise Mistake("other_port", found=found)


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
        if name == "restless":  # it starts again and again by itself
            _still_restless(container, now)
        elif now["State"]["StartedAt"] != before["State"]["StartedAt"]:
            raise Mistake("started_again", name=container.name)
        elif now["State"]["Status"] != before["State"]["Status"]:
            raise Mistake("another_state", name=container.name, status=now["State"]["Status"])


def test_all_three_answer_and_stay(bench: Bench, repaired: Composition) -> None:
    services = {name: repaired.container(name) for name in NAMES}
    for name, container in services.items():
        _answers(bench, name, container)
    started = {name: container.inspect()["State"]["StartedAt"] for name, container in services.items()}
    until = time.monotonic() + QUIET
    wait_for(lambda: time.monotonic() > until or not all(map(_is_calm, services.values())), QUIET + 1, every=0.2)
    for name, container in services.items():
        found = container.inspect()
        if not container.is_running or not _is_calm(container) or found["State"]["StartedAt"] != started[name]:
            raise _restless(name, container)


# The broken ones


def _words(bench: Bench) -> dict[str, Any]:
    dice = random.SystemRandom()
    return {
        "code": dice.randint(3, 99),
        "setting": f"STALL_{bench.nonce().upper()}",
        "decoy": f"COLOUR_{bench.nonce().upper()}",
        "port": dice.randint(9001, 29_999),
        "report": f"Sold today: {dice.randint(100, 999)} bowls, {bench.nonce()}.",
    }


def _start(bench: Bench, name: str, app: Mapping[str, str]) -> Container:
    """Start a container whose program lies in it: neither its command nor its variables tell what is wrong."""
    api, full = bench.client.api, f"{bench.exercise.prefix}{name}"
    restless = name == "restless"
    made = api.create_container(
        IMAGE,
        ["python3", "-B", f"/app/{name}.py"],
        name=full,
        labels={"kata.run": bench.run_id},
        ports=[OUTSIDE] if name == "silent" else None,
        host_config=api.create_host_config(
            restart_policy={"Name": "always"} if restless else None,
            tmpfs={"/data": "ro"} if restless else None,
        ),
    )
    api.put_archive(made["Id"], "/", packed({f"app/{file}": text.encode() for file, text in app.items()}))
    api.start(made["Id"])
    bench.lend("container", made["Id"], full)
    return Container(bench.client, made["Id"], full)


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


def _still_restless(container: Container, now: dict[str, Any]) -> None:
    if now["HostConfig"]["RestartPolicy"]["Name"] != "always":
        raise Mistake("another_policy", name=container.name)
    if not wait_for(lambda: container.status in {"running", "restarting"}, 3, every=0.05):
        raise Mistake("another_state", name=container.name, status=container.status)


# The repaired ones


def _answers(bench: Bench, name: str, container: Container) -> None:
    """Wait until a service answers on a port of this machine with the page that is its own.

    Raises:
        Mistake: It does not, or had to be started again before it did.
    """
    texts: list[str] = []

    def settled() -> bool:
        texts.append(_ask(bench, container))
        return bool(texts[-1]) or not container.is_running or not _is_calm(container)

    wait_for(settled, PATIENCE, every=0.05)
    if not _is_calm(container):
        raise _restless(name, container)
    if not container.is_running:
        raise _ended(name, container)
    if not texts[-1]:
        raise _unreachable(name, container)
    ours = re.search(r'EDITION = "(.+)"', (bench.work.folder / "app" / "page.py").read_text(encoding="utf-8"))
    assert ours is not None
    if f"{name} is fine, edition {ours[1]}" not in texts[-1]:
        raise Mistake("other_page", name=name, text=texts[-1].strip()[:200])


def _ask(bench: Bench, container: Container) -> str:
    for door in Web.doors(container, bench.engine.published_host) if container.is_running else ():
        reply = door.get("/")
        if reply is not None and reply.text:
            return reply.text
    return ""


def _is_calm(container: Container) -> bool:
    return int(container.inspect()["RestartCount"]) == 0


def _restless(name: str, container: Container) -> Mistake:
    if container.is_running or not _is_calm(container):
        times = max(int(container.inspect()["RestartCount"]), 1)
        return Mistake("restarts", name=name, times=times, log=container.last_words() or "∅")
    return _ended(name, container)


def _ended(name: str, container: Container) -> Mistake:
    return Mistake("ended", name=name, code=container.exit_code, log=container.last_words() or "∅")


def _unreachable(name: str, container: Container) -> Mistake:
    inside = ", ".join(sorted({str(port) for at, port in container.listening() if at != DOCKER_DNS})) or "∅"
    published = container.inspect()["NetworkSettings"]["Ports"] or {}
    leads = ", ".join(sorted(port.partition("/")[0] for port, rows in published.items() if rows))
    if not leads:
        return Mistake("not_published", name=name)
    return Mistake("leads_elsewhere", name=name, leads=leads, inside=inside)
