"""The tables of what may be asked of networks, volumes and registries."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

from checker.guard.policy import named
from checker.guard.policy.containers import ENDPOINT
from checker.guard.policy.refused import Refused
from checker.guard.policy.schema import flag, labels, list_of, map_of, never, one_of, record, text
from checker.guard.reference import is_local

if TYPE_CHECKING:
    from checker.guard.policy.schema import Scene

__all__ = ["AUTH", "CONNECT", "DISCONNECT", "NETWORK", "VOLUME"]

_ADDRESS = text(r"[0-9a-fA-F.:/]{1,64}")
# A bridge's subnet becomes a route of the engine's machine, and of explicit ones the engine only asks whether another
# of its networks has it. So none that lies anywhere else: what is private (RFC 1918, 4193, 6598) or for examples
# (RFC 2544, 3849, 5737), but not the machine's own (127/8) or its provider's (169.254/16).
_FREE = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "192.0.2.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "fc00::/7",
            "2001:db8::/32",
        ),
    )
)


def _subnet(value: Any, scene: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    try:
        found = ip_network(_ADDRESS(value, scene, field), strict=False)
    except ValueError as error:
        raise Refused("guard.value", status=400, field=field, value=str(value)[:60]) from error
    if not any(_is_within(found, free) for free in _FREE):
        raise Refused("guard.subnet", value=str(value)[:60])
    return str(value)


def _is_within(found: IPv4Network | IPv6Network, free: IPv4Network | IPv6Network) -> bool:
    match found, free:
        case (IPv4Network(), IPv4Network()) | (IPv6Network(), IPv6Network()):
            return found.subnet_of(free)  # type: ignore[arg-type]
        case _:
            return False


NETWORK = record(
    {
        "Name": named.new_network,
        "CheckDuplicate": flag,
        "Driver": one_of("bridge", "default", key="guard.network_driver"),
        "Scope": one_of("local", key="guard.network_driver"),
        "Internal": flag,
        "Attachable": flag,
        "EnableIPv4": flag,
        "EnableIPv6": flag,
        "IPAM": record(
            {
                "Driver": one_of("default", key="guard.network_driver"),
                "Options": never("guard.network_option"),
                "Config": list_of(
                    record(
                        {
                            "Subnet": _subnet,
                            "IPRange": _ADDRESS,
                            "Gateway": _ADDRESS,
                            "AuxiliaryAddresses": map_of(text(), _ADDRESS),
                            "AuxAddress": map_of(text(), _ADDRESS),
                        }
                    )
                ),
            }
        ),
        # Others decide how the engine's host forwards and publishes, or name one of its own bridges
        "Options": map_of(
            one_of("com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc", key="guard.network_option"),
            text(r"[0-9]{1,5}|true|false"),
        ),
        "Labels": labels,
        "Ingress": never("guard.swarm"),
        "ConfigOnly": never("guard.swarm"),
        "ConfigFrom": never("guard.swarm"),
    }
)
"""``POST /networks/create``."""


def _container(name: Any, scene: Scene, _: str) -> str:  # noqa: ANN401 - JSON is anything
    return named.container(name, scene)


CONNECT = record({"Container": _container, "EndpointConfig": ENDPOINT})
"""``POST /networks/{id}/connect``."""

DISCONNECT = record({"Container": _container, "Force": flag})
"""``POST /networks/{id}/disconnect``."""

VOLUME = record(
    {
        "Name": named.new_volume,
        "Driver": one_of("local", key="guard.volume_driver"),
        "DriverOpts": never("guard.volume_option"),
        "Labels": labels,
        "ClusterVolumeSpec": never("guard.swarm"),
    }
)
"""``POST /volumes/create``."""


def _local_registry(value: Any, _: Scene, field: str) -> str:  # noqa: ANN401 - JSON is anything
    host = str(value).removeprefix("http://").removeprefix("https://").rstrip("/")
    if not isinstance(value, str) or not is_local(host):
        raise Refused("guard.registry", value=str(value)[:60], field=field)
    return value


AUTH = record(
    {
        "username": text(),
        "password": text(),
        "auth": text(),
        "email": text(),
        "serveraddress": _local_registry,
        "identitytoken": text(),
        "registrytoken": text(),
    }
)
"""``POST /auth``."""
