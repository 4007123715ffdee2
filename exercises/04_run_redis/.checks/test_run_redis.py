from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Binding, Container, Finished, Mistake, Redis, Script, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "kata-04-redis"
IMAGE = "redis:7"
FAREWELL = "bye bye"  # the last that a Redis says which ends in its own time
SWIFT = 2.0  # seconds that run.sh may take before we look what it is doing
PATIENCE = 8.0  # seconds that run.sh may go on once Redis answers; a docker exec takes half a second
DOCKERS_OWN = frozenset({"-d", "-i", "-t", "-it", "-ti", "-dit", "-p", "--detach", "--name", "--publish", "--rm"})


@dataclass(frozen=True)
class Session:
    """What was seen of interactive.sh before Ctrl-C was pressed, and how its Redis ended."""

    tty: bool
    open_stdin: bool
    shows_log: bool
    hears_keys: bool
    exit_code: int | None
    last_words: str


@step
def session(bench: Bench) -> Session:
    before = bench.events.position()
    with bench.start("interactive.sh") as script:
        redis = _redis_of(bench, script, before)
        _must_be_of_its_image(bench, redis)
        config = redis.inspect()["Config"]
        with _overhearing(bench, redis) as heard:
            shows_log = script.wait_until(lambda: _shows(script, _logs(redis)), 5)
            hears_keys = config["Tty"] and config["OpenStdin"] and _hears_keys(script, bench.nonce(), heard)
            _press_ctrl_c(script, heard, lambda: bench.exit_code(redis, since=before) is not None)
            script.wait_until(lambda: FAREWELL in script.said or not script.is_running, 3)
            # who attaches late sees no more than what Redis says from then on
            shows_log = shows_log or _shows(script, heard())
            last_words = script.said + heard() + _logs(redis)
    code = bench.exit_code(redis, since=before)
    bench.clear()
    return Session(config["Tty"], config["OpenStdin"], shows_log, hears_keys, code, last_words)


@step
def value(bench: Bench) -> str:
    return f"annyeong-{bench.nonce()}"


@step
def redis(bench: Bench, value: str) -> Container:
    redis = bench.container(NAME, after=_run(bench, value))
    if not redis.is_running:
        raise _not_running(redis)
    return redis


def test_ctrl_c_ends_it_cleanly(session: Session) -> None:
    if not (session.tty and session.open_stdin):
        raise Mistake("no_terminal", tty=str(session.tty).lower(), stdin=str(session.open_stdin).lower())
    if not session.shows_log:
        raise Mistake("silent")
    if session.exit_code is None:
        raise Mistake("ctrl_c_ignored")
    # a key is SIGINT to who has the terminal; SIGTERM came from somebody who heard the key in Redis' place
    if "SIGTERM" in session.last_words and "SIGINT" not in session.last_words:
        raise Mistake("key_kept_back")
    # a shell around it has an exit code of its own after Ctrl-C, however well Redis ended
    if session.exit_code != 0 and FAREWELL not in session.last_words:
        raise Mistake("ended_badly", code=session.exit_code)
    if not session.hears_keys:
        raise Mistake("keys_go_elsewhere")


def test_keeps_running_in_the_background(bench: Bench, redis: Container) -> None:
    if not wait_for(lambda: _ask_inside(redis, "PING") == "PONG", 10):
        if "NOAUTH" in (_ask_inside(redis, "PING") or ""):
            raise Mistake("password")
        raise Mistake("no_redis_inside") if redis.is_running else _not_running(redis)
    _must_be_of_its_image(bench, redis)


def test_answers_on_this_machine_only(bench: Bench, redis: Container, value: str) -> None:
    bindings = redis.all_published()
    if not bindings:
        raise Mistake("not_published")
    for binding in bindings:
        if not binding.is_loopback:
            raise Mistake("published_to_everyone", address=binding.address)
    doors = [Redis(host=binding.address, port=binding.port) for binding in bindings]
    if not wait_for(lambda: any(door.ask("PING") == "PONG" for door in doors), 5):
        turned_away = any((door.ask("PING") or "").startswith("DENIED") for door in doors)
        if not turned_away:
            _listens_to_others(redis)
        raise Mistake("protected" if turned_away else "nobody_answers", port=bindings[0].port)
    for address in _ways_round(bench, redis, value):
        raise Mistake("published_to_everyone", address=address)


def test_remembers_your_value(redis: Container, value: str) -> None:
    found = _ask_inside(redis, "GET", "greeting")
    if not found:
        raise Mistake("no_greeting", value=value)
    if found.rstrip("\r\n") == value != found:
        raise Mistake("line_end")
    if found != value:
        raise Mistake("other_greeting", found=found, value=value)


def test_stops_and_starts_again(redis: Container, value: str) -> None:
    redis.stop(3)
    try:
        wait_for(lambda: redis.status == "exited", 2)
        code = redis.exit_code
        if code == 0:
            redis.start()
    except Mistake as mistake:  # with --rm it goes a moment after it has ended
        raise (Mistake("removed_when_stopped") if mistake.key == "container.gone" else mistake) from None
    if code != 0:
        raise Mistake("killed" if code == 137 else "stopped_badly", code=code)
    answers: list[str | None] = []

    def answers_again() -> bool:
        answers.append(_ask_inside(redis, "GET", "greeting"))
        return answers[-1] is not None

    wait_for(answers_again, 10)
    if answers[-1] != value:
        raise Mistake("lost", found=answers[-1] or "∅", value=value)


def test_touches_nothing_else(bench: Bench, redis: Container) -> None:
    bench.bystanders.examine()


