from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Container, Finished, Mistake, packed, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO, TAGGED = "hello-world", "hello-world:latest"
RED, BLUE = "kata-02-red", "kata-02-blue"
BUSYBOX = "busybox:1"
LOOKALIKE = "kata-02-hello-world"  # has the word in its name, and is another image
MOST, LEAST = 6, 2  # layers of an image
YES, NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that we made: a stack of layers that nobody else has.

    Attributes:
        name: What it is called; empty for one without a name.
        layers: Its layers as archives, the lowest first.
        config: Its configuration, as JSON.
        steps: How many lines its history has.
    """

    name: str
    layers: tuple[bytes, ...]
    config: bytes
    steps: int

    @functools.cached_property
    def digests(self) -> tuple[str, ...]:
        return tuple(hashlib.sha256(layer).hexdigest() for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Red and blue as they are on the engine: the images, how many layers they share, the IDs they go by."""

    red: Image
    blue: Image
    shared: int
    ids: dict[str, tuple[str, ...]]

    def each(self) -> tuple[tuple[str, Image, Image], ...]:
        return ("red", self.red, self.blue), ("blue", self.blue, self.red)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What inspect.sh said of a pair."""

    bench: Bench
    pair: Pair
    finished: Finished
    lines: dict[str, str]

    def value(self, key: str) -> str:
        if self.lines.get(key):
            return self.lines[key]
        told = [other for other, value in self.lines.items() if value]
        missing = Mistake("missing_line", key=key, found=", ".join(told) or "∅")
        raise self.bench.why(self.finished, otherwise=missing)

    def number(self, key: str) -> int:
        found = self.value(key)
        number = re.fullmatch(r"(\d{1,9})( *layers?)?", found, re.IGNORECASE | re.ASCII)
        if number is None:
            raise Mistake("not_a_number", key=key, found=_short(found))
        return int(number[1])


class Cache:
    """hello-world in the engine's cache: brought in, taken out, and in the end as it was before.

    A stopped container of the learner's may hold on to it, so it is only ever taken out by its name, and what
    had a name is kept in a file meanwhile: bringing it back needs no registry.
    """

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench = bench
        self._folder = folder
        self._api = bench.client.api
        self._start = bench.events.position()
        self._before = self.tags()
        self._known = {row["Id"] for row in self._api.images()}
        self._seen: set[str] = set()

    def tags(self) -> dict[str, str]:
        """Return the names that hello-world has here, and the image's ID for each."""
        return {tag: id_ for tag, id_ in _all_names(self._bench) if tag.startswith(f"{HELLO}:")}

    def bring_in(self) -> str:
        """Have hello-world in the cache and return its ID."""
        if TAGGED not in self.tags():
            self._restore(TAGGED)
        found = self.tags()
        self._seen |= set(found.values())
        for tag in found:
            self._keep(tag)
        return found[TAGGED]

    def take_out(self) -> None:
        """Have no image of that name in the cache."""
        for tag, image in self.tags().items():
            self._seen.add(image)
            self._keep(tag)
            self._remove(tag)

    def leave_as_it_was(self) -> None:
        self._remove_containers()
        for tag, image in self.tags().items():
            if self._before.get(tag) != image:
                self._seen.add(image)
                self._remove(tag)
        for tag, image in self._before.items():
            if self.tags().get(tag) != image:
                self._restore(tag)
        for image in self._seen - self._known:
            self._remove(image)

    def _keep(self, tag: str) -> None:
        file = self._file(tag)
        if not file.exists():
            with self._refused(), file.open("wb") as kept:
                kept.writelines(self._api.get_image(tag))

    def _restore(self, tag: str) -> None:
        file = self._file(tag)
        if file.exists():
            with self._refused(), file.open("rb") as kept:
                list(self._api.load_image(kept))
        if tag not in self.tags() and tag == TAGGED:
            self._bench.fetch(HELLO)

    def _file(self, tag: str) -> Path:
        return self._folder / f"{tag.partition(':')[2]}.tar"

    def _remove(self, image: str) -> None:
        with self._refused():
            self._api.remove_image(image, force=True)

    def _remove_containers(self) -> None:
        """Remove what holds on to hello-world, of ours and of what scripts made."""
        for row in self._api.containers(all=True, filters={"label": f"kata.run={self._bench.run_id}"}):
            if row["ImageID"] in self._seen:
                with self._refused():
                    self._api.remove_container(row["Id"], v=True, force=True)

    def _refused(self) -> contextlib.AbstractContextManager[None]:
        from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

        return contextlib.suppress(APIError)


