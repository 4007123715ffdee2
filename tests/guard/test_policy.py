"""Each case of threats.md that is the policy's, beside a twin that is let through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from checker.guard import Grants, Ledger
from checker.guard.message import Allowed, Body, Denied, Head, Reply
from checker.guard.policy.judging import judge, match, needs
from tests.guard.asking import (
    EVERYTHING,
    EXEC,
    FOREIGN,
    GRANTS,
    HUB,
    IMAGE,
    NETWORK,
    OTHER,
    OWN,
    REDIS,
    WORK,
    ask,
    create,
    key,
    ledger,
    request,
    sent,
)

if TYPE_CHECKING:
    from checker.guard.ledger import Kind

DIGEST = f"sha256:{'0' * 64}"

# Threats 1 to 12: what a HostConfig may not say, and what it may
HOST = [
    pytest.param({"Privileged": True}, "privileged", {"Privileged": False}, id="1 privileged"),
    pytest.param({"Binds": ["/:/host"]}, "folder", {"Binds": [f"{WORK}/html:/html:ro"]}, id="2 the root"),
    pytest.param({"Binds": ["/var/run/docker.sock:/s"]}, "socket", {"Binds": ["data:/s"]}, id="2 the socket"),
    pytest.param({"Binds": [f"{WORK}/../x:/x"]}, "folder", {"Binds": [f"{WORK}:/x"]}, id="2 beside the work"),
    pytest.param({"Binds": [f"{WORK}2:/x"]}, "folder", {"Binds": [f"{WORK}/2:/x"]}, id="2 a longer name"),
    pytest.param({"Binds": ["html:/html:rshared"]}, "mount_option", {"Binds": ["html:/html:rprivate"]}, id="2 shared"),
    pytest.param(
        {"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/x"}]},
        "folder",
        {"Mounts": [{"Type": "bind", "Source": str(WORK), "Target": "/x"}]},
        id="3 bind",
    ),
    pytest.param(
        {"Mounts": [{"Type": "cluster", "Source": "x", "Target": "/x"}]},
        "mount_type",
        {"Mounts": [{"Type": "volume", "Source": "data", "Target": "/x"}]},
        id="3 cluster",
    ),
    pytest.param(
        {"Mounts": [{"Type": "image", "Source": "redis:7", "Target": "/x"}]},
        "mount_type",
        {"Mounts": [{"Type": "tmpfs", "Target": "/x", "TmpfsOptions": {"SizeBytes": 1024, "Mode": 448}}]},
        id="3 image",
    ),
    pytest.param(
        {"Mounts": [{"Type": "volume", "Target": "/x", "VolumeOptions": {"DriverConfig": {"Options": {"o": "bind"}}}}]},
        "volume_driver",
        {"Mounts": [{"Type": "volume", "Target": "/x", "VolumeOptions": {"DriverConfig": {"Name": "local"}}}]},
        id="4 driver of a volume",
    ),
    pytest.param({"CapAdd": ["ALL"]}, "capability", {"CapDrop": ["ALL"]}, id="6 all capabilities"),
    pytest.param({"CapAdd": ["sys_admin"]}, "capability", {"CapAdd": ["net_raw"]}, id="6 in small letters"),
    pytest.param({"CapAdd": ["CAP_SYS_PTRACE"]}, "capability", {"CapAdd": ["CAP_CHOWN"]}, id="6 with its prefix"),
    pytest.param({"CapAdd": ["\u017fYS_ADMIN"]}, "capability", {"CapAdd": ["SYS_CHROOT"]}, id="6 with a long s"),
    *[
        pytest.param(
            {"SecurityOpt": [option]}, "security_opt", {"SecurityOpt": ["no-new-privileges"]}, id=f"7 {option}"
        )
        for option in (
            "seccomp=unconfined",
            "seccomp:unconfined",
            "apparmor=unconfined",
            "label=disable",
            "no-new-privileges=false",
            "writable-cgroups=true",
        )
    ],
    pytest.param({"MaskedPaths": []}, "security_opt", {"MaskedPaths": None}, id="7 nothing masked"),
    pytest.param({"ReadonlyPaths": []}, "security_opt", {"ReadonlyRootfs": True}, id="7 nothing read-only"),
    pytest.param({"Devices": [{"PathOnHost": "/dev/sda"}]}, "device", {"Devices": []}, id="8 device"),
    pytest.param({"DeviceRequests": [{"Count": -1}]}, "device", {"DeviceRequests": None}, id="8 GPU"),
    pytest.param({"DeviceCgroupRules": ["a *:* rwm"]}, "device", {"BlkioWeight": 100}, id="8 device rule"),
    pytest.param({"PidMode": "host"}, "host_pid", {"PidMode": "container:web"}, id="9 processes"),
    pytest.param({"IpcMode": "host"}, "host_namespace", {"IpcMode": "private"}, id="9 IPC"),
    pytest.param({"UTSMode": "host"}, "host_namespace", {"UTSMode": ""}, id="9 UTS"),
    pytest.param({"UsernsMode": "host"}, "host_namespace", {"UsernsMode": ""}, id="9 users"),
    pytest.param({"CgroupnsMode": "host"}, "host_namespace", {"CgroupnsMode": "private"}, id="9 cgroups"),
    pytest.param({"NetworkMode": "host"}, "host_network", {"NetworkMode": "none"}, id="9 network"),
    pytest.param({"NetworkMode": "container:db"}, "no_container", {"NetworkMode": "container:web"}, id="10 network"),
    pytest.param({"PidMode": "container:db"}, "no_container", {"PidMode": f"container:{OWN}"}, id="10 processes"),
    pytest.param({"IpcMode": f"container:{OTHER}"}, "no_container", {"IpcMode": "container:web"}, id="10 IPC"),
    pytest.param({"VolumesFrom": ["db:ro"]}, "no_container", {"VolumesFrom": ["web:ro"]}, id="10 volumes"),
    pytest.param({"Links": ["db:db"]}, "no_container", {"Links": ["web:api"]}, id="10 links"),
    pytest.param({"NetworkMode": "payroll"}, "no_network", {"NetworkMode": "backend"}, id="10 a foreign network"),
    pytest.param({"Runtime": "sysbox"}, "runtime", {"Runtime": ""}, id="11 runtime"),
    pytest.param({"CgroupParent": "/"}, "cgroup", {"Memory": 2**26}, id="11 cgroup's parent"),
    pytest.param({"Cgroup": "container:web"}, "cgroup", {"NanoCpus": 10**9}, id="11 cgroup"),
    pytest.param({"Annotations": {"a": "b"}}, "annotation", {"Annotations": {}}, id="11 annotation"),
    pytest.param({"StorageOpt": {"size": "1"}}, "storage", {"StorageOpt": None}, id="11 storage"),
    pytest.param({"VolumeDriver": "nfs"}, "volume_driver", {"VolumeDriver": "local"}, id="11 volume driver"),
    pytest.param({"GroupAdd": ["docker"]}, "group_add", {"GroupAdd": []}, id="11 group"),
    pytest.param({"Isolation": "hyperv"}, "windows", {"Isolation": "default"}, id="11 isolation"),
    pytest.param({"LogConfig": {"Type": "syslog"}}, "log_driver", {"LogConfig": {"Type": "local"}}, id="12 syslog"),
    pytest.param(
        {"LogConfig": {"Type": "json-file", "Config": {"gelf-address": "udp://x"}}},
        "log_driver",
        {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}},
        id="12 gelf",
    ),
    pytest.param(
        {"LogConfig": {"Config": {"max-size": "-1"}}}, "log_driver", {"LogConfig": {"Type": "none"}}, id="12 no limit"
    ),
    pytest.param({"Sysctls": {"kernel.shmmax": "1"}}, "sysctl", {"Sysctls": {"net.core.somaxconn": "1"}}, id="sysctl"),
    pytest.param({"OomScoreAdj": -500}, "oom", {"OomScoreAdj": 500}, id="out of memory"),
    pytest.param({"OomKillDisable": True}, "oom", {"OomKillDisable": False}, id="never killed"),
    *[
        pytest.param(
            {"Ulimits": [{"Name": name, "Soft": 99, "Hard": 99}]},
            "realtime",
            {"Ulimits": [{"Name": "nofile", "Soft": 99, "Hard": 99}]},
            id=f"real time by ulimit {name}",
        )
        for name in ("rtprio", "nice")
    ],
    pytest.param({"CpuRealtimeRuntime": 950}, "realtime", {"CpuShares": 512}, id="real time"),
    pytest.param({"BlkioDeviceReadBps": [{"Path": "/dev/sda"}]}, "device", {"ShmSize": 2**26}, id="disk"),
    pytest.param({"CpuCount": 1}, "windows", {"CpuQuota": 50_000, "CpuPeriod": 100_000}, id="Windows"),
    pytest.param({"SomethingNew": 1}, "field", {"SomethingNew": 0}, id="an unknown field"),
]

# Threats 5 and 13 to 26: a method, a target, a body; what is said of it; and the twin
CALLS: list[Any] = [
    pytest.param(
        ("POST", "/volumes/create", {"Name": "vol", "DriverOpts": {"type": "none", "o": "bind", "device": "/"}}),
        "volume_option",
        ("POST", "/volumes/create", {"Name": "vol", "DriverOpts": {}}),
        id="5 a volume that is a folder",
    ),
    pytest.param(
        ("POST", "/volumes/create", {"Name": "vol", "Driver": "nfs"}),
        "volume_driver",
        ("POST", "/volumes/create", {"Name": "vol", "Driver": "local"}),
        id="5 another driver",
    ),
    pytest.param(
        ("POST", "/containers/web/update", {"PidsLimit": -1}),
        "update",
        ("POST", "/containers/web/update", {"PidsLimit": 100, "Memory": 2**26}),
        id="13 update",
    ),
    pytest.param(
        ("POST", "/containers/web/update", {"Devices": [{"PathOnHost": "/dev/sda"}]}),
        "device",
        ("POST", "/containers/web/update", {"RestartPolicy": {"Name": "always"}}),
        id="13 update a device",
    ),
    pytest.param(
        ("POST", "/containers/web/exec", {"Cmd": ["sh"], "Privileged": True}),
        "exec_privileged",
        ("POST", "/containers/web/exec", {"Cmd": ["sh"], "Privileged": False}),
        id="14 exec",
    ),
    pytest.param(
        ("POST", f"/exec/{OTHER}/start", {"Detach": False}),
        "no_exec",
        ("POST", f"/exec/{EXEC}/start", {"Detach": False}),
        id="14 a foreign exec",
    ),
    *[
        pytest.param(
            ("POST", "/networks/create", {"Name": "n", **body}),
            said,
            ("POST", "/networks/create", {"Name": "n", "Driver": "bridge", "Internal": True}),
            id=f"15 {body}",
        )
        for body, said in (
            ({"Driver": "macvlan"}, "network_driver"),
            ({"Driver": "overlay"}, "network_driver"),
            ({"Driver": "host"}, "network_driver"),
            ({"Options": {"com.docker.network.bridge.name": "docker0"}}, "network_option"),
            ({"Options": {"com.docker.network.bridge.enable_ip_masquerade": "false"}}, "network_option"),
            ({"IPAM": {"Driver": "evil"}}, "network_driver"),
            ({"ConfigOnly": True}, "swarm"),
            ({"Ingress": True}, "swarm"),
            ({"Scope": "swarm"}, "network_driver"),
        )
    ],
    pytest.param(
        ("POST", "/networks/host/connect", {"Container": "web"}),
        "host_network",
        ("POST", "/networks/backend/connect", {"Container": "web", "EndpointConfig": {"Aliases": ["w"]}}),
        id="15 connect to the host",
    ),
    pytest.param(
        ("POST", "/networks/backend/connect", {"Container": "db"}),
        "no_container",
        ("POST", "/networks/backend/disconnect", {"Container": "web", "Force": True}),
        id="15 connect a foreign container",
    ),
    *[
        pytest.param(("POST", path, {}), "swarm", ("GET", path.rsplit("/", 1)[0] or path, None), id=f"16 {path}")
        for path in ("/services/create", "/secrets/create", "/configs/create")
    ],
    pytest.param(("POST", "/swarm/init", {}), "swarm", ("GET", "/swarm", None), id="16 swarm"),
    pytest.param(("POST", "/plugins/pull", None), "plugin", ("GET", "/plugins", None), id="17 plugin"),
    pytest.param(("POST", "/auth", {"username": "u"}), "login", ("GET", "/info", None), id="18 auth"),
    pytest.param(
        ("GET", "/distribution/redis:7/json", None),
        "distribution",
        ("GET", "/images/redis:7/json", None),
        id="18 distribution",
    ),
    pytest.param(
        ("POST", "/images/mine/push?tag=latest", None), "push", ("GET", "/images/mine/history", None), id="18 push"
    ),
    pytest.param(
        ("POST", "/images/create?fromSrc=http%3A%2F%2F169.254.169.254%2F", None),
        "load",
        ("POST", "/images/create?fromImage=redis&tag=7", None),
        id="18 fromSrc",
    ),
    pytest.param(("GET", "/images/search?term=x", None), "search", ("GET", "/images/json", None), id="18 search"),
    pytest.param(
        ("POST", "/images/create?fromImage=evil&tag=1", None),
        "pull_off_list",
        ("POST", "/images/create?fromImage=docker.io%2Flibrary%2Fredis&tag=7", None),
        id="19 off the list",
    ),
    pytest.param(
        ("POST", "/images/create?fromImage=redis&tag=6", None),
        "pull_off_list",
        ("POST", f"/images/create?fromImage=redis&tag={DIGEST}", None),
        id="19 another tag",
    ),
    *[
        pytest.param(
            ("POST", f"/images/create?fromImage={bad}&tag=1", None),
            "pull_off_list",
            ("POST", "/images/create?fromImage=kata-04-x&tag=1", None),
            id=f"19 a name of the run's own, asked elsewhere: {bad}",
        )
        for bad in ("evil.example:5000%2Fkata-04-x", "stranger%2Fkata-04-x", "169.254.169.254%2Fkata-04-x", "mine")
    ],
    pytest.param(
        ("POST", "/images/create?fromImage=localhost:5000%2Fkata-04-x&tag=1", None),
        "pull_off_list",
        ("POST", "/images/create?fromImage=docker.io%2Flibrary%2Fkata-04-x&tag=1", None),
        id="19 a registry that is not granted",
    ),
    pytest.param(
        ("POST", "/images/create?fromImage=hello-world", None),
        "all_tags",
        ("POST", "/images/create?fromImage=hello-world&tag=latest", None),
        id="19 all tags",
    ),
    pytest.param(("POST", "/images/load", None), "load", ("GET", "/images/get?names=mine", None), id="20 load"),
    pytest.param(
        ("POST", "/commit?container=web&repo=x", None),
        "commit",
        ("GET", "/containers/web/changes", None),
        id="20 commit",
    ),
    pytest.param(
        ("POST", "/containers/create?name=kata-bystander-1", {"Image": "redis:7"}),
        "reserved_name",
        ("POST", "/containers/create?name=bystander", {"Image": "redis:7"}),
        id="21 the checker's name",
    ),
    pytest.param(
        ("POST", "/containers/web/rename?name=kata-mark-1", None),
        "reserved_name",
        ("POST", "/containers/web/rename?name=api", None),
        id="21 renamed to the checker's",
    ),
    *[
        pytest.param((method, f"/containers/db{path}", None), "no_container", (method, f"/containers/web{path}", None))
        for method, path in (
            ("GET", "/json"),
            ("GET", "/logs?stdout=1"),
            ("GET", "/archive?path=%2F"),
            ("HEAD", "/archive?path=%2F"),
            ("PUT", "/archive?path=%2F"),
            ("GET", "/export"),
            ("GET", "/top"),
            ("GET", "/stats"),
            ("POST", "/start"),
            ("POST", "/stop?t=1"),
            ("POST", "/kill?signal=SIGKILL"),
            ("POST", "/attach?stream=1&stdout=1"),
            ("POST", "/wait?condition=removed"),
            ("DELETE", "?force=1&v=1"),
        )
    ],
    pytest.param(
        ("GET", "/containers/web/attach/ws", None),
        "websocket",
        ("POST", "/containers/web/attach?stream=1", None),
        id="26 web socket",
    ),
    pytest.param(
        ("GET", "/images/payroll/get", None),
        "no_image",
        ("GET", "/images/redis:7/get", None),
        id="26 save a foreign one",
    ),
    pytest.param(
        ("GET", "/images/get?names=redis:7&names=payroll", None),
        "no_image",
        ("GET", "/images/get?names=redis:7&names=mine", None),
        id="26 save one among others",
    ),
    pytest.param(("GET", "/networks/payroll", None), "no_network", ("GET", "/networks/host", None), id="23 network"),
    pytest.param(("DELETE", "/volumes/payroll", None), "no_volume", ("DELETE", "/volumes/data", None), id="23 volume"),
    pytest.param(
        ("DELETE", "/images/redis:7", None), "image_kept", ("DELETE", "/images/hello-world", None), id="a shared image"
    ),
    pytest.param(
        ("POST", "/images/hello-world/tag?repo=redis&tag=7", None),
        "tag_over",
        ("POST", "/images/hello-world/tag?repo=kata-04-x&tag=1", None),
        id="a shared name",
    ),
    pytest.param(("GET", "/nothing", None), "route", ("GET", "/_ping", None), id="an unknown path"),
    pytest.param(("PUT", "/containers/json", None), "route", ("GET", "/containers/json", None), id="another method"),
    pytest.param(
        ("POST", "/containers/web/checkpoints", {}), "route", ("POST", "/containers/web/pause", None), id="checkpoint"
    ),
    pytest.param(
        ("GET", "/containers/web/top?ps_args=-o%20user=PID", None),
        "ps_args",
        ("GET", "/containers/web/top?ps_args=aux", None),
        id="another column called PID",
    ),
    *[
        pytest.param(
            ("GET", f"/containers/web/top?ps_args={bad}", None),
            "ps_args",
            ("GET", f"/containers/web/top?ps_args={good}", None),
            id=f"ps {bad}",
        )
        for bad, good in (
            # five words under one title, so that the word in PID's place is another column's
            ("-eo%20lstart,rss,uid,gid,ni,pid,args", "-eo%20pid,lstart,rss,args"),
            ("-o%20args,pid", "-o%20pid:8,args"),
            ("-eolstart,pid", "axo%20pid,%25cpu,comm"),
            ("-Olstart%20-e", "-eo%20args"),
            ("-o%20user%20-o%20lstart,pid", "-e%20-f"),
            ("-C%20-opid%20-eo%20lstart,rss,pid", "-a%20-o%20pid"),
            ("-u%20-opid%20-eo%20lstart,rss,pid", "-aux"),
            # without titles the first process says which column is PID
            ("axh", "axf"),
            ("-e%20--no-headers", "-eF"),
            ("-o%20pid,args%20h", "-ejH"),
            ("-o%20%25x%25p", "-eLf"),
        )
    ],
    pytest.param(
        ("POST", "/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": "8.8.8.0/24"}]}}),
        "subnet",
        ("POST", "/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": "10.8.8.0/24"}]}}),
        id="15 the addresses of somebody else",
    ),
    *[
        pytest.param(
            ("POST", "/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": bad}]}}),
            said,
            ("POST", "/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": good}]}}),
            id=f"15 {bad}",
        )
        for bad, said, good in (
            ("0.0.0.0/0", "subnet", "172.28.0.0/16"),
            ("172.0.0.0/8", "subnet", "172.16.0.0/12"),
            ("127.0.0.0/16", "subnet", "192.168.99.0/24"),
            ("169.254.169.0/24", "subnet", "192.168.99.7/24"),
            ("2606:4700::/32", "subnet", "fd00:cafe::/64"),
            ("::/0", "subnet", "2001:db8:1::/64"),
            ("::ffff:8.8.8.0/120", "subnet", "10.0.0.0/8"),
            ("10.0.0.0/33", "value", "100.64.0.0/16"),
        )
    ],
]

# Threats 35 to 41
BUILDS = [
    pytest.param("remote=https%3A%2F%2Fx%2Fy.git", "build_remote", "remote=client-context", id="35"),
    pytest.param("networkmode=host", "host_network", "networkmode=none", id="36 network"),
    pytest.param("networkmode=container:db", "no_network", "networkmode=backend", id="36 a foreign container's"),
    pytest.param("cgroupparent=%2F", "cgroup", "cgroupparent=", id="36 cgroup"),
    pytest.param("outputs=x", "build_option", "q=1", id="36 outputs"),
    pytest.param("session=x", "build_option", "session=", id="36 session"),
    pytest.param(
        "ulimits=%5B%7B%22Name%22:%22rtprio%22,%22Soft%22:9,%22Hard%22:9%7D%5D",
        "realtime",
        "ulimits=%5B%7B%22Name%22:%22nofile%22,%22Soft%22:9,%22Hard%22:9%7D%5D",
        id="36 real time",
    ),
    pytest.param("version=2", "builder", "version=1", id="36 BuildKit by the other door"),
    pytest.param("securityopt=seccomp%3Dunconfined", "security_opt", "nocache=1", id="36 security"),
    pytest.param("squash=1", "build_option", "squash=0", id="squash"),
    pytest.param("t=redis:7", "tag_over", "t=kata-04-x", id="a shared name"),
    pytest.param("networkmode=none&networkmode=host", "parameter_twice", "t=kata-04-x&t=kata-04-y", id="30 twice"),
    pytest.param("networkmode=none&NetworkMode=host", "parameter_twice", "networkmode=none", id="30 twice, folded"),
    pytest.param("unheard=1", "parameter", "unheard=", id="an unknown parameter"),
    pytest.param("buildargs=%7B%7D%7D", "query", "buildargs=%7B%22a%22%3Anull%7D", id="29 JSON with a tail"),
]

# Threats 27 to 29
KEYS = [
    pytest.param(b'{"Image":"redis:7","hostconfig":{"Privileged":true}}', "key_folded", id="27 another case"),
    pytest.param('{"Image":"redis:7","Ho\u017ftConfig":{}}'.encode(), "key_folded", id="27 a long s"),
    pytest.param('{"Image":"redis:7","HostConfig":{"Networ\u212aMode":"host"}}'.encode(), "key_folded", id="27 Kelvin"),
    pytest.param(b'{"HostConfig":{"Privileged":true},"HostConfig":{"Memory":1}}', "key_twice", id="28 merged"),
    pytest.param(b'{"HostConfig":{"Privileged":true,"Privileged":null}}', "key_twice", id="28 null after true"),
    pytest.param(b'{"X":0,"x":0}', "key_twice", id="28 twice, folded"),
    pytest.param(b'{"Image":"redis:7"}}', "not_json", id="29 a tail"),
    pytest.param(b'{"HostConfig":{"Memory":NaN}}', "not_json", id="29 NaN"),
    pytest.param(b"[" * 3000, "too_deep", id="29 depth"),
    pytest.param(b'"' + b"x" * 5 * 1024**2 + b'"', "too_large", id="29 size"),
    pytest.param(b"[]", "value", id="no object"),
    pytest.param(b'{"HostConfig":[]}{', "not_json", id="29 two values"),
    pytest.param(b'{"HostConfig":{"Memory":true}}', "value", id="true is no number"),
    pytest.param(b'{"Cmd":{"a":1}}', "value", id="an object is no command"),
]


def said(found: Allowed | Denied) -> str:
    """Return the name of the phrase, after seeing that it says something in both languages."""
    if isinstance(found, Allowed):
        return ""
    text = found.text
    assert text.en
    assert text.ko
    return found.key.removeprefix("guard.")


@pytest.mark.parametrize(("bad", "expected", "good"), HOST)
def test_a_container_cannot_reach_the_machine(bad: object, expected: str, good: object) -> None:
    """What would give a container more than itself is denied with its sentence; its harmless twin goes through."""
    assert said(create(bad)) == expected
    assert said(create(good)) == ""


@pytest.mark.parametrize(("bad", "expected", "good"), CALLS)
def test_a_run_reaches_only_its_own(bad: Any, expected: str, good: Any) -> None:  # noqa: ANN401 - rows of a table
    """What is not the run's, and what no exercise needs, is denied; its twin goes through."""
    assert said(ask(*bad)) == expected
    assert said(ask(*good)) == ""


