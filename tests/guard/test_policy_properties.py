"""What has to hold for any request whatever, tried with many odd ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checker.guard.message import Allowed, Denied, Head, Request
from checker.guard.policy.judging import judge, match, needs
from tests.guard import go_json
from tests.guard.asking import EVERYTHING, GRANTS, OWN, WORK, ledger, request

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.json"))


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# Written down once more, and by hand: what may be in a request that creates a container
CONFIG = names(
    """
    Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin
    StdinOnce Env Cmd Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled
    MacAddress OnBuild Labels StopSignal StopTimeout Shell HostConfig NetworkingConfig
    """
)
HOST = names(
    """
    Binds Mounts Tmpfs VolumesFrom VolumeDriver ContainerIDFile LogConfig NetworkMode PortBindings
    PublishAllPorts Links Dns DnsOptions DnsSearch ExtraHosts RestartPolicy AutoRemove ConsoleSize
    CapAdd CapDrop IpcMode PidMode CgroupnsMode OomScoreAdj ReadonlyRootfs SecurityOpt ShmSize
    Sysctls Init Isolation PidsLimit CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota
    CpusetCpus CpusetMems MemoryReservation MemorySwap MemorySwappiness KernelMemory KernelMemoryTCP
    Ulimits
    """
)
FORBIDDEN = names(
    """
    Privileged Devices DeviceRequests DeviceCgroupRules CgroupParent Cgroup Runtime UTSMode
    UsernsMode GroupAdd StorageOpt Annotations OomKillDisable MaskedPaths ReadonlyPaths
    CpuRealtimeRuntime CpuRealtimePeriod BlkioDeviceReadBps SomethingNew
    """
)
FOLDED = frozenset(go_json.fold(name) for name in CONFIG | HOST | FORBIDDEN | {"Type", "Source", "Target", "Name"})

WORDS = st.sampled_from(
    [
        "",
        "host",
        "private",
        "container:web",
        "container:db",
        "backend",
        "payroll",
        "/:/x",
        "data:/x",
        "fresh:/x:ro",
        f"{WORK}/a:/x",
        "/var/run/docker.sock:/s",
        "ALL",
        "CHOWN",
        "SYS_ADMIN",
        "no-new-privileges",
        "seccomp=unconfined",
        "redis:7",
        "payroll:latest",
        "web",
        "bind",
        "volume",
        "tmpfs",
        "/etc",
        "local",
        "syslog",
        "json-file",
        "on-failure",
        "\u212a",
        "kata.run",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5000) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Type", "Source", "Target", "Name", "Config", "80/tcp", "backend", "/x", "kata.run", "a"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
# A string for a field that takes strings, and so on: without them nearly everything would be denied at once
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "Binds": st.lists(WORDS, max_size=2),
    "NetworkMode": st.sampled_from(["", "bridge", "none", "backend", "host", "container:web", OWN]),
    "CapAdd": st.lists(st.sampled_from(["CHOWN", "cap_kill", "ALL"]), max_size=2),
    "Memory": st.integers(-1, 2**40),
    "PidsLimit": st.integers(-1, 10_000),
    "MemorySwappiness": st.integers(-1, 100),
    "RestartPolicy": st.fixed_dictionaries({"Name": st.sampled_from(["no", "always", ""])}),
    "LogConfig": st.fixed_dictionaries({"Type": st.sampled_from(["", "local", "json-file"])}),
    "Mounts": st.lists(
        st.fixed_dictionaries(
            {
                "Type": st.sampled_from(["volume", "tmpfs", "bind"]),
                "Source": st.sampled_from(["", "data", "fresh", str(WORK), "/"]),
                "Target": st.just("/x"),
            }
        ),
        max_size=2,
    ),
    "Image": st.sampled_from(["redis:7", "payroll", "busybox:1"]),
    "Cmd": st.lists(st.text(max_size=5), max_size=2) | st.text(max_size=5),
    "Labels": st.dictionaries(st.sampled_from(["a", "kata.run", "kata.by"]), st.text(max_size=5)),
    "Env": st.lists(st.text(max_size=8), max_size=2),
    "StopTimeout": st.integers(0, 5),
    "Tty": st.booleans(),
}


def spelled(name: str) -> st.SearchStrategy[str]:
    """A field's name, now and then as only Go would take it for that."""
    return st.sampled_from([name] * 12 + [name.lower(), name.replace("s", "\u017f"), name.replace("K", "\u212a")])


