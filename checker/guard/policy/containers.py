"""The tables of what may be asked of a container: creating, updating, executing in it, committing it.

Field names are the API's (``api/swagger.yaml`` of moby 26). One line a field: what it may say, or the sentence for
when it says anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checker.guard.policy import named
from checker.guard.policy.mounts import bind, mount, tmpfs_options
from checker.guard.policy.refused import Refused
from checker.guard.policy.schema import (
    GONE,
    dropped,
    flag,
    labels,
    list_of,
    map_of,
    never,
    number,
    one_of,
    record,
    text,
    words,
)

if TYPE_CHECKING:
    from checker.guard.policy.schema import Rule, Scene

__all__ = ["COMMIT", "CREATE", "ENDPOINT", "EXEC", "EXEC_START", "PIDS", "ULIMIT", "UPDATE"]

PIDS = 4096
"""How many processes a container may have at most; the engine's own default is no limit at all."""

# The capabilities that Docker gives every container anyway (moby, oci/caps/defaults.go)
_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
# What the kernel keeps for each network namespace, and programs in containers really ask for
_SYSCTLS = (
    r"net\.ipv4\.(?:ip_unprivileged_port_start|ip_local_port_range|ip_forward|ping_group_range|tcp_[a-z0-9_]+)"
    r"|net\.core\.somaxconn|net\.ipv6\.conf\.(?:all|default|lo|eth[0-9])\.(?:disable_ipv6|forwarding)"
)
_PORT = text(r"[0-9]{1,5}(?:-[0-9]{1,5})?(?:/(?:tcp|udp|sctp))?", empty=False)
_INSIDE = text(r"/[^\0:]*", empty=False)
_EMPTY = record({})
_STRINGS = list_of(text(), limit=10_000)