@pytest.mark.parametrize(("bad", "expected", "good"), BUILDS)
def test_a_build_reaches_only_its_own(bad: str, expected: str, good: str) -> None:
    """The classic builder's options that reach beyond a build are denied; their twins go through."""
    assert said(ask("POST", f"/build?{bad}")) == expected
    assert said(ask("POST", f"/build?{good}")) == ""


@pytest.mark.parametrize(("body", "expected"), KEYS)
def test_a_body_that_go_reads_otherwise_is_denied(body: bytes, expected: str) -> None:
    """Folded, doubled and malformed JSON is denied, whatever it would say."""
    assert said(ask("POST", "/containers/create", body)) == expected


def test_41_no_other_builder_is_pulled() -> None:
    """The image with which buildx would start a builder of its own is denied with a sentence about builders."""
    grants = Grants(images=frozenset({"docker.io/moby/buildkit:buildx-stable-1"}))
    found = ask("POST", "/images/create?fromImage=moby%2Fbuildkit&tag=buildx-stable-1", grants=grants)
    assert said(found) == "builder"


@pytest.mark.parametrize(
    ("grant", "method", "target"),
    [
        ("commit", "POST", "/commit?container=web&repo=kata-04-x&tag=1"),
        ("load", "POST", "/images/load?quiet=1"),
        ("load", "POST", "/images/create?fromSrc=-&repo=kata-04-x"),
        ("registry", "POST", "/images/localhost:5000/x/push?tag=1"),
        ("registry", "GET", "/distribution/localhost:5000/x:1/json"),
    ],
)
def test_an_exercise_grants_what_it_teaches(grant: str, method: str, target: str) -> None:
    """With the grant it goes through, with all others it does not."""
    others = frozenset({"commit", "load", "registry", "host-pid"}) - {grant}
    refusals = {"commit", "load", "push", "distribution"}
    assert said(ask(method, target, grants=Grants(allow=frozenset({grant}), prefixes=("kata-04-",)))) == ""
    assert said(ask(method, target, grants=Grants(allow=others, prefixes=("kata-04-",)))) in refusals


