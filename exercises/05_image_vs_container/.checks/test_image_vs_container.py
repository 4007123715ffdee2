from __future__ import annotations

import contextlib
import io
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Container, Finished, Mistake, step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

A, B, C, D = "kata-05-a", "kata-05-b", "kata-05-c", "kata-05-d"
BASE, NOTED = "kata-05-base", "kata-05-noted"
LIVES = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"  # as prepare.sh has it
LABEL = {"kata.exercise": "05"}  # every image and container that grows from the base inherits it
REMOVED = 2  # what docker diff calls D
OUTSIDE = {"bind": "folder_used", "volume": "volume_used"}  # a tmpfs belongs to its container alone
REFUSED = ("docker.still_running", "docker.name_in_use", "docker.name_in_use_by")
PATIENCE = 10.0  # seconds in which nothing happens while a script holds on to a container
SETTINGS = ("Config", "HostConfig", "NetworkSettings")  # parts of what docker inspect shows
UPDATED = ("RestartPolicy", "Memory", "NanoCpus", "CpuShares", "CpuQuota", "PidsLimit")  # what docker update changes
FROM_OUTSIDE = frozenset({"exec.create", "container.write"})  # how a script writes into a container
MOST_FILES, LARGEST = 50, 100_000  # of a container's own; a note is one short line


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image is made of, and how its containers are set up."""

    id: str
    layers: tuple[str, ...]
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container as run.sh left it.

    Attributes:
        container: The container.
        found: What docker inspect showed.
        note: What ``/note`` held; None where there was none.
        changed: What docker diff showed: paths, each with what became of it.
        files: The files of its own layer, and what is in them.
    """

    container: Container
    found: dict[str, Any]
    note: str | None
    changed: frozenset[tuple[str, int]]
    files: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Three:
    """What run.sh left behind.

    Attributes:
        finished: How it ended.
        notes: The notes that it was to leave, by the container's name.
        seen: The three containers, by name.
        base: What kata-05-base is made of.
        bases: The ids that it had; two where run.sh made it anew.
    """

    finished: Finished
    notes: dict[str, str]
    seen: dict[str, Seen]
    base: Image
    bases: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Again:
    """How again.sh ended, where it began in the engine's account, and what was there before.

    Attributes:
        finished: How it ended.
        began: Where it began in the engine's account.
        three: What was there before.
        written: The ids of the containers in which it ran programs, or into which it copied files.
    """

    finished: Finished
    began: int
    three: Three
    written: frozenset[str]


@step
def base(bench: Bench) -> Iterator[Image]:
    """Make kata-05-base as prepare.sh does, layer for layer, without needing a builder."""
    began = bench.events.position()
    api = bench.client.api
    maker = api.create_container("busybox:1", ["sh", "-c", LIVES], name="kata-05-maker", labels=LABEL)["Id"]
    api.commit(maker, repository=BASE, tag="latest")
    api.remove_container(maker)
    made = _image(bench, BASE)
    assert made is not None
    yield made
    _sweep(bench, began)


@step
def three(bench: Bench, base: Image) -> Three:
    notes = {name: f"{word}-{bench.nonce()}" for name, word in ((A, "apple"), (B, "banana"), (C, "cherry"))}
    finished = _run(bench, "run.sh", {f"NOTE_{name[-1].upper()}": note for name, note in notes.items()})
    containers = {name: bench.container(name, after=finished) for name in notes}
    seen = {name: _see(bench, container) for name, container in containers.items()}
    now, plain = _image(bench, BASE) or base, _image(bench, "busybox:1")
    again = plain is not None and now.layers == plain.layers  # prepare.sh made it anew, with a builder
    return Three(
        finished=finished,
        notes=notes,
        seen=seen,
        base=now if again else base,
        bases=frozenset({base.id, now.id}),
    )


@step
def again(bench: Bench, three: Three) -> Again:
    began = bench.events.position()
    finished = _run(bench, "again.sh")
    asked = bench.transcript.since(finished.first_request)
    written = frozenset(entry.subject for route in FROM_OUTSIDE for entry in asked.asked(route))
    return Again(finished=finished, began=began, three=three, written=written)