@dataclass(frozen=True, kw_only=True)
class Evicted:
    """What was there before evict.sh.

    Attributes:
        hello: The ID that hello-world had.
        aliases: Other names that the same image had.
        users: Stopped containers that were made from it.
        others: Stopped containers that only look as if they were.
        names: The names of the other images that this exercise made or needs, and the ID of each.
        nameless: An image without a name that has nothing to do with hello-world.
    """

    hello: str
    aliases: frozenset[str]
    users: tuple[Container, ...]
    others: tuple[Container, ...]
    names: dict[str, str]
    nameless: str


@step
def cache(bench: Bench) -> Iterator[Cache]:
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        cache = Cache(bench, Path(folder))
        yield cache
        cache.leave_as_it_was()


@step
def reports(bench: Bench, cache: Cache) -> tuple[Report, ...]:
    cache.bring_in()
    reports = tuple(_ask(bench, _put(bench, shape)) for shape in _two_shapes())
    if not reports[0].lines:
        said = reports[0].finished.last_lines or "∅"
        raise bench.why(reports[0].finished, otherwise=Mistake("no_lines", said=said))
    return reports


@step
def report_without(bench: Bench, cache: Cache) -> Report:
    pair = _put(bench, _two_shapes()[0], beside=_lookalikes(bench))
    cache.take_out()
    return _ask(bench, pair)


@step
def evicted(bench: Bench, cache: Cache) -> Evicted:
    nameless = _put_nameless(bench, _two_shapes()[0])
    bench.lend("image", nameless)
    hello = cache.bring_in()
    users, others = _leave_containers(bench)
    aliases = frozenset(tag for tag, id_ in _all_names(bench) if id_ == hello and tag != TAGGED)
    names = _names(bench)
    finished = bench.run("evict.sh")
    if bench.image(HELLO) is not None:
        back = bench.transcript.since(finished.first_request).pulled(HELLO)
        raise bench.why(finished, otherwise=Mistake("came_back" if back else "still_cached"))
    return Evicted(hello=hello, aliases=aliases, users=users, others=others, names=names, nameless=nameless)


def test_prints_the_ids(reports: tuple[Report, ...]) -> None:
    for report in reports:
        for colour, image, other in report.pair.each():
            _compare_id(report, f"{colour}_id", image, other)


def test_counts_the_layers(reports: tuple[Report, ...]) -> None:
    for report in reports:
        for colour, image, _ in report.pair.each():
            key = f"{colour}_layers"
            found, right = report.number(key), len(image.layers)
            if found in (image.steps, image.steps + 1):
                raise Mistake("counted_history", key=key, found=found)
            if found != right:
                raise Mistake("other_count", key=key, found=found, image=image.name, right=right)


def test_counts_the_shared_layers(reports: tuple[Report, ...]) -> None:
    for report in reports:
        found, right = report.number("shared_layers"), report.pair.shared
        together = len({*report.pair.red.layers, *report.pair.blue.layers})
        if found == 0:
            raise Mistake("nothing_shared")
        if found == together:
            raise Mistake("counted_together", found=found)
        if found != right:
            raise Mistake("other_share", found=found, right=right)


def test_knows_what_is_cached(bench: Bench, reports: tuple[Report, ...], report_without: Report) -> None:
    for report in reports:
        if not _says_cached(report):
            raise Mistake("missed_it", found=report.value("hello_world_cached"))
    if not report_without.lines.get("hello_world_cached"):
        raise Mistake("stopped_without_it", code=report_without.finished.code)
    if _says_cached(report_without):
        found = report_without.value("hello_world_cached")
        raise Mistake("saw_it_anyway", found=found, others=", ".join(_lookalikes(bench)))


def test_evicts_hello_world(bench: Bench, evicted: Evicted) -> None:
    left = [container for container in evicted.users if container.exists]
    if left:
        raise Mistake("containers_left", number=len(left))
    names = {tag for tag, id_ in _all_names(bench) if id_ == evicted.hello}
    if names - evicted.aliases:
        raise Mistake("under_another_name", name=min(names - evicted.aliases))
    if not names and bench.image(evicted.hello) is not None:
        raise Mistake("left_nameless")


def test_leaves_everything_else(bench: Bench, evicted: Evicted) -> None:
    now = _names(bench)
    for name, image in evicted.names.items():
        if now.get(name) != image and image != evicted.hello:
            raise Mistake("took_an_image", name=name.removesuffix(":latest"))
    if bench.image(evicted.nameless) is None:
        raise Mistake("took_the_nameless")
    bench.bystanders.examine()
    for container in evicted.others:
        if not container.exists:
            raise Mistake("took_a_container", name=container.name)


