from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from checker.guard import Grants, Ledger
from checker.guard.exchange.exchange import Exchange, learn
from checker.guard.message import Allowed, Denied
from tests.guard.asking import (
    EVERYTHING,
    FOREIGN,
    GRANTS,
    HUB,
    IMAGE,
    NETWORK,
    OTHER,
    OWN,
    REDIS,
    ask,
    ledger,
    request,
    sent,
)
from tests.guard.grpc import Client, answered, failed, solve, solved

if TYPE_CHECKING:
    from checker.guard.ledger import Kind

NEW = "9" * 64
NEW_IMAGE = f"sha256:{NEW}"
OURS = {"kata.run": "run-1", "kata.by": "script"}


@dataclass
class Engine:
    """Answers the guard's own questions from a table, and remembers them; a list of answers is given one by one."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    async def __call__(self, method: str, path: str, body: object) -> tuple[int, Any]:
        self.asked.append((method, path, body))
        found = self.answers.get(f"{method} {path.partition('?')[0]}", (404, {"message": "not there"}))
        answer: tuple[int, Any] = found.pop(0) if isinstance(found, list) else found
        return answer


@dataclass
class Visit:
    """One request with its exchange."""

    exchange: Exchange
    kept: Ledger
    engine: Engine

    def begin(self) -> Denied | None:
        return asyncio.run(self.exchange.begin())

    def end(self, status: int, answer: object = None) -> Any:  # noqa: ANN401 - JSON is anything
        return asyncio.run(self.exchange.end(status, answer))


def visit(
    method: str,
    target: str,
    body: object = None,
    *,
    answers: dict[str, Any] | None = None,
    kept: Ledger | None = None,
    grants: Grants = GRANTS,
) -> Visit:
    """Return the exchange of a request that the policy lets through."""
    kept, engine = kept or ledger(), Engine(answers or {})
    allowed = ask(method, target, body, kept=kept, grants=grants)
    assert isinstance(allowed, Allowed), allowed
    return Visit(Exchange(allowed, kept, grants, engine), kept, engine)


def row(full_id: str, *tags: str, **more: object) -> dict[str, Any]:
    """Return an image as the engine lists it."""
    return {"Id": full_id, "RepoTags": list(tags) or None, "RepoDigests": [], "Labels": None, **more}


def test_a_created_container_is_the_runs_own() -> None:
    """Its id, the name that the engine gave it, and its nameless volumes are put down."""
    mounts = [{"Type": "volume", "Name": NEW}, {"Type": "volume", "Name": "data"}, {"Type": "bind", "Source": "/x"}]
    inspected = (200, {"Name": "/brave_curie", "Mounts": mounts})
    it = visit("POST", "/containers/create", {"Image": "redis:7"}, answers={f"GET /containers/{NEW}/json": inspected})
    assert it.begin() is None
    assert it.end(201, {"Id": NEW, "Warnings": []}) == {"Id": NEW, "Warnings": []}
    assert it.kept.find("container", "brave_curie") == NEW
    assert it.kept.ids("volume") == ("data", NEW)


@pytest.mark.parametrize("asked", [None, 64])
def test_what_the_engine_says_of_our_own_limit_is_not_told(asked: int | None) -> None:
    """A kernel that cannot limit processes is only spoken of where the client asked for a limit."""
    ours = "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded."
    theirs = "Your kernel does not support memory limit capabilities. Limitation discarded."
    body = {"Image": "redis:7", **({"HostConfig": {"PidsLimit": asked}} if asked else {})}
    it = visit("POST", "/containers/create", body)
    assert it.begin() is None
    told = it.end(201, {"Id": NEW, "Warnings": [ours, theirs]})
    assert told["Warnings"] == ([ours, theirs] if asked else [theirs])


def test_a_container_that_was_not_created_is_nobodys() -> None:
    """An error adds nothing."""
    it = visit("POST", "/containers/create?name=api", {"Image": "redis:7"})
    assert it.end(404, {"message": "No such image: redis:7"}) == {"message": "No such image: redis:7"}
    assert it.kept.ids("container") == (OWN,)


def test_a_named_volume_is_made_first() -> None:
    """A volume that is to be mounted gets the run's label before the container is created."""
    it = visit(
        "POST",
        "/containers/create",
        {"HostConfig": {"Binds": ["fresh:/x"]}},
        answers={"POST /volumes/create": (201, {"Name": "fresh", "Labels": OURS})},
    )
    assert it.begin() is None
    assert it.engine.asked[-1] == ("POST", "/volumes/create", {"Name": "fresh", "Labels": OURS})
    assert it.kept.has("volume", "fresh")