def test_host_pid_is_granted() -> None:
    """An exercise about processes may show those of the machine."""
    assert sent(create({"PidMode": "host"}, grants=EVERYTHING))["HostConfig"]["PidMode"] == "host"


@pytest.mark.parametrize("host", ["docker.io", "evil.example:5000", "10.0.0.1:5000", "169.254.169.254"])
def test_push_stays_on_this_machine(host: str) -> None:
    """Also with the grant, an image is only sent to a registry on localhost."""
    assert said(ask("POST", f"/images/{host}/mine/push?tag=1", grants=EVERYTHING)) in {"no_image", "registry"}
    assert said(ask("POST", "/images/127.0.0.1:5000/mine/push?tag=1", grants=EVERYTHING)) == ""


@pytest.mark.parametrize("name", ["redis:7", "evil.example:5000/x:1", "10.0.0.1:5000/x"])
def test_only_a_registry_on_this_machine_is_asked(name: str) -> None:
    """Also with the grant, no registry elsewhere hears of a name."""
    assert said(ask("GET", f"/distribution/{name}/json", grants=EVERYTHING)) in {"no_image", "distribution"}


def test_login_stays_on_this_machine() -> None:
    """Also with the grant, passwords only go to a registry on localhost; nothing named would be Docker Hub."""
    assert said(ask("POST", "/auth", {"username": "u"}, grants=EVERYTHING)) == "registry"
    assert said(ask("POST", "/auth", {"serveraddress": "evil.example"}, grants=EVERYTHING)) == "registry"
    assert said(ask("POST", "/auth", {"serveraddress": "localhost:5000"}, grants=EVERYTHING)) == ""


