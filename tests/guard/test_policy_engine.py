"""A real engine as oracle: what comes through the policy leaves nothing on it that the policy forbids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checker.engine import LABEL, Engine, find_engine
from checker.guard import Grants, Ledger
from checker.guard.message import Allowed, Denied
from checker.guard.policy.judging import judge
from tests.guard.asking import HUB, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "Privileged": st.booleans(),
    "Binds": st.lists(st.sampled_from(["/etc:/x", "%W:/y", "%W/../..:/z", "/anonymous"]), max_size=2, unique=True),
    "CapAdd": st.lists(st.sampled_from(["CHOWN", "ALL", "sys_admin", "CAP_KILL"]), max_size=2),
    "CapDrop": st.lists(st.sampled_from(["ALL", "NET_RAW"]), max_size=2, unique=True),
    "NetworkMode": st.sampled_from(["default", "none", "bridge", "host"]),
    "PidMode": st.sampled_from(["", "host"]),
    "IpcMode": st.sampled_from(["", "private", "host", "shareable"]),
    "UTSMode": st.sampled_from(["", "host"]),
    "SecurityOpt": st.lists(st.sampled_from(["no-new-privileges", "seccomp=unconfined"]), max_size=1),
    "PidsLimit": st.integers(-1, 5000),
    "Memory": st.sampled_from([0, 2**26]),
    "OomScoreAdj": st.integers(-10, 10),
    "Devices": st.sampled_from([[], [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x"}]]),
    "LogConfig": st.sampled_from([{}, {"Type": "syslog"}, {"Type": "local"}, {"Config": {"max-size": "1m"}}]),
    "MaskedPaths": st.sampled_from([None, []]),
    "Sysctls": st.sampled_from([{}, {"net.core.somaxconn": "64"}, {"kernel.msgmax": "1"}]),
    "Tmpfs": st.sampled_from([{}, {"/t": "size=1m"}]),
}
HOST = st.sets(st.sampled_from(sorted(OPTIONS)), max_size=4).flatmap(
    lambda chosen: st.fixed_dictionaries({name: OPTIONS[name] for name in chosen})
)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Engine]:
    """The real engine, freed in the end of what was created on it."""
    engine = find_engine()
    yield engine
    own = json.dumps({"label": [f"{LABEL}=guard-test-oracle"]}).replace('"', "%22").replace(" ", "")
    for row in engine.request("GET", f"/containers/json?all=1&filters={own}")[1]:
        engine.request("DELETE", f"/containers/{row['Id']}?force=1&v=1")


@pytest.mark.docker
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(host=HOST)
def test_what_comes_through_has_no_power(oracle: Engine, tmp_path: Path, host: dict[str, Any]) -> None:
    """Whatever was asked for, the engine shows a container without any power beyond itself."""
    host = {**host, "Binds": [one.replace("%W", str(tmp_path)) for one in host.get("Binds", [])]}
    body = {"Image": "busybox:1", "Cmd": ["true"], "HostConfig": host}
    grants = Grants(work=tmp_path, images=frozenset({f"{HUB}busybox:1"}))
    found = judge(request("POST", "/v1.43/containers/create", body), Ledger("guard-test-oracle"), grants)
    assume(not isinstance(found, Denied))
    assert isinstance(found, Allowed)
    assert found.body is not None
    status, answer = oracle.request("POST", "/containers/create", json.loads(found.body))
    assert status in {201, 400}, answer  # 400: the engine has a reason of its own
    if status == 201:
        _, inspected = oracle.request("GET", f"/containers/{answer['Id']}/json")
        oracle.request("DELETE", f"/containers/{answer['Id']}?force=1&v=1")
        assert_harmless(inspected, tmp_path)


def assert_harmless(inspected: dict[str, Any], work: Path) -> None:
    """See that an inspected container has nothing that the policy forbids."""
    host = inspected["HostConfig"]
    for name in ("Privileged", "Devices", "DeviceRequests", "CgroupParent", "UTSMode", "UsernsMode", "PidMode"):
        assert not host[name], name
    assert "host" not in {host["NetworkMode"], host["IpcMode"]}
    assert set(host["CapAdd"] or []) <= {"CHOWN", "CAP_CHOWN", "KILL", "CAP_KILL"}
    assert set(host["SecurityOpt"] or []) <= {"no-new-privileges"}
    assert "/proc/kcore" in host["MaskedPaths"]
    assert host["LogConfig"]["Type"] in {"json-file", "local"}
    assert 0 < host["PidsLimit"] <= 4096
    assert host["OomScoreAdj"] >= 0
    assert inspected["Config"]["Labels"][LABEL] == "guard-test-oracle"
    for mount in inspected["Mounts"]:
        assert mount["Type"] != "bind" or mount["Source"].startswith(str(work))
