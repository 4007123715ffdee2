from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.author import Bench, Entry, Finished, Mistake, Registry, Transcript, packed, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "kata-11-app:1.0"
NATIVE, FOREIGN = "kata-11-native:1", "kata-11-stranger:1"
FILE, REGISTRY = "file", "registry"
ARCHIVE = re.compile(r"app\.(tar(\.\w+)?|t\wz)")
PATIENCE = 90  # seconds for a script: an image is packed and unpacked, which takes a while on a busy machine
# the systems that Go, and so Docker, knows: os/arch and image/platform are headings; behind the processor may come its
# variant, or the slash alone where it has none
PLATFORM = re.compile(
    r"(?<![\w/])((?:linux|windows|darwin|freebsd|netbsd|openbsd|solaris|illumos|aix|android|ios|plan9)/[a-z0-9_]+)"
    r"(?:/(?:v\d+)?)?(?![\w/])",
    re.ASCII,  # what Korean attaches to a word is no part of it
)
# what Docker says of an image that this machine could not run, where a container is made of it
WARNING = re.compile(r"(?m)^WARNING: The requested image's platform .*$")
ELSEWHERE = ("linux/s390x", "linux/riscv64", "linux/ppc64le", "linux/mips64le")  # no engine here runs on these


@dataclass(frozen=True, kw_only=True)
class App:
    """The image that is to be shipped, as it was before: nobody knows its edition but itself."""

    edition: str
    letter: str
    layers: tuple[str, ...]
    config: dict[str, Any]
    platform: str


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """What ship.sh was given, and how it ended."""

    registry: Registry
    finished: Finished
    environment: dict[str, str]


@step
def app(bench: Bench) -> Iterator[App]:
    edition = f"no-{bench.nonce()}"
    bench.build("app", tag=APP, arguments={"EDITION": edition}, labelled=False)
    found = bench.image(APP) or {}
    yield App(
        edition=edition,
        letter=(bench.work.folder / "app/letter.txt").read_text(encoding="utf-8").strip(),
        layers=tuple(found["RootFS"]["Layers"]),
        config=found["Config"],
        platform=f"{found['Os']}/{found['Architecture']}",
    )
    _remove(bench, found["Id"])  # it may have lost its name to another one


@step
def shipped(bench: Bench, app: App) -> Iterator[Shipped]:
    del app  # it is there
    with bench.registry() as registry:
        environment = {"KATA_REGISTRY": registry.address}
        yield Shipped(
            registry=registry, finished=bench.run("ship.sh", environment, seconds=PATIENCE), environment=environment
        )


@step
def file(bench: Bench, shipped: Shipped) -> Path:
    out = bench.work.folder / "out"
    found = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    archives = [out / name for name in found if ARCHIVE.fullmatch(name)]
    files = [path for path in archives if path.is_file() and path.resolve().is_relative_to(out.resolve())]
    links = [path for path in archives if path.is_symlink()]
    if not files and links:
        raise Mistake("leads_elsewhere", file=f"out/{links[0].name}", target=str(links[0].readlink())[:200])
    if not files:
        raise bench.why(shipped.finished, otherwise=Mistake("no_file", found=", ".join(found)[:200] or "∅"))
    return files[0]


@step
def loaded(bench: Bench, app: App, shipped: Shipped, file: Path) -> dict[str, Any]:
    del shipped  # the registry stays open for what it holds
    _forget(bench, app)
    said = _load(bench, file)
    found = bench.image(APP)
    if found is not None:
        return found
    names = re.findall(r"Loaded image: (\S+)", said)
    if names:
        raise Mistake("other_name", found=", ".join(names)[:200])
    raise Mistake("no_name")


@step
def pulled(bench: Bench, app: App, shipped: Shipped) -> dict[str, Any]:
    _forget(bench, app)
    if shipped.registry.digest(APP) is None:
        found = ", ".join(sorted(shipped.registry.contents()))[:200] or "∅"
        raise bench.why(shipped.finished, otherwise=Mistake("not_on_the_registry", found=found))
    repository, _, tag = f"{shipped.registry.address}/{APP}".rpartition(":")
    bench.client.api.pull(repository, tag=tag)
    return bench.image(f"{repository}:{tag}") or {}