def test_three_of_one_image(three: Three) -> None:
    for name, seen in three.seen.items():
        _of_the_base(name, seen.found, three.bases)
        _running(name, seen.container, seen.found)
    images = {seen.found["Image"] for seen in three.seen.values()}
    if len(images) > 1:
        raise Mistake("several_images", number=len(images))


def test_each_has_its_own_note(three: Three) -> None:
    for name, seen in three.seen.items():
        if seen.note != three.notes[name]:
            raise _other_note(name, seen, three.notes)
    for name, seen in three.seen.items():
        for other, note in three.notes.items():
            if other != name:
                _knows_nothing_of(name, seen, other, note)


def test_a_is_new_and_b_remembers(bench: Bench, again: Again) -> None:
    for name in (A, B):
        if again.three.seen[name].note != again.three.notes[name]:
            raise Mistake("no_note_before", name=name)
    _a_is_new(bench, again)
    _b_remembers(bench, again)


def test_b_is_frozen_and_d_grows_from_it(bench: Bench, again: Again) -> None:
    d, notes, base = bench.find(D), again.three.notes, again.three.base
    noted = _noted(bench, d)
    if noted is None:
        raise bench.why(again.finished, otherwise=Mistake("no_noted"))
    if again.three.seen[B].note != notes[B]:
        raise Mistake("no_note_before", name=B)
    more = len(noted.layers) - len(base.layers)
    if noted.layers[: len(base.layers)] != base.layers:
        raise Mistake("not_on_the_base")
    if more == 0:
        raise Mistake("nothing_frozen")
    if more != 1:
        raise Mistake("several_layers", more=more)
    d = d or bench.container(D, after=again.finished)
    _d_shows(bench, d, noted, notes)
    _all_of_the_base(bench, again.three, noted)
    _nobody_told(bench, d, noted, again)


def test_the_image_has_no_note(bench: Bench, again: Again) -> None:
    now, notes = _image(bench, BASE), again.three.notes
    if now is None:
        raise Mistake("base_gone")
    is_as_it_was = now.layers == again.three.base.layers
    places = {**_settings({"Config": now.config}), **({} if is_as_it_was else _files(bench, now))}
    for name, note in notes.items():
        where = _place_of(note, places)
        if where:
            raise Mistake("base_has_note", name=name, where=where)
    if not is_as_it_was:
        raise Mistake("base_changed")


def test_nothing_else_was_used_or_touched(bench: Bench, again: Again) -> None:
    before = again.three.seen
    now = {name: found.inspect() for name in (A, B, C, D) if (found := bench.find(name)) is not None}
    for name, found in [*((name, seen.found) for name, seen in before.items()), *now.items()]:
        for mount in found["Mounts"]:
            if mount["Type"] in OUTSIDE:
                raise Mistake(OUTSIDE[mount["Type"]], name=name, path=mount["Destination"])
    if C not in now or now[C]["Id"] != before[C].container.id:
        raise Mistake("c_is_gone")
    _c_was_left_alone(bench, again, now[C])
    bench.bystanders.examine()


# What became of a, b, c and d


def _a_is_new(bench: Bench, again: Again) -> None:
    old = again.three.seen[A].container
    new = bench.container(A, after=again.finished)
    if new.id == old.id:
        raise _a_is_the_same(bench, again)
    if old.exists:
        raise Mistake("a_is_kept", name=old.inspect()["Name"].removeprefix("/"))
    found = new.inspect()
    _of_the_base(A, found, again.three.bases)
    _running(A, new, found)
    seen = _see(bench, new)
    if seen.note:
        raise Mistake("a_has_a_note", found=seen.note)
    for name, note in again.three.notes.items():
        where = _place_of(note, {**seen.files, **_settings(found)})
        if where:
            raise Mistake("a_knows_a_note", name=name, where=where)


def _a_is_the_same(bench: Bench, again: Again) -> Mistake:
    """Say why a was not removed, where Docker told the script."""
    why = bench.why(again.finished, otherwise=Mistake("a_is_the_same"))
    return why if isinstance(why, Mistake) and why.key in REFUSED else Mistake("a_is_the_same")


