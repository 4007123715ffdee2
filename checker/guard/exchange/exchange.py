"""One request that was let through, and its answer: what becomes the run's own, and what a script gets to see."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from checker.engine import LABEL
from checker.guard import policy
from checker.guard.exchange import stand_ins, unseen
from checker.guard.exchange.heard import hear
from checker.guard.exchange.narrow import NARROWED, complete, event, info, see
from checker.guard.message import Denied
from checker.guard.output import Output
from checker.guard.policy.containers import PIDS
from checker.guard.policy.named import is_own_tag, visible_ids
from checker.guard.reference import is_local, reference

if TYPE_CHECKING:
    from checker.guard.exchange.buildkit import Solves
    from checker.guard.ledger import Kind, Ledger
    from checker.guard.message import Allowed, Ask, Grants, Request

__all__ = ["Exchange", "learn"]

_BUILDS = frozenset({"build.grpc", "image.build", "image.load", "image.import"})
_ABOUT_IMAGES = re.compile(r"image\.|container\.create$")
_ABOUT_VOLUMES = frozenset({"container.create", "volume.create"})
_ANONYMOUS = re.compile(r"[a-f0-9]{64}", re.ASCII)


async def learn(request: Request, ledger: Ledger, grants: Grants, ask: Ask) -> None:
    """Look up what ``judge`` has to know about the images and volumes that a request names; before each ``judge``."""
    matched = policy.match(request.head)
    if isinstance(matched, Denied):
        return
    if ledger.before_builds is not None and _ABOUT_IMAGES.match(matched.name):
        await unseen.settle(ledger, grants, ask)
    for name in policy.needs(request):
        status, found = await ask("GET", f"/images/{name}/json", None)
        if status == 200 and isinstance(found, dict):
            see(found, ledger)
    if matched.name in _ABOUT_VOLUMES:
        await stand_ins.make_way(request, ledger, grants, ask)


class Exchange:
    """Accompanies one allowed request.

    Args:
        allowed: The request.
        ledger: What belongs to the run.
        grants: What the run may see.
        ask: Asks the engine one thing more.
    """

    def __init__(self, allowed: Allowed, ledger: Ledger, grants: Grants, ask: Ask) -> None:
        self.allowed = allowed
        self.ledger = ledger
        self.grants = grants
        self.ask = ask
        self.output = Output(names=set(allowed.tags))
        self._solves: Solves | None = None
        self.parameters = dict(parse_qsl(allowed.target.partition("?")[2], keep_blank_values=True))

    async def begin(self) -> Denied | None:
        """Prepare what the request needs; before it goes to the engine, and not where ``allowed.answer`` is set.

        Raises:
            OSError: The engine does not answer a question that it had to be asked.
        """
        for name in self.allowed.tags:
            if await self._is_taken(name):
                return self._denied("guard.image_taken", name=reference(name).short)
        denied = await self._prepare_volumes()
        if denied is None and self.allowed.route in _BUILDS:
            self._listen()
            await unseen.open_build(self.ledger, self.ask, self.output)
        if self.allowed.route == "network.create":
            self.ledger.expect("network", self.allowed.subject)
        return denied

    async def end(self, status: int, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return the answer as the client may see it; once for each request whose ``begin`` gave None.

        Args:
            status: The engine's status; 0 where the engine or the client went away before there was one.
            answer: The answer's JSON where the route's reply is ``WHOLE``, or the status is 400 or more (then
                ``{"message": …}`` on every route); None for the end of a stream, a tunnel, or an empty answer.

        Raises:
            OSError: The engine does not answer a question that it had to be asked.
        """
        if self.allowed.route in _BUILDS:
            await unseen.close(self.ledger, self.grants, self.ask, self.output)
        if status >= 400:
            if self.allowed.route == "network.create":
                self.ledger.unexpect("network", self.allowed.subject)
            return self._in_the_clients_words(status, answer)
        step = _STEPS.get(self.allowed.route)
        if step is not None and status:
            answer = await step(self, answer)
        narrow = NARROWED.get(self.allowed.route)
        found = narrow(answer, self.ledger, self.grants) if narrow and answer is not None else answer
        return stand_ins.in_the_scripts_names(found, self.ledger)

    def line(self, obj: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return one object of a stream as the client may see it; None where it may not."""
        if self.allowed.route == "system.events":
            return stand_ins.in_the_scripts_names(event(obj, self.ledger, self.grants), self.ledger)
        if isinstance(obj, dict):
            hear(self.allowed.route, obj, self.output)
        return obj

    def ask_on(self, piece: bytes | memoryview) -> bytes | memoryview:
        """Return what the engine hears of what the client says after its connection was upgraded."""
        return piece if self._solves is None else self._solves.ask(piece)

    def answer_on(self, piece: bytes | memoryview) -> None:
        """Hear what the engine says after the connection was upgraded; before the client does."""
        if self._solves is not None:
            self._solves.answer(piece)

    def _listen(self) -> None:
        """Make ready to hear what a build makes."""
        if self.allowed.route == "build.grpc":
            from checker.guard.exchange.buildkit import Solves  # noqa: PLC0415 - 40 ms that only a build needs

            self._solves = Solves(self.output)
        else:
            self.output.is_unfinished = True
            self.output.is_unread = self.allowed.route == "image.load"  # it gives the names that are in the tar

    def _denied(self, key: str, **blanks: object) -> Denied:
        return Denied(key=key, blanks=blanks, route=self.allowed.route)

    async def _is_taken(self, name: str) -> bool:
        if is_own_tag(reference(name), self.ledger, self.grants) or name in self.grants.changes:
            return False
        status, found = await self.ask("GET", f"/images/{name}/json", None)
        return status != 404 and not (status == 200 and self.ledger.has("image", found["Id"]))

    async def _prepare_volumes(self) -> Denied | None:
        """Make the named volumes that a container is to have, or see that they are the run's own."""
        for name in self.allowed.volumes:
            if not await self._may_have_volume(name):
                return self._denied("guard.volume_taken", name=name)
            body = {"Name": name, "Labels": self.ledger.labels}
            status, made = await self.ask("POST", "/volumes/create", body)
            if status != 201 or not stand_ins.is_labelled(made, self.ledger):
                return self._denied("guard.volume_taken", name=name)
            self.ledger.add("volume", name, name)
        named = self.allowed.route == "volume.create" and self.allowed.subject
        if named and not self.ledger.has("volume", named) and not await self._may_have_volume(named):
            return self._denied("guard.volume_taken", name=named)
        return None

    async def _may_have_volume(self, name: str) -> bool:
        status, found = await self.ask("GET", f"/volumes/{quote(name)}", None)
        may_have = status == 404 or (status == 200 and stand_ins.is_labelled(found, self.ledger))
        if may_have:
            self.ledger.expect("volume", name)
        return may_have

    def _in_the_clients_words(self, status: int, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return an error with the names that the client wrote, and strike out what turns out to be gone."""
        if not isinstance(answer, dict) or not isinstance(answer.get("message"), str):
            return answer
        message = answer["message"]
        if status == 404 and "No such container" in message and self.allowed.subject in message:
            self.ledger.forget("container", self.allowed.subject)
        for full_id, name in self.allowed.written.items():
            message = message.replace(full_id, name)
        return {**answer, "message": message}


Step = Callable[[Exchange, Any], Awaitable[Any]]


async def _created(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """A container: its name, and the volumes without a name that came with it, are only known to the engine."""
    full_id = answer["Id"]
    it.ledger.add("container", full_id, it.parameters.get("name", ""))
    status, found = await it.ask("GET", f"/containers/{full_id}/json", None)
    if status == 200:
        it.ledger.rename("container", full_id, found["Name"].removeprefix("/"))
        for mount in found.get("Mounts") or ():
            if mount.get("Type") == "volume" and not it.ledger.has("volume", mount["Name"]):
                it.ledger.add("volume", mount["Name"], mount["Name"])
    return _without_our_warning(answer, it.allowed)


def _without_our_warning(answer: Any, allowed: Allowed) -> Any:  # noqa: ANN401 - JSON is anything
    """Leave out that the engine cannot limit processes, where it was the policy that asked for it, not the client.

    The CLI would print it among what a script says (moby, daemon/daemon_unix.go: "… PIDs limit discarded.").
    """
    asked = json.loads(allowed.body or b"{}").get("HostConfig", {}).get("PidsLimit")
    if asked != PIDS or not answer.get("Warnings"):
        return answer
    return {**answer, "Warnings": [said for said in answer["Warnings"] if "PIDs limit" not in said]}


async def _renamed(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    it.ledger.rename("container", it.allowed.subject, it.parameters["name"])
    return answer


def _gone(kind: Kind) -> Step:
    async def step(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        it.ledger.forget(kind, it.ledger.find(kind, it.allowed.subject) or "")
        return answer

    return step


def _all_gone(kind: Kind, field: str) -> Step:
    async def step(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        for name in answer.get(field) or ():
            it.ledger.forget(kind, it.ledger.find(kind, name) or "")
        return answer

    return step


def _made(kind: Kind, field: str) -> Step:
    async def step(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
        if kind != "volume" or stand_ins.is_labelled(answer, it.ledger):
            it.ledger.add(kind, answer[field], it.allowed.subject if kind == "network" else answer[field])
        return answer

    return step


async def _volumes_pruned(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """Volumes without a name have no label of ours, so that the engine left them: each unused one goes by itself."""
    deleted = list(answer.get("VolumesDeleted") or ())
    # where the client has filters of its own, none without a label or a name can be meant
    if it.parameters["filters"].count("=") == 1 and "until" not in it.parameters["filters"]:
        nameless = [name for name in it.ledger.ids("volume") if _ANONYMOUS.fullmatch(name)]
        deleted += [name for name in nameless if (await it.ask("DELETE", f"/volumes/{name}", None))[0] == 204]
    for name in deleted:
        it.ledger.forget("volume", name)
    return {**answer, "VolumesDeleted": deleted} if deleted else answer  # none is null or [], as the engine has it


async def _tagged(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """The image has a new name, which is the run's; the image itself may be another's."""
    for name in it.allowed.tags:
        status, found = await it.ask("GET", f"/images/{name}/json", None)
        if status == 200:
            it.ledger.add("tag", name, found["Id"])
            see(found, it.ledger)
    return answer


async def _committed(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    it.ledger.add("image", answer["Id"])
    return await _tagged(it, answer)


async def _pulled(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    name = it.allowed.subject
    status, found = await it.ask("GET", f"/images/{name}/json", None)
    if status == 200:
        see(found, it.ledger)
        if is_local(reference(name).host):
            it.ledger.share_image(found["Id"])
            it.ledger.add("tag", name, found["Id"])
    return answer


async def _removed(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    rows = answer if isinstance(answer, list) else (answer or {}).get("ImagesDeleted") or []
    for row in rows:
        for name in complete([row["Untagged"]]) if "Untagged" in row else ():
            it.ledger.forget("tag", name)
        if "Deleted" in row:
            it.ledger.forget("image", row["Deleted"])
            it.ledger.forget_image(row["Deleted"])
    return answer


async def _informed(it: Exchange, answer: Any) -> Any:  # noqa: ANN401 - JSON is anything
    own = quote(f'{{"label":["{LABEL}={it.ledger.run_id}"]}}', safe="")
    _, rows = await it.ask("GET", f"/containers/json?all=1&filters={own}", None)
    containers = [row for row in rows if it.ledger.has("container", row["Id"])] if isinstance(rows, list) else []
    listed = await unseen.images(it.ask)
    for row in listed:
        see(row, it.ledger)
    shown = visible_ids(it.ledger, it.grants)
    return info(answer, containers, sum(row["Id"] in shown for row in listed))


_STEPS: dict[str, Step] = {
    "system.info": _informed,
    "container.create": _created,
    "container.rename": _renamed,
    "container.remove": _gone("container"),
    "container.prune": _all_gone("container", "ContainersDeleted"),
    "container.commit": _committed,
    "exec.create": _made("exec", "Id"),
    "image.pull": _pulled,
    "image.tag": _tagged,
    "image.remove": _removed,
    "image.prune": _removed,
    "network.create": _made("network", "Id"),
    "network.remove": _gone("network"),
    "network.prune": _all_gone("network", "NetworksDeleted"),
    "volume.create": _made("volume", "Name"),
    "volume.remove": _gone("volume"),
    "volume.prune": _volumes_pruned,
}