def test_an_image_of_somebody_elses_registry_here_stays() -> None:
    """With the grant too: that it is from localhost does not make an image the run's; what the run gave is."""
    kept = ledger()
    kept.see_image(FOREIGN, ["localhost:5000/payroll:1"])
    for target in ("localhost:5000/payroll:1", FOREIGN):
        assert said(ask("DELETE", f"/images/{target}", kept=kept, grants=EVERYTHING)) == "image_kept"
    kept.add("tag", "localhost:5000/payroll:1", FOREIGN)
    for target in ("localhost:5000/payroll:1", FOREIGN):
        assert said(ask("DELETE", f"/images/{target}", kept=kept, grants=EVERYTHING)) == ""


def test_import_reads_no_address() -> None:
    """Also with the grant, the engine fetches nothing."""
    assert said(ask("POST", "/images/create?fromSrc=http%3A%2F%2Fx", grants=EVERYTHING)) == "import_url"


def test_22_the_owners_label_cannot_be_forged() -> None:
    """Labels of the checker's are overwritten or left out, without a word."""
    labels = {"kata.run": "another", "kata.by": "checker", "kata.standin": "1", "mine": "", "KATA.Lab": "y"}
    found = sent(create(Labels=labels))["Labels"]
    assert found == {"kata.run": "run-1", "kata.by": "script", "mine": ""}


