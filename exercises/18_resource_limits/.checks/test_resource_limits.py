from __future__ import annotations

import re
import time
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Container, KataError, Mistake, hedges, step, together, wait_for, without_quotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMORY, CPUS, PROCESSES, SHARE = 256 * 2**20, 1.5, 64, 0.5  # of the server; and what greedy may have of it
QUIET, GREEDY = ("web", "board"), "greedy"
WATCHED = 4.0  # seconds over which the use of the processor is measured
MOST_RESTARTS = 3
DEFAULT_PERIOD = 100_000  # microseconds; the kernel's own
REPORTS = 8
PAGES = 24 * 256  # that quiet.py writes to for a report
KILLED = -1
GONE = frozenset({"exited", "dead"})
# the fields of a container's State as people write them, and what docker inspect prints of one that is not true
FIELD = (
    r"(?:\.?\bState[\s.:>-]*)?"
    r"\b(?:oom[\s_-]?killed|status|running|paused|restarting|dead|pid|exit_?code|error|started_?at|finished_?at)\b"
)
VALUE = (
    r"(?:\s*(?:[=:]+|\bis\b)?\s*\(?(?:false|exited|running|restarting|paused|dead|created|removing|\d[\w:.-]*)\b"
    r"|\s*[=:]+\s*(?=[,;]|$))"
)
TRUE = r"\s*(?:[=:]+|\bis\b)?\s*true\b"
NUMBER = r"(?<![\d-])\d+"  # and not that of greedy-1


@dataclass(frozen=True)
class Limits:
    """What a container may have, as the engine holds it; None where there is no limit.

    Attributes:
        memory: Bytes.
        cpus: Processors, whichever of the three ways was used to say it.
        processes: How many, threads included.
        only_reserved: Whether memory was reserved and not limited.
    """

    memory: int | None
    cpus: float | None
    processes: int | None
    only_reserved: bool

    @classmethod
    def of(cls, container: Container) -> Limits:
        host = container.inspect()["HostConfig"]
        by_quota = (host.get("CpuQuota") or 0) / (host.get("CpuPeriod") or DEFAULT_PERIOD)
        cpus = [cpus for cpus in ((host.get("NanoCpus") or 0) / 1e9, by_quota, _cores(host)) if cpus > 0]
        processes = host.get("PidsLimit") or 0
        return cls(
            memory=host.get("Memory") or None,
            cpus=min(cpus, default=None),
            processes=processes if 0 < processes < 4096 else None,  # that many the guard grants to everybody
            only_reserved=bool(host.get("MemoryReservation")) and not host.get("Memory"),
        )


@dataclass(frozen=True)
class Stack:
    """The three services while they run.

    Attributes:
        bench: Where they run.
        services: Their containers.
        lookouts: A container of ours beside each quiet one.
        mark: A word that quiet.py says in its reports, and that nobody can have known.
    """

    bench: Bench
    services: dict[str, list[Container]]
    lookouts: dict[str, Container]
    mark: str

    @property
    def greedy(self) -> Container:
        return self.services[GREEDY][0]

    def limits(self) -> Limits:
        return Limits.of(self.greedy)

    def hear(self, service: str, path: str = "/", seconds: int = 20) -> str:
        """Return what a quiet service answers, asked from a container that shares its network; empty if nothing."""
        ask = f"timeout {seconds} wget -q -O - http://127.0.0.1:8000{path}"
        answer = self.lookouts[service].ask("sh", "-c", ask, seconds=seconds + 10.0)
        return answer.said if answer.code == 0 else ""

    def ask(self, service: str, seconds: int = 20) -> bool:
        """Return whether a quiet service says who it is."""
        return service in self.hear(service, seconds=seconds)

    def tell_greedy(self, signal: str) -> None:
        """Send a signal to greedy's first process.

        From inside: Docker would take a ``docker kill``, of whatever signal, as a wish that it should not come back.
        """
        self.greedy.ask("sh", "-c", f"kill -{signal} 1")


@dataclass(frozen=True)
class Spun:
    """What went on while greedy kept the processors busy.

    Attributes:
        used: How much of a processor greedy used; None where it has no limit.
        missed: The quiet service that did not get its reports done, empty where both did.
        other: The quiet service whose reports are not those of quiet.py, empty where both are.
    """

    used: float | None
    missed: str
    other: str


