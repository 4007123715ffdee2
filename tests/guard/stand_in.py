"""A policy that lets everything through but what a test denies; the real one is tested elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.guard.message import Allowed, Body, Denied, Head, Reply, Request
from checker.guard.proxy.rules import Rules

if TYPE_CHECKING:
    from checker.guard.message import Ask

__all__ = ["Policy", "Route"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a test says of a path."""

    name: str
    body: Body = Body.NONE
    reply: Reply = Reply.PASS
    limit: int = 0
    upgrades: bool = False


ROUTES = {
    "/_ping": Route(name="ping"),
    "/containers/create": Route(name="container.create", body=Body.JSON, reply=Reply.WHOLE),
    "/containers/json": Route(name="container.list", reply=Reply.WHOLE),
    "/containers/x/start": Route(name="container.start"),
    "/containers/x/attach": Route(name="container.attach", reply=Reply.HIJACK, upgrades=True),
    "/containers/x/logs": Route(name="container.logs"),
    "/containers/x/wait": Route(name="container.wait", reply=Reply.WHOLE),
    "/containers/x/archive": Route(name="container.archive", body=Body.STREAM),
    "/exec/x/start": Route(name="exec.start", body=Body.JSON, reply=Reply.HIJACK, upgrades=True),
    "/images/create": Route(name="image.pull", reply=Reply.LINES),
    "/events": Route(name="system.events", reply=Reply.LINES),
    "/build": Route(name="image.build", body=Body.STREAM, reply=Reply.LINES),
    "/session": Route(name="build.session", reply=Reply.HIJACK, upgrades=True),
}


@dataclass
class Policy:
    """Denies by path what ``denied`` names, answers itself what ``answers`` names.

    It fails as a bug would where ``bug`` names the place.
    """

    denied: dict[str, Denied] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    bug: str = ""
    ended: list[tuple[str, int, Any]] = field(default_factory=list)
    judged: list[tuple[str, int]] = field(default_factory=list)
    """Each route that was judged, and how many exchanges had ended by then."""
    asked_on: bytearray = field(default_factory=bytearray)
    answered_on: bytearray = field(default_factory=bytearray)
    """What went through tunnels, as the exchanges heard it."""

    def rules(self, *_: object) -> Rules:
        """Return what the guard takes."""
        return Rules(match=self.match, learn=self.learn, judge=self.judge, exchange=self.exchange)

    def exchange(self, allowed: Allowed, ask: Ask) -> Exchange:
        """Return what happens around a request."""
        del ask
        return Exchange(self, allowed)

    def match(self, head: Head) -> Route | Denied:
        """Return the route of a path."""
        self._fail("match")
        route = ROUTES.get(_path(head))
        return route or Denied(key="http.malformed", status=403)

    async def learn(self, request: Request, ask: Ask) -> None:
        """Fail, if it is to."""
        del request, ask
        self._fail("learn")

    def judge(self, request: Request) -> Allowed | Denied:
        """Return the request as it is, unless it is denied."""
        self._fail("judge")
        head, path = request.head, _path(request.head)
        if path in self.denied:
            return self.denied[path]
        route = ROUTES[path]
        self.judged.append((route.name, len(self.ended)))
        return Allowed(
            route=route.name,
            method=head.method,
            target=f"/v1.41{path}",
            headers=(("Content-Type", "application/json"),) if request.body else (),
            body=request.body if route.body is Body.JSON else None,
            streams=route.body is Body.STREAM,
            reply=route.reply,
            answer=self.answers.get(path),
        )

    def _fail(self, place: str) -> None:
        if self.bug == place:
            raise RuntimeError(place)


class Exchange:
    """Writes down how it ended."""

    def __init__(self, policy: Policy, allowed: Allowed) -> None:
        self._policy = policy
        self._allowed = allowed

    async def begin(self) -> Denied | None:
        """Fail, if it is to."""
        self._policy._fail("begin")
        return None

    async def end(self, status: int, answer: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer."""
        self._policy.ended.append((self._allowed.route, status, answer))
        self._policy._fail("end")
        return answer

    def line(self, obj: dict[str, Any]) -> dict[str, Any] | None:
        """Keep back what says that it is foreign."""
        return None if "foreign" in obj else obj

    def ask_on(self, piece: bytes | memoryview) -> bytes | memoryview:
        """Write down what the client says in a tunnel."""
        self._policy.asked_on += piece
        return piece

    def answer_on(self, piece: bytes | memoryview) -> None:
        """Write down what the engine says in a tunnel."""
        self._policy.answered_on += piece


def _path(head: Head) -> str:
    path = head.target.partition("?")[0]
    return "/" + path.split("/", 2)[2] if path.startswith("/v1.") else path