def test_a_label_of_the_scripts_stays_whatever_it_begins_with() -> None:
    """Only the few labels that the checker goes by are left out: scripts look for their own by the others."""
    assert sent(create(Labels={"kata.copy": "17"}))["Labels"]["kata.copy"] == "17"


def test_23_full_ids_are_forwarded() -> None:
    """What the client calls by a name or a beginning goes to the engine by its full id."""
    for name in ("web", "a", "aaaaaaaaaaaa", OWN):
        found = ask("POST", f"/containers/{name}/start")
        assert isinstance(found, Allowed)
        assert (found.target, found.subject) == (f"/v1.45/containers/{OWN}/start", OWN)
    found = ask("POST", "/containers/web/start")
    assert isinstance(found, Allowed)
    assert found.written == {OWN: "web"}


def test_a_network_keeps_the_name_that_was_asked_for() -> None:
    """Inspecting shows a network as it was named; only by id it goes by id."""
    assert sent(create({"NetworkMode": "backend"}))["HostConfig"]["NetworkMode"] == "backend"
    assert sent(create({"NetworkMode": NETWORK[:12]}))["HostConfig"]["NetworkMode"] == NETWORK


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/containers/json?all=1"),
        ("POST", "/containers/prune"),
        ("POST", "/networks/prune"),
        ("POST", "/volumes/prune"),
        ("POST", "/images/prune"),
    ],
)
def test_25_prune_and_list_are_narrowed(method: str, path: str) -> None:
    """The run's label is forced as a filter, beside those that the client has."""
    found = ask(method, path)
    mark = "&" if "?" in path else "?"
    filtered = ask(method, f"{path}{mark}filters=%7B%22label%22%3A%5B%22x%3Dy%22%5D%7D")
    assert isinstance(found, Allowed)
    assert isinstance(filtered, Allowed)
    assert "kata.run%3Drun-1" in found.target
    assert "kata.run%3Drun-1" in filtered.target
    assert "x%3Dy" in filtered.target