@pytest.mark.parametrize("labels", [None, {}, {"kata.run": "another"}])
def test_a_foreign_volume_is_not_mounted(labels: object) -> None:
    """A volume of that name that is there already, without the run's label, is refused and stays untouched."""
    there = {"GET /volumes/payroll": (200, {"Name": "payroll", "Labels": labels})}
    mounted = visit("POST", "/containers/create", {"HostConfig": {"Binds": ["payroll:/x"]}}, answers=there)
    created = visit("POST", "/volumes/create", {"Name": "payroll"}, answers=there)
    for it in (mounted, created):
        denied = it.begin()
        assert denied is not None
        assert denied.key == "guard.volume_taken"
        assert "payroll" in denied.text.ko
        assert [method for method, _, _ in it.engine.asked] == ["GET"]


def test_a_volume_that_appears_in_between_is_not_mounted() -> None:
    """What the engine gives back for a new volume counts, not what was asked for."""
    answers = {"POST /volumes/create": (201, {"Name": "fresh", "Labels": None})}
    it = visit("POST", "/containers/create", {"HostConfig": {"Binds": ["fresh:/x"]}}, answers=answers)
    denied = it.begin()
    assert denied is not None
    assert not it.kept.has("volume", "fresh")


@pytest.mark.parametrize(
    ("method", "target", "body", "answer", "kind", "full_id"),
    [
        ("POST", "/networks/create", {"Name": "net"}, {"Id": NEW}, "network", NEW),
        ("POST", "/volumes/create", {"Name": "vol"}, {"Name": "vol", "Labels": OURS}, "volume", "vol"),
        ("POST", "/volumes/create", {}, {"Name": NEW, "Labels": OURS}, "volume", NEW),
        ("POST", "/containers/web/exec", {"Cmd": ["true"]}, {"Id": NEW}, "exec", NEW),
    ],
)
def test_what_is_made_is_put_down(
    method: str, target: str, body: object, answer: object, kind: Kind, full_id: str
) -> None:
    """Networks, volumes and execs become the run's with the engine's answer."""
    it = visit(method, target, body)
    assert it.begin() is None
    assert it.end(201, answer) == answer
    assert it.kept.has(kind, full_id)


def test_a_volume_without_the_runs_label_is_not_put_down() -> None:
    """If somebody else was faster, the volume is theirs."""
    it = visit("POST", "/volumes/create", {"Name": "vol"})
    it.begin()
    it.end(201, {"Name": "vol", "Labels": None})
    assert not it.kept.has("volume", "vol")


@pytest.mark.parametrize(
    ("method", "target", "status", "answer", "kind", "full_id"),
    [
        ("DELETE", "/containers/web", 204, None, "container", OWN),
        ("POST", "/containers/prune", 200, {"ContainersDeleted": [OWN]}, "container", OWN),
        ("DELETE", "/networks/backend", 204, None, "network", NETWORK),
        ("POST", "/networks/prune", 200, {"NetworksDeleted": ["backend"]}, "network", NETWORK),
        ("DELETE", "/volumes/data", 204, None, "volume", "data"),
        ("POST", "/volumes/prune", 200, {"VolumesDeleted": ["data"]}, "volume", "data"),
        ("DELETE", "/images/mine", 200, [{"Untagged": "mine:latest"}], "tag", f"{HUB}mine:latest"),
        ("DELETE", "/images/mine", 200, [{"Deleted": IMAGE}], "image", IMAGE),
        ("POST", "/images/prune", 200, {"ImagesDeleted": [{"Deleted": IMAGE}]}, "image", IMAGE),
    ],
)
def test_what_is_gone_is_struck_out(
    method: str, target: str, status: int, answer: object, kind: Kind, full_id: str
) -> None:
    """What was removed or pruned no longer belongs to the run."""
    it = visit(method, target)
    assert it.kept.has(kind, full_id)
    it.end(status, answer)
    assert not it.kept.has(kind, full_id)


def test_pruning_volumes_takes_the_nameless_ones_too() -> None:
    """They carry no label of the run's, so that each is removed by its name; one in use stays."""
    kept = ledger()
    kept.add("volume", NEW, NEW)
    kept.add("volume", OTHER, OTHER)
    answers = {f"DELETE /volumes/{NEW}": (204, None), f"DELETE /volumes/{OTHER}": (409, {"message": "in use"})}
    it = visit("POST", "/volumes/prune", kept=kept, answers=answers)
    found = it.end(200, {"VolumesDeleted": None, "SpaceReclaimed": 0})
    assert found["VolumesDeleted"] == [NEW]
    assert kept.ids("volume") == ("data", OTHER)


@pytest.mark.parametrize("none", [None, []])
def test_pruning_no_volume_is_said_as_the_engine_says_it(none: list[str] | None) -> None:
    """Engines differ in it, and clients that walk through a list break at null."""
    it = visit("POST", "/volumes/prune")
    assert it.end(200, {"VolumesDeleted": none, "SpaceReclaimed": 0}) == {"VolumesDeleted": none, "SpaceReclaimed": 0}


