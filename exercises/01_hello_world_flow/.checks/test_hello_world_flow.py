from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import shutil
import tomllib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import Bench, Entry, Event, Finished, Mistake, Transcript, step, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT, COLD, WARM = "run.sh", "cold.txt", "warm.txt"
HELLO, TAGGED = "hello-world", "hello-world:latest"
KEPT = "kata-keeps:hello-world"  # the learner's own hello-world, under a name that no exercise clears away
GREETING = "Hello from Docker!"
REST = 8  # lines, at least, that follow it in what the program says; Docker's own says more of them, our stand-in 9
MISSED = re.compile(r"Unable to find image '[^']*hello-world[^']*'", re.IGNORECASE)
TOLD = re.compile(r"Pulling from \S*hello-world[\s\S]*Status: \S.* for \S*hello-world")  # as a pull begins and ends
FETCHED = re.compile(r"Pulling from \S*hello-world|Image is up to date for|Downloaded newer image for")
REFERENCE = re.compile(r"(?:(?:registry-1\.|index\.)?docker\.io/)?(?:library/)?hello-world(?:[:@].*)?")
LARGEST = 200_000  # bytes of a transcript; one has about a thousand
GIVEN = (200, 201, 204)  # with these the engine says that what was asked for is done
STEPS = "ABCDE"
ORDER = "DEBCA"
WHO = {"client": "BD", "server": "AE", "registry": "C"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What run.sh did, as the engine tells it, and what it wrote down.

    Attributes:
        finished: How the script ended.
        files: Its transcripts; None for one that it did not write.
        asked: What it asked the engine for.
        events: What happened on the engine meanwhile.
        made: The containers of hello-world, the first one first, by id.
    """

    bench: Bench
    finished: Finished
    files: dict[str, str | None]
    asked: Transcript
    events: tuple[Event, ...]
    made: tuple[str, ...]

    def transcript(self, name: str) -> str:
        found = self.files[name]
        if found is None:
            raise self.bench.why(self.finished, otherwise=Mistake("no_file", file=name))
        if not found.strip():
            raise Mistake("work.empty", file=name)
        return found

    def why(self, name: str, otherwise: Mistake) -> Exception:
        """Explain what is missing out of one transcript, or out of what the script said where there is none."""
        said = self.files[name]
        told = self.finished if said is None else dataclasses.replace(self.finished, said=said)
        return _name_too_short(self.asked) or self.bench.why(told, otherwise=otherwise)

    def places(self, action: str) -> list[int]:
        """Return where in what it asked it was given this, ``create`` or ``start``, for a container of hello-world."""
        given = (entry for entry in self.asked.asked(f"container.{action}") if entry.status in GIVEN)
        return [entry.number for entry in given if _container_of(entry) in self.made]

    @functools.cached_property
    def pulls(self) -> list[int]:
        """Where in what it asked hello-world was pulled."""
        pulls = self.asked.asked("image.pull")
        return [
            entry.number for entry in pulls if REFERENCE.fullmatch(entry.subject) and self.asked.pulled(entry.subject)
        ]

    @functools.cached_property
    def misses(self) -> list[int]:
        """Where in what it asked a container of hello-world was to be made, and the server had no such image."""
        asked = (entry for entry in self.asked.asked("container.create") if entry.status == 404)
        return [entry.number for entry in asked if REFERENCE.fullmatch(str((entry.asked or {}).get("Image")))]

    @functools.cached_property
    def evictions(self) -> list[int]:
        """Where in what it asked an image was untagged or removed."""
        return [entry.number for entry in self.asked.asked("image.remove") if entry.status in GIVEN]

    @property
    def second_run(self) -> int | None:
        """Where the second run begins: a second container, or the only one started again."""
        creates, starts = self.places("create"), self.places("start")
        return next((places[1] for places in (creates, starts) if len(places) > 1), None)

    def ended(self, container: str) -> str:
        """Return the exit code of a container; empty for one that was never started, ``?`` where it has not ended."""
        life = {event.action: event for event in self.events if event.kind == "container" and event.id == container}
        return str(life["die"].about.get("exitCode", "?")) if "die" in life else "?" if "start" in life else ""


@step
def empty_cache(bench: Bench) -> Iterator[None]:
    """Take hello-world out of the cache, and leave it in the end as it was."""
    before, names, nameless = bench.events.position(), _names(bench), _nameless(bench)
    _keep(bench)
    yield
    for id_ in _made(bench, before):
        with contextlib.suppress(_refusal()):
            bench.client.api.remove_container(id_, v=True, force=True)
    with contextlib.suppress(_refusal()):
        _give_back(bench)
    for image in (*(_names(bench) - names - {TAGGED}), *(_nameless(bench) - nameless)):
        with contextlib.suppress(_refusal()):
            bench.client.api.remove_image(image)


@step
def seen(bench: Bench, empty_cache: None) -> Seen:
    before = bench.events.position()
    finished = _run(bench)
    wait_for(lambda: _have_ended(bench.events.since(before), _made(bench, before)), 10, every=0.2)
    seen = Seen(
        bench=bench,
        finished=finished,
        files={name: _read(bench, name) for name in (COLD, WARM)},
        made=_made(bench, before),
        asked=bench.transcript.since(finished.first_request),
        events=bench.events.since(before),
    )
    if not seen.made:
        if (too_short := _name_too_short(seen.asked)) is not None:
            raise too_short
        _need_a_registry(bench)
        said = "\n".join([finished.said, *filter(None, seen.files.values())])
        raise bench.why(dataclasses.replace(finished, said=said), otherwise=Mistake("no_container"))
    return seen


@step
def pulled(seen: Seen) -> None:
    if not any(pull < seen.places("create")[0] for pull in seen.pulls):
        raise Mistake("not_pulled")


def test_not_in_the_cache(seen: Seen, pulled: None) -> None:
    if MISSED.search(seen.transcript(COLD)):
        if not any(miss < min(seen.pulls) for miss in seen.misses):
            raise Mistake("nobody_missed_it")
        return
    if MISSED.search(seen.files[WARM] or ""):
        raise Mistake("swapped")
    if MISSED.search(seen.finished.said):
        raise Mistake("only_stdout")
    if FETCHED.search(f"{seen.files[COLD]}\n{seen.finished.said}"):
        raise Mistake("pulled_first")
    raise Mistake("line_missing")


def test_pulled_created_started_ended(seen: Seen, pulled: None) -> None:
    _ended_well(seen, seen.made[0], COLD)
    cold = seen.transcript(COLD)
    if GREETING not in cold:
        raise Mistake("no_greeting", file=COLD)
    if not TOLD.search(cold):
        raise Mistake("pull_left_out")
    _greeted_in_full(cold, COLD)


def test_found_in_the_cache(seen: Seen) -> None:
    again = seen.second_run
    if again is None:
        raise seen.why(WARM, otherwise=Mistake("no_second_run"))
    first = seen.places("create")[0]
    if any(first < pull < again for pull in seen.pulls):
        evicted = any(first < eviction < again for eviction in seen.evictions)
        raise Mistake("cache_emptied" if evicted else "pulled_again")
    if seen.made[1:]:
        _ended_well(seen, seen.made[1], WARM)
    warm = seen.transcript(WARM)
    if MISSED.search(warm):
        raise Mistake("not_warm")
    if GREETING not in warm:
        raise seen.why(WARM, otherwise=Mistake("no_greeting", file=WARM))
    _greeted_in_full(warm, WARM)


def test_two_containers_of_one_image(bench: Bench, seen: Seen) -> None:
    number = len(seen.made)
    if number == 1:
        raise Mistake("started_again" if len(seen.places("start")) > 1 else "one_container")
    if number > 2:
        raise Mistake("many_containers", number=number)
    bench.bystanders.examine()


def test_fails_without_a_server(bench: Bench, seen: Seen) -> None:
    _forget_the_run(bench)
    finished = bench.run_without_engine(SCRIPT)
    for name in (COLD, WARM):
        if GREETING in (_read(bench, name) or ""):
            raise Mistake("greeting_from_nowhere", file=name)
    if finished.code == 0:
        raise Mistake("carries_on")
    if seen.finished.code != 0 and [seen.ended(container) for container in seen.made] == ["0", "0"]:
        raise Mistake("fails_with_a_server", code=seen.finished.code)


def test_names_the_steps(bench: Bench) -> None:
    answers = _answers(bench.work.text("answers.toml"))
    order = _letters(answers, "order")
    if sorted(order) != sorted(STEPS):
        raise Mistake("not_each_once", found=order)
    if order != ORDER:
        right = next(place for place, letter in enumerate(order) if letter != ORDER[place])
        raise Mistake("other_order" if right else "other_beginning", right=right, letter=order[0])
    for key, letters in WHO.items():
        if set(_letters(answers, key)) != set(letters):
            raise Mistake("other_who", key=key)


# What the runs came to


def _ended_well(seen: Seen, container: str, file: str) -> None:
    code = seen.ended(container)
    if not code:
        raise seen.why(file, otherwise=Mistake("never_started", file=file))
    if code != "0":
        raise Mistake("ended_badly", file=file, code=code)


def _greeted_in_full(said: str, file: str) -> None:
    if len([line for line in said.partition(GREETING)[2].splitlines() if line.strip()]) < REST:
        raise Mistake("greeting_cut_short", file=file)


# Running the script


def _run(bench: Bench) -> Finished:
    bench.work.script(SCRIPT)
    try:
        return bench.run(SCRIPT, seconds=60)
    except Mistake:
        _need_a_registry(bench)  # docker run may wait a long time for one that does not answer
        raise


def _need_a_registry(bench: Bench) -> None:
    """Where nothing was pulled, see whether it could have been: that nobody hands it out is no learner's mistake."""
    if bench.image(HELLO) is not None:
        return
    refusal = _refusal()
    try:
        bench.client.images.pull(HELLO, tag="latest")
    except refusal as refused:
        said = f"docker: Error response from daemon: {refused.explanation or refused}"
        told = Finished(script=SCRIPT, code=1, said=said, seconds=0)
        trouble = bench.why(told, otherwise=Mistake("no_container"))
        raise refused if isinstance(trouble, Mistake) else trouble from None


def _read(bench: Bench, name: str) -> str | None:
    """Return what the script wrote into a file; None where there is no such file."""
    path = bench.work.folder / name
    if not path.is_file():
        return None
    with path.open("rb") as opened:
        return opened.read(LARGEST).decode(errors="replace")


def _forget_the_run(bench: Bench) -> None:
    """Remove what the run has left in the folder, its transcripts first of all."""
    for path in bench.work.folder.iterdir():
        if path.name in (COLD, WARM) or not (bench.work.source / path.name).exists():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


# What happened on the engine


def _made(bench: Bench, since: int) -> tuple[str, ...]:
    """Return the containers that run.sh made of hello-world, whatever they and it were called."""
    ours = {container.id for container in bench.created(since)}
    creates = (event for event in bench.events.since(since) if event.id in ours and event.action == "create")
    return tuple(event.id for event in creates if _is_of_hello(bench, event))


def _is_of_hello(bench: Bench, event: Event) -> bool:
    name = event.about.get("image", "")
    if REFERENCE.fullmatch(name):
        return True
    found, hello = bench.image(name) if name else None, bench.image(HELLO)
    return found is not None and hello is not None and found["Id"] == hello["Id"]


def _name_too_short(asked: Transcript) -> Mistake | None:
    """Return what to say where a container was to have a name of one letter, which Docker gives to none."""
    refused = (entry for entry in asked.denials if entry.route == "container.create")
    name = next((entry.query["name"] for entry in refused if len(entry.query.get("name", "")) == 1), "")
    return Mistake("name_too_short", name=name) if name else None


def _have_ended(events: tuple[Event, ...], made: tuple[str, ...]) -> bool:
    happened = [(event.action, event.id) for event in events]
    return all(happened.count(("die", id_)) >= happened.count(("start", id_)) for id_ in made)


def _container_of(entry: Entry) -> str:
    return str(entry.answered["Id"]) if entry.route == "container.create" else entry.subject


# The learner's own hello-world. It gets another name meanwhile: that evicts it as far as docker run can see, and it
# can be given back where no registry has it, also by the next run if this one is killed.


def _keep(bench: Bench) -> None:
    api = bench.client.api
    if bench.image(TAGGED) is not None:
        api.tag(TAGGED, "kata-keeps", "hello-world", force=True)
        api.remove_image(TAGGED, force=True)  # with a second name it only loses the first, whoever uses it


def _give_back(bench: Bench) -> None:
    api = bench.client.api
    if bench.image(KEPT) is not None:
        api.tag(KEPT, HELLO, "latest", force=True)
        api.remove_image(KEPT)
    elif bench.image(TAGGED) is not None:
        api.remove_image(TAGGED)


def _names(bench: Bench) -> set[str]:
    return {tag for row in bench.client.api.images(HELLO) for tag in row["RepoTags"] or () if "<" not in tag}


def _nameless(bench: Bench) -> set[str]:
    """Return the images of hello-world's program that have no name: another image has been given it since."""
    rows = (row for row in bench.client.api.images() if not any("<" not in tag for tag in row["RepoTags"] or ()))
    found = (bench.image(row["Id"]) for row in rows)
    return {image["Id"] for image in found if image and (image.get("Config") or {}).get("Cmd") == ["/hello"]}


def _refusal() -> type[Exception]:
    from docker.errors import APIError  # noqa: PLC0415 - imported late, as everywhere

    return APIError


# answers.toml


def _answers(text: str) -> dict[str, str]:
    """Read the answers; a forgotten quote or bracket is no reason to refuse them."""
    try:
        written = tomllib.loads(text)
        tables = [table for table in written.values() if isinstance(table, dict)]  # a heading before them does no harm
        found = {key: str(value) for table in (written, *tables) for key, value in table.items()}
    except tomllib.TOMLDecodeError:
        lines = re.findall(r"^\s*\W?(\w+)\W?\s*[=:]([^#\n]*)", text, re.MULTILINE)
        found = dict(lines)
    return {key.lower(): value for key, value in found.items()}


def _letters(answers: dict[str, str], key: str) -> str:
    written = unicodedata.normalize("NFKC", answers.get(key, ""))  # a Korean keyboard can write full-width letters
    letters = "".join(filter(str.isalnum, written)).upper()
    if not letters:
        raise Mistake("not_answered", key=key)
    if not set(letters) <= set(STEPS):
        raise Mistake("not_letters", key=key, found=written.strip()[:60])
    return letters