def _redis_of(bench: Bench, script: Script, before: int) -> Container:
    """Let interactive.sh run until a container that it made answers as Redis."""
    found: list[Container] = []

    def answers() -> bool:
        running = [container for container in bench.created(before) if container.exists and container.is_running]
        found.extend(container for container in running if _ask_inside(container, "PING") == "PONG")
        return bool(found)

    if not script.wait_until(answers, 20):
        raise bench.why(script.finished(), otherwise=Mistake("no_redis"))
    return found[0]


def _must_be_of_its_image(bench: Bench, redis: Container) -> None:
    """See that a container has the layers of the image that the prompt names, whatever lies on top of them."""
    if not bench.grew_from(redis.image, IMAGE):
        raise Mistake("other_image", container=redis.name, image=str(redis.inspect()["Config"]["Image"]))


@contextlib.contextmanager
def _overhearing(bench: Bench, redis: Container) -> Iterator[Callable[[], str]]:
    """Listen to Redis' terminal itself from now on: its log may be kept nowhere (``--log-driver none``)."""
    pieces: list[bytes] = []

    def listen() -> None:
        with contextlib.suppress(Exception):  # it may end at any moment, and the stream with it
            for piece in bench.client.api.attach(redis.id, stream=True):
                pieces.append(piece)  # noqa: PERF402 - what was heard so far is asked for meanwhile

    threading.Thread(target=listen, name="kata-overhears", daemon=True).start()
    yield lambda: b"".join(pieces).decode(errors="replace")


def _shows(script: Script, words: str) -> bool:
    """Whether some of what Redis itself says has arrived on the script's terminal."""
    lines = [line.strip() for line in words.splitlines()]
    return any(len(line) > 20 and line in script.said for line in lines)


def _hears_keys(script: Script, keys: str, heard: Callable[[], str]) -> bool:
    """Type something, and see whether Redis' own terminal echoes it: a script's own may be nobody's but the script's.

    Typed again as with Ctrl-C: a client may not pass on keys yet.
    """
    for _ in range(3):
        script.press(keys)
        if script.wait_until(lambda: keys in heard(), 2) or not script.is_running:
            break
    return keys in heard()


def _press_ctrl_c(script: Script, heard: Callable[[], str], has_ended: Callable[[], bool]) -> None:
    """Press Ctrl-C as somebody does who sees that nothing happens: again, but not once Redis has heard it.

    A client may show the log a moment before it passes keys on, and a Redis that hears it twice gives up at once.
    """
    for _ in range(5):
        script.press("^C")
        if script.wait_until(lambda: has_ended() or "SIGINT" in heard(), 2) or not script.is_running:
            break
    script.wait_until(has_ended, 10)


def _logs(redis: Container) -> str:
    """Return what Redis has said; nothing where its container is gone or keeps no log that can be read."""
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    with contextlib.suppress(Mistake, APIError):
        return redis.logs()
    return ""


def _run(bench: Bench, value: str) -> Finished:
    """Run run.sh, and don't wait out its whole time once it has nothing left to do but to hang on to Redis."""
    answered: list[float] = []
    with bench.start("run.sh", {"KATA_VALUE": value}) as script:

        def attached() -> bool:
            if script.seconds > SWIFT and not answered and _answers(bench):
                answered.append(script.seconds)
            return bool(answered) and script.seconds - answered[0] > PATIENCE

        try:
            return script.wait(30, give_up=attached)
        except Mistake:
            if answered:
                raise Mistake("foreground", seconds=f"{script.seconds:.0f}") from None
            raise


def _answers(bench: Bench) -> bool:
    found = bench.find(NAME)
    return found is not None and found.is_running and _ask_inside(found, "PING") == "PONG"


def _ask_inside(redis: Container, *words: str) -> str | None:
    """Ask with the redis-cli inside, at whatever port Redis listens; None where nobody answers yet."""
    with contextlib.suppress(Mistake):  # it may end between two questions
        for port in _doors_inside(redis):
            answer = redis.ask("redis-cli", "-p", str(port), *words)
            if answer.code == 0 and not answer.said.startswith("LOADING"):
                return answer.said.removesuffix("\n")  # redis-cli's own
    return None


def _doors_inside(redis: Container) -> Iterator[int]:
    yield 6379
    yield from sorted({port for _, port in redis.listening()} - {6379})


def _ways_round(bench: Bench, redis: Container, value: str) -> Iterator[str]:
    """Yield the addresses at which another container of the script's hands out what Redis holds, to everyone."""
    for other in bench.created(0):
        with contextlib.suppress(Mistake):  # a helper may be gone by now
            open_to_all = [] if other.id == redis.id else other.all_published()
            for binding in open_to_all:
                door = Redis(host=bench.engine.published_host, port=binding.port)
                if not binding.is_loopback and door.ask("GET", "greeting") == value:
                    yield binding.address


def _listens_to_others(redis: Container) -> None:
    """Refuse a Redis that has the right port, but at an address at which only its own container can reach it."""
    listening = redis.listening()
    for inside in sorted({port for _, port in listening}):
        addresses = [address for address, port in listening if port == inside]
        if all(Binding(address=address, port=inside).is_loopback for address in addresses):
            for binding in redis.published(inside):
                raise Mistake("on_loopback", port=binding.port, inside=inside, address=min(addresses))


def _not_running(redis: Container) -> Mistake:
    command = redis.inspect()["Config"]["Cmd"] or []
    if DOCKERS_OWN & set(command):
        return Mistake("options_after_image", command=" ".join(command))
    return Mistake("not_running", status=redis.status, code=redis.exit_code, log=redis.last_words())