def test_a_renamed_container_has_its_new_name() -> None:
    """After a rename, the old name finds nothing."""
    it = visit("POST", "/containers/web/rename?name=api")
    it.end(204)
    assert (it.kept.find("container", "api"), it.kept.find("container", "web")) == (OWN, None)


def test_errors_come_in_the_clients_words() -> None:
    """A container that ended by itself is gone under the name that the client used, and for the run too."""
    it = visit("POST", "/containers/web/start")
    assert it.end(404, {"message": f"No such container: {OWN}"}) == {"message": "No such container: web"}
    assert not it.kept.has("container", OWN)


def test_lists_show_the_runs_own() -> None:
    """Of containers, networks, volumes and images only the run's, and what every engine has, is listed."""
    rows = [{"Id": OWN}, {"Id": OTHER}]
    assert visit("GET", "/containers/json").end(200, rows) == [{"Id": OWN}]
    networks = [
        {"Name": "bridge", "Id": "1", "Containers": {OTHER: {}, OWN: {}}},
        {"Name": "backend", "Id": NETWORK},
        {"Name": "payroll", "Id": OTHER},
    ]
    found = visit("GET", "/networks").end(200, networks)
    assert [one["Name"] for one in found] == ["bridge", "backend"]
    assert found[0]["Containers"] == {OWN: {}}
    volumes = {"Volumes": [{"Name": "data"}, {"Name": "payroll"}], "Warnings": None}
    assert visit("GET", "/volumes").end(200, volumes) == {"Volumes": [{"Name": "data"}], "Warnings": None}
    assert visit("GET", "/volumes").end(200, {"Volumes": None, "Warnings": None})["Volumes"] == []


def test_images_are_listed_under_the_names_that_may_be_seen() -> None:
    """A foreign name of an image that may be seen is left out, and so is a foreign image."""
    rows = [row(REDIS, "redis:7", "payroll-redis:1"), row(FOREIGN, "payroll:latest"), row(IMAGE, "mine:latest")]
    found = visit("GET", "/images/json").end(200, rows)
    assert [(one["Id"], one["RepoTags"]) for one in found] == [(REDIS, ["redis:7"]), (IMAGE, ["mine:latest"])]


def test_inspecting_an_image_shows_no_foreign_names() -> None:
    """Names and digests that are not the run's to see are left out; a layer's in the history too."""
    found = visit("GET", "/images/redis:7/json").end(200, row(REDIS, "redis:7", "payroll:2"))
    assert found["RepoTags"] == ["redis:7"]
    history = visit("GET", "/images/redis:7/history").end(200, [{"Id": REDIS, "Tags": ["payroll:2", "redis:7"]}])
    assert history == [{"Id": REDIS, "Tags": ["redis:7"]}]


def test_disk_usage_is_the_runs_own() -> None:
    """``docker system df`` counts what the run may see, and no build cache."""
    answer = {
        "LayersSize": 10**9,
        "Images": [row(REDIS, "redis:7", Size=7), row(FOREIGN, "payroll:latest", Size=9)],
        "Containers": [{"Id": OTHER}],
        "Volumes": [{"Name": "payroll"}],
        "BuildCache": [{"ID": "x"}],
        "BuilderSize": 5,
        "SomethingNew": "secret",
    }
    found = visit("GET", "/system/df").end(200, answer)
    assert [one["Id"] for one in found.pop("Images")] == [REDIS]
    assert found == {"LayersSize": 7, "Containers": [], "Volumes": [], "BuildCache": [], "BuilderSize": 0}


def test_info_shows_nothing_foreign() -> None:
    """Counts are the run's; proxies, registries, labels and what is not known are left out."""
    answers = {
        "GET /containers/json": (200, [{"Id": OWN, "State": "running"}, {"Id": OTHER, "State": "exited"}]),
        "GET /images/json": (200, [row(REDIS, "redis:7"), row(FOREIGN, "payroll:1")]),
    }
    said = {
        "Containers": 99,
        "Images": 99,
        "Name": "host",
        "ServerVersion": "26",
        "HttpProxy": "http://user:secret@proxy",
        "Labels": ["secret=1"],
        "RegistryConfig": {"Mirrors": ["https://secret"]},
        "SystemStatus": "secret",
        "Swarm": {"LocalNodeState": "active", "NodeAddr": "secret"},
    }
    found = visit("GET", "/info", answers=answers).end(200, said)
    assert (found["Containers"], found["ContainersRunning"], found["Images"]) == (1, 1, 1)
    assert (found["Name"], found["ServerVersion"], found["Swarm"]["LocalNodeState"]) == ("host", "26", "inactive")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(("says", "shown"), [("1.52", "1.45"), ("1.45", "1.45"), ("1.44", "1.44")])
def test_no_newer_version_is_named(says: str, shown: str) -> None:
    """A client would speak a newer API if /version named it."""
    component = {"Name": "Engine", "Details": {"ApiVersion": says}}
    found = visit("GET", "/version").end(200, {"ApiVersion": says, "Components": [component]})
    assert found["ApiVersion"] == found["Components"][0]["Details"]["ApiVersion"] == shown