def test_loads_where_it_never_was(loaded: dict[str, Any]) -> None:
    assert loaded["Id"]


def test_arrives_unchanged(app: App, file: Path, loaded: dict[str, Any]) -> None:
    _compare(app, loaded, f"out/{file.name}")


def test_still_knows_what_to_run(bench: Bench, app: App, loaded: dict[str, Any]) -> None:
    if not (loaded["Config"].get("Cmd") or loaded["Config"].get("Entrypoint")):
        raise Mistake("no_command")
    with bench.serve(loaded["Id"]) as container:
        bench.client.api.wait(container.id, timeout=15)
        said = container.last_words()
    if app.edition not in said:
        raise Mistake("says_something_else", wanted=app.edition, found=said[:300] or "∅")


def test_is_on_the_registry(app: App, shipped: Shipped, pulled: dict[str, Any]) -> None:
    _compare(app, pulled, shipped.registry.address)


def test_received_both_ways(bench: Bench, app: App, shipped: Shipped, file: Path) -> None:
    with _nothing_but(bench.work.folder, "receive.sh", file.parent.name):
        _receive(bench, app, shipped, FILE)
    with _nothing_but(bench.work.folder, "receive.sh"):
        _receive(bench, app, shipped, REGISTRY)


def test_knows_its_platform(bench: Bench, app: App, shipped: Shipped) -> None:
    del shipped  # what it made does not matter, but that something was shipped
    for image, wanted in ((FOREIGN, random.choice(ELSEWHERE)), (NATIVE, app.platform)):  # noqa: S311 - no secret
        _put(bench, image, wanted)
        finished = bench.run("platform.sh", None, image, seconds=PATIENCE)
        found = PLATFORM.findall(WARNING.sub("", finished.said).lower())
        if not found:
            said = finished.last_lines[-200:] or "∅"
            raise bench.why(finished, otherwise=Mistake("no_platform", image=image, said=said))
        wrong = [platform for platform in found if platform != wanted]
        if wrong:
            raise Mistake("wrong_platform", image=image, found=wrong[-1], wanted=wanted)


def _receive(bench: Bench, app: App, shipped: Shipped, way: str) -> None:
    """Let receive.sh get the image back on a machine that has nothing of it."""
    _forget(bench, app)
    before = len(_fetches(shipped.registry))
    environment = shipped.environment if way == REGISTRY else None
    finished = bench.run("receive.sh", environment, way, seconds=PATIENCE)
    asked = bench.transcript.since(finished.first_request)
    if asked.asked("image.build") or asked.asked("build.grpc"):
        raise Mistake("built_again", way=way)
    printed = " ".join(finished.said.split())
    missing = [words for words in (app.edition, app.letter) if words not in printed]
    if missing:
        said = finished.last_lines[-300:] or "∅"
        raise bench.why(finished, otherwise=Mistake("letter_not_printed", way=way, wanted=missing[0], said=said))
    pulls = asked.asked("image.pull")
    if way == FILE and pulls:
        raise Mistake("asked_the_registry", image=pulls[0].subject)
    if not _ran(bench, app, asked):
        raise Mistake("not_run", way=way)
    if way == REGISTRY and not _fetched(shipped.registry, before, pulls):
        raise Mistake("nobody_asked_it")


def _fetched(registry: Registry, before: int, pulls: tuple[Entry, ...]) -> bool:
    """Whether somebody has asked the registry: the engine, or a script in its own way, which shows there, if late."""
    if any(pull.subject.startswith(registry.address) for pull in pulls):
        return True
    return wait_for(lambda: len(_fetches(registry)) > before, 5, every=0.1)


def _fetches(registry: Registry) -> list[str]:
    """Return who has asked the registry for what was shipped, by its name or piece by piece."""
    return [asked for asked in registry.requests() if re.match(r"GET /v2/kata-11-app/(manifests|blobs)/", asked)]