def test_25_the_build_cache_is_left_alone() -> None:
    """Pruning the build cache is answered without asking: there is nothing of the run's own."""
    found = ask("POST", "/build/prune?all=1")
    assert isinstance(found, Allowed)
    assert found.answer == (200, {"CachesDeleted": None, "SpaceReclaimed": 0})


def test_inspecting_something_unknown_is_as_always() -> None:
    """An engine without a swarm says so; docker inspect goes on to the next kind then."""
    found = ask("GET", "/services/nosuch")
    plugin = ask("GET", "/plugins/nosuch/json")
    assert isinstance(found, Allowed)
    assert isinstance(plugin, Allowed)
    assert found.answer
    assert plugin.answer
    assert found.answer[0] == 503
    assert plugin.answer == (404, {"message": 'plugin "nosuch" not found'})


def test_a_volume_that_is_not_there_is_removed_by_force() -> None:
    """An engine is content then; so a script may begin with that, whether it has run before or not."""
    forced, unforced = ask("DELETE", "/volumes/nosuch?force=1"), ask("DELETE", "/volumes/nosuch?force=0")
    assert isinstance(forced, Allowed)
    assert forced.answer == (204, None)
    assert isinstance(unforced, Denied)
    assert unforced.key == "guard.no_volume"


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/containers/127.0.0.1:5000/web:1.0/json", "guard.no_container"),
        ("GET", "/containers/library/redis:7/logs?stdout=1", "guard.no_container"),
        ("POST", "/containers/library/redis:7/stop", "guard.no_container"),
        ("DELETE", "/containers/library/redis:7", "guard.no_container"),
        ("GET", "/networks/library/redis", "guard.no_network"),
        ("GET", "/volumes/library/redis", "guard.no_volume"),
    ],
)
def test_nothing_but_an_image_has_a_name_with_slashes(method: str, path: str, key: str) -> None:
    """What ``docker inspect`` is given may be an image's name, and it asks for a container of that name first."""
    found = ask(method, path)
    assert isinstance(found, Denied)
    assert (found.status, found.key) == (404, key)


