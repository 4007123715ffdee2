from __future__ import annotations

import contextlib
import random
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Container, Event, Finished, Mistake, Registry, Served, step, together, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "kata-12-web"
ADDRESS = f"http://{NAME}:8000/"
SAME = ("Cmd", "Entrypoint", "Env", "WorkingDir", "StopSignal", "User")  # what a rebuilt image might have otherwise
TAKES_DOWN = {("container", "die"), ("container", "pause"), ("network", "disconnect")}
RENAMES = ("container", "rename")
VISITS = 8  # enough to meet each of two that share a name: the odds that one stays hidden are 1 to 128
DOCKERFILE = """\
FROM busybox:1
COPY index.html /www/index.html
ENV EDITION={edition}
CMD ["sh", "-c", "trap 'exit 0' TERM; httpd -p 8000 -h /www; while :; do sleep 3600 & wait $!; done"]
"""


@dataclass(frozen=True, kw_only=True)
class Version:
    """An image on the registry: its tag, the page that only it has, and what it is made of."""

    tag: str
    page: str
    layers: tuple[str, ...]
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where is deployed to: a registry with some versions, and a visitor who asks for the site by its name."""

    bench: Bench
    registry: Registry
    visitor: Served
    versions: tuple[Version, ...]
    changed: Version  # other bytes for the tag of versions[4]
    missing: str  # a tag that is not there
    pushed: dict[str, str] = field(default_factory=dict)  # what should be on the registry

    def push(self, version: Version, image: str) -> None:
        name = f"{NAME}:{version.tag}"
        self.pushed[name] = self.registry.push(image, name)

    def deploy(self, tag: str) -> Finished:
        return self.bench.run("deploy.sh", self._environment, tag)

    def roll_back(self) -> Finished:
        return self.bench.run("rollback.sh", self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return {"KATA_REGISTRY": self.registry.address, "KATA_NETWORK": self.visitor.network}

    def page(self, seconds: int = 3) -> str | None:
        """Return what the visitor sees; None where nobody answers."""
        asked = self.visitor.ask("sh", "-c", f"timeout {seconds} wget -q -O - {ADDRESS} 2>/dev/null | head -c 500")
        return asked.said.strip() or None

    def shows(self, version: Version) -> bool:
        """Wait until the site shows this version, a moment at most once it shows another one."""
        seen: list[str | None] = []

        def settled() -> bool:
            seen.append(self.page())
            others = [page for page in seen if page is not None]
            return seen[-1] == version.page or len(others) > 5

        return wait_for(settled, 6, every=0.2) and seen[-1] == version.page

    def serves(self, version: Version) -> bool:
        """Whether the page comes from that very image, whatever it is called by now.

        It does where it is not to be had while the containers of that image hold their breath: one may stand anywhere
        behind another one that has the site's name.
        """
        running = [container for container in _running(self.bench) if container.is_running]
        made_of_it = [container for container in running if self._is_made_of(container, version)]
        with _held(self.bench, made_of_it):
            return bool(made_of_it) and self.page(seconds=1) != version.page

    def _is_made_of(self, container: Container, version: Version) -> bool:
        image = self.bench.image(container.image)
        if image is None:
            return False
        same_settings = all((image["Config"].get(key) or None) == (version.config.get(key) or None) for key in SAME)
        return tuple(image["RootFS"]["Layers"]) == version.layers and same_settings


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What was to be seen when a version was deployed that does not exist."""

    code: int
    page: str | None
    interrupted: str  # the container that served, and was stopped, renamed or taken off the network meanwhile


@step
def shop(bench: Bench) -> Iterator[Shop]:
    *tags, missing = _tags()
    changed = tags[4]
    images = _images(bench, [*tags, changed])
    versions = tuple(version for version, _ in images)
    with bench.registry() as registry, bench.serve("busybox:1", command=["sleep", "86400"]) as visitor:
        bench.lend("network", bench.client.api.inspect_network(visitor.network)["Id"], visitor.network)
        shop = Shop(
            bench=bench,
            registry=registry,
            visitor=visitor,
            versions=versions[:-1],
            changed=versions[-1],
            missing=missing,
        )
        for version, image in images[:-1]:
            shop.push(version, image)
        shop.pushed[f"{NAME}:latest"] = registry.push(images[2][1], f"{NAME}:latest")
        for _, image in images[:-1]:
            bench.client.api.remove_image(image)
        yield shop


@step
def first(shop: Shop) -> Container | None:
    _deploy(shop, shop.versions[0])
    return shop.bench.find(NAME)


@step
def second(shop: Shop, first: Container | None) -> Version:
    version = shop.versions[1]
    finished = shop.deploy(version.tag)
    if not shop.shows(version):
        now, page = shop.bench.find(NAME), shop.page()
        if page == shop.versions[0].page and first is not None and now is not None and now.id == first.id:
            raise _why(shop, finished, Mistake("restarted", wanted=version.tag, found=page))
        raise _why_not(shop, version, finished)
    return version


