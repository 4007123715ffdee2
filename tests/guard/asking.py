"""Asks the policy as a client would, without any socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checker.guard import Grants, Ledger
from checker.guard.message import Allowed, Denied, Head, Request
from checker.guard.policy.judging import judge

HUB = "docker.io/library/"
WORK = Path("/work/of/this/run")
GRANTS = Grants(
    work=WORK,
    images=frozenset({f"{HUB}redis:7", f"{HUB}hello-world:latest", f"{HUB}busybox:1"}),
    changes=frozenset({f"{HUB}hello-world:latest"}),
    prefixes=("kata-04-",),
)
EVERYTHING = Grants(
    work=WORK, images=GRANTS.images, prefixes=("kata-04-",), allow=frozenset({"commit", "load", "registry", "host-pid"})
)
OWN = "a" * 64
OTHER = "b" * 64
NETWORK = "c" * 64
EXEC = "d" * 64
IMAGE = f"sha256:{'e' * 64}"
REDIS = f"sha256:{'f1' * 32}"
FOREIGN = f"sha256:{'f2' * 32}"


def ledger() -> Ledger:
    """Return the ledger of a run that has one thing of each kind."""
    kept = Ledger("run-1")
    kept.add("container", OWN, "web")
    kept.add("network", NETWORK, "backend")
    kept.add("volume", "data", "data")
    kept.add("exec", EXEC)
    kept.add("image", IMAGE)
    kept.add("tag", f"{HUB}mine:latest", IMAGE)
    kept.see_image(IMAGE, [f"{HUB}mine:latest"])
    kept.see_image(REDIS, [f"{HUB}redis:7"])
    kept.see_image(FOREIGN, [f"{HUB}payroll:latest"])
    return kept


def request(method: str, target: str, body: object = None, **headers: str) -> Request:
    """Return a request; a body that is no bytes is written as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if data:
        sent.setdefault("content-type", "application/json")
    return Request(head=Head(method=method, target=target, headers=tuple(sent.items())), body=data)


def ask(
    method: str,
    target: str,
    body: object = None,
    *,
    grants: Grants = GRANTS,
    kept: Ledger | None = None,
    **headers: str,
) -> Allowed | Denied:
    """Return what the policy says of a request below ``/v1.45``."""
    return judge(
        request(method, f"/v1.45{target}", body, **headers), kept or ledger(), grants, resolve=lambda path: path
    )


def create(host: object = None, *, grants: Grants = GRANTS, **config: Any) -> Allowed | Denied:  # noqa: ANN401 - JSON
    """Return what the policy says of creating a container with this ``HostConfig``."""
    body = {"Image": "busybox:1", "HostConfig": host or {}, **config}
    return ask("POST", "/containers/create", body, grants=grants)


def sent(found: Allowed | Denied) -> Any:  # noqa: ANN401 - JSON is anything
    """Return the JSON that goes to the engine.

    Raises:
        AssertionError: The request was denied, or has no body.
    """
    assert isinstance(found, Allowed), found
    assert found.body is not None
    return json.loads(found.body)


def key(found: Allowed | Denied) -> str:
    """Return the phrase with which a request was denied; empty where it was not."""
    return found.key if isinstance(found, Denied) else ""