EVENTS = [
    ("container", OWN, {"name": "web"}, True),
    ("container", OTHER, {"name": "db"}, False),
    ("container", NEW, {"kata.run": "run-1"}, True),
    ("container", NEW, {"kata.run": "another"}, False),
    ("network", NETWORK, {"container": OWN}, True),
    ("network", NETWORK, {"name": "backend"}, True),
    ("network", "1", {"name": "bridge", "container": OTHER}, False),
    ("network", "1", {"name": "bridge", "container": OWN}, True),
    ("network", NEW, {"name": "payroll"}, False),
    ("network", NEW, {"name": "soon"}, True),
    ("volume", "data", {}, True),
    ("volume", "payroll", {}, False),
    ("volume", "data", {"container": OTHER}, False),
    ("image", "redis:7", {}, True),
    ("image", "payroll:latest", {}, False),
    ("image", REDIS, {}, True),
    ("image", FOREIGN, {"name": "payroll"}, False),
    ("image", REDIS, {"name": "payroll:1"}, False),
    ("image", REDIS, {"name": "redis:7"}, True),
    ("image", REDIS, {"name": REDIS}, True),
    ("builder", "", {}, False),
    ("daemon", "x", {"name": "host"}, False),
    ("secret", "x", {}, False),
]


@pytest.mark.parametrize(("kind", "subject", "attributes", "told"), EVENTS)
def test_events_are_the_runs_own(kind: str, subject: str, attributes: dict[str, str], told: bool) -> None:  # noqa: FBT001 - a column
    """An event is told if it is about something that is the run's, about to be, or may be seen."""
    it = visit("GET", "/events")
    it.kept.expect("network", "soon")
    event = {"Type": kind, "Action": "x", "Actor": {"ID": subject, "Attributes": attributes}}
    assert it.exchange.line(event) == (event if told else None)


def test_what_turned_out_to_be_somebody_elses_is_not_told() -> None:
    """A name that was asked for and was taken brings no events of whose it is."""
    networks = visit("POST", "/networks/create", {"Name": "payroll"})
    assert networks.begin() is None
    assert networks.kept.expects("network", "payroll")
    networks.end(409, {"message": "network with name payroll already exists"})
    assert not networks.kept.expects("network", "payroll")
    foreign = {"GET /volumes/payroll": (200, {"Name": "payroll", "Labels": None})}
    volumes = visit("POST", "/volumes/create", {"Name": "payroll"}, answers=foreign)
    assert isinstance(volumes.begin(), Denied)
    assert not volumes.kept.expects("volume", "payroll")


@pytest.mark.parametrize("odd", [None, 1, [], {}, {"Type": "container"}, {"Type": 1, "Actor": []}])
def test_an_odd_event_is_not_told(odd: object) -> None:
    """What is no event is left out, and breaks nothing."""
    assert visit("GET", "/events").exchange.line(odd) is None


def test_pulls_pass_line_by_line() -> None:
    """The progress of a pull is shown as it is."""
    it = visit("POST", "/images/create?fromImage=redis&tag=7")
    assert it.exchange.line({"status": "Downloading", "id": "x"}) == {"status": "Downloading", "id": "x"}


def test_what_was_pulled_from_the_runs_registry_stays_in_sight() -> None:
    """An image whose name has moved on, and that has none at all with containerd's store, is still there by its id."""
    grants = replace(GRANTS, allow=frozenset({"registry"}))
    name = "127.0.0.1:5000/web:1"
    found = {f"GET /images/{name}/json": (200, row(NEW_IMAGE, name))}
    pulling = visit("POST", "/images/create?fromImage=127.0.0.1:5000/web&tag=1", answers=found, grants=grants)
    pulling.end(200)
    listed = visit("GET", "/images/json", kept=pulling.kept, grants=grants).end(200, [row(NEW_IMAGE), row(FOREIGN)])
    assert [one["Id"] for one in listed] == [NEW_IMAGE]
    created = ask("POST", "/containers/create", {"Image": NEW_IMAGE}, kept=pulling.kept, grants=grants)
    assert isinstance(created, Allowed)


UNREAD = b"not what we know"


def build(
    before: list[Any],
    after: list[Any],
    grants: Grants = GRANTS,
    *,
    asked: bytes = UNREAD,
    answer: bytes = b"",
    kept: Ledger | None = None,
) -> Visit:
    """Return a BuildKit tunnel's exchange after it has ended; one that cannot be read where nothing is asked."""
    answers = {"GET /images/json": [(200, before), (200, after)]}
    it = visit("POST", "/grpc", answers=answers, grants=grants, kept=kept)
    assert it.begin() is None
    it.exchange.ask_on(asked)
    it.exchange.answer_on(answer)
    it.end(101)
    return it