@dataclass(frozen=True)
class Killed:
    """What became of greedy when it leaked, again and again.

    Attributes:
        codes: What it ended with each time.
        was_memory: Whether the engine said that memory was the reason.
        ended: Whether it stays down.
        silent: The quiet service that did not answer meanwhile, empty where both did.
    """

    codes: tuple[int, ...]
    was_memory: bool
    ended: bool
    silent: str


@step
def stack(bench: Bench) -> Iterator[Stack]:
    bench.work.text("compose.yaml")
    info = bench.client.info()
    if not all(info.get(key, True) for key in ("MemoryLimit", "CpuCfsQuota", "PidsLimit")):
        raise KataError("check.no_limits")
    project, mark = f"{bench.exercise.prefix}{bench.nonce()}", bench.nonce()
    _mark(bench, mark)
    finished = bench.run(_up(bench, project), seconds=60)
    services = _services(bench, project)
    if "minimum memory limit" in finished.said.lower():
        raise Mistake("no_unit")
    if "maximum retry count can only be used with" in finished.said:
        raise Mistake("counts_every_end")
    for name in (*QUIET, GREEDY):
        if name not in services:
            raise bench.why(finished, otherwise=Mistake("no_service", service=name))
    if not wait_for(lambda: services[GREEDY][0].logs().count("Ready") > 0, 15, every=0.1):
        raise Mistake("other_greedy", log=services[GREEDY][0].last_words() or "-")
    stack = Stack(bench, services, {name: _lookout(bench, name, services[name][0]) for name in QUIET}, mark)
    for name in QUIET:
        quiet = services[name][0]
        wait_for(lambda name=name, quiet=quiet: stack.ask(name, seconds=5) or quiet.status == "exited", 20, every=0.2)
        if not stack.ask(name, seconds=5):
            raise _not_answering(name, quiet)
    yield stack


@step
def storm(stack: Stack) -> int | None:
    """How many processes there are in greedy at the height of its storm.

    None where it would have no end, and ``KILLED`` where memory ended it first.
    """
    if stack.limits().processes is None:
        return None
    since, most = stack.bench.events.position(), [0]

    def is_over() -> bool:
        most.append(_processes(stack))
        return "Forked" in stack.greedy.logs() or bool(_deaths(stack, since))

    stack.tell_greedy("HUP")
    wait_for(is_over, 20, every=0.25)
    most.append(_processes(stack))
    if _deaths(stack, since):
        return KILLED
    wait_for(lambda: _processes(stack) < 3, 15, every=0.2)  # they sleep for 6 s
    return max(most)


@step
def spun(stack: Stack, storm: int | None) -> Spun:
    used: list[float] = []
    missed: list[str] = []
    others: list[str] = []

    def measure() -> None:
        if stack.limits().cpus is None:
            return
        stack.tell_greedy("USR2")
        wait_for(lambda: "Spinning" in stack.greedy.logs(), 15, every=0.05)
        before, began = _stats(stack)["cpu_stats"]["cpu_usage"]["total_usage"], time.monotonic()
        wait_for(lambda: time.monotonic() - began > WATCHED, WATCHED + 1, every=0.1)
        after = _stats(stack)["cpu_stats"]["cpu_usage"]["total_usage"]
        used.append((after - before) / 1e9 / (time.monotonic() - began))

    def work() -> None:
        for name in QUIET:
            said = [stack.hear(name, "/report") for _ in range(REPORTS)]
            missed.extend(name for one in said if not one)
            others.extend(name for one in said if one and not (name in one and f"({stack.mark} {PAGES})" in one))

    together(measure, work)
    return Spun(next(iter(used), None), next(iter(missed), ""), next(iter(others), ""))


@step
def killed(stack: Stack, spun: Spun) -> Killed:
    _must_be_safe(stack.limits())
    since = stack.bench.events.position()
    silent = ""
    for _ in range(MOST_RESTARTS + 2):
        deaths = len(_deaths(stack, since))
        if not _is_ready(stack, since):
            break
        stack.tell_greedy("USR1")
        dead = wait_for(lambda deaths=deaths: len(_deaths(stack, since)) > deaths, 30, every=0.1)
        silent = silent or next((name for name in QUIET if not stack.ask(name)), "")
        if not dead:
            break
    codes = tuple(_deaths(stack, since))
    return Killed(codes, _was_memory(stack, since), not wait_for(lambda: stack.greedy.is_running, 2), silent)


def test_greedy_is_killed_at_its_own_limit(stack: Stack, killed: Killed) -> None:
    if not killed.codes:
        raise Mistake("never_killed")
    if killed.codes[0] != 137 or not killed.was_memory:
        raise Mistake("other_end", code=killed.codes[0])
    if killed.silent:
        raise Mistake("neighbour_suffered", service=killed.silent)


