from __future__ import annotations

import contextlib
import random
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Container, Entry, Finished, KataError, Mistake, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT, END = "evidence.sh", "end.sh"
LOG = "evidence/boot-first.log"
GIVEN, OURS = "evidence/boot-again.log", "evidence/boot-once-more.log"  # ours is the given one, with times of its own
HOST = "evidence/host-first.txt"
KERNELS = {"kernel_debian": "debian:bookworm-slim", "kernel_busybox": "busybox:1"}
IDLES = "sleep 86400 & wait; while :; do sleep 1; done"  # with a child that stays
ENDINGS = {"container.stop": "docker stop", "container.kill": "docker kill", "container.restart": "docker restart"}
WELL = frozenset({200, 201, 204, 304})
FASTER = 5
AGAIN = 4  # more runs where two printed the same time: a clock of hundredths hardly agrees so often by chance
SILENT = "#!/bin/sh\nexit 0\n"  # in place of docker: a script with set -e goes on too
SLOW = 'sleep 0.1; PATH="${PATH#*:}" exec docker "$@"'  # so that a time that was measured with it cannot be the same
OTHER = "0.0.0-unasked"
LYING = """PATH="${{PATH#*:}}"
case "$1 $2" in
  info* | version* | 'system info'*) docker "$@" | sed 's/{kernel}/{other}/g' ;;
  *) exec docker "$@" ;;
esac"""
ORDER = "CAB"
BROUGHT = {"A": "3", "B": "1", "C": "2"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one run of evidence.sh printed, and what the engine knows meanwhile.

    Attributes:
        container: The container that it was asked about.
        word: The word on the command line of that container's first process.
        finished: How it ended.
        values: The lines key=value that it printed, by key.
        log: The log that it was told to read.
        entries: What it asked the engine for.
        processes: The engine's own numbers of the container's processes, its first one first.
    """

    container: Container
    word: str
    finished: Finished
    values: dict[str, list[str]]
    log: str
    entries: tuple[Entry, ...]
    processes: tuple[int, ...]

    def value(self, bench: Bench, key: str) -> str:
        """Return what it printed under a key."""
        found = [value for value in self.values.get(key, ()) if value]
        if not found:
            raise bench.why(self.finished, otherwise=Mistake("no_line", key=key))
        return found[0]

    def one(self, bench: Bench, key: str) -> str:
        """Return what it printed under a key, once or always the same."""
        value = self.value(bench, key)
        if len(set(self.values[key]) - {""}) > 1:
            raise Mistake("several_lines", key=key, found=", ".join(self.values[key])[:100])
        return value

    def started(self) -> list[Entry]:
        """Return its requests that started a container."""
        return [entry for entry in self.entries if entry.route == "container.start" and entry.status in WELL]


@step
def seen(bench: Bench) -> list[Seen]:
    slower = random.uniform(1.1, 1.6)  # noqa: S311 - nobody has to be unable to guess it
    lines = (bench.exercise.hidden / "given" / GIVEN).read_text(encoding="utf-8").splitlines()
    times = (re.sub(r"^ *(\d+\.\d\d) s ", lambda at: f"{float(at[1]) * slower:8.2f} s ", line) for line in lines)
    bench.work.put(OURS, "\n".join([*times, ""]))
    return [_look(bench, log) for log in (LOG, OURS)]


@step
def nowhere(bench: Bench, seen: list[Seen]) -> dict[str, list[str]]:
    """Run it where there is no engine and no such container: what it still knows it has asked nobody."""
    del seen  # it has shown what it knows otherwise
    environment = {"KATA_CONTAINER": "kata-19-nobody", "KATA_WORD": bench.nonce(), "KATA_LOG": LOG}
    in_front = bench.put_in_front("docker", SILENT).environment
    try:
        return _values(bench.run_without_engine(SCRIPT, {**environment, **in_front}).said)
    except Mistake:  # where it does not end without an engine, it does not pretend either
        return {}


@step
def answers(bench: Bench) -> dict[str, str]:
    try:
        found = tomllib.loads(bench.work.text("answers.toml"))
    except tomllib.TOMLDecodeError as error:
        raise Mistake("answers_unreadable", detail=str(error)) from None
    return {key.lower(): unicodedata.normalize("NFKC", str(value)).strip() for key, value in found.items()}


def test_one_kernel_for_all(bench: Bench, seen: list[Seen], nowhere: dict[str, list[str]]) -> None:
    kernel = str(bench.client.info()["KernelVersion"])
    for run in seen:
        for key, image in KERNELS.items():
            found = run.one(bench, key)
            if kernel not in re.split(r"[\s,;()]+", found):
                raise Mistake("other_kernel", key=key, found=found[:80], kernel=kernel)
            if not _ran_in(bench, run, image):
                raise Mistake("nobody_asked", key=key, image=image)
    for key in KERNELS:
        found = " ".join(nowhere.get(key, []))
        if kernel in found:
            raise Mistake("own_kernel", key=key, found=found[:80])
    _must_be_the_containers(bench, seen, kernel)


def test_seen_from_the_host(bench: Bench, seen: list[Seen]) -> None:
    for run in seen:
        numbers = [*_numbers(" ".join(run.values.get("pid_outside", []))), *_bare_numbers_follow(run)]
        several = list(dict.fromkeys(numbers))
        if len(several) > 1:
            raise Mistake("several_processes", key="pid_outside", number=len(several), found=", ".join(several[:6]))
        pid = _number(bench, run, "pid_outside")
        if pid == run.processes[0]:
            continue
        if pid == 1:
            raise Mistake("inside_for_outside", found=pid)
        raise Mistake("a_child" if pid in run.processes else "other_process", found=pid)


def test_number_one_inside(bench: Bench, seen: list[Seen], nowhere: dict[str, list[str]]) -> None:
    for run in seen:
        inside = _number(bench, run, "pid_inside")
        if inside != 1:
            raise Mistake("not_number_one", found=inside)
        if _number(bench, run, "pid_outside") == 1:
            raise Mistake("inside_for_outside", found=1)
    if "1" in nowhere.get("pid_inside", []):
        raise Mistake("number_one_by_heart")


def test_ended_from_outside(bench: Bench, seen: list[Seen]) -> None:
    container = seen[0].container
    finished = bench.run(END, _environment(container, seen[0].word, LOG))
    ended = wait_for(lambda: not (container.exists and container.is_running), 3, every=0.1)
    asked = bench.transcript.since(finished.first_request).entries
    for entry in asked:
        if entry.route in ENDINGS and entry.subject == container.id and entry.status in WELL:
            raise Mistake("docker_ended_it", name=container.name, how=ENDINGS[entry.route])
    if not container.exists:
        raise Mistake("container_gone", name=container.name)
    if not ended:
        raise bench.why(finished, otherwise=Mistake("still_running", name=container.name))
    bench.bystanders.examine()


def test_vm_has_its_own_kernel(bench: Bench, answers: dict[str, str]) -> None:
    right = {
        "vm_kernel": (_said(bench.work.folder / LOG, "guest"), LOG),
        "host_kernel": (_said(bench.work.folder / HOST, "host"), HOST),
    }
    found = {key: _answer(answers, key) for key in right}
    if [found["vm_kernel"], found["host_kernel"]] == [right["host_kernel"][0], right["vm_kernel"][0]]:
        raise Mistake("kernels_swapped")
    for key, (kernel, file) in right.items():
        if kernel not in re.split(r"[\s,;()]+", found[key]):
            raise Mistake("other_recorded_kernel", key=key, found=found[key][:80], file=file)


def test_vm_is_one_process(bench: Bench, answers: dict[str, str]) -> None:
    counted = _said(bench.work.folder / LOG, "guest", question="ps -e --no-headers | wc -l")
    if _counted(_answer(answers, "processes_inside")) != counted:
        raise Mistake("other_number_inside", found=answers["processes_inside"][:40])
    if _counted(_answer(answers, "processes_outside")) != "1":
        raise Mistake("other_number_outside", found=answers["processes_outside"][:40])


def test_five_times_faster(bench: Bench, seen: list[Seen]) -> None:
    for run in seen:
        container, vm = _seconds(bench, run, "container_seconds"), _seconds(bench, run, "vm_seconds")
        _must_be_measured(run, container)
        right = _booted(bench.work.folder / run.log)
        if abs(vm - right) > 0.5:
            raise Mistake("other_boot", found=f"{vm:g}", log=run.log, right=f"{right:.2f}")
    if container * FASTER > vm:
        raise KataError("check.too_slow", what=f"{container:.1f} s > {vm / FASTER:.1f} s")
    _must_differ(bench, seen)


def test_knows_the_timeline(answers: dict[str, str]) -> None:
    order = "".join(filter(str.isalpha, _answer(answers, "order"))).upper()
    if sorted(order) != sorted(ORDER):
        raise Mistake("not_each_once", found=order or answers["order"][:40])
    if order != ORDER:
        raise Mistake("other_order", found=order)
    for key, right in BROUGHT.items():
        found = _answer(answers, key.lower(), called=key)
        if _counted(found) != right:
            raise Mistake("other_repair", key=key, found=found[:40])


# Running the scripts


def _look(bench: Bench, log: str, *, docker: str = "") -> Seen:
    """Run evidence.sh; with ``docker`` as what is called by that name where that is not docker itself."""
    word = f"hidden-{bench.nonce()}"
    container = _hidden(bench, word)
    in_front = bench.put_in_front("docker", f"#!/bin/sh\n{docker}\n").environment if docker else {}
    finished = bench.run(SCRIPT, {**_environment(container, word, log), **in_front}, seconds=40)
    first = int(container.inspect()["State"]["Pid"])
    rows: list[list[str]] = []
    with contextlib.suppress(Exception):  # not every host has a ps; these are for a better sentence only
        rows = bench.client.api.top(container.id, ps_args="-o pid")["Processes"] or []
    return Seen(
        container=container,
        word=word,
        finished=finished,
        values=_values(finished.said),
        log=log,
        entries=bench.transcript.since(finished.first_request).entries,
        processes=(first, *(int(row[0]) for row in rows if int(row[0]) != first)),
    )


def _hidden(bench: Bench, word: str) -> Container:
    """Start a container that does nothing, under a name that nobody can have known, and that is not the word."""
    name = f"{bench.exercise.prefix}hidden-{bench.nonce()}"
    hidden = bench.create({"Image": "busybox:1", "Cmd": ["sh", "-c", IDLES, word]}, name)
    bench.client.api.start(hidden.id)
    bench.lend("container", hidden.id, name)
    return hidden


def _environment(container: Container, word: str, log: str) -> dict[str, str]:
    return {"KATA_CONTAINER": container.name, "KATA_WORD": word, "KATA_LOG": log}


# What it asked the engine for


def _must_be_the_containers(bench: Bench, seen: list[Seen], kernel: str) -> None:
    """See whether the kernel is what containers answer, and not what Docker tells about its engine.

    Both are the same. So where a script has asked Docker, it does so once more and hears of another kernel. Who only
    compares the two, and perhaps gives up because they differ, is not to blame.
    """
    if not any(entry.path in {"/info", "/version"} for run in seen for entry in run.entries):
        return
    told = _look(bench, LOG, docker=LYING.format(kernel=kernel, other=OTHER)).values
    for key in KERNELS:
        if any(OTHER in value for value in told.get(key, ())):
            raise Mistake("told_by_docker", key=key, found=kernel)


def _ran_in(bench: Bench, run: Seen, image: str) -> bool:
    """Return whether it started a container of an image, or a program in one: its own, or one of an earlier run's."""
    began = {entry.subject for entry in run.entries if entry.route in {"container.start", "exec.create"}}
    if image == "busybox:1" and run.container.id in began:
        return True
    made = (entry for entry in bench.transcript.asked("container.create") if entry.status == 201)
    return any(entry.answered["Id"] in began and bench.grew_from(str(entry.asked["Image"]), image) for entry in made)


def _must_be_measured(run: Seen, seconds: float) -> None:
    """See whether a container can have started in this time."""
    started = run.started()
    if not started:
        raise Mistake("no_container_timed")
    if seconds == 0:
        raise Mistake("too_coarse")
    if not all(_was_heeded(run, start) for start in started):
        raise Mistake("not_waited_for")
    least, most = min(entry.seconds for entry in started), run.finished.seconds
    if not least / 2 <= seconds <= most:
        raise Mistake("not_measured", found=f"{seconds:g}", least=f"{least:.2f}", most=f"{most:.2f}")


def _was_heeded(run: Seen, start: Entry) -> bool:
    """Return whether it asked for anything else about a container that it started, or about all of them later.

    Also who runs one in the background asks when it ends, and then does not wait for the answer.
    """
    others = [entry for entry in run.entries if entry.route not in {"container.create", "container.start"}]
    return any(
        (entry.subject == start.subject and (entry.route != "container.wait" or entry.received > 0))
        or entry.path.startswith("/events")
        or (entry.path == "/containers/json" and entry.number > start.number)
        for entry in others
    )


def _must_differ(bench: Bench, seen: list[Seen]) -> None:
    """See whether it is always the same time, to the hundredth of a second, also with a docker that is slow."""
    found = seen[0].value(bench, "container_seconds")
    if not re.search(r"[.,]\d\d|ms", found) or found != seen[1].value(bench, "container_seconds"):
        return
    for _ in range(AGAIN):
        try:
            again = _look(bench, LOG, docker=SLOW).value(bench, "container_seconds")
        except Mistake:  # it has shown twice that it can; on a slow machine there may be no time left
            return
        if again != found:
            return
    raise Mistake("always_the_same", found=found[:40], times=AGAIN + len(seen))


# Reading


def _values(said: str) -> dict[str, list[str]]:
    """Return the lines key=value of what was printed, by key."""
    # bash's time begins with an empty line, and what it says then is no value of another key
    said = re.sub(r"^(\s*container_seconds\s*=)\s*\n\s*((?:real|[\d.,])[^=\n]*)$", r"\1\2", said, flags=re.MULTILINE)
    lines = re.findall(r"^\s*([A-Za-z_]+)[^\S\n]*=[^\S\n]*(.*?)[^\S\n]*$", said, re.MULTILINE)
    values: dict[str, list[str]] = {}
    for key, value in lines:
        values.setdefault(key.lower(), []).append(value.strip("\"'"))
    return values


def _number(bench: Bench, run: Seen, key: str) -> int:
    found = run.one(bench, key)
    numbers = _numbers(found)
    if len(numbers) != 1:
        raise Mistake("no_number", key=key, found=found[:80])
    return int(numbers[0])


def _numbers(text: str) -> list[str]:
    """Return the numbers that stand alone in a text, and are no part of a name."""
    return re.findall(r"(?<![\w.-])\d+(?![\w.-])", text)


def _bare_numbers_follow(run: Seen) -> list[str]:
    """Return the lines with nothing but a number after pid_outside=…: a list that was printed as one value."""
    _, _, after = run.finished.said.partition("pid_outside=")
    follow = []
    for line in after.splitlines()[1:]:
        if not re.fullmatch(r"\s*\d+\s*", line):
            break
        follow.append(line.strip())
    return follow


def _seconds(bench: Bench, run: Seen, key: str) -> float:
    """Read a time as clocks print it: 0.41, 0,41, .41 s, 410 ms, 0m0.410s."""
    found = run.one(bench, key)
    match = re.fullmatch(r"(?:real\s+)?(?:(\d+)m\s*)?(\d*[.,]?\d+)\s*(ms|s|sec|seconds|초)?", found)
    if match is None:
        raise Mistake("no_seconds", key=key, found=found[:80])
    seconds = float(match[2].replace(",", ".")) + 60 * int(match[1] or 0)
    return seconds / 1000 if match[3] == "ms" else seconds


def _lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield line.partition(" | ")[2] if " s | " in line else line


def _said(file: Path, who: str, *, question: str = "uname -r") -> str:
    """Return the answer to a question in a recording."""
    lines = _lines(file)
    return next(next(lines).strip() for line in lines if line.strip() == f"{who}# {question}")


def _booted(file: Path) -> float:
    """Return after how many seconds a VM asked who is there."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.rstrip().endswith("login:")).split()[0])


def _answer(answers: dict[str, str], key: str, *, called: str = "") -> str:
    found = answers.get(key, "")
    if not found:
        raise Mistake("not_answered", key=called or key)
    return found


def _counted(text: str) -> str:
    """Return the first number that stands alone in an answer, also where it is one in letters; else all its digits."""
    found = re.search(r"(?<![\w.-])\d+(?![A-Za-z0-9_])|\bone\b|하나|한\s*개", text, re.IGNORECASE)
    if found is None:
        return "".join(filter(str.isdigit, text))
    return found[0] if found[0].isdigit() else "1"