@pytest.mark.parametrize(
    ("name", "visible"),
    [
        ("redis:7", True),
        ("docker.io/library/redis:7", True),
        ("redis", False),
        ("redis@" + DIGEST, True),
        ("mine", True),
        ("kata-04-anything:x", True),
        ("localhost:5000/kata-04-x", True),
        ("kata-05-anything", False),
        ("payroll", False),
        (IMAGE, True),
        (IMAGE.removeprefix("sha256:")[:12], True),
        (REDIS[7:19], True),
        (FOREIGN, False),
        (FOREIGN[7:19], False),
        ("f", False),
    ],
)
def test_images_that_are_there(name: str, visible: bool) -> None:  # noqa: FBT001 - a column of the table
    """Granted images, those with the exercise's prefix, and the run's own are there, by name and by id."""
    found = ask("GET", f"/images/{name}/json")
    assert said(found) == ("" if visible else "no_image")


def test_an_image_by_id_goes_by_its_full_id() -> None:
    """The beginning of an id could be another image's by the time it is asked for."""
    found = create(Image=REDIS[7:19])
    assert sent(found)["Image"] == REDIS


def test_a_name_that_looks_like_an_id_gets_its_tag() -> None:
    """``cafe`` could be the beginning of an id, ``cafe:latest`` cannot."""
    grants = Grants(images=frozenset({f"{HUB}cafe:latest"}))
    assert sent(create(Image="cafe", grants=grants))["Image"] == "cafe:latest"


def test_needs_names_what_may_be_an_id() -> None:
    """Only what may be an image's id has to be looked up, in paths, queries and bodies."""
    assert needs(request("GET", "/images/redis:7/json")) == ()
    assert needs(request("DELETE", "/images/f1f1f1f1f1f1")) == ("f1f1f1f1f1f1",)
    assert needs(request("GET", f"/images/get?names={FOREIGN}&names=redis")) == (FOREIGN,)
    assert needs(request("POST", "/containers/create", {"Image": "cafe"})) == ("cafe",)
    assert needs(request("POST", "/containers/create", b"[")) == ()
    assert needs(request("POST", "/containers/create", b"[]")) == ()
    assert needs(request("GET", "//")) == ()


def test_an_image_with_a_shared_name_too_is_not_removed() -> None:
    """By id an image goes with all its names, so that all of them have to be the run's."""
    kept = ledger()
    kept.see_image(IMAGE, [f"{HUB}mine:latest", f"{HUB}payroll:latest"])
    assert said(ask("DELETE", f"/images/{IMAGE}", kept=kept)) == "image_kept"
    kept.see_image(IMAGE, [f"{HUB}mine:latest", "no reference at all"])
    assert said(ask("DELETE", f"/images/{IMAGE}", kept=kept)) == "image_kept"
    assert said(ask("DELETE", f"/images/{IMAGE}")) == ""
    assert said(ask("DELETE", f"/images/{REDIS}")) == "image_kept"


def test_limits_are_added() -> None:
    """A container gets a limit of processes and of log size, whatever it asks for."""
    found = sent(create())["HostConfig"]
    assert found["PidsLimit"] == 4096
    assert found["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}
    assert sent(create({"PidsLimit": 50}))["HostConfig"]["PidsLimit"] == 50
    assert sent(create({"PidsLimit": -1}))["HostConfig"]["PidsLimit"] == 4096
    assert sent(create({"PidsLimit": 10**9}))["HostConfig"]["PidsLimit"] == 4096


def test_ports_stay_as_they_are() -> None:
    """What a script publishes is for a check to judge, so it is never rewritten."""
    ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostPort": "81"}]}  # noqa: S104 - a fixture
    assert sent(create({"PortBindings": ports}))["HostConfig"]["PortBindings"] == ports


def test_links_of_folders_are_followed() -> None:
    """What goes to the engine is where a path really leads, and that has to be inside of the work."""
    places = {f"{WORK}/link": "/etc", f"{WORK}/html": f"{WORK}/v2/html", str(WORK): str(WORK)}

    def judged(source: str) -> Allowed | Denied:
        asked = request(
            "POST", "/v1.45/containers/create", {"Image": "redis:7", "HostConfig": {"Binds": [f"{source}:/x:ro"]}}
        )
        return judge(asked, ledger(), GRANTS, resolve=lambda path: places.get(path, path))

    assert said(judged(f"{WORK}/link")) == "folder"
    assert sent(judged(f"{WORK}/html"))["HostConfig"]["Binds"] == [f"{WORK}/v2/html:/x:ro"]


def test_without_a_work_folder_nothing_is_mounted() -> None:
    """A run without a folder of its own mounts volumes only."""
    grants = Grants(images=GRANTS.images)
    assert said(create({"Binds": [f"{WORK}:/x"]}, grants=grants)) == "folder"
    assert said(create({"Binds": ["data:/x"]}, grants=grants)) == ""


def test_named_volumes_are_listed_to_be_made() -> None:
    """A volume that is not the run's yet is made on the way, so that it gets the run's label."""
    found = create({"Binds": ["data:/a", "fresh:/b", "fresh:/c"], "Mounts": [{"Type": "volume", "Target": "/d"}]})
    assert isinstance(found, Allowed)
    assert found.volumes == ("fresh",)


@pytest.mark.parametrize(
    ("kind", "limit", "method", "target", "body"),
    [
        ("container", 200, "POST", "/containers/create", {"Image": "redis:7"}),
        ("network", 50, "POST", "/networks/create", {"Name": "n"}),
        ("volume", 100, "POST", "/volumes/create", {}),
        ("exec", 2000, "POST", "/containers/web/exec", {"Cmd": ["true"]}),
    ],
)
def test_83_quotas(kind: Kind, limit: int, method: str, target: str, body: object) -> None:
    """One more than a run may make is denied, also where earlier ones are gone again."""
    kept = ledger()
    for number in range(limit - kept.made(kind) - 1):
        kept.add(kind, f"{number:064x}")
        kept.forget(kind, f"{number:064x}")
    assert said(ask(method, target, body, kept=kept)) == ""
    kept.add(kind, "9" * 64)
    assert said(ask(method, target, body, kept=kept)) == f"too_many_{kind}s"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content_type": "application/x-www-form-urlencoded"}, "content_type"),
        ({"content_type": "multipart/form-data; boundary=x"}, "content_type"),
        ({"content_type": "text/plain"}, "content_type"),
        ({"content_encoding": "gzip"}, "encoded"),
        ({"upgrade": "h2c"}, "upgrade"),
        ({"upgrade": "tcp"}, "upgrade"),
        ({"content_type": "application/json; charset=utf-8"}, ""),
        ({"content_encoding": "identity"}, ""),
    ],
)
def test_headers_that_change_a_bodys_meaning(headers: dict[str, str], expected: str) -> None:
    """A body that is a form, compressed, or no longer HTTP is denied before it is read, and when it is judged."""
    asked = request("POST", "/v1.45/containers/create", {"Image": "redis:7"}, **headers)
    assert key(judge(asked, ledger(), GRANTS)).removeprefix("guard.") == expected
    matched = match(asked.head)
    assert isinstance(matched, Denied) == bool(expected)