def test_half_a_processor(stack: Stack, spun: Spun) -> None:
    cpus, used = stack.limits().cpus, spun.used
    if cpus is None or used is None:
        raise Mistake("no_cpu_limit")
    if cpus > SHARE + 0.001:
        raise Mistake("too_much_cpu", cpus=f"{cpus:g}")
    if used > SHARE * 1.2:  # the engine was told, and does not do it
        raise KataError("check.no_limits")


def test_storm_ends_at_64(stack: Stack, storm: int | None) -> None:
    limit = stack.limits().processes
    if storm is None or limit is None:
        raise Mistake("no_process_limit")
    if limit > PROCESSES or storm > PROCESSES:
        raise Mistake("too_many_processes", limit=max(limit, storm))
    if storm == KILLED:
        raise Mistake("storm_killed_it")
    if storm < 3:
        raise Mistake("no_storm")


def test_limits_fit_the_server(stack: Stack) -> None:
    limits = [(name, Limits.of(one)) for name, found in sorted(stack.services.items(), reverse=True) for one in found]
    for name, limit in limits:
        if limit.memory is None:
            raise Mistake("only_reserved" if limit.only_reserved else "unlimited", service=name, what="memory")
        if limit.cpus is None:
            raise Mistake("unlimited", service=name, what="CPU")
    memory, cpus = sum(limit.memory or 0 for _, limit in limits), sum(limit.cpus or 0 for _, limit in limits)
    if memory > MEMORY:
        raise Mistake("too_much_memory_together", megabytes=f"{memory / 2**20:.0f}")
    if cpus > CPUS + 0.001:
        raise Mistake("too_much_cpu_together", cpus=f"{cpus:g}")


def test_quiet_ones_have_room(stack: Stack, spun: Spun) -> None:
    if spun.other:
        raise Mistake("other_quiet", service=spun.other)
    for name in QUIET:
        limit = Limits.of(stack.services[name][0])
        if limit.memory is None:
            raise Mistake("room_without_walls", service=name)
        if _killed_for_memory(stack.services[name][0]):
            raise Mistake("too_tight", service=name, megabytes=f"{limit.memory / 2**20:.0f}")
    if spun.missed:
        raise Mistake("no_report", service=spun.missed)


def test_comes_back_but_not_for_ever(stack: Stack, killed: Killed) -> None:
    if not killed.codes:
        raise Mistake("never_killed")
    restarts = len(killed.codes) - (1 if killed.ended else 0)
    if restarts == 0:
        raise Mistake("stays_down")
    can_count = killed.ended or stack.greedy.inspect()["HostConfig"]["RestartPolicy"]["MaximumRetryCount"] > 0
    if not can_count:
        raise Mistake("for_ever", restarts=restarts)
    if restarts > MOST_RESTARTS:
        raise Mistake("too_often", restarts=restarts)
    if not killed.ended:  # it has been told when to stop, and has not come so far in all the time there was
        raise KataError("check.too_slow", what=f"RestartCount {restarts}")


def test_knows_a_memory_kill(bench: Bench) -> None:
    try:
        answers = tomllib.loads(bench.work.text("answers.toml"))
    except tomllib.TOMLDecodeError as error:
        raise Mistake("answers_unreadable", detail=str(error)) from None
    for key in ("exit_code", "proof"):
        if not str(answers.get(key, "")).strip():
            raise Mistake("not_answered", key=key)
    code = re.sub(r"\b(?:128\s*\+\s*9|9\s*\+\s*128)\b", "137", without_quotes(str(answers["exit_code"])))
    if not _is_code_of_a_kill(code):
        raise Mistake("other_code", found=str(answers["exit_code"])[:40])
    proof = without_quotes(str(answers["proof"]))
    if not _names_the_proof(proof):
        raise Mistake("other_proof", found=str(answers["proof"])[:40])
    if hedges(code, NUMBER, "137".__eq__):
        raise Mistake("left_open", key="exit_code", found=str(answers["exit_code"])[:40])
    if hedges(proof, f"{FIELD}(?:{VALUE}|{TRUE})?", _is_right, alone=FIELD):
        raise Mistake("left_open", key="proof", found=str(answers["proof"])[:40])


def _is_code_of_a_kill(text: str) -> bool:
    """Whether the first number is the right one, or it is there with the sum of which it consists."""
    numbers = re.findall(NUMBER, re.sub(r"\bnot\s+\d+|\d+\s*[이가]?\s*아니", "", text))
    return numbers[:1] == ["137"] or {"137"} <= set(numbers) <= {"137", "128", "9"}