# What inspect.sh said


def _ask(bench: Bench, pair: Pair) -> Report:
    finished = bench.run("inspect.sh")
    return Report(bench=bench, pair=pair, finished=finished, lines=_lines(finished.said))


def _lines(said: str) -> dict[str, str]:
    """Read lines of the form key=value; of a key that comes twice, the last counts."""
    pairs = (line.partition("=") for line in said.splitlines() if "=" in line)
    found = {_bare(key).lower().replace("-", "_"): _bare(value) for key, _, value in pairs}
    keys = ("red_id", "red_layers", "blue_id", "blue_layers", "shared_layers", "hello_world_cached")
    return {key: found[key] for key in keys if key in found}


def _bare(text: str) -> str:
    return text.strip(" \t\r\n\ufffd\"'`").removeprefix("export ")


def _short(found: str) -> str:
    return found if len(found) <= 24 else f"{found[:20]}…"


def _compare_id(report: Report, key: str, image: Image, other: Image) -> None:
    found = report.value(key)
    digits = found.lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]+", digits):
        raise Mistake("not_an_id", key=key, found=_short(found))
    if len(digits) < 12:
        raise Mistake("id_too_short", key=key, digits=len(digits))
    if any(id_.startswith(digits) for id_ in report.pair.ids[image.name]):
        return
    if any(id_.startswith(digits) for id_ in report.pair.ids[other.name]):
        raise Mistake("ids_swapped", key=key, image=image.name, other=other.name)
    if any(digest.startswith(digits) for digest in (*image.digests, *other.digests)):
        raise Mistake("id_of_a_layer", key=key)
    raise Mistake("other_id", key=key, image=image.name, found=digits[:12])


def _says_cached(report: Report) -> bool:
    found = report.value("hello_world_cached").lower()
    if found not in YES | NO:
        raise Mistake("neither_yes_nor_no", found=_short(found))
    return found in YES


# What is on the engine


def _all_names(bench: Bench) -> list[tuple[str, str]]:
    rows = bench.client.api.images()
    return [
        (tag.removeprefix("docker.io/").removeprefix("library/"), row["Id"])
        for row in rows
        for tag in row["RepoTags"] or ()
        if "<none>" not in tag
    ]


def _names(bench: Bench) -> dict[str, str]:
    """Return the names of the images that this exercise made or needs, but for hello-world, and the ID of each.

    Others come and go beside us: the guard keeps a script from them, and the bystanders tell of one that got past it.
    """
    needed = {*bench.exercise.images, *(f"{name}:latest" for name in _lookalikes(bench))} - {HELLO}
    return {tag: id_ for tag, id_ in _all_names(bench) if tag.startswith(bench.exercise.prefix) or tag in needed}


def _lookalikes(bench: Bench) -> tuple[str, ...]:
    """Return the names of other images: the word is at the end of one and at the beginning of one."""
    return LOOKALIKE, f"{HELLO}-{bench.run_id}"  # an image of the learner's may be called hello-world-app


def _leave_containers(bench: Bench) -> tuple[tuple[Container, ...], tuple[Container, ...]]:
    """Leave stopped containers behind, as somebody who tried things out would: hello-world's, and those of others.

    One of the others has an image that looks like it, one has a name that does; one is older, one newer than all of
    hello-world's, whose number nobody knows.
    """
    older = _create(bench, LOOKALIKE)  # its program is nowhere, so it cannot be started
    users = tuple(_create(bench, HELLO) for _ in range(2 + secrets.randbelow(2)))
    newer = _create(bench, BUSYBOX, "true", name=f"{LOOKALIKE}-{bench.nonce()}")
    for container in (*users, newer):
        _run(container)
    return users, (older, newer)


def _create(bench: Bench, image: str, *command: str, name: str = "") -> Container:
    """Make a container that scripts see; without a name it gets one from the engine, as docker run does it."""
    made = bench.create({"Image": image, "Cmd": list(command)}, name)
    bench.lend("container", made.id, made.name)
    return made


def _run(container: Container) -> None:
    container.start()
    if not wait_for(lambda: container.status == "exited", 10):
        container.stop(0)


# Making images: an archive as docker load reads it, so that nothing has to be built or fetched


