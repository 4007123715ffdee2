"""The whole policy: which requests go to the engine, and in what form. Pure, and everything unknown is denied.

What may be asked is said by tables: ``routes`` (method, path, parameters), ``containers`` and ``objects`` (bodies).
A request that fits is written anew from what the tables let through, with full ids for names, and with what
``finish`` adds; nothing of what the client sent goes on as it was.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from checker.guard.message import Allowed, Body, Denied, Reply
from checker.guard.policy import named, strict
from checker.guard.policy.finish import Draft, finish
from checker.guard.policy.query import parameters
from checker.guard.policy.refused import Refused
from checker.guard.policy.routes import ROUTES, UNKNOWN
from checker.guard.policy.schema import Scene
from checker.guard.policy.target import NEWEST, Target, query_text, target
from checker.guard.reference import is_id, is_local, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checker.guard.ledger import Ledger
    from checker.guard.message import Grants, Head, Request
    from checker.guard.policy.route import Route

__all__ = ["Matched", "judge", "match", "needs"]

STREAM_LIMIT = 2 * 1024**3
"""Bytes of a tar: a build's context, what is copied into a container, an image."""

_FORMS = tuple((route.form, route) for route in ROUTES)
_TEXT = re.compile(r"[\x20-\x7e]{0,4000}")
_FORBIDDEN_TYPES = ("application/x-www-form-urlencoded", "multipart/")
_JSON = re.compile(r"application/json(?:;\s*charset=utf-8)?", re.IGNORECASE)
_TAR = ("Content-Type", "application/x-tar")
_SESSION = "x-docker-expose-session-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What is known of a request before its body is read.

    Attributes:
        name: The route's name, ``container.create``.
        body: What its body is.
        reply: How its answer is passed on.
        limit: The greatest size of its body in bytes; 0 where it has none.
        upgrades: Whether the client may ask for an upgrade of the connection on this route.
    """

    name: str
    body: Body
    reply: Reply
    limit: int
    upgrades: bool = False


def match(head: Head) -> Matched | Denied:
    """Return which route a request takes, from its first line and headers alone."""
    route_name = ""
    try:
        found = target(head.target)
        route, _ = _route(head.method, found)
        route_name = route.name
        _check_headers(head, route)
    except Refused as refusal:
        return refusal.denied(route_name)
    except Exception:  # noqa: BLE001 - whatever goes wrong, nothing gets through
        return Denied(key="guard.internal", status=500, route=route_name)
    limits = {Body.NONE: 0, Body.JSON: strict.LIMIT, Body.STREAM: STREAM_LIMIT}
    return Matched(
        name=route.name,
        body=route.body,
        reply=route.reply,
        limit=limits[route.body],
        upgrades=bool(route.tunnel),
    )


def needs(request: Request) -> tuple[str, ...]:
    """Return images named in the request that have to be looked up before it can be judged (``exchange.learn``).

    Those are the ones that may be ids: which image an id belongs to, only the engine knows.
    """
    try:
        found = target(request.head.target)
        route, names = _route(request.head.method, found)
        asked = [names.get("image", ""), *(value for key, value in found.query if key == "names")]
        if route.name == "container.create":
            asked.append(strict.decode(request.body).get("Image", ""))
    except (Refused, AttributeError):
        return ()  # judge says why
    return tuple(dict.fromkeys(name for name in asked if isinstance(name, str) and is_id(name)))


def judge(
    request: Request, ledger: Ledger, grants: Grants, resolve: Callable[[str], str] = os.path.realpath
) -> Allowed | Denied:
    """Return the request as it may go to the engine, or the sentence with which it is refused.

    Args:
        request: The request, its JSON body read whole.
        ledger: What belongs to the run; it is only looked at.
        grants: What the run may ask for beyond that.
        resolve: Follows the links of a path that is to be mounted.
    """
    route_name = ""
    try:
        found = target(request.head.target)
        route, names = _route(request.head.method, found)
        route_name = route.name
        _check_headers(request.head, route)
        _check_grant(route, grants)
        if route.answer is not None:
            return _answered(route, found, names)
        scene = Scene(ledger=ledger, grants=grants, resolve=resolve)
        if _is_gone_already(route, found, names, scene):
            return _answered(replace(route, answer=(204, None)), found, names)
        return _rewritten(request, route, found, names, scene)
    except Refused as refusal:
        return _told(refusal.denied(route_name))
    except Exception:  # noqa: BLE001 - whatever goes wrong, nothing gets through
        return Denied(key="guard.internal", status=500, route=route_name)


def _route(method: str, found: Target) -> tuple[Route, dict[str, str]]:
    for form, route in _FORMS:
        names = form.fullmatch(found.path)
        if names is None or route.method != method or (route.only_with and not found.has(route.only_with)):
            continue
        return route, _decoded(names.groupdict(), found.path)
    for route in ROUTES:  # docker inspect asks for a container of a name before it asks for an image
        names = route.slashed.fullmatch(found.path) if route.method == method else None
        if names is not None:
            return route, _decoded(names.groupdict(), found.path)
    first = found.path.split("/")[1]
    key = UNKNOWN.get(first, "guard.route")
    raise Refused(key, method=method[:20], path=found.path[:80])


def _decoded(names: Mapping[str, str], path: str) -> dict[str, str]:
    """Return what stands in the path; only an image's name may have anything encoded, or slashes."""
    encoded = re.sub(r"%(?:40|3[Aa]|2[Ff])", "", names.get("image", "")) + (
        path.replace(names.get("image", ""), "") if "image" in names else path
    )
    if "%" in encoded:
        raise Refused("guard.path", status=400, path=path[:80])
    return {kind: unquote(name) for kind, name in names.items()}