def build_of(names: str | None) -> bytes:
    """Return how buildx asks for an image."""
    client = Client()
    return client.begin() + client.ask(1, solve(names))


def test_a_built_image_is_the_one_that_buildkit_tells_of() -> None:
    """Its id comes with BuildKit's answer; what others build meanwhile is theirs, with a name or without."""
    others = [row(FOREIGN, "payroll:latest"), row(f"sha256:{'7' * 64}")]
    after = [*others, row(NEW_IMAGE, "web:latest")]
    it = build([], after, asked=build_of("web"), answer=answered(1, solved(NEW_IMAGE)))
    assert set(it.kept.ids("image")) == {IMAGE, NEW_IMAGE}
    assert set(it.kept.ids("tag")) == {f"{HUB}mine:latest", f"{HUB}web:latest"}
    assert it.kept.before_builds is None
    it = build([], [*others, row(NEW_IMAGE)], asked=build_of(None), answer=answered(1, solved(NEW_IMAGE)))
    assert set(it.kept.ids("image")) == {IMAGE, NEW_IMAGE}


def test_an_image_is_its_builders_whatever_its_label_and_name_say() -> None:
    """A Dockerfile may give it another run's label, or -t another exercise's name."""
    labelled = row(NEW_IMAGE, "kata-05-web:latest", Labels={"kata.run": "another"})
    it = build([], [labelled], asked=build_of("kata-05-web"), answer=answered(1, solved(NEW_IMAGE)))
    assert it.kept.has("image", NEW_IMAGE)


def test_an_image_that_was_there_before_may_be_used_by_its_id() -> None:
    """Somebody has built it of the same bytes: a script may run what it has built, and it is not removed with it."""
    there = [row(NEW_IMAGE)]
    it = build(there, there, asked=build_of(None), answer=answered(1, solved(NEW_IMAGE)))
    assert isinstance(ask("POST", "/containers/create", {"Image": NEW_IMAGE}, kept=it.kept), Allowed)
    assert not it.kept.has("image", NEW_IMAGE)


def test_a_name_is_the_runs_though_the_answer_never_came() -> None:
    """The tunnel was cut: the names that were asked for, and what has none, are the run's; other names are not."""
    after = [row(NEW_IMAGE, "web:latest"), row(FOREIGN, "payroll:latest"), row(f"sha256:{'7' * 64}")]
    it = build([], after, asked=build_of("web"))
    assert set(it.kept.ids("image")) == {IMAGE, NEW_IMAGE, f"sha256:{'7' * 64}"}
    assert not it.kept.has("tag", f"{HUB}payroll:latest")


def test_a_build_that_failed_leaves_nothing_of_the_run() -> None:
    """What is new is somebody else's."""
    it = build([], [row(NEW_IMAGE)], asked=build_of("web"), answer=failed(1))
    assert it.kept.ids("image") == (IMAGE,)


def test_where_buildkit_is_not_understood_images_are_found_by_comparing() -> None:
    """An image and a name that were not there before a BuildKit tunnel belong to the run after it."""
    it = build([row(REDIS, "redis:7")], [row(REDIS, "redis:7"), row(NEW_IMAGE, "web:latest")])
    assert it.kept.has("image", NEW_IMAGE)
    assert it.kept.name("tag", f"{HUB}web:latest") == NEW_IMAGE
    assert it.kept.before_builds is None


def test_an_image_without_a_name_is_found_too() -> None:
    """``docker build -q`` without a tag makes an image that only its id names."""
    assert build([], [row(NEW_IMAGE)]).kept.has("image", NEW_IMAGE)
    assert build([], [row(NEW_IMAGE, "<none>:<none>")]).kept.has("image", NEW_IMAGE)


def test_a_cached_image_gets_only_a_name() -> None:
    """Where all steps were cached the image is as it was, and only its new name is the run's."""
    it = build([row(FOREIGN, "payroll:latest")], [row(FOREIGN, "payroll:latest", "web:latest")])
    assert it.kept.has("tag", f"{HUB}web:latest")
    assert not it.kept.has("image", FOREIGN)


@pytest.mark.parametrize("name", ["redis:7", "payroll:latest"])
def test_a_moved_name_goes_back(name: str) -> None:
    """A build that takes a name from an image that is not the run's has to give it back."""
    it = build([row(REDIS, name)], [row(REDIS), row(NEW_IMAGE, name)])
    repository, _, tag = name.partition(":")
    path = f"/images/{REDIS}/tag?repo=docker.io%2Flibrary%2F{repository}&tag={tag}"
    assert ("POST", path, None) in it.engine.asked
    assert not it.kept.has("tag", f"{HUB}{name}")
    assert it.kept.has("image", NEW_IMAGE)