def _capability(value: Any, _: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    name = value.upper().removeprefix("CAP_") if isinstance(value, str) and value.isascii() else ""
    if field == "CapAdd" and name not in _CAPABILITIES:
        raise Refused("guard.capability", value=str(value)[:40])
    if not name.replace("_", "").isalnum():
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return str(value)


def _swappiness(value: Any, scene: Scene, field: str) -> Any:  # noqa: ANN401 - JSON is anything
    return GONE if value in (None, -1) else number(0, 100)(value, scene, field)


def _stop_timeout(value: Any, scene: Scene, field: str) -> Any:  # noqa: ANN401 - JSON is anything
    return GONE if value is None else number(-1, 3600)(value, scene, field)


def _unmasked(value: Any, _: Scene, field: str) -> Any:  # noqa: ANN401 - JSON is anything
    # null stands for Docker's own list; an empty one, as systempaths=unconfined sends it, for nothing hidden
    if value is not None:
        raise Refused("guard.security_opt", value=field)
    return GONE


def _namespace(own_words: tuple[str, ...], key: str, grant: str = "") -> Rule:
    """Return the rule for a mode such as ``private`` or ``container:web``; ``host`` only where it is granted."""

    def judged(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
        if not isinstance(value, str):
            raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
        if value.startswith("container:"):
            return f"container:{named.container(value.removeprefix('container:'), scene)}"
        if value in own_words or (value == "host" and grant and grant in scene.grants.allow):
            return value
        raise Refused(key, value=value[:60], field=field)

    return judged


def _network_mode(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    if isinstance(value, str) and value.startswith("container:"):
        return f"container:{named.container(value.removeprefix('container:'), scene)}"
    return named.network(value, scene, field)


def _volumes_from(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    name, colon, mode = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon and mode not in {"ro", "rw", "z", "Z"}:
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return named.container(name, scene) + colon + mode


def _link(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    name, _, alias = value.partition(":") if isinstance(value, str) else ("", "", "")
    alias = alias or name
    if not alias or not alias.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60])
    return f"{named.container(name, scene)}:{alias}"


ENDPOINT = record(
    {
        "IPAMConfig": record({"IPv4Address": text(), "IPv6Address": text(), "LinkLocalIPs": _STRINGS}),
        "Links": list_of(_link),
        "Aliases": _STRINGS,
        "MacAddress": text(r"[0-9a-fA-F:-]{1,24}"),
        "DriverOpts": never("guard.network_option"),
        "GwPriority": number(-1000, 1000),
    }
)
"""How a container is connected to a network."""


def _endpoint(value: Any, scene: Scene, field: str) -> dict[str, Any]:  # noqa: ANN401 - JSON is anything
    return dict(ENDPOINT({} if value is None else value, scene, field))


_BINDINGS = list_of(record({"HostIp": text(r"[0-9a-fA-F.:]*"), "HostPort": text(r"[0-9-]*")}))


def _bindings(value: Any, scene: Scene, field: str) -> list[Any]:  # noqa: ANN401 - JSON is anything
    return list(_BINDINGS([] if value is None else value, scene, field))  # never rewritten: a check judges them


_RESTART = record(
    {"Name": one_of("no", "always", "on-failure", "unless-stopped"), "MaximumRetryCount": number(0, 2**31 - 1)}
)
_RANK = frozenset({"nice", "rtprio"})  # above everybody else's processes (getrlimit(2)), as CpuRealtimeRuntime would


def _ulimit_name(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    if value in _RANK:
        raise Refused("guard.realtime", field=f"--ulimit {value}")
    return str(text(r"[a-z]{2,12}", empty=False)(value, scene, field))


ULIMIT = record(
    {"Name": _ulimit_name, "Soft": number(-1), "Hard": number(-1)}, also_nothing=frozenset({"Soft", "Hard"})
)
"""One of a process's limits."""

_HEALTHCHECK = record(
    {
        "Test": _STRINGS,
        "Interval": number(1),
        "Timeout": number(1),
        "Retries": number(1, 2**31 - 1),
        "StartPeriod": number(1),
        "StartInterval": number(1),
    }
)
_LOG = record(
    {
        "Type": one_of("json-file", "local", "none", key="guard.log_driver"),
        "Config": map_of(
            one_of("max-size", "max-file", "compress", "labels", "env", "tag", key="guard.log_driver"), text()
        ),
    }
)

# Limits that only ever make a container smaller
_LIMITS: dict[str, Rule] = {
    "CpuShares": number(0, 2**18),
    "Memory": number(0),
    "NanoCpus": number(0),
    "BlkioWeight": number(0, 1000),
    "CpuPeriod": number(0),
    "CpuQuota": number(-1),
    "CpusetCpus": text(r"[0-9,-]{1,200}"),
    "CpusetMems": text(r"[0-9,-]{1,200}"),
    "MemoryReservation": number(0),
    "MemorySwap": number(-1),
    "MemorySwappiness": _swappiness,
    "KernelMemory": number(0),
    "KernelMemoryTCP": number(0),
    "Ulimits": list_of(ULIMIT),
    "CgroupParent": never("guard.cgroup"),
    "BlkioWeightDevice": never("guard.device"),
    "BlkioDeviceReadBps": never("guard.device"),
    "BlkioDeviceWriteBps": never("guard.device"),
    "BlkioDeviceReadIOps": never("guard.device"),
    "BlkioDeviceWriteIOps": never("guard.device"),
    "CpuRealtimePeriod": never("guard.realtime"),
    "CpuRealtimeRuntime": never("guard.realtime"),
    "Devices": never("guard.device"),
    "DeviceCgroupRules": never("guard.device"),
    "DeviceRequests": never("guard.device"),
    "OomKillDisable": never("guard.oom"),
    "CpuCount": never("guard.windows"),
    "CpuPercent": never("guard.windows"),
    "IOMaximumIOps": never("guard.windows"),
    "IOMaximumBandwidth": never("guard.windows"),
}

_HOST_CONFIG = record(
    {
        **_LIMITS,
        "PidsLimit": number(-1),  # policy.py makes it at most PIDS
        "Binds": list_of(bind),
        "Mounts": list_of(mount),
        "Tmpfs": map_of(_INSIDE, tmpfs_options),
        "VolumesFrom": list_of(_volumes_from),
        "VolumeDriver": one_of("local", key="guard.volume_driver"),
        "ContainerIDFile": text(),  # the client writes it; the engine only shows it
        "LogConfig": _LOG,
        "NetworkMode": _network_mode,
        "PortBindings": map_of(_PORT, _bindings),
        "PublishAllPorts": flag,
        "Links": list_of(_link),
        "Dns": _STRINGS,
        "DnsOptions": _STRINGS,
        "DnsSearch": _STRINGS,
        "ExtraHosts": _STRINGS,
        "RestartPolicy": _RESTART,
        "AutoRemove": flag,
        "ConsoleSize": list_of(number(0, 65_535), limit=2),
        "CapAdd": list_of(_capability),
        "CapDrop": list_of(_capability),
        "IpcMode": _namespace(("private", "none", "shareable"), "guard.host_namespace"),
        "PidMode": _namespace((), "guard.host_pid", grant="host-pid"),
        "CgroupnsMode": one_of("private", key="guard.host_namespace"),
        "UTSMode": never("guard.host_namespace"),
        "UsernsMode": never("guard.host_namespace"),
        "OomScoreAdj": number(0, 1000, key="guard.oom"),
        "ReadonlyRootfs": flag,
        "SecurityOpt": list_of(
            one_of("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true", key="guard.security_opt")
        ),
        "ShmSize": number(0),
        "Sysctls": map_of(text(_SYSCTLS, key="guard.sysctl", empty=False), text()),
        "Init": flag,
        "Isolation": one_of("default", key="guard.windows"),
        "MaskedPaths": _unmasked,
        "ReadonlyPaths": _unmasked,
        "Privileged": never("guard.privileged"),
        "Runtime": never("guard.runtime"),
        "Cgroup": never("guard.cgroup"),
        "GroupAdd": never("guard.group_add"),
        "StorageOpt": never("guard.storage"),
        "Annotations": never("guard.annotation"),
    },
    also_nothing=frozenset({"MemorySwappiness", "MaskedPaths", "ReadonlyPaths"}),
)

# What a container is made of, and what commit may change in an image
_CONFIG: dict[str, Rule] = {
    "Hostname": text(r"[^\0/]{1,255}"),
    "Domainname": text(r"[^\0/]{1,255}"),
    "User": text(),
    "AttachStdin": flag,
    "AttachStdout": flag,
    "AttachStderr": flag,
    "ExposedPorts": map_of(_PORT, lambda value, scene, field: _EMPTY({} if value is None else value, scene, field)),
    "Tty": flag,
    "OpenStdin": flag,
    "StdinOnce": flag,
    "Env": _STRINGS,
    "Cmd": words(),
    "Healthcheck": _HEALTHCHECK,
    "ArgsEscaped": flag,
    "Volumes": map_of(_INSIDE, lambda value, scene, field: _EMPTY({} if value is None else value, scene, field)),
    "WorkingDir": text(),
    "Entrypoint": words(),
    "NetworkDisabled": flag,
    "MacAddress": text(r"[0-9a-fA-F:-]{1,24}"),
    "OnBuild": _STRINGS,
    "Labels": labels,
    "StopSignal": text(r"[A-Za-z0-9+-]{1,20}"),
    "StopTimeout": _stop_timeout,
    "Shell": words(),
}
_ZERO_SAYS_SOMETHING = frozenset({"StopTimeout"})

CREATE = record(
    {
        **_CONFIG,
        "Image": named.image,
        "HostConfig": _HOST_CONFIG,
        "NetworkingConfig": record({"EndpointsConfig": map_of(named.network, _endpoint)}),
    },
    also_nothing=_ZERO_SAYS_SOMETHING,
)
"""``POST /containers/create``."""

COMMIT = record({**_CONFIG, "Image": dropped}, also_nothing=_ZERO_SAYS_SOMETHING)
"""``POST /commit``."""

UPDATE = record(
    {
        **_LIMITS,
        "PidsLimit": number(1, PIDS, key="guard.update"),
        "RestartPolicy": _RESTART,
    },
    also_nothing=frozenset({"MemorySwappiness"}),
)
"""``POST /containers/{id}/update``."""

EXEC = record(
    {
        "AttachStdin": flag,
        "AttachStdout": flag,
        "AttachStderr": flag,
        "ConsoleSize": list_of(number(0, 65_535), limit=2),
        "DetachKeys": text(),
        "Detach": flag,
        "Tty": flag,
        "Env": _STRINGS,
        "Cmd": words(),
        "User": text(),
        "WorkingDir": text(),
        "Container": dropped,  # docker-py says it again
        "Privileged": never("guard.exec_privileged"),
    }
)
"""``POST /containers/{id}/exec``."""

EXEC_START = record({"Detach": flag, "Tty": flag, "ConsoleSize": list_of(number(0, 65_535), limit=2)})
"""``POST /exec/{id}/start``."""