def _b_remembers(bench: Bench, again: Again) -> None:
    b, note = again.three.seen[B].container, again.three.notes[B]
    now = bench.find(B)
    happened = [event.action for event in bench.events.since(again.began) if event.id == b.id]
    if now is None and b.exists:
        raise Mistake("b_renamed", name=b.inspect()["Name"].removeprefix("/"))
    if now is None:
        raise Mistake("b_is_gone")
    if now.id != b.id:
        raise Mistake("b_is_another", before=b.id[:12], after=now.id[:12])
    if "die" not in happened:
        raise Mistake("b_had_ended" if "start" in happened else "b_never_stopped")
    if "start" not in happened and not b.is_running:
        raise Mistake("b_stays_stopped")
    _running(B, b, b.inspect())
    found = _note(bench, b)
    if found != note:
        raise Mistake("b_lost_it", found=found or "∅", note=note)


def _d_shows(bench: Bench, d: Container, noted: Image, notes: dict[str, str]) -> None:
    found = d.inspect()
    grown = _image(bench, found["Image"])
    if grown is None or grown.layers != noted.layers:
        raise Mistake("d_of_another", image=found["Config"]["Image"])
    frozen = _read(bench, noted)
    owner = next((name for name, note in notes.items() if note == frozen), None)
    if owner in (A, C):
        raise Mistake("froze_another", name=owner)
    _running(D, d, found)
    shown = _note(bench, d)
    if not frozen and shown == notes[B]:
        raise Mistake("written_afterwards")
    if not frozen:
        raise Mistake("froze_no_note")
    if frozen != notes[B]:
        raise Mistake("froze_something_else", found=frozen)
    if shown != notes[B]:
        raise Mistake("d_shows_another", found=shown or "∅")


def _all_of_the_base(bench: Bench, three: Three, noted: Image) -> None:
    """Refuse an image that is set up otherwise than the base and b, or in whose layer files of the base are removed."""
    b, base, config = three.seen[B], three.base, noted.config
    kept = b.found["Config"]
    for key, word in (("Entrypoint", "ENTRYPOINT"), ("Cmd", "CMD")):  # a new ENTRYPOINT empties CMD
        if (config.get(key) or []) not in [of.get(key) or [] for of in (base.config, kept)]:
            raise Mistake("noted_is_set_otherwise", what=word)
    if set(base.config.get("Env") or ()) & set(kept.get("Env") or ()) - set(config.get("Env") or ()):
        raise Mistake("noted_is_set_otherwise", what="ENV")
    if _image(bench, base.id) is None:
        return  # it was removed, and another check says so
    removed = [path for path, kind in b.changed | _changed(bench, b.container) if kind == REMOVED]
    gone = _paths(bench, base) - _paths(bench, noted)
    lost = [path for path in sorted(gone) if not any(f"{path}/".startswith(f"{other}/") for other in removed)]
    if lost:
        raise Mistake("noted_lacks", path=lost[0])


def _nobody_told(bench: Bench, d: Container, noted: Image, again: Again) -> None:
    """Refuse a d that was given what its image knows already.

    A program that d has inherited from b may write the note once more, and a copy of it is not what d was told: only
    /note itself counts, and only where again.sh ran something in d or copied something in.
    """
    note, inherited = again.three.notes[B], _words(noted.config)
    where = _place_of(note, _settings(d.inspect(), inherited))
    if where:
        raise Mistake("d_was_told", where=where)
    by_itself = any(note in word for word in inherited)
    if d.id in again.written and not by_itself and note in _see(bench, d).files.get("/note", ""):
        raise Mistake("d_was_written_in")


def _c_was_left_alone(bench: Bench, again: Again, now: dict[str, Any]) -> None:
    before = again.three.seen[C]
    state, was = now["State"], before.found["State"]
    if was["Running"]:
        _running(C, before.container, now)
    after = _see(bench, before.container)
    if before.note is not None and after.note != before.note:
        raise Mistake("c_has_another_note")
    by_itself = now["RestartCount"] > before.found["RestartCount"]  # its own restart policy did it
    if was["Running"] and state["StartedAt"] != was["StartedAt"] and not by_itself:
        raise Mistake("c_was_restarted")
    other = {path for path, _ in before.changed ^ after.changed}
    other |= {path for path, _ in before.files.items() ^ after.files.items()}
    if other and before.container.id in again.written:  # c's own program may write what it likes
        raise Mistake("c_was_written_in", path=max(sorted(other), key=lambda path: path.count("/")))
    setting = _other_setting(before.found, now)
    if setting:
        raise Mistake("c_is_set_otherwise", setting=setting)