def test_a_name_that_went_back_leads_scripts_to_their_own_image() -> None:
    """The script believes that its image has the name: on the engine it gets another one, and is found by both."""
    it = build([row(FOREIGN, "payroll:latest")], [row(FOREIGN), row(NEW_IMAGE, "payroll:latest")])
    path = f"/images/{NEW_IMAGE}/tag?repo=docker.io%2Flibrary%2Fpayroll&tag=latest.run-1"
    assert it.engine.asked[-1] == ("POST", path, None)
    created = ask("POST", "/containers/create", {"Image": "payroll"}, kept=it.kept)
    assert sent(created)["Image"] == "payroll:latest.run-1"
    assert isinstance(created, Allowed)
    assert created.written == {"payroll:latest.run-1": "payroll:latest"}
    looked_at = visit("GET", "/images/payroll/json", kept=it.kept)
    assert looked_at.exchange.allowed.target.endswith("/payroll:latest.run-1/json")
    assert looked_at.end(200, row(NEW_IMAGE, "payroll:latest.run-1"))["RepoTags"] == ["payroll:latest"]
    assert it.kept.name("tag", f"{HUB}payroll:latest.run-1") == NEW_IMAGE


def test_the_same_image_under_the_same_name_is_found_too() -> None:
    """Who has built it at a terminal before, and has it built again of the same bytes, finds it by its name."""
    there = [row(FOREIGN, "payroll:latest")]
    it = build(there, there, asked=build_of("payroll"), answer=answered(1, solved(FOREIGN)))
    created = ask("POST", "/containers/create", {"Image": "payroll:latest"}, kept=it.kept)
    assert sent(created)["Image"] == "payroll:latest.run-1"
    removing = ask("DELETE", "/images/payroll:latest", kept=it.kept)
    assert isinstance(removing, Allowed)
    assert removing.target.endswith("/payroll:latest.run-1")  # theirs keeps its own
    assert not it.kept.has("image", FOREIGN)


def test_a_name_stays_its_owners_where_there_are_too_many_to_stand_in_for() -> None:
    """After a thousand no further name is exchanged, and none becomes the run's instead."""
    kept = ledger()
    for number in range(1000):
        kept.stand_in(f"{HUB}other-{number}:latest")
    build([row(FOREIGN, "payroll:latest")], [row(FOREIGN), row(NEW_IMAGE, "payroll:latest")], kept=kept)
    assert kept.ids("tag") == (f"{HUB}mine:latest",)
    assert kept.has("image", NEW_IMAGE)


def test_an_image_that_was_removed_has_no_name_any_more() -> None:
    """After ``docker rmi``, a name that went back leads nowhere again."""
    it = build([row(FOREIGN, "payroll:latest")], [row(FOREIGN), row(NEW_IMAGE, "payroll:latest")])
    gone = visit("DELETE", "/images/payroll", kept=it.kept).end(
        200, [{"Untagged": "payroll:latest.run-1"}, {"Deleted": NEW_IMAGE}]
    )
    assert gone == [{"Untagged": "payroll:latest"}, {"Deleted": NEW_IMAGE}]
    refused = ask("GET", "/images/payroll/json", kept=it.kept)
    assert isinstance(refused, Denied)
    assert (refused.status, refused.key) == (404, "guard.no_image")


def test_a_name_that_may_change_stays_moved() -> None:
    """What the exercise says may change, and what is the run's own, is not given back."""
    it = build([row(REDIS, "hello-world:latest")], [row(REDIS), row(NEW_IMAGE, "hello-world:latest")])
    assert it.engine.asked[-1][1] == "/images/json"
    assert it.kept.has("tag", f"{HUB}hello-world:latest")


def test_another_runs_images_stay_its_own() -> None:
    """What another run builds at the same time is known by its label or its exercise's prefix."""
    theirs = [row(NEW_IMAGE, "web:latest", Labels={"kata.run": "another"}), row(FOREIGN, "kata-05-web:latest")]
    it = build([], theirs)
    assert it.kept.ids("image") == (IMAGE,)
    assert it.kept.ids("tag") == (f"{HUB}mine:latest",)


def test_a_name_that_another_run_moves_stays_where_it_is() -> None:
    """A name of another exercise that got another image meanwhile is neither given back nor the run's."""
    it = build([row(FOREIGN, "kata-05-web:latest")], [row(FOREIGN), row(NEW_IMAGE, "kata-05-web:latest")])
    assert it.engine.asked[-1][1] == "/images/json"
    assert it.kept.ids("image") == (IMAGE,)
    assert it.kept.ids("tag") == (f"{HUB}mine:latest",)


def test_an_image_of_the_course_that_came_meanwhile_is_nobodys() -> None:
    """Whoever pulled or loaded it: another run may be working with it, and would lose it when this one ends."""
    for digests in ([f"redis@sha256:{NEW}"], []):
        it = build([], [row(NEW_IMAGE, "redis:7", RepoDigests=digests)])
        assert not it.kept.has("tag", f"{HUB}redis:7")
        assert not it.kept.has("image", NEW_IMAGE)


