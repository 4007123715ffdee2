"""The tables of what may be asked of networks, volumes and registries."""

from __future__ import annotations

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
                            "Subnet": _ADDRESS,
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
