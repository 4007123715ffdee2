from __future__ import annotations

import contextlib
import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Container, Finished, Mistake, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = 30
FEW, MANY = 6, 8  # copies of which one number is drawn: nobody has written out so many by hand
SLOW_ONES = 18
SLOW = 0.15  # seconds that server.py sleeps for a slow one, and serves nobody else
SHARED = 2 / 3  # of the time: a proxy that picks one of three at random needs more than a third, and seldom a half
SOON = 20  # seconds until newcomers have work: what nginx may cache, and a busy machine
PATIENCE = 12  # seconds that one request may take: the ten of the prompt, and a busy machine
SCALING = 60  # seconds that scale.sh may take
SHRINKING = 120  # the same where it may stop copies one after the other, each of which has ten to end in
STOPPING = 15  # seconds until a copy is gone that is being stopped: Docker gives it ten
FAIR = 80  # requests of which a proxy that throws dice gives each of eight copies some, but once in 5000 times
COMING_UP = 10  # seconds until the proxy is up that the engine is starting again
ANSWER = re.compile(r"^Hello from (\d+\.\d+\.\d+\.\d+)$")
LATE = "TOO LATE"
GONE: dict[str, Any] = {
    "Image": "",
    "Path": "",
    "Args": [],
    "HostConfig": {"NetworkMode": "", "PortBindings": {}, "PublishAllPorts": False},
    "NetworkSettings": {"Networks": {}, "Ports": {}},
}

# As they stand in the list of processes, where nginx writes "nginx: master process nginx -g daemon off;"
NGINX = re.compile(r"^(\S*/)?nginx(-debug)?(:|\s|$)")
SERVER = re.compile(r"python\S*\s(.*[\s/])?(server\.py|-m ?server)(\s|$)")

# Each request's answer, or what was said in place of one, in one line. timeout ends what it started with 143
ASK = f"""
for i in $(seq $2); do
    said=$({{ timeout $3 wget -q -O - $1 2>&1 || [ $? != 143 ] || echo '{LATE}'; }} | head -c 300 | tr '\\n' ' ')
    echo "$said"
    case $said in *'{LATE}'*) break ;; esac
done
"""
ASK_AT_ONCE = "for i in $(seq $2); do timeout $3 wget -q -O /dev/null $1 & done; wait"


@dataclass(frozen=True, kw_only=True)
class Site:
    """What runs after scale.sh: a proxy, the containers beside it, and a visitor who asks the proxy.

    Attributes:
        copies: How many were asked for.
        proxy: The container that is published.
        published: All that are.
        others: Those that run beside the proxy, by their addresses.
        visitor: A container of ours on the proxy's network.
        url: Where the visitor finds the proxy.
    """

    copies: int
    proxy: Container
    published: tuple[Container, ...]
    others: dict[str, Container]
    visitor: Container
    url: str

    def answers(self, requests: int = REQUESTS) -> list[str]:
        """Ask one after the other and return each answer in a line; one that does not come in time is the last."""
        asked = self.visitor.ask("sh", "-c", ASK, "-", self.url, str(requests), str(PATIENCE), seconds=120)
        return [line.strip() for line in asked.said.splitlines()]

    def slow(self) -> float:
        """Ask for slow pages, all at once, and return how many seconds it took until the last one was there."""
        started = time.monotonic()
        slow = f"{self.url}slow"
        self.visitor.ask("sh", "-c", ASK_AT_ONCE, "-", slow, str(SLOW_ONES), str(PATIENCE), seconds=60)
        return time.monotonic() - started

    def answered(self, answers: list[str]) -> set[str]:
        """Return which containers have answered, by their ids: those that really are there."""
        addresses = (match[1] for match in map(ANSWER.match, answers) if match)
        return {self.others[address].id for address in addresses if address in self.others}


@step
def time_of_one(bench: Bench) -> float:
    with _scaled(bench, 1) as site:
        return min(site.slow() for _ in range(2))