def test_an_image_is_found_while_its_build_is_open() -> None:
    """``docker compose`` runs what it has built before it closes the tunnel, so that learning compares in between."""
    answers = {"GET /images/json": [(200, []), (200, [row(NEW_IMAGE, "shop-web:latest")])]}
    it = visit("POST", "/grpc", answers=answers)
    it.begin()
    it.exchange.ask_on(build_of("shop-web"))
    it.exchange.answer_on(answered(1, solved(NEW_IMAGE)))
    body = {"Image": "shop-web"}
    assert isinstance(ask("POST", "/containers/create", body, kept=it.kept), Denied)
    asyncio.run(learn(request("POST", "/containers/create", body), it.kept, GRANTS, it.engine))
    assert isinstance(ask("POST", "/containers/create", body, kept=it.kept), Allowed)


def test_a_build_is_over_also_where_comparing_fails() -> None:
    """An engine that no longer answers leaves no build open."""
    it = visit("POST", "/grpc", answers={"GET /images/json": [(200, []), (500, None)]})
    it.begin()
    with pytest.raises(ConnectionError):
        it.end(101)
    assert it.kept.before_builds is None


def test_ids_are_learned() -> None:
    """Which names an id has is asked of the engine before the request is judged."""
    kept = Ledger("run-1")
    engine = Engine({"GET /images/9999/json": (200, row(NEW_IMAGE, "redis:7"))})
    asked = request("GET", "/images/9999/json")
    asyncio.run(learn(asked, kept, GRANTS, engine))
    assert isinstance(ask("GET", "/images/9999/json", kept=kept), Allowed)
    asyncio.run(learn(request("GET", "/nothing"), kept, GRANTS, engine))
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/images/redis:7/tag?repo=payroll&tag=latest"),
        ("POST", "/build?t=payroll"),
        ("POST", "/commit?container=web&repo=payroll"),
    ],
)
def test_a_foreign_images_name_is_not_taken(method: str, target: str) -> None:
    """Somebody else's image keeps its name; a free one is given."""
    path = f"/images/{HUB}payroll:latest/json"
    answers: dict[str, Any] = {f"GET {path}": (200, row(FOREIGN, "payroll:latest")), "GET /images/json": (200, [])}
    denied = visit(method, target, answers=answers, grants=EVERYTHING).begin()
    assert denied is not None
    assert denied.key == "guard.image_taken"
    assert denied.text.ko
    answers.pop(f"GET {path}")
    assert visit(method, target, answers=answers, grants=EVERYTHING).begin() is None


def test_a_tag_belongs_to_the_run() -> None:
    """A new name of a granted image is the run's, the image is not."""
    path = f"GET /images/{HUB}web:1/json"
    it = visit("POST", "/images/redis:7/tag?repo=web&tag=1")
    assert it.begin() is None
    it.engine.answers[path] = (200, row(REDIS, "redis:7", "web:1"))
    it.end(201)
    assert it.kept.name("tag", f"{HUB}web:1") == REDIS
    assert not it.kept.has("image", REDIS)


def test_a_committed_image_belongs_to_the_run() -> None:
    """Where committing is granted, what it makes is the run's."""
    it = visit("POST", "/commit?container=web&repo=web", grants=EVERYTHING)
    assert it.begin() is None
    it.end(201, {"Id": NEW_IMAGE})
    assert it.kept.has("image", NEW_IMAGE)


def test_what_the_classic_builder_says_it_made_belongs_to_the_run() -> None:
    """Its ids come in the stream, and the stream goes on as it is."""
    after = [row(REDIS, "redis:7"), row(NEW_IMAGE), row(FOREIGN)]
    it = visit(
        "POST", "/build?t=kata-04-x", answers={"GET /images/json": [(200, [row(REDIS, "redis:7")]), (200, after)]}
    )
    it.begin()
    for line in (
        {"stream": "Step 1/1"},
        {"aux": {"ID": REDIS}},  # of a stage that is nothing but FROM redis:7
        {"aux": {"ID": NEW_IMAGE}},
        {"aux": {"ID": 1}},
        {"aux": None},
        {"stream": "Successfully built 999999999999\n"},
    ):
        assert it.exchange.line(line) == line
    it.end(200)
    assert set(it.kept.ids("image")) == {IMAGE, NEW_IMAGE}


@pytest.mark.parametrize("said", [[], [{"aux": {"ID": REDIS}}, {"errorDetail": {"code": 1}}]])
def test_what_a_failed_build_leaves_has_no_name(said: list[dict[str, Any]]) -> None:
    """The classic builder keeps the last step that went well, and tells its id to nobody."""
    it = visit("POST", "/build?t=kata-04-x", answers={"GET /images/json": [(200, []), (200, [row(NEW_IMAGE)])]})
    it.begin()
    for line in said:
        it.exchange.line(line)
    it.end(200)
    assert it.kept.has("image", NEW_IMAGE)


