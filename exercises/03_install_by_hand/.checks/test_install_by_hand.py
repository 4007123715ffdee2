from __future__ import annotations

import contextlib
import re
import time
import tomllib
from dataclasses import dataclass, replace
from typing import Any

from checker.author import Bench, Container, Event, Finished, Mistake, packed, step, wait_for

NAME = "kata-03-redis"
DEBIAN = "debian:bookworm-slim"
REDIS = "redis:7"
CALLED = ("wget", "tar", "make")  # by by-hand.sh, in this order; cd is the shell's own
NOT_FOUND = 127
CALLED_MARK = "/tmp/wget-was-called"  # noqa: S108 - in a container that lives for a second
LIMIT = 60.0  # seconds that run.sh may take; both halves take one or two
PATIENCE = 15.0  # seconds that run.sh may stay attached to a Redis that runs; twice as long to anything else
COMPILERS = re.compile(r"(\w+-linux-gnu-)?(cc|gcc|clang|tcc|c89|c99)(-[\d.]+)?")
MOST_NAMED = 4  # commands that missing_next may name: two are asked for, and what these call in turn may explain them
ALSO_CALLED = frozenset({"wget", "ld", "ar", "as", "ranlib", "strip", "cpp", "g++", "c++", "pkg-config", "gmake"})
PACKAGES = frozenset({"build-essential", "libc6-dev", "libc-dev", "linux-headers", "ca-certificates", "binutils"})
COMPLAINT = re.compile(r"(\S+):\s*(?:(?:command )?not found|no such file)")
FILLERS = frozenset({"a", "an", "and", "or", "the", "command", "commands", "compiler", "not", "found"})
PROGRAMS = re.compile(r"/(usr/)?(local/)?(s?bin|lib\w*)(/|$)")
DOCKERS_OWN = frozenset({"-d", "-i", "-t", "-it", "-dit", "-p", "--detach", "--name", "--publish", "--rm"})
SENTRY = """\
#!/bin/sh
case "$*" in *download.example*) : >"${0%/*}/called"; exit 4 ;; esac
PATH="${PATH#*:}" exec wget "$@"
"""  # in front of this machine's own wget, to see whether by-hand.sh is run where it must not be
OTHERS_OF_THE_COURSE = ("redis:", "python:", "nginx:", "registry:", "busybox:", "hello-world:")


@dataclass(frozen=True)
class Born:
    """A container as it was when it was made; with --rm there is nothing left to inspect later."""

    inspect: dict[str, Any]
    layers: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """A container of Debian that run.sh made, and what the engine told of it."""

    container: Container
    born: Born | None
    events: tuple[Event, ...]

    @property
    def codes(self) -> list[int]:
        """What the container, and what was run in it with exec, ended with."""
        codes = [int(e.about["exitCode"]) for e in self.events if e.action in {"exec_die", "die"}]
        return codes or ([NOT_FOUND] if self.never_came_up else [])

    @property
    def never_came_up(self) -> bool:
        """Whether its first program was not found: the engine tried to start it, and tells of no start."""
        actions = {(event.kind, event.action) for event in self.events}
        return not actions & {("container", "start"), ("container", "die")} and bool(
            actions & {("container", "attach"), ("network", "connect"), ("volume", "mount")}
        )

    @property
    def has_exec_without_end(self) -> bool:
        """Whether docker exec was asked for wget itself: what cannot be started has no end to tell of."""
        ended = {e.about.get("execID") for e in self.events if e.action == "exec_die"}
        started = [e for e in self.events if e.action.startswith("exec_start:")]
        return any(
            re.match(r"exec_start: (\S*/)?wget\b", e.action) and e.about.get("execID") not in ended for e in started
        )


@dataclass(frozen=True)
class Ran:
    """What came of run.sh."""

    finished: Finished
    stuck: Mistake | None
    since: int
    events: tuple[Event, ...]
    born: dict[str, Born]
    on_this_machine: bool