@step
def three(bench: Bench, time_of_one: float) -> Iterator[Site]:
    del time_of_one  # it was measured before
    with _scaled(bench, 3) as site:
        yield site


@step
def after_a_death(three: Site) -> list[str]:
    """Kill one of the copies that answer and ask on."""
    before = three.answers(6)
    answered = three.answered(before)
    victim = next((container for container in three.others.values() if container.id in answered), None)
    if victim is None and all(map(ANSWER.match, before)):
        raise Mistake("not_all_of_them", copies=3, requests=len(before), found=0)
    if victim is None:
        raise _failed("some_fail", three, before)
    victim.stop(0)
    return three.answers()


@step
def many(bench: Bench, after_a_death: list[str]) -> Iterator[Site]:
    del after_a_death  # one is missing
    with _scaled(bench, random.randint(FEW, MANY)) as site:  # noqa: S311 - no secret
        yield site


def test_three_copies_answer(bench: Bench, three: Site) -> None:
    answers = three.answers()
    _all_answered("some_fail", three, answers)
    found = len(three.answered(answers))
    if found < 3:
        raise Mistake("not_all_of_them", copies=3, requests=REQUESTS, found=found)
    _not_too_many(bench, three)


def test_only_the_proxy_is_published(bench: Bench, three: Site) -> None:
    if _processes(bench, three.proxy) and not _runs_nginx(bench, three.proxy):
        raise Mistake("no_nginx", names=three.proxy.name)
    names = sorted(container.name for container in three.published if container.id != three.proxy.id)
    if names:
        raise Mistake("web_published", names=", ".join(names))


def test_slow_requests_are_shared(time_of_one: float, three: Site) -> None:
    if time_of_one < SLOW_ONES * SLOW:
        raise Mistake("too_fast", one=f"{time_of_one:.1f}", least=f"{SLOW_ONES * SLOW:.1f}")
    times: list[float] = []
    for _ in range(4):  # a proxy that throws dice may once have been unlucky
        times.append(three.slow())
        if times[-1] < SHARED * time_of_one:
            return
    raise Mistake("not_faster", one=f"{time_of_one:.1f}", three=f"{min(times):.1f}")


def test_survives_the_loss_of_one(three: Site, after_a_death: list[str]) -> None:
    _all_answered("failed_after_a_death", three, after_a_death)


def test_new_ones_get_work(bench: Bench, many: Site) -> None:
    heard: list[str] = []
    started = time.monotonic()

    def all_have_work() -> bool:
        heard.extend(many.answers(10))
        return len(many.answered(heard)) >= many.copies

    # on a busy machine few requests fit into that time, and a proxy may throw dice for each of them
    if not (wait_for(all_have_work, SOON, every=0.2) or (len(heard) < FAIR and wait_for(all_have_work, SOON))):
        seconds = f"{time.monotonic() - started:.0f}"
        raise Mistake("new_ones_idle", copies=many.copies, seconds=seconds, found=len(many.answered(heard)))
    _not_too_many(bench, many)


def test_shrinks_again(bench: Bench, many: Site) -> None:
    del many  # there were more before
    with _scaled(bench, 1, seconds=SHRINKING) as site:
        wait_for(lambda: all(map(ANSWER.match, site.answers(1))), 5)
        _all_answered("some_fail", site, site.answers())
        _not_too_many(bench, site)


@contextlib.contextmanager
def _scaled(bench: Bench, copies: int, *, seconds: float = SCALING) -> Iterator[Site]:
    """Run scale.sh and look at what runs afterwards, for as long as this lasts.

    Raises:
        Mistake: There is nothing to come in by, or nobody behind it, or fewer than there should be.
    """
    finished = bench.run("scale.sh", None, str(copies), seconds=seconds)
    published = _published(bench, finished, copies)
    proxy = _proxy(bench, published)
    network, address, port = _place(proxy, copies)
    others = {found: one for one in _running(bench) if one.id != proxy.id for found in _addresses(one).values()}
    with bench.serve("busybox:1", command=["sleep", "86400"], network=network) as visitor:
        site = Site(
            copies=copies,
            proxy=proxy,
            published=published,
            others=others,
            visitor=visitor,
            url=f"http://{address}:{port}/",
        )
        _must_answer(bench, site, finished)
        yield site