def _names_the_proof(text: str) -> bool:
    """Whether the first field that is named is the right one; one that is quoted with what it held does not count."""
    fields = re.finditer(
        rf"(\bnot\s+(?:the\s+)?)?({FIELD})({VALUE}|\s*[이가]?\s*아니)?", text, re.ASCII | re.IGNORECASE
    )
    named = [field[2] for field in fields if _is_right(field[2]) or not (field[1] or field[3])]
    return bool(named) and _is_right(named[0])


def _is_right(field: str) -> bool:
    return "oom" in field.lower()


# Starting, telling and looking


def _mark(bench: Bench, mark: str) -> None:
    """Have the given quiet.py, and copies of it, say in its reports a word that nobody knows, and how much it wrote."""
    given = (bench.work.folder / "app/quiet.py").read_bytes()
    marked = given.decode().replace("{NAME} needed", f"{{NAME}} ({mark} {{data.count(b'x')}}) needed")
    for path in [path for path in bench.work.folder.rglob("*.py") if path.is_file() and path.read_bytes() == given]:
        bench.work.put(str(path.relative_to(bench.work.folder)), marked)


def _up(bench: Bench, project: str) -> Path:
    """Write a script that has compose start it all; it meets the engine through the guard, as a learner's does."""
    path = bench.work.folder / "docker compose up"  # what a learner reads where it fails
    words = f"exec docker compose --ansi never --file compose.yaml --project-name {project} up --detach"
    path.write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    return path


def _services(bench: Bench, project: str) -> dict[str, list[Container]]:
    rows = bench.client.api.containers(all=True, filters={"label": f"com.docker.compose.project={project}"})
    found: dict[str, list[Container]] = {}
    for row in rows:
        service = row["Labels"]["com.docker.compose.service"]
        found.setdefault(service, []).append(Container(bench.client, row["Id"], row["Names"][0].removeprefix("/")))
    return found


def _lookout(bench: Bench, service: str, container: Container) -> Container:
    lookout = bench.beside(container)
    if lookout is None:
        raise _not_answering(service, container)
    return lookout


def _not_answering(service: str, container: Container) -> Mistake:
    return Mistake("not_answering", service=service, log=container.last_words() or "-")


def _must_be_safe(limits: Limits) -> None:
    """See that greedy can be let loose: on a learner's own machine nothing else would stop it."""
    if limits.memory is None:
        raise Mistake("only_reserved" if limits.only_reserved else "no_memory_limit", service=GREEDY)
    if limits.memory > MEMORY:
        raise Mistake("too_much_memory", megabytes=f"{limits.memory / 2**20:.0f}")


def _is_ready(stack: Stack, since: int) -> bool:
    """Wait until greedy runs and waits for signals; False where it stays down."""
    starts = len(_deaths(stack, since)) + 1
    down = [time.monotonic()]

    def settled() -> bool:
        status = stack.greedy.status
        if status not in GONE:
            down[0] = time.monotonic()
        return (status == "running" and stack.greedy.logs().count("Ready") >= starts) or (
            time.monotonic() - down[0] > 1.5
        )

    wait_for(settled, 30, every=0.1)
    return stack.greedy.is_running


def _deaths(stack: Stack, since: int) -> list[int]:
    events = stack.bench.events.since(since)
    return [int(e.about["exitCode"]) for e in events if e.id == stack.greedy.id and e.action == "die"]


def _was_memory(stack: Stack, since: int) -> bool:
    told = any(e.action == "oom" and e.id == stack.greedy.id for e in stack.bench.events.since(since))
    return told or bool(stack.greedy.inspect()["State"]["OOMKilled"])


def _killed_for_memory(container: Container) -> bool:
    found = container.inspect()
    return bool(found["State"]["OOMKilled"]) or bool(found["RestartCount"])


def _processes(stack: Stack) -> int:
    """Return how many processes there are in greedy; 0 while it is down."""
    return int(_stats(stack)["pids_stats"].get("current") or 0)


def _stats(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = stack.bench.client.api.stats(stack.greedy.id, stream=False, one_shot=True)
    return found


def _cores(host: dict[str, Any]) -> int:
    """Return how many processors a container is bound to; 0 where to none."""
    cores = 0
    for part in filter(None, (host.get("CpusetCpus") or "").split(",")):
        first, _, last = part.partition("-")
        cores += int(last or first) - int(first) + 1
    return cores