@step
def answers(bench: Bench) -> dict[str, Any]:
    try:
        return tomllib.loads(bench.work.text("answers.toml"))
    except tomllib.TOMLDecodeError as error:
        raise Mistake("answers_unreadable", detail=str(error)) from None


@step
def absent(bench: Bench, answers: dict[str, Any]) -> frozenset[str]:
    """The commands that a fresh container of Debian does not have, of those that anybody asks about."""
    asked = {*CALLED, *_words(answers.get("first_missing")), *_words(answers.get("missing_next"))}
    look = 'for c in "$@"; do command -v "$c" >/dev/null || echo "$c"; done'
    with bench.temporary({"Image": DEBIAN, "Cmd": ["sh", "-c", look, "sh", *sorted(asked)]}) as fresh:
        bench.client.api.start(fresh.id)
        bench.client.api.wait(fresh.id, timeout=60)
        return frozenset(fresh.logs().split())


@step
def ran(bench: Bench) -> Ran:
    since = bench.events.position()
    sentry = bench.put_in_front("wget", SENTRY)
    births = Births(bench)
    with bench.events.heard_by(births.hear), bench.start("run.sh", sentry.environment) as script:
        script.wait_until(births.are_hung_on_to, LIMIT)
        stuck: Mistake | None = None
        try:
            finished = script.wait(0)
        except Mistake as mistake:
            finished, stuck = script.finished(), mistake
            if mistake.key not in {"script.still_running", "script.waits_for_input"}:
                raise
        events = bench.events.since(since)
    return Ran(finished, stuck, since, events, dict(births.born), (sentry.folder / "called").exists())


@step
def attempts(bench: Bench, ran: Ran) -> list[Attempt]:
    made = [container for container in _made(bench, ran) if container.name != NAME]
    found = [container for container in made if _is_debian(bench, ran, container)]
    if found and ran.stuck is None:  # one in the background may still be on its way to its end
        wait_for(lambda: all(not c.exists or c.status != "running" for c in found), 5, every=0.1)
        ran = replace(ran, events=bench.events.since(ran.since))
    if found:
        return [_attempt(ran, container) for container in found]
    if ran.on_this_machine:
        raise Mistake("on_your_machine")
    for container in made:
        if NOT_FOUND in _attempt(ran, container).codes:
            raise Mistake("other_image", image=_image_of(ran, container))
    if ran.stuck is not None and bench.find(NAME) is None:
        raise ran.stuck
    raise bench.why(ran.finished, otherwise=Mistake("never_tried"))


@step
def redis(bench: Bench, ran: Ran) -> Container:
    found = bench.find(NAME)
    if ran.stuck is not None:
        attached = {event.id for event in ran.events if event.action == "attach"}
        if any(_is_redis(born) for one, born in ran.born.items() if one in attached):
            raise Mistake("foreground", seconds=f"{ran.finished.seconds:.0f}")
        raise ran.stuck
    if found is None:
        raise _no_redis(bench, ran)
    if not found.is_running:
        raise _not_running(found)
    return found


def test_names_where_it_breaks(answers: dict[str, Any], absent: frozenset[str]) -> None:
    word = next(iter(_words(answers.get("first_missing"))), "")
    if not word:
        raise Mistake("blank", key="first_missing")
    if word not in absent:
        raise Mistake("is_there", key="first_missing", tool=word)
    if word not in CALLED:
        raise Mistake("not_asked", key="first_missing", tool=word)
    if word != next(called for called in CALLED if called in absent):
        raise Mistake("not_first", tool=word)
    said = str(answers.get("exit_code", "")).strip()
    codes = re.findall(r"\d+", said)
    if not said:
        raise Mistake("blank", key="exit_code")
    if codes == ["126"]:
        raise Mistake("code_of_exec")
    if codes != [str(NOT_FOUND)]:
        raise Mistake("other_exit_code", found=said)