def _two_shapes() -> tuple[tuple[int, int, int], ...]:
    """Return two shapes (layers shared, red's own, blue's own) in which no constant and no simple guess holds."""
    owns = range(1, MOST)
    shapes = [
        (shared, red, blue)
        for shared, red, blue in itertools.product(range(1, MOST), owns, owns)
        if red != blue and shared + min(red, blue) >= LEAST and shared + max(red, blue) <= MOST
    ]
    pairs = [
        (one, two)
        for one, two in itertools.permutations(shapes, 2)
        if (one[1] > one[2]) != (two[1] > two[2])  # once red is the taller one, once blue
        and one[0] != two[0]
        and one[0] + one[1] != two[0] + two[1]
        and one[0] + one[2] != two[0] + two[2]
        and (min(one[1:]) > 1 or min(two[1:]) > 1)  # what they share is not always all but one
    ]
    return secrets.choice(pairs)


def _put(bench: Bench, shape: tuple[int, int, int], *, beside: tuple[str, ...] = ()) -> Pair:
    """Put a new red and blue on the engine in place of earlier ones, and perhaps other images beside them."""
    bench.clear()
    shared, *owns = shape
    base = tuple(_layer(bench, "base") for _ in range(shared))
    stacks = [base + tuple(_layer(bench, "own") for _ in range(own)) for own in owns]
    red, blue = (_image(bench, name, stack) for name, stack in zip((RED, BLUE), stacks, strict=True))
    more = [_image(bench, name, (_layer(bench, "beside"),)) for name in beside]
    list(bench.client.api.load_image(_archive([red, blue, *more])))
    for name in beside:
        _show(bench, name)
    return Pair(red=red, blue=blue, shared=shared, ids={image.name: _ids(bench, image) for image in (red, blue)})


def _show(bench: Bench, name: str) -> None:
    """Let scripts see and use an image by this name, also where it has not the prefix of the exercise."""
    found = bench.image(name) or {}
    bench.gate.ledger.adopt("tag", f"docker.io/library/{name}:latest", str(found["Id"]))


def _put_nameless(bench: Bench, shape: tuple[int, int, int]) -> str:
    """Put red, blue and those with like names there once more, and beside them an image without a name."""
    _put(bench, shape, beside=_lookalikes(bench))
    known = {row["Id"] for row in bench.client.api.images()}
    list(bench.client.api.load_image(_archive([_image(bench, "", (_layer(bench, "nameless"),))])))
    ours = bench.client.api.images(filters={"label": f"kata.run={bench.run_id}", "dangling": True})
    return next(str(row["Id"]) for row in ours if row["Id"] not in known)


def _ids(bench: Bench, image: Image) -> tuple[str, ...]:
    """Return the IDs an image goes by: the engine's, and where that is a manifest's digest, its configuration's."""
    found = bench.image(image.name) or {}
    return str(found["Id"]).removeprefix("sha256:"), hashlib.sha256(image.config).hexdigest()


def _layer(bench: Bench, kind: str) -> bytes:
    name = f"{kind}-{bench.nonce()}"
    return packed({name: name.encode()})


def _image(bench: Bench, name: str, layers: tuple[bytes, ...]) -> Image:
    """Describe an image; steps that make no layer, such as ENV, are among those that do."""
    made: list[dict[str, Any]] = [{"created_by": f"COPY part-{number} /"} for number in range(len(layers))]
    for word in ("ENV", "LABEL", "CMD", "WORKDIR")[: 2 + secrets.randbelow(3)]:
        made.insert(secrets.randbelow(len(made) + 1), {"created_by": f"{word} …", "empty_layer": True})
    version = bench.client.api.version()
    config = {
        "architecture": version["Arch"],
        "os": version["Os"],
        "created": "2013-03-20T00:00:00Z",
        "config": {"Labels": {"kata.run": bench.run_id}, "Cmd": ["/none"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
        "history": made,
    }
    return Image(name=name, layers=layers, config=json.dumps(config).encode(), steps=len(made))


def _archive(images: list[Image]) -> bytes:
    """Return the images as one archive (the format of docker save: a manifest.json beside what it names)."""
    files: dict[str, bytes] = {}
    manifest = []
    for image in images:
        config = f"{hashlib.sha256(image.config).hexdigest()}.json"
        layers = [f"{digest}.tar" for digest in image.digests]
        files |= {config: image.config, **dict(zip(layers, image.layers, strict=True))}
        tags = [f"{image.name}:latest"] if image.name else None
        manifest.append({"Config": config, "RepoTags": tags, "Layers": layers})
    return packed({**files, "manifest.json": json.dumps(manifest).encode()})