def _published(bench: Bench, finished: Finished, copies: int) -> tuple[Container, ...]:
    """Return the containers one can come in by; wait for one that has only just ended and is started again.

    Raises:
        Mistake: There is none, or it has ended.
    """
    found: list[Container] = []

    def settled() -> bool:
        found[:] = [one for one in _running(bench) if _ports(one) and _addresses(one)]
        return bool(found) or not any(map(_wants_a_port, _running(bench, "running", "restarting")))

    wait_for(settled, COMING_UP, every=0.2)
    if found:
        return tuple(found)
    ended = next(filter(_wants_a_port, _running(bench, "restarting", "exited")), None)
    if ended is not None:
        raise _ended(ended, copies)
    names = ", ".join(sorted(container.name for container in _running(bench))) or "∅"
    raise _why(bench, finished, copies, Mistake("nothing_published", copies=copies, running=names))


def _ended(proxy: Container, copies: int) -> Mistake:
    return Mistake("proxy_ended", copies=copies, proxy=proxy.name, said=proxy.last_words() or "∅")


def _proxy(bench: Bench, published: tuple[Container, ...]) -> Container:
    """Return the one of them that visitors are to come in by: nginx, else one that is no copy of web.

    Raises:
        Mistake: They are copies of web, all of them.
    """
    for one in published:
        if _runs_nginx(bench, one):
            return one
    for one in published:
        if not any(map(SERVER.search, _processes(bench, one))):
            return one
    raise Mistake("no_nginx", names=", ".join(sorted(one.name for one in published)))


def _place(proxy: Container, copies: int) -> tuple[str, str, int]:
    """Return the proxy's first network, its address there, and the port at which it listens.

    Raises:
        Mistake: It has ended meanwhile, and is not started again.
    """
    found: list[tuple[str, str, int]] = []

    def is_there() -> bool:
        found[:] = [(name, at, port) for name, at in _addresses(proxy).items() for port in _ports(proxy)]
        return bool(found)

    if not wait_for(is_there, COMING_UP, every=0.2):
        raise _ended(proxy, copies)
    return found[0]


def _must_answer(bench: Bench, site: Site, finished: Finished) -> None:
    heard: list[str] = []

    def answers() -> bool:
        heard.extend(site.answers(1))
        return bool(site.answered(heard))

    if not wait_for(answers, 10, every=0.2):
        if not site.proxy.is_running:
            raise _ended(site.proxy, site.copies)
        if LATE in heard[-1]:
            raise Mistake("answers_too_late", seconds=PATIENCE)
        said = _short([line for line in heard if line])
        silent = Mistake("proxy_silent", copies=site.copies, proxy=site.proxy.name, said=said)
        raise _why(bench, finished, site.copies, silent)
    running = len(_copies(bench, site, site.answered(heard)))
    if running < site.copies:  # one that has another name for its program shows itself only by what it answers
        running = len(_copies(bench, site, site.answered(heard + site.answers())))
    if running < site.copies:
        raise _why(bench, finished, site.copies, Mistake("too_few", copies=site.copies, running=running))


def _not_too_many(bench: Bench, site: Site) -> None:
    """See that no more copies are running than were asked for, or only for as long as it takes to stop them."""
    answered = site.answered(site.answers(6))
    found: list[Container] = []

    def enough() -> bool:
        found[:] = _copies(bench, site, answered)
        return len(found) <= site.copies

    if not wait_for(enough, STOPPING, every=0.5):
        names = ", ".join(sorted(container.name for container in found))
        raise Mistake("too_many_left", copies=site.copies, found=len(found), names=names)