def test_names_what_is_missing_next(answers: dict[str, Any], absent: frozenset[str]) -> None:
    words = _words(answers.get("missing_next"))
    if not words:
        raise Mistake("blank", key="missing_next")
    for word in words:
        if word in PACKAGES:
            raise Mistake("a_package", tool=word)
        if word not in absent:
            raise Mistake("is_there", key="missing_next", tool=word)
        if not _is_called(word):
            raise Mistake("not_asked", key="missing_next", tool=word)
    if "make" not in words:
        raise Mistake("lacks_a_line_of_it")
    if not any(COMPILERS.fullmatch(word) for word in words):
        raise Mistake("lacks_what_compiles")
    named = {"cc" if COMPILERS.fullmatch(word) else word for word in words} - {"wget"}  # which they were given
    if len(named) > MOST_NAMED:
        raise Mistake("too_many_named", number=len(named))


def test_breaks_in_a_throw_away_container(bench: Bench, ran: Ran, attempts: list[Attempt]) -> None:
    broken = [one for one in attempts if NOT_FOUND in one.codes or one.has_exec_without_end]
    if not broken:
        raise _not_broken(ran, attempts)
    if _could_not_be_opened(ran.finished.said) or not any(_was_for_want_of_wget(bench, one) for one in broken):
        raise Mistake("for_another_reason")


def test_leaves_no_trace(bench: Bench, ran: Ran, attempts: list[Attempt]) -> None:
    if ran.on_this_machine:
        raise Mistake("on_your_machine")
    for one in attempts:
        if not wait_for(lambda one=one: not one.container.exists, 5, every=0.1):
            raise Mistake("still_there", name=one.container.name, status=one.container.status)
    there = {volume["Name"] for volume in bench.client.api.volumes()["Volumes"] or ()}
    mounted = {e.id for one in attempts for e in one.events if e.kind == "volume" and e.action == "mount"}
    kept = {mount.get("Name") for one in bench.created(ran.since) for mount in _mounts(one)}
    left = sorted(mounted & there - kept)
    if left:
        is_named = re.fullmatch(r"[0-9a-f]{64}", left[0]) is None
        raise Mistake("named_volume_left", name=left[0]) if is_named else Mistake("volume_left")


def test_remembers_a_key(bench: Bench, redis: Container) -> None:
    door = _door(bench, redis)
    if not wait_for(lambda: door.ask("PING") == "PONG", 15, every=0.1):
        if "NOAUTH" in door.ask("PING"):
            raise Mistake("password")
        raise Mistake("no_redis_inside") if redis.is_running else _not_running(redis)
    noted = {f"kata-{bench.nonce()}": bench.nonce() for _ in range(2)}
    for key, value in noted.items():
        door.ask("SET", key, value)
    for key, value in noted.items():
        found = door.ask("GET", key)
        if found != value:
            raise Mistake("forgets", key=key, value=value, found=found or "∅")
    if not re.search(r"^redis_version:\d+\.\d+", door.ask("INFO", "server"), re.MULTILINE):
        raise Mistake("nameless")


def test_came_ready_made(bench: Bench, redis: Container) -> None:
    called = str(redis.inspect()["Config"]["Image"])
    if not bench.grew_from(redis.image, REDIS):
        raise Mistake("not_ready_made", image=called)
    if bench.layers(redis.image) != bench.layers(REDIS):
        built_in = sorted(_programs(bench, redis.image) - _programs(bench, REDIS))
        if built_in:
            raise Mistake("built_in", image=called, path=built_in[0])
    installed = _installed(bench, redis)
    if installed:
        raise Mistake("installed", path=installed[0])


def test_touches_nothing_else(bench: Bench, redis: Container) -> None:
    bench.bystanders.examine()


def _mounts(container: Container) -> list[dict[str, Any]]:
    """Return what a container has mounted; nothing where it is gone."""
    with contextlib.suppress(Mistake):
        return container.inspect().get("Mounts") or []
    return []


