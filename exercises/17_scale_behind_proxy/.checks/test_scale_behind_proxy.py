from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Container, Finished, Mistake, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = 30
SLOW_ONES = 18
SLOW = 0.15  # seconds that server.py sleeps for a slow one, and serves nobody else
SHARED = 2 / 3  # of the time: a proxy that picks one of three at random needs more than a third, and seldom a half
SOON = 20  # seconds until newcomers have work: what nginx may cache, and a busy machine
PATIENCE = 12  # seconds that one request may take: a container that is gone is noticed after some three
ANSWER = re.compile(r"^Hello from (\d+\.\d+\.\d+\.\d+)$")

# Each request's answer, or what was said in place of one, in one line
ASK = "for i in $(seq $2); do timeout $3 wget -q -O - $1 2>&1 | head -c 300 | tr '\\n' ' '; echo; done"
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
        """Ask one after the other and return each answer in a line."""
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
    before = three.answered(three.answers(6))
    victim = next(container for container in three.others.values() if container.id in before)
    victim.stop(0)
    return three.answers()


@step
def five(bench: Bench, after_a_death: list[str]) -> Iterator[Site]:
    del after_a_death  # one is missing
    with _scaled(bench, 5) as site:
        yield site


def test_three_copies_answer(three: Site) -> None:
    answers = three.answers()
    _all_answered(three, answers)
    found = len(three.answered(answers))
    if found < 3:
        raise Mistake("not_all_of_them", copies=3, requests=REQUESTS, found=found)


def test_only_the_proxy_is_published(three: Site) -> None:
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


def test_survives_the_loss_of_one(after_a_death: list[str]) -> None:
    failed = [answer for answer in after_a_death if not ANSWER.match(answer)]
    if failed or len(after_a_death) < REQUESTS:
        blanks = {"failed": len(failed), "requests": REQUESTS, "said": _short(failed)}
        raise Mistake("failed_after_a_death", copies=3, **blanks)


def test_new_ones_get_work(five: Site) -> None:
    found: set[str] = set()

    def all_have_work() -> bool:
        found.update(five.answered(five.answers(10)))
        return len(found) >= 5

    if not wait_for(all_have_work, SOON, every=0.2):
        raise Mistake("new_ones_idle", copies=5, seconds=SOON, found=len(found))


def test_shrinks_again(bench: Bench, five: Site) -> None:
    del five  # there were five before
    with _scaled(bench, 1) as site:
        wait_for(lambda: len(site.answers(1)) == 1 and ANSWER.match(site.answers(1)[0]) is not None, 5)
        answers = site.answers()
    _all_answered(site, answers)
    found = len(site.answered(answers))
    if found > 1:
        raise Mistake("too_many_left", found=found)


@contextlib.contextmanager
def _scaled(bench: Bench, copies: int) -> Iterator[Site]:
    """Run scale.sh and look at what runs afterwards, for as long as this lasts.

    Raises:
        Mistake: There is nothing to come in by, or nobody behind it, or fewer than there should be.
    """
    finished = bench.run("scale.sh", None, str(copies), seconds=60)
    running = _running(bench)
    published = tuple(container for container in running if container.all_published())
    if not published:
        names = ", ".join(sorted(container.name for container in running)) or "∅"
        raise _why(bench, finished, copies, Mistake("nothing_published", copies=copies, running=names))
    addresses = {address: container for container in running for address in _addresses(container).values()}
    proxy = next((one for one in published if not _is_a_copy(one)), published[0])
    network, address = next(iter(_addresses(proxy).items()))
    others = {address: container for address, container in addresses.items() if container.id != proxy.id}
    with bench.serve("busybox:1", command=["sleep", "86400"], network=network) as visitor:
        site = Site(
            copies=copies,
            proxy=proxy,
            published=published,
            others=others,
            visitor=visitor,
            url=f"http://{address}:{_port(proxy)}/",
        )
        _must_answer(bench, site, finished)
        yield site


def _must_answer(bench: Bench, site: Site, finished: Finished) -> None:
    heard: list[str] = []

    def answers() -> bool:
        heard.extend(site.answers(1))
        return bool(site.answered(heard))

    if not wait_for(answers, 10, every=0.2):
        said = _short([line for line in heard if line])
        silent = Mistake("proxy_silent", copies=site.copies, proxy=site.proxy.name, said=said)
        raise _why(bench, finished, site.copies, silent)
    running = len({container.id for container in site.others.values()})
    if running < site.copies:
        raise _why(bench, finished, site.copies, Mistake("too_few", copies=site.copies, running=running))


def _all_answered(site: Site, answers: list[str]) -> None:
    failed = [answer for answer in answers if not ANSWER.match(answer)]
    if failed or len(answers) < REQUESTS:
        raise Mistake("some_fail", copies=site.copies, failed=len(failed), requests=REQUESTS, said=_short(failed))


def _why(bench: Bench, finished: Finished, copies: int, otherwise: Mistake) -> BaseException:
    if re.search(r"custom container name|container_name", finished.said):
        return Mistake("one_name_for_all", copies=copies)
    return bench.why(finished, otherwise=otherwise)


def _short(answers: list[str]) -> str:
    return answers[-1][:120] if answers and answers[-1] else "∅"


def _running(bench: Bench) -> list[Container]:
    rows = bench.client.api.containers(filters={"label": [f"kata.run={bench.run_id}", "kata.by=script"]})
    return [Container(bench.client, row["Id"], row["Names"][0].removeprefix("/")) for row in rows]


def _addresses(container: Container) -> dict[str, str]:
    """Return a container's networks, and its address on each."""
    networks = container.inspect()["NetworkSettings"]["Networks"]
    return {name: found["IPAddress"] for name, found in networks.items() if found["IPAddress"]}


def _port(proxy: Container) -> int:
    ports = proxy.inspect()["NetworkSettings"]["Ports"] or {}
    return next(int(port.partition("/")[0]) for port, bindings in ports.items() if bindings)


def _is_a_copy(container: Container) -> bool:
    """Whether this is a copy of web that is published too: one that runs our program."""
    command = container.inspect()
    return "server.py" in " ".join([command["Path"], *command["Args"]])