def test_a_quiet_build_says_no_more_than_its_id() -> None:
    """``docker build -q``: the id alone says that it is done."""
    it = visit("POST", "/build?q=1", answers={"GET /images/json": [(200, []), (200, [row(NEW_IMAGE), row(FOREIGN)])]})
    it.begin()
    it.exchange.line({"stream": f"{NEW_IMAGE}\n"})
    it.end(200)
    assert set(it.kept.ids("image")) == {IMAGE, NEW_IMAGE}


LOADED: dict[str, tuple[str, list[dict[str, Any]], set[str]]] = {
    "by name": ("/images/load", [{"stream": "Loaded image: web:1\n"}], {NEW_IMAGE}),
    "by id": ("/images/load", [{"stream": f"Loaded image ID: {NEW_IMAGE}\n"}], {NEW_IMAGE}),
    "nothing told": ("/images/load", [{"stream": "Loading layer"}], {NEW_IMAGE, FOREIGN}),
    "imported": ("/images/create?fromSrc=-&repo=web&tag=1", [{"status": NEW_IMAGE}], {NEW_IMAGE}),
}


@pytest.mark.parametrize("how", LOADED)
def test_what_is_loaded_is_what_the_engine_says(how: str) -> None:
    """A load tells the names that were in its tar, or the id; where it tells nothing, what is new is the run's."""
    target, said, own = LOADED[how]
    after = [row(NEW_IMAGE, "web:1"), row(FOREIGN, "payroll:latest")]
    grants = replace(GRANTS, allow=frozenset({"load"}))
    it = visit("POST", target, answers={"GET /images/json": [(200, []), (200, after)]}, grants=grants)
    it.engine.answers["GET /images/docker.io/library/web:1/json"] = (404, {})
    assert it.begin() is None
    for line in said:
        assert it.exchange.line(line) == line
    it.end(200)
    assert set(it.kept.ids("image")) == {IMAGE, *own}


def test_what_somebody_builds_beside_the_classic_builder_stays_theirs() -> None:
    """The classic builder says what it is to name; another name that appears meanwhile is another's."""
    later = [row(NEW_IMAGE, "kata-04-x:latest"), row(FOREIGN, "shop-web:latest")]
    it = visit("POST", "/build?t=kata-04-x", answers={"GET /images/json": [(200, []), (200, later)]})
    it.begin()
    it.end(200)
    assert it.kept.has("tag", f"{HUB}kata-04-x:latest")
    assert not it.kept.has("tag", f"{HUB}shop-web:latest")
    assert not it.kept.has("image", FOREIGN)


def test_an_image_from_the_exercises_registry_belongs_to_the_run() -> None:
    """Pulled from localhost, its name is the run's; a granted image from Docker Hub stays in the cache."""
    for target, name, own in (
        ("localhost:5000/x", "localhost:5000/x:7", True),
        ("redis", f"{HUB}redis:7", False),
    ):
        it = visit("POST", f"/images/create?fromImage={target}&tag=7", grants=EVERYTHING)
        it.engine.answers[f"GET /images/{name}/json"] = (200, row(NEW_IMAGE))
        it.begin()
        it.end(200)
        assert it.kept.has("tag", name) is own


def test_a_pull_takes_no_name_from_somebody_else() -> None:
    """The name that a pull from localhost gives becomes the run's, so it must not be another's image's before."""
    target, name = "/images/create?fromImage=localhost:5000/x&tag=7", "localhost:5000/x:7"
    taken = visit("POST", target, answers={f"GET /images/{name}/json": (200, row(FOREIGN, name))}, grants=EVERYTHING)
    denied = taken.begin()
    assert isinstance(denied, Denied)
    assert denied.key == "guard.image_taken"
    own = visit("POST", target, answers={f"GET /images/{name}/json": (200, row(IMAGE, name))}, grants=EVERYTHING)
    assert own.begin() is None


@pytest.mark.parametrize("name", ["no reference at all", f"a.io/{'f' * 64}:x", f"{'f' * 64}:x"])
def test_a_build_survives_whatever_others_call_their_images(name: str) -> None:
    """An image on the engine with an odd name breaks no comparing, and is nobody's."""
    listed = (200, [row(FOREIGN, name)])
    it = visit("POST", "/grpc", answers={"GET /images/json": listed})
    assert it.begin() is None
    it.exchange.ask_on(UNREAD)
    it.engine.answers["GET /images/json"] = (200, [row(FOREIGN, name), row(NEW_IMAGE, "kata-04-x:latest")])
    it.end(101)
    assert it.kept.has("image", NEW_IMAGE)
    assert not it.kept.has("image", FOREIGN)


def test_an_answer_that_never_came_changes_nothing() -> None:
    """Where the engine went away there is nothing to learn from."""
    it = visit("POST", "/containers/create", {"Image": "redis:7"})
    assert it.end(0) is None
    assert it.kept.ids("container") == (OWN,)