class Births:
    """Looks at every container the moment it is made, and notes who attaches to it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.born: dict[str, Born] = {}
        self._attached: dict[str, float] = {}
        self._asked = 0.0

    def hear(self, event: Event) -> None:
        """Look at what is made, and note who attaches to what; one that is gone already is known by its events."""
        if (event.kind, event.action) == ("container", "attach"):
            self._attached[event.id] = time.monotonic()
        if (event.kind, event.action) == ("container", "create"):
            self.born[event.id] = self._look(event.id)

    def are_hung_on_to(self) -> bool:
        """Return whether somebody has been attached to one for so long that nothing else will come."""
        now = time.monotonic()
        if now - self._asked < 0.5:
            return False
        self._asked = now
        return any(
            now - since > PATIENCE * (1 if one in self.born and _is_redis(self.born[one]) else 2) and self._runs(one)
            for one, since in list(self._attached.items())
        )

    def _runs(self, id: str) -> bool:  # noqa: A002 - Docker's own word
        container = Container(self._bench.client, id, id[:12])
        return container.exists and container.is_running

    def _look(self, id: str) -> Born:  # noqa: A002 - Docker's own word
        api = self._bench.client.api
        inspect = api.inspect_container(id)
        image = api.inspect_image(inspect["Image"])
        return Born(inspect, tuple(image["RootFS"]["Layers"]), tuple(image.get("RepoTags") or ()))


class Door:
    """A redis-cli of ours in the network of a container: what lies in there is not asked for its opinion."""

    def __init__(self, asker: Container) -> None:
        self._asker = asker

    def ask(self, *words: str) -> str:
        """Return what Redis answers, at whatever address it listens; empty where nobody does."""
        refused = ""
        for address, port in sorted(self._asker.listening(), key=lambda door: door[1] != 6379):
            host = "127.0.0.1" if address in {"0.0.0.0", "::"} else address
            answer = self._asker.ask("timeout", "5", "redis-cli", "-h", host, "-p", str(port), *words)
            if "NOAUTH" in answer.said:
                refused = answer.said.strip()
            elif answer.code == 0:
                return answer.said.strip()
        return refused


def _door(bench: Bench, redis: Container) -> Door:
    asker = bench.beside(redis, REDIS)
    if asker is None:
        raise _not_running(redis)
    return Door(asker)


def _words(value: object) -> list[str]:
    """Return the commands that an answer names, however it is written.

    In an entry of a list, what is beside a command that is called explains it.
    """
    if not isinstance(value, list):
        return _named(value)[:20]
    found: list[str] = []
    for named in map(_named, value):
        found += [word for word in named if _is_called(word)] or named
    return found[:20]


def _named(said: object) -> list[str]:
    text = re.sub(r"\([^()]*\)", " ", "" if said is None else str(said).lower())
    complaints = COMPLAINT.findall(text)
    text = " ".join(complaints) or text
    text = re.sub(r"\bc[\s_-]*(compiler|컴파일러)", "cc", text)
    named = (word.rpartition("/")[2].strip(".-") for word in re.findall(r"[\w+./:-]+", text, re.ASCII))
    words = (word.strip(":") for word in named)
    return [word for word in words if word and word not in FILLERS]


def _is_called(word: str) -> bool:
    """Whether it is a command that by-hand.sh calls, or that one of those calls."""
    return word in CALLED or word in ALSO_CALLED or COMPILERS.fullmatch(word) is not None


def _made(bench: Bench, ran: Ran) -> list[Container]:
    """Return the containers that run.sh made."""
    prefix = bench.exercise.prefix
    made = (e for e in ran.events if e.kind == "container" and e.action == "create")
    named = [Container(bench.client, e.id, e.about.get("name", e.id[:12])) for e in made]
    return [one for one in named if one.name.startswith(prefix) or not one.name.startswith("kata-")]


def _attempt(ran: Ran, container: Container) -> Attempt:
    about = tuple(e for e in ran.events if container.id in (e.id, e.about.get("container")))
    return Attempt(container, ran.born.get(container.id), about)


def _image_of(ran: Ran, container: Container) -> str:
    made = (e for e in ran.events if e.id == container.id and e.action == "create")
    return next(made).about.get("image", "?")


def _is_debian(bench: Bench, ran: Ran, container: Container) -> bool:
    """Return whether a container is of Debian or of an image of the learner's that grew from it."""
    born = ran.born.get(container.id)
    if born is None:
        image = bench.image(_image_of(ran, container)) or {"RootFS": {"Layers": []}}
        born = Born({}, tuple(image["RootFS"]["Layers"] or ()), tuple(image.get("RepoTags") or ()))
    layers, redis = bench.layers(DEBIAN), bench.layers(REDIS)
    if len(redis) > len(layers) and born.layers[: len(redis)] == redis:
        return False
    return born.layers[: len(layers)] == layers and not any(tag.startswith(OTHERS_OF_THE_COURSE) for tag in born.tags)