def members(known: frozenset[str], **more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The text of an object with some of these fields; keys may come twice."""

    def member(name: str) -> st.SearchStrategy[str]:
        value = more[name] if name in more else (FITTING.get(name, VALUES) | st.just(None)).map(json.dumps)
        return st.tuples(spelled(name), value).map(lambda pair: f"{json.dumps(pair[0])}:{pair[1]}")

    name = st.sampled_from(sorted(known))
    chosen = (
        st.lists(name, max_size=5, unique=True) | st.lists(name, max_size=5, unique=True) | st.lists(name, max_size=5)
    )
    written = chosen.flatmap(lambda all_: st.tuples(*(member(one) for one in all_)))
    return written.map(lambda parts: f"{{{','.join(parts)}}}")


USUAL = frozenset(FITTING) & HOST
HOST_TEXT = members(USUAL) | members(USUAL) | members(HOST | FORBIDDEN)
CREATE = st.tuples(
    members((frozenset(FITTING) & CONFIG) | {"HostConfig"}, HostConfig=HOST_TEXT)
    | members(CONFIG, HostConfig=HOST_TEXT),
    st.sampled_from([""] * 10 + ["}", "]]x", " {}"]),
).map("".join)


def same(path: str) -> str:
    return path


def created(text: str) -> Allowed | Denied:
    """Return what the policy says of a container with this body."""
    return judge(request("POST", "/v1.45/containers/create", text.encode()), ledger(), GRANTS, resolve=same)


@settings(max_examples=400, deadline=None)
@given(CREATE)
@example('{"Image":"redis:7","HostConfig":{"Memory":1,"Binds":["data:/x"]}}')
@example('{"HostConfig":{"Privileged":true},"HostConfig":{"Memory":1}}')
def test_what_goes_through_is_only_what_the_tables_have(text: str) -> None:
    """Whatever a body says, what is forwarded has no other fields, reads alike for Go, and is judged the same again."""
    found = created(text)
    if isinstance(found, Denied):
        assert found.key != "guard.internal"
        assert found.text.ko
        return
    assert found.body is not None
    new = json.loads(found.body)
    assert set(new) <= CONFIG
    assert set(new["HostConfig"]) <= HOST
    assert new["Labels"]["kata.run"] == "run-1"
    assert go_json.read(found.body.decode(), FOLDED) == fold_all(new)
    again = created(found.body.decode())
    assert isinstance(again, Allowed)
    assert (again.target, again.body, again.volumes) == (found.target, found.body, found.volumes)


@settings(max_examples=300, deadline=None)
@given(CREATE)
def test_what_was_read_in_two_ways_does_not_go_through(text: str) -> None:
    """A body that goes through said to Go what it said to us."""
    if isinstance(created(text), Denied):
        return
    assert fold_all(json.loads(text)) == go_json.read(text, FOLDED)


def fold_all(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what was read strictly, with the names as Go keeps them, and without what Go leaves out."""
    return go_json.read(json.dumps(value), FOLDED)


SEGMENTS = st.sampled_from(
    [
        "containers",
        "images",
        "json",
        "create",
        "web",
        "db",
        "..",
        "",
        "%2e",
        "exec",
        "build",
        "v1.45",
        "redis:7",
        "x%40y",
    ]
)
TARGETS = st.tuples(
    st.sampled_from(["", "/v1.45", "/v1.24", "/v1.99", "/v2.0", "/"]),
    st.lists(SEGMENTS, max_size=5).map("/".join),
    st.sampled_from(["", "?", "?all=1", "?name=x&name=y", "?filters=%7B%7D", "?a=%zz", "?t=kata-04-x", "?fromSrc=x"]),
).map(lambda parts: f"{parts[0]}/{parts[1]}{parts[2]}")


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", ""]), TARGETS | st.text(max_size=30))
def test_any_target_is_judged(method: str, target: str) -> None:
    """No request line breaks the policy; what goes through is of the one accepted form, and goes through again."""
    asked = Request(head=Head(method=method, target=target))
    found = judge(asked, ledger(), EVERYTHING, resolve=same)
    needs(asked)
    if isinstance(found, Denied):
        assert found.key != "guard.internal"
        return
    assert not isinstance(match(asked.head), Denied)
    assert found.target.startswith("/v1.")
    assert "//" not in found.target
    assert "%2e" not in found.target.lower()
    again = judge(
        Request(head=Head(method=found.method, target=found.target), body=found.body or b""),
        ledger(),
        EVERYTHING,
        resolve=same,
    )
    assert isinstance(again, Allowed)
    assert (again.target, again.body) == (found.target, found.body)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_of_odd_requests(path: Path) -> None:
    """Each request that was thought of, or found, is answered as its file says."""
    for case in json.loads(path.read_text(encoding="utf-8")):
        text = case["text"].encode() if "text" in case else case.get("body")
        headers = {name.replace("-", "_"): value for name, value in case.get("headers", {}).items()}
        asked = request(case["method"], case["target"], text, **headers)
        grants = EVERYTHING if case.get("granted") else GRANTS
        found = judge(asked, ledger(), grants, resolve=same)
        assert (found.key if isinstance(found, Denied) else "") == case["denied"], case["why"]