@step
def back(shop: Shop, second: Version) -> Version:
    version = shop.versions[0]
    finished = shop.roll_back()
    if not shop.shows(version):
        page = shop.page()
        if page is None:
            raise _why_silent(shop, finished)
        raise _why(shop, finished, Mistake("not_back", wanted=version.tag, found=page))
    return version


@step
def failed(shop: Shop, back: Version) -> Failed:
    for version in shop.versions[2:4]:
        _deploy(shop, version)
    served, since = _serving(shop), shop.bench.events.position()
    finished = shop.deploy(shop.missing)
    interrupted = next(_interrupted(shop.bench.events.since(since), served), "")
    goes_on = shop.shows(shop.versions[3])
    page = shop.versions[3].page if goes_on else shop.page()
    return Failed(code=finished.code, page=page, interrupted=interrupted)


@step
def what_ran(shop: Shop, failed: Failed) -> str | None:
    shop.roll_back()
    return shop.versions[2].page if shop.shows(shop.versions[2]) else shop.page()


@step
def once_more(shop: Shop, what_ran: str | None) -> str | None:
    """What was brought back counts as what ran: from the next deployment the way leads back to it."""
    _deploy(shop, shop.versions[4])
    shop.roll_back()
    return shop.versions[2].page if shop.shows(shop.versions[2]) else shop.page()


@step
def moved(shop: Shop, once_more: str | None) -> bool:
    """Whether the old bytes came back although their tag stands for others by now, here as well as on the registry."""
    for version in shop.versions[4:6]:
        _deploy(shop, version)
    image = f"kata-12-made-{shop.versions[4].tag}-{len(shop.versions)}"
    shop.push(shop.changed, image)
    shop.bench.client.api.remove_image(image, force=True)
    shop.registry.pull(f"{NAME}:{shop.changed.tag}")
    shop.roll_back()
    return shop.shows(shop.versions[4])


def test_deploys_the_version(first: Container | None) -> None:
    del first  # it is there


def test_replaces_the_one_before(shop: Shop, second: Version) -> None:
    pages = {shop.page() or "∅" for _ in range(VISITS)}
    if pages != {second.page}:
        raise Mistake("both_answer", found=", ".join(sorted(pages)))


def test_brings_back_the_image(shop: Shop, back: Version) -> None:
    if not shop.serves(back):
        raise Mistake("made_anew", wanted=back.tag)


def test_goes_back_to_what_ran(shop: Shop, what_ran: str | None, once_more: str | None) -> None:
    _, _, wanted, last, then, *_ = shop.versions
    ran = f"{wanted.tag} → {last.tag}"
    if what_ran == wanted.page != once_more:
        blanks = {"ran": ran, "wanted": wanted.tag, "then": then.tag, "found": once_more or "∅"}
        raise Mistake("forgot_the_rollback", **blanks)
    if what_ran == wanted.page:
        return
    if what_ran == last.page:
        raise Mistake("failed_one_counted", ran=ran, wanted=wanted.tag, missing=shop.missing, found=what_ran)
    raise Mistake("not_what_ran", ran=ran, wanted=wanted.tag, found=what_ran or "∅")


def test_survives_a_moved_tag(shop: Shop, moved: bool) -> None:  # noqa: FBT001 - a step's result
    wanted, after = shop.versions[4:6]
    found = wanted.page if moved else shop.page()
    if found == shop.changed.page:
        raise Mistake("moved_along", wanted=wanted.tag, next=after.tag, found=found)
    if not moved:
        raise Mistake("not_back", wanted=wanted.tag, found=found or "∅")
    if not shop.serves(wanted):
        raise Mistake("made_anew", wanted=wanted.tag)


def test_leaves_the_registry_alone(shop: Shop, moved: bool) -> None:  # noqa: FBT001 - after all scripts
    now = shop.registry.contents()
    names = sorted(name for name in now.keys() | shop.pushed.keys() if now.get(name) != shop.pushed.get(name))
    if names:
        raise Mistake("registry_changed", names=", ".join(names)[:300])


def test_fails_without_harm(shop: Shop, failed: Failed) -> None:
    wanted = shop.versions[3]
    if failed.page is None:
        raise Mistake("took_the_site_down", missing=shop.missing, wanted=wanted.tag)
    if failed.page != wanted.page:
        raise Mistake("another_one_serves", missing=shop.missing, wanted=wanted.tag, found=failed.page)
    if failed.interrupted:
        raise Mistake("interrupted", missing=shop.missing, wanted=wanted.tag, name=failed.interrupted)
    if failed.code == 0:
        raise Mistake("said_nothing", missing=shop.missing)