def _is_redis(born: Born) -> bool:
    return any(tag.startswith("redis:") for tag in born.tags) or born.inspect["Name"] == f"/{NAME}"


def _not_broken(ran: Ran, attempts: list[Attempt]) -> Mistake:
    codes = [code for one in attempts for code in one.codes]
    told = sorted(codes, key=lambda code: (code == 0, code >= 128))
    if not told:
        return ran.stuck or Mistake("nothing_ended", name=attempts[0].container.name)
    return Mistake("nothing_broke") if told[0] == 0 else Mistake("other_code", code=told[0])


def _was_for_want_of_wget(bench: Bench, one: Attempt) -> bool:
    """Return whether wget is what was not found: the same again, in a world where a wget notes that it is called.

    What cannot be repeated (files that were copied in, one exec after another, or one that is piped into) is believed,
    and so is a shell that ends well where nothing is piped into it.
    """
    execs = [entry.asked for entry in bench.transcript.asked("exec.create") if entry.subject == one.container.id]
    copied_in = any(e.action == "extract-to-dir" for e in one.events)
    if one.born is None or copied_in or (execs and not _can_be_repeated(one, execs)):
        return True
    mounts = one.born.inspect.get("Mounts") or []
    if any(mount["Type"] != "bind" for mount in mounts):
        return True
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere
    from requests.exceptions import RequestException  # noqa: PLC0415

    before = one.born.inspect["Config"]
    again = {key: before.get(key) for key in ("Cmd", "Entrypoint", "Env", "WorkingDir", "User", "Tty")}
    seen = [
        {"Type": "bind", "Source": mount["Source"], "Target": mount["Destination"], "ReadOnly": True}
        for mount in mounts
    ]
    config = {"Image": one.born.inspect["Image"], **again, "HostConfig": {"Mounts": seen}}
    try:
        with bench.temporary(config) as repeated:
            bench.client.api.put_archive(repeated.id, "/", _wget_that_tells())
            try:
                bench.client.api.start(repeated.id)
            except APIError as refused:
                return not re.search("not found|no such file|permission denied", str(refused))
            if execs:
                return _calls_wget(bench, repeated, execs[0])
            patience = 3 if before.get("OpenStdin") else 15  # one on a terminal may wait for somebody who types
            code = bench.client.api.wait(repeated.id, timeout=patience)["StatusCode"]
            return code != NOT_FOUND or repeated.read(CALLED_MARK) is not None
    except (APIError, RequestException):
        return True


def _can_be_repeated(one: Attempt, execs: list[Any]) -> bool:
    """Return whether a container's only exec was what broke in it, and needed nothing from outside."""
    broke = any(e.action == "exec_die" and e.about["exitCode"] == str(NOT_FOUND) for e in one.events)
    return broke and len(execs) == 1 and bool(execs[0]) and not execs[0].get("AttachStdin")


def _calls_wget(bench: Bench, container: Container, asked: dict[str, Any]) -> bool:
    """Return whether what was run in a container with exec calls wget there, or ends otherwise than it did before."""
    options = {"environment": asked.get("Env"), "workdir": asked.get("WorkingDir"), "user": asked.get("User") or ""}
    made = bench.client.api.exec_create(container.id, asked["Cmd"], **options)["Id"]
    bench.client.api.exec_start(made)
    ended: list[int | None] = []

    def has_ended() -> bool:
        ended.append(bench.client.api.exec_inspect(made)["ExitCode"])
        return ended[-1] is not None

    wait_for(has_ended, 10)
    return ended[-1] != NOT_FOUND or container.read(CALLED_MARK) is not None