def _other_setting(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return a setting of a container that has been changed without making it anew; empty if there is none."""
    if set(before["NetworkSettings"]["Networks"]) != set(now["NetworkSettings"]["Networks"]):
        return "NetworkSettings.Networks"
    before, now = before["HostConfig"], now["HostConfig"]
    return next((f"HostConfig.{key}" for key in UPDATED if before.get(key) != now.get(key)), "")


def _of_the_base(name: str, found: dict[str, Any], bases: frozenset[str]) -> None:
    if found["Image"] not in bases:
        raise Mistake("of_another_image", name=name, image=found["Config"]["Image"])


def _running(name: str, container: Container, found: dict[str, Any]) -> None:
    state = found["State"]
    if state["Status"] == "paused":
        raise Mistake("paused", name=name)
    if state["Status"] != "running":
        log, command = container.last_words(), " ".join([found["Path"], *found["Args"]])
        about = {"name": name, "status": state["Status"], "code": state["ExitCode"]}
        raise Mistake("not_running", **about, log=log) if log else Mistake("ended", **about, command=command)


# Notes


def _other_note(name: str, seen: Seen, notes: dict[str, str]) -> Mistake:
    owner = next((other for other, note in notes.items() if note == seen.note), None)
    if owner is not None:
        return Mistake("note_of_another", name=name, other=owner)
    if seen.note:
        return Mistake("other_note", name=name, found=seen.note[:200], note=notes[name])
    where = _place_of(notes[name], seen.files)
    if where:
        return Mistake("note_elsewhere", name=name, path=where)
    variable = f"$NOTE_{name[-1].upper()}"
    return Mistake("no_note" if seen.note is None else "empty_note", name=name, variable=variable)


def _knows_nothing_of(name: str, seen: Seen, other: str, note: str) -> None:
    """Refuse a container that carries the note of another."""
    where = _place_of(note, seen.files)
    if where:
        raise Mistake("sees_another", name=name, other=other, path=where)
    if any(note in line for line in seen.found["Config"]["Env"] or ()):
        raise Mistake("environment_has_another", name=name, other=other)
    where = _place_of(note, _settings(seen.found))
    if where:
        raise Mistake("settings_have_another", name=name, other=other, where=where)


def _note(bench: Bench, container: Container) -> str | None:
    """Return what a container shows as /note, running or not; None where there is no such file."""
    if container.is_running:
        answer = container.ask("cat", "/note")
        return answer.said.strip() if answer.code == 0 else None
    return _resting_note(container)


def _resting_note(container: Container) -> str | None:
    """Return what is in /note of a container that does not run."""
    content = container.read("/note")
    return None if content is None else content.decode(errors="replace").strip()


def _changed(bench: Bench, container: Container) -> frozenset[tuple[str, int]]:
    """Return what docker diff shows of a container; nothing where it is gone."""
    changes = bench.client.api.diff(container.id) if container.exists else None
    return frozenset((change["Path"], change["Kind"]) for change in changes or ())


def _see(bench: Bench, container: Container) -> Seen:
    changed = _changed(bench, container)
    paths = sorted(path for path, kind in changed if kind != REMOVED)
    leaves = [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
    files = {path: container.read(path) for path in leaves[:MOST_FILES]}
    return Seen(
        container=container,
        found=container.inspect(),
        note=_note(bench, container),
        changed=changed,
        files={path: text[:LARGEST].decode(errors="replace") for path, text in files.items() if text is not None},
    )


def _place_of(note: str, files: dict[str, str]) -> str:
    return next((path for path, text in files.items() if note in text), "")


def _settings(found: dict[str, Any], inherited: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the texts in the settings that docker inspect shows, by where they stand, without those inherited."""
    return {
        f"docker inspect → {part}.{key}": "\n".join(_words(value) - inherited)
        for part in SETTINGS
        for key, value in (found.get(part) or {}).items()
    }


def _words(value: object) -> frozenset[str]:
    """Return the texts in a JSON value, wherever they stand."""
    if isinstance(value, str):
        return frozenset({value})
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return frozenset(word for part in parts for word in _words(part))


# Images


def _image(bench: Bench, reference: str) -> Image | None:
    found = bench.image(reference)
    if found is None:
        return None
    layers = tuple(found["RootFS"].get("Layers") or ())
    return Image(id=found["Id"], layers=layers, config=found.get("Config") or {})


def _noted(bench: Bench, d: Container | None) -> Image | None:
    """Return kata-05-noted, whatever its tag; of several the one that d was made from, else :latest."""
    rows = bench.client.api.images(NOTED)
    ids = [row["Id"] for row in rows]
    grown = d.image if d is not None else ""
    latest = _image(bench, NOTED)
    wanted = grown if grown in ids else latest.id if latest is not None else next(iter(ids), "")
    return _image(bench, wanted) if wanted else None


def _unstarted(bench: Bench, image: Image) -> AbstractContextManager[Container]:
    """Return a container that is never started: the image's files, and nothing else."""
    return bench.temporary({"Image": image.id, "Cmd": ["true"]})


def _read(bench: Bench, image: Image) -> str | None:
    with _unstarted(bench, image) as probe:
        return _resting_note(probe)


@contextlib.contextmanager
def _packed(bench: Bench, image: Image) -> Iterator[tarfile.TarFile]:
    with _unstarted(bench, image) as probe:
        stream, _ = bench.client.api.get_archive(probe.id, "/")  # an export leaves a mount behind (Engine 26.1.5)
        content = io.BytesIO(b"".join(stream))
    with tarfile.open(fileobj=content) as archive:
        yield archive


def _paths(bench: Bench, image: Image) -> frozenset[str]:
    """Return the paths of all that an image has, folders too."""
    with _packed(bench, image) as archive:
        return frozenset("/" + name.strip("/") for name in archive.getnames())


def _files(bench: Bench, image: Image) -> dict[str, str]:
    """Return the small files of an image, and what is in them."""
    files = {}
    with _packed(bench, image) as archive:
        for entry in archive:
            opened = archive.extractfile(entry) if entry.isfile() and entry.size < LARGEST else None
            if opened is not None:
                files["/" + entry.name.lstrip("/")] = opened.read().decode(errors="replace")
    return files


# Running the scripts, and clearing away what grew from the base


def _run(bench: Bench, name: str, environment: dict[str, str] | None = None) -> Finished:
    """Run a script, and don't wait out its whole time when it only holds on to a container."""
    began = latest = bench.events.position()
    looked = quiet_since = time.monotonic()
    held = ""

    def holds_on() -> bool:
        nonlocal latest, looked, quiet_since, held
        now = time.monotonic()
        if now - looked < PATIENCE / 4:
            return False
        position, looked = bench.events.position(), now
        if position != latest:
            latest, quiet_since = position, now
        if now - quiet_since > PATIENCE:
            held = _attached(bench, began)
        return bool(held)

    try:
        return bench.run(name, environment, seconds=45, give_up=holds_on)
    except Mistake as mistake:
        held = held or (_attached(bench, began) if mistake.key == "script.still_running" else "")
        if held:
            raise Mistake("foreground", script=name, name=held) from None
        raise


def _attached(bench: Bench, began: int) -> str:
    """Return the name of a running container to which something has attached itself; empty if there is none."""
    attached = {event.id for event in bench.events.since(began) if event.action == "attach"}
    running = (found for found in bench.created(0) if found.id in attached and found.exists and found.is_running)
    return next((found.name for found in running), "")


def _sweep(bench: Bench, began: int) -> None:
    """Remove nameless containers and images that grew from the base; what has a name of ours the bench removes."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    api = bench.client.api
    for event in bench.events.since(began):
        ours = event.about.get("kata.exercise") == LABEL["kata.exercise"]
        if event.kind == "container" and event.action == "create" and ours:
            with contextlib.suppress(APIError):
                api.remove_container(event.id, force=True, v=True)
    bench.clear()
    for image in api.images(filters={"label": "kata.exercise=05", "dangling": True}):
        with contextlib.suppress(APIError):
            api.remove_image(image["Id"], force=True)