def _tags() -> list[str]:
    """Return seven tags. Of the first four the last is later than the first two, and earlier than the third."""
    numbers = random.sample([(major, minor) for major in range(1, 9) for minor in range(1, 9)], 7)
    first, second, fourth, third = sorted(numbers[:4])
    return [f"{major}.{minor}" for major, minor in (first, second, third, fourth, *numbers[4:])]


def _images(bench: Bench, tags: list[str]) -> list[tuple[Version, str]]:
    """Build an image for each tag, and say how the engine calls it; without our label, as learners will run them."""
    found: dict[int, tuple[Version, str]] = {}

    def make(number: int, tag: str) -> None:
        page = f"{NAME} {tag}, {bench.nonce()}"
        with tempfile.TemporaryDirectory(prefix="kata-") as folder:
            (Path(folder) / "index.html").write_text(f"{page}\n", encoding="utf-8")
            (Path(folder) / "Dockerfile").write_text(DOCKERFILE.format(edition=bench.nonce()), encoding="utf-8")
            built = bench.build(folder, tag=f"kata-12-made-{tag}-{number}", labelled=False)
        image = bench.image(built.reference) or {}
        version = Version(tag=tag, page=page, layers=tuple(image["RootFS"]["Layers"]), config=image["Config"])
        found[number] = version, built.reference

    together(*(lambda number=number, tag=tag: make(number, tag) for number, tag in enumerate(tags)))
    return [found[number] for number in range(len(tags))]


def _deploy(shop: Shop, version: Version) -> None:
    finished = shop.deploy(version.tag)
    if not shop.shows(version):
        raise _why_not(shop, version, finished)


def _why_not(shop: Shop, version: Version, finished: Finished) -> BaseException:
    page = shop.page()
    if page is None:
        return _why_silent(shop, finished)
    return _why(shop, finished, Mistake("other_version", script=finished.script, wanted=version.tag, found=page))


def _why(shop: Shop, finished: Finished, otherwise: Mistake) -> BaseException:
    """Return why a script did not do what it was to do.

    That there was nothing to remove yet, as Docker says of the first ``docker rm``, explains nothing.
    """
    said = re.sub(rf"^.*No such container: {NAME}.*$", "", finished.said, flags=re.MULTILINE)
    if finished.code == 0 and otherwise.key not in {"nothing_there", "not_running"}:
        return otherwise
    return shop.bench.why(replace(finished, said=said), otherwise=otherwise)


def _why_silent(shop: Shop, finished: Finished) -> BaseException:
    """Return why nobody answers to the site's name."""
    network, found = shop.visitor.network, shop.bench.find(NAME)
    if found is None:
        return _why(shop, finished, Mistake("nothing_there", script=finished.script, network=network))
    if not found.is_running:
        log = found.last_words() or "∅"
        blanks = {"script": finished.script, "status": found.status, "code": found.exit_code, "log": log}
        return _why(shop, finished, Mistake("not_running", **blanks))
    networks = found.inspect()["NetworkSettings"]["Networks"]
    if network not in networks:
        return Mistake("not_on_the_network", network=network, found=", ".join(networks) or "∅")
    return Mistake("no_answer")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A container that has the site's name on its network, as its own or as one more (an alias)."""

    name: str
    by_alias: bool


def _serving(shop: Shop) -> dict[str, Serving]:
    """Return the containers that have the site's name on its network, by their ids."""
    found = {}
    for container in _running(shop.bench):
        standing = container.inspect()["NetworkSettings"]["Networks"].get(shop.visitor.network)
        by_alias = standing is not None and NAME in (standing.get("Aliases") or ())
        if by_alias or (standing is not None and container.name == NAME):
            found[container.id] = Serving(name=container.name, by_alias=by_alias)
    return found


def _interrupted(events: Iterable[Event], served: dict[str, Serving]) -> Iterator[str]:
    """Yield the names of those that ended, were paused, left a network, or lost the name they were found by."""
    for event in events:
        one = event.about.get("container", "") if event.kind == "network" else event.id
        happened = (event.kind, event.action)
        if one in served and (happened in TAKES_DOWN or (happened == RENAMES and not served[one].by_alias)):
            yield served[one].name


@contextlib.contextmanager
def _held(bench: Bench, containers: list[Container]) -> Iterator[None]:
    """Let containers stand still for as long as the ``with`` lasts."""
    for container in containers:
        bench.client.api.pause(container.id)
    try:
        yield
    finally:
        for container in containers:
            bench.client.api.unpause(container.id)


def _running(bench: Bench) -> list[Container]:
    rows = bench.client.api.containers(filters={"label": [f"kata.run={bench.run_id}", "kata.by=script"]})
    return [Container(bench.client, row["Id"], row["Names"][0].removeprefix("/")) for row in rows]