def _could_not_be_opened(said: str) -> bool:
    """Return whether a shell said that it had no by-hand.sh to read, and nobody that wget was not there."""
    no_script = r"by-hand\.sh: (?:no such file|not found)|(?:cannot|can't) open '?\S*by-hand\.sh"
    absent = re.search(no_script, said, re.IGNORECASE)
    return absent is not None and not re.search(r"\bwget\W{1,3}.*(?:not found|no such file)", said, re.IGNORECASE)


def _wget_that_tells() -> bytes:
    content = f"#!/bin/sh\n: >{CALLED_MARK}\necho 'wget: not found' >&2\nexit 127\n".encode()
    return packed({"usr/bin/wget": content}, mode=0o755)


def _redis_by_another_name(ran: Ran) -> Born | None:
    """Return the container of Redis that got another name, None where there is none or where it was a client."""
    made = (born for born in ran.born.values() if any(tag.startswith("redis:") for tag in born.tags))
    return next((b for b in made if "redis-cli" not in str(b.inspect["Config"]["Cmd"])), None)


def _no_redis(bench: Bench, ran: Ran) -> Exception:
    """Return why there is no kata-03-redis."""
    said, code = ran.finished.said, ran.finished.code
    misspelt = re.search(r"run\.sh: (line )?\d+: \S+( \S+)?: (command )?not found", said)
    if code == NOT_FOUND and not misspelt:
        return Mistake("stopped_at_the_failure")
    if any(e.action == "start" and e.about.get("name") == NAME for e in ran.events):
        return Mistake("gone_again")
    other = _redis_by_another_name(ran)
    if other is not None:
        command = other.inspect["Config"]["Cmd"] or []
        if DOCKERS_OWN & set(command):
            return Mistake("options_after_image", command=" ".join(command))
        return Mistake("other_name", name=other.inspect["Name"].removeprefix("/"))
    expected = re.compile(r"\b(wget|tar|make|by-hand)\b|cd: ")
    unexpected = [line for line in said.splitlines() if not expected.search(line)]
    finished = replace(ran.finished, said="\n".join(unexpected))
    return bench.why(finished, otherwise=Mistake("container.missing", name=NAME, script="run.sh"))


def _not_running(redis: Container) -> Mistake:
    if not redis.exists:
        return Mistake("gone_again")
    command = redis.inspect()["Config"]["Cmd"] or []
    if DOCKERS_OWN & set(command):
        return Mistake("options_after_image", command=" ".join(command))
    return Mistake("not_running", status=redis.status, code=redis.exit_code, log=redis.last_words() or "∅")


def _programs(bench: Bench, image: str) -> frozenset[str]:
    """Return the files of an image that lie where programs do."""
    look = {"Image": image, "Entrypoint": ["find", "/", "-xdev", "-not", "-type", "d"], "Cmd": [], "User": "0"}
    with bench.temporary(look) as looking:
        bench.client.api.start(looking.id)
        bench.client.api.wait(looking.id, timeout=60)
        said = bench.client.api.logs(looking.id, stdout=True, stderr=False).decode(errors="replace")
    return frozenset(path for path in said.splitlines() if PROGRAMS.match(path))


def _installed(bench: Bench, redis: Container) -> list[str]:
    """Return the programs that are in a container and not in its image, or that something was laid over."""
    mounted = [mount["Destination"] for mount in redis.inspect().get("Mounts") or []]
    covered = [m for m in mounted if PROGRAMS.fullmatch(f"{m}/") or (PROGRAMS.match(m) and "redis" in m)]
    changed = [row["Path"] for row in bench.client.api.diff(redis.id) or []]
    files = [path for path in changed if not any(other.startswith(f"{path}/") for other in changed)]
    given = {*mounted, "/sbin/docker-init", "/usr/sbin/docker-init"}  # --init
    new = [path for path in files if PROGRAMS.match(path) and path not in given]
    return covered + new