def _ran(bench: Bench, app: App, asked: Transcript) -> bool:
    """Whether a container of what was shipped was started; it may have been removed since, and its image too."""
    creations = (entry for entry in asked.asked("container.create") if entry.status == 201)
    made = {entry.answered["Id"]: entry.asked["Image"] for entry in creations if entry.answered}
    started = [entry.subject for entry in asked.asked("container.start") if entry.status in {204, 304}]
    images = [bench.image(made[container]) for container in started if container in made]
    return any(image is None or tuple(image["RootFS"]["Layers"]) == app.layers for image in images)


def _compare(app: App, found: dict[str, Any], where: str) -> None:
    layers = found["RootFS"]["Layers"]
    if tuple(layers) != app.layers:
        same = len(set(layers) & set(app.layers))
        raise Mistake("other_layers", where=where, found=len(layers), wanted=len(app.layers), same=same)
    for setting in app.config | found["Config"]:
        before, now = app.config.get(setting) or None, found["Config"].get(setting) or None
        if before != now:
            raise Mistake("other_settings", where=where, setting=setting, wanted=_short(before), found=_short(now))


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:120]


def _forget(bench: Bench, app: App) -> None:
    """Have nothing of the exercise's here, nor what was shipped under any other name, and no container of it either."""
    api = bench.client.api
    for row in api.containers(all=True, filters={"label": [f"kata.run={bench.run_id}", "kata.by=script"]}):
        _remove_container(bench, row["Id"])
    for image in api.images(all=True):
        names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
        is_app = _begins_like(app, bench.image(image["Id"]))
        for name in names:
            if is_app or name.rpartition("/")[2].startswith("kata-11-"):
                _remove(bench, name)
        if is_app:
            _remove(bench, image["Id"])


def _begins_like(app: App, image: dict[str, Any] | None) -> bool:
    """Whether an image is what was shipped, or made of it."""
    layers = image["RootFS"].get("Layers") or () if image is not None else ()
    return tuple(layers[: len(app.layers)]) == app.layers


def _remove(bench: Bench, image: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):
        bench.client.api.remove_image(image, force=True)


def _remove_container(bench: Bench, container: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(APIError):
        bench.client.api.remove_container(container, v=True, force=True)


def _load(bench: Bench, file: Path) -> str:
    """Load an archive as ``docker load`` does and return what it said.

    Raises:
        Mistake: It holds no image.
    """
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    try:
        with file.open("rb") as archive:
            lines = list(bench.client.api.load_image(archive))
    except APIError as refused:
        lines = [{"error": refused.explanation or str(refused)}]
    error = next((str(line["error"]) for line in lines if "error" in line), "")
    if not error:
        return "".join(str(line.get("stream", "")) for line in lines)
    names = _names_in(file)
    if names and "manifest.json" not in names:
        raise Mistake("exported", file=f"out/{file.name}", found=", ".join(names[:4]))
    raise Mistake("not_an_archive", file=f"out/{file.name}", said=error[-200:])


def _names_in(file: Path) -> list[str]:
    with contextlib.suppress(tarfile.TarError, EOFError, OSError), tarfile.open(file) as archive:
        return sorted({member.name.removeprefix("./").partition("/")[0] for member in archive} - {""})
    return []


@contextlib.contextmanager
def _nothing_but(folder: Path, *names: str) -> Iterator[None]:
    """Leave of the work's copy what another machine has; what was put aside for that comes back afterwards."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        away = [path for path in folder.iterdir() if path.name not in names]
        for path in away:
            shutil.move(path, aside)
        try:
            yield
        finally:
            for path in away:
                with contextlib.suppress(OSError):  # the script has made something else of that name
                    Path(aside, path.name).rename(path)


def _put(bench: Bench, image: str, platform: str) -> None:
    """Load an image that says for what it is made; it is only looked at."""
    system, _, architecture = platform.partition("/")
    layer = packed({"for": platform.encode()})
    config = {
        "os": system,
        "architecture": architecture,
        "config": {"Cmd": ["/for"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": bench.nonce()}],
    }
    described = json.dumps(config).encode()
    name = f"{hashlib.sha256(described).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [image], "Layers": ["layer.tar"]}]
    archive = {name: described, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    list(bench.client.api.load_image(io.BytesIO(packed(archive))))
    bench.client.api.inspect_image(image)  # an engine that cannot show it can judge nobody, and says so