def _check_headers(head: Head, route: Route) -> None:
    if route.refusal and not route.grant:
        raise Refused(route.refusal)
    for name, value in head.headers:
        if name == "content-encoding" and value.lower() != "identity":
            raise Refused("guard.encoded", status=415, value=value[:40])
        if name == "content-type":
            _check_type(value, route)
        if name == "upgrade" and value.lower() != route.tunnel:
            raise Refused("guard.upgrade", status=400, value=value[:40])


def _check_type(value: str, route: Route) -> None:
    form = value.lower().startswith(_FORBIDDEN_TYPES)
    if form or (route.body is Body.JSON and not _JSON.fullmatch(value)):
        raise Refused("guard.content_type", status=415, value=value[:60])


def _check_grant(route: Route, grants: Grants) -> None:
    if route.grant and route.grant not in grants.allow:
        raise Refused(route.refusal)


def _told(denied: Denied) -> Denied:
    """Return a refusal so that the client understands it: where a container is made, 404 is what says "no such image".

    The docker command pulls the image then, and tries again.
    """
    about_another = denied.route == "container.create" and denied.status == 404 and denied.key != "guard.no_image"
    return replace(denied, status=400) if about_another else denied


def _is_gone_already(route: Route, found: Target, names: Mapping[str, str], scene: Scene) -> bool:
    """Return whether it is to be removed by force and is not there: of a volume, an engine is content with that."""
    if route.name != "volume.remove" or scene.ledger.has("volume", scene.ledger.actual(names["volume"])):
        return False
    return dict(parameters(found.query, route.query, scene)).get("force") == "1"


def _answered(route: Route, found: Target, names: Mapping[str, str]) -> Allowed:
    status, body = route.answer or (500, None)
    if isinstance(body, dict) and "{name}" in str(body.get("message")):
        body = {"message": body["message"].replace("{name}", names.get("image", ""))}
    return Allowed(
        route=route.name,
        method=route.method,
        target=f"/v{found.version}{found.path}",
        reply=route.reply,
        answer=(status, body),
        api=f"1.{NEWEST}",
    )


def _rewritten(request: Request, route: Route, found: Target, names: Mapping[str, str], scene: Scene) -> Allowed:
    looked_up = {kind: _looked_up(route, kind, name, scene) for kind, name in names.items()}
    draft = Draft(
        parameters=parameters(found.query, route.query, scene),
        names=looked_up,
        body=_body(request, route, scene),
        subject=next(iter(looked_up.values()), ""),
    )
    finish(route.name, draft, scene)
    path = route.path.format_map({kind: draft.names[kind] for kind in names})
    body = None
    if route.schema is not None:
        body = json.dumps(draft.body, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    return Allowed(
        route=route.name,
        method=route.method,
        target=f"/v{found.version}{path}{query_text(draft.parameters)}",
        headers=_headers(request.head, route, draft, scene),
        body=body,
        streams=route.streams,
        reply=route.reply,
        subject=draft.subject,
        volumes=tuple(scene.volumes),
        tags=tuple(scene.tags),
        written=dict(scene.written),
        api=f"1.{NEWEST}",
    )


def _looked_up(route: Route, kind: str, name: str, scene: Scene) -> str:
    if route.name == "network.inspect":
        return named.network(name, scene, to_look_at=True)
    if route.name == "image.remove":
        return named.removable_image(name, scene)
    return _LOOKED_UP[kind](name, scene)


_LOOKED_UP: dict[str, Callable[[str, Scene], str]] = {
    "container": named.container,
    "exec": named.execution,
    "network": named.network,
    "volume": named.volume,
    "image": named.image,
}


def _body(request: Request, route: Route, scene: Scene) -> dict[str, Any]:
    if route.schema is None:
        if request.body and not route.streams:
            raise Refused("guard.body", status=400)
        return {}
    value = strict.decode(request.body) if request.body.strip() else {}
    body: dict[str, Any] = route.schema({} if value is None else value, scene, "")
    return body


def _headers(head: Head, route: Route, draft: Draft, scene: Scene) -> tuple[tuple[str, str], ...]:
    """Return the headers that we send; of the client's, only those of a build's session, and its own registry's."""
    kept: list[tuple[str, str]] = []
    if route.schema is not None:
        kept.append(("Content-Type", "application/json"))
    elif route.streams:
        kept.append(_TAR)
    for name, value in head.headers:
        if name == "upgrade":
            kept.append(("Upgrade", route.tunnel))
        elif name.startswith(_SESSION) and route.tunnel == "h2c" and _TEXT.fullmatch(value):
            kept.append((name, value))
        elif name == "x-registry-auth" and _is_for_own_registry(route, draft, scene) and _TEXT.fullmatch(value):
            kept.append(("X-Registry-Auth", value))
    return tuple(kept)


def _is_for_own_registry(route: Route, draft: Draft, scene: Scene) -> bool:
    asks_a_registry = route.name in {"image.pull", "image.push", "image.distribution"}
    if "registry" not in scene.grants.allow or not asks_a_registry:
        return False
    return is_local(reference(draft.subject).host)