def _copies(bench: Bench, site: Site, answered: set[str]) -> list[Container]:
    """Return the copies of web that are running: those that have answered, and all that run what these run."""
    others = [container for container in _running(bench) if container.id != site.proxy.id]
    kinds = {_kind(container) for container in others if container.id in answered}

    def is_a_copy(one: Container) -> bool:
        return one.id in answered or _kind(one) in kinds or any(map(SERVER.search, _processes(bench, one)))

    return [one for one in others if is_a_copy(one)]


def _kind(container: Container) -> tuple[str, ...]:
    """Return what all copies of a thing have in common: the image and the command."""
    found = _facts(container)
    return (found["Image"], found["Path"], *found["Args"])


def _all_answered(key: str, site: Site, answers: list[str]) -> None:
    if len(answers) < REQUESTS or not all(map(ANSWER.match, answers)):
        raise _failed(key, site, answers)


def _failed(key: str, site: Site, answers: list[str]) -> Mistake:
    """Say what became of requests without an answer: they failed, or it was only we who did not wait longer."""
    failed = [answer for answer in answers if not ANSWER.match(answer) and LATE not in answer]
    if not failed:
        return Mistake("answers_too_late", seconds=PATIENCE)
    return Mistake(key, copies=site.copies, failed=len(failed), requests=len(answers), said=_short(failed))


def _why(bench: Bench, finished: Finished, copies: int, otherwise: Mistake) -> BaseException:
    if re.search(r"custom container name|container_name", finished.said):
        return Mistake("one_name_for_all", copies=copies)
    return bench.why(finished, otherwise=otherwise)


def _short(answers: list[str]) -> str:
    return answers[-1][:120] if answers and answers[-1] else "∅"


def _running(bench: Bench, *statuses: str) -> list[Container]:
    """Return the scripts' containers that are running, or have one of these statuses, the newest first."""
    filters = {"label": [f"kata.run={bench.run_id}", "kata.by=script"], "status": list(statuses or ("running",))}
    rows = bench.client.api.containers(filters=filters)
    return [Container(bench.client, row["Id"], row["Names"][0].removeprefix("/")) for row in rows]


def _processes(bench: Bench, container: Container) -> list[str]:
    """Return the command lines of what runs in it, or nothing where that cannot be said."""
    with contextlib.suppress(Exception):  # it may just have ended, and not every host has a ps
        found = bench.client.api.top(container.id)
        return [row[-1] for row in found["Processes"] or []]
    return []


def _runs_nginx(bench: Bench, proxy: Container) -> bool:
    """Whether nginx is what listens there: in the container, or in another one that shares its network."""
    joined = f"container:{proxy.id}"
    guests = [one for one in _running(bench) if _facts(one)["HostConfig"]["NetworkMode"] == joined]
    return any(NGINX.match(command) for one in (proxy, *guests) for command in _processes(bench, one))


def _wants_a_port(container: Container) -> bool:
    """Whether it was started to be published, whatever has become of it."""
    wanted = _facts(container)["HostConfig"]
    return bool(wanted["PortBindings"] or wanted["PublishAllPorts"])


def _addresses(container: Container) -> dict[str, str]:
    """Return a container's networks, and its address on each."""
    networks = _facts(container)["NetworkSettings"]["Networks"]
    return {name: found["IPAddress"] for name, found in networks.items() if found["IPAddress"]}


def _ports(container: Container) -> list[int]:
    """Return those of its TCP ports that can be reached from this machine."""
    ports = _facts(container)["NetworkSettings"]["Ports"] or {}
    return [int(port.partition("/")[0]) for port, bindings in ports.items() if bindings and port.endswith("/tcp")]


def _facts(container: Container) -> dict[str, Any]:
    """Return what docker inspect shows, or nothing of anything where it is gone: a helper may go at any moment."""
    try:
        return container.inspect()
    except Mistake:
        return GONE