def test_a_form_beside_a_tar_is_denied() -> None:
    """With a form as its body, a build's query would not be the whole of it (threats.md B)."""
    asked = request("POST", "/build?networkmode=none", content_type="application/x-www-form-urlencoded")
    assert key(judge(asked, ledger(), GRANTS)) == "guard.content_type"
    asked = request("POST", "/build?networkmode=none", content_type="application/tar")
    assert key(judge(asked, ledger(), GRANTS)) == ""


def test_only_a_builds_session_keeps_its_headers() -> None:
    """Of what the client writes into headers, nothing goes on but what BuildKit's session is made of."""
    headers = {"upgrade": "h2c", "x_docker_expose_session_uuid": "u", "x_registry_auth": "e30=", "x_evil": "1"}
    found = judge(request("POST", "/session", **headers), ledger(), GRANTS)
    assert isinstance(found, Allowed)
    assert found.headers == (("Upgrade", "h2c"), ("x-docker-expose-session-uuid", "u"))


def test_passwords_only_go_to_the_exercises_registry() -> None:
    """``X-Registry-Auth`` is left out unless a granted registry on this machine is asked."""
    pull = "/images/create?fromImage={}&tag=7"
    local = ask("POST", pull.format("localhost:5000/x"), grants=EVERYTHING, x_registry_auth="e30=")
    hub = ask("POST", pull.format("redis"), grants=EVERYTHING, x_registry_auth="e30=")
    assert isinstance(local, Allowed)
    assert isinstance(hub, Allowed)
    assert local.headers == (("X-Registry-Auth", "e30="),)
    assert hub.headers == ()


@pytest.mark.parametrize(
    ("method", "target", "body", "reply", "upgrades"),
    [
        ("POST", "/v1.45/containers/create", Body.JSON, Reply.WHOLE, False),
        ("POST", "/v1.45/build?t=x", Body.STREAM, Reply.LINES, False),
        ("GET", "/events", Body.NONE, Reply.LINES, False),
        ("GET", "/containers/x/logs", Body.NONE, Reply.PASS, False),
        ("POST", "/grpc", Body.NONE, Reply.HIJACK, True),
        ("POST", "/exec/x/start", Body.JSON, Reply.HIJACK, True),
        ("POST", "/images/create?fromSrc=-", Body.STREAM, Reply.LINES, False),
        ("POST", "/images/create?fromImage=x", Body.NONE, Reply.LINES, False),
    ],
)
def test_match_says_what_to_expect(method: str, target: str, body: Body, reply: Reply, upgrades: bool) -> None:  # noqa: FBT001 - a column
    """Before a body is read it is known what it is, and how the answer comes."""
    found = match(Head(method=method, target=target))
    assert not isinstance(found, Denied)
    assert (found.body, found.reply, found.upgrades) == (body, reply, upgrades)
    assert (found.limit == 0) == (body is Body.NONE)


def test_a_body_where_none_belongs_is_denied() -> None:
    """A route without a body gets none to pass on."""
    assert key(ask("POST", "/containers/web/start", b'{"Privileged": true}')) == "guard.body"


def test_any_failure_is_a_denial() -> None:
    """If something breaks while a request is judged, it does not go through."""

    def broken(path: str) -> str:
        raise OSError(path)

    asked = request("POST", "/v1.45/containers/create", {"HostConfig": {"Binds": [f"{WORK}:/x"]}})
    found = judge(asked, ledger(), GRANTS, resolve=broken)
    assert isinstance(found, Denied)
    assert (found.key, found.status) == ("guard.internal", 500)


def test_what_is_not_there_is_said_in_the_engines_words() -> None:
    """A client cannot tell a foreign container from none."""
    words = {
        "/containers/db/json": "No such container: db",
        "/networks/db": "network db not found",
        "/volumes/db": "get db: no such volume",
        "/exec/db/json": "No such exec instance: db",
        "/images/db/json": "No such image: db:latest",
    }
    for path, text in words.items():
        found = ask("GET", path)
        assert isinstance(found, Denied)
        assert (found.status, found.text.en, found.text.ko) == (404, text, text)


def test_the_engines_words_have_no_gaps() -> None:
    """The ledger of an empty run finds nothing at all."""
    found = ask("GET", "/containers/web/json", kept=Ledger("other"))
    assert isinstance(found, Denied)
    assert re.fullmatch(r"No such container: web", found.text.en)
