"""What a client says when it asks the server for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checker.phrase import Text, phrase
from checker.trace.known import body, familiar, tagged, wanted, words
from checker.trace.step import Actor, Stage, Step

if TYPE_CHECKING:
    from checker.guard.transcript import Entry
    from checker.trace.known import Known
    from checker.trace.topic import Topic

__all__ = ["SAID_IN_THE_BODY", "of"]

SAID_IN_THE_BODY = frozenset({"create", "exec", "network_create", "volume_create", "connect", "disconnect", "wait"})
"""What is only clear when the request is over: its body says it, or, of a wait, whether it came to anything."""


def of(entry: Entry, about: Topic, known: Known) -> tuple[Step, ...]:
    """Return what is said when a request begins; nothing where it goes without saying."""
    if not entry.method:  # it never was a request
        return ()
    if about.key == "create":
        return _create(entry, known)
    if about.key == "pull":
        return _pull(entry, known)
    if about.key == "push":
        image = {"image": about.it}
        return (
            _ask("ask_push", {"it": about.it}),
            _say(Actor.SERVER, Actor.REGISTRY, phrase("trace.pushes").fill(image)),
        )
    if about.key == "wait":
        return ()
    is_run = about.key in {"attach", "start"} and known.is_of_a_run(about.it)
    return (_ask(_key(entry, about), _blanks(entry, about, known), Stage.RUN if is_run else Stage.NONE),)


def _create(entry: Entry, known: Known) -> tuple[Step, ...]:
    image = familiar(body(entry, "Image"))
    if image and wanted(entry) == known.found:
        return (_ask("ask_create_again", {}, Stage.RUN),)
    program = words(entry.asked.get("Cmd")) if isinstance(entry.asked, Mapping) else ""
    key = "ask_create_running" if program else "ask_create" if image else "ask_create_unknown"
    return (_ask(key, {"image": image, "program": program}, Stage.ASK),)


def _pull(entry: Entry, known: Known) -> tuple[Step, ...]:
    if "fromImage" not in entry.query:
        return (_ask("ask_import", {}),)
    image = pulled_image(entry)
    blanks, is_needed = {"image": image}, image == known.missing
    stage = Stage.PULL if is_needed else Stage.NONE
    wants = _say(Actor.SERVER, Actor.REGISTRY, phrase("trace.wants").fill(blanks), stage)
    if not is_needed:
        return (_ask("ask_pull", blanks), wants)
    unable = phrase("trace.unable_to_find").fill(blanks)
    return (
        _say(Actor.CLIENT, Actor.YOU, unable, Stage.MISSING),
        _ask("ask_pull_then", blanks, stage),
        wants,
    )


def pulled_image(entry: Entry) -> str:
    """Return the image that a pull is about, with its tag or digest."""
    image, tag = entry.query.get("fromImage", ""), entry.query.get("tag", "")
    return tagged(familiar(f"{image}{'@' if tag.startswith('sha256:') else ':'}{tag}" if tag else image))


def _key(entry: Entry, about: Topic) -> str:
    query = entry.query
    variants = {
        "containers": "_all" if _is_true(query, "all") else "",
        "logs": "_follow" if _is_true(query, "follow") else "",
        "remove": "_force" if _is_true(query, "force") else "",
        "exec": "" if _program(entry) else "_unknown",
    }
    return f"ask_{about.key}{variants.get(about.key, '')}"


def _is_true(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true"}


def _program(entry: Entry) -> str:
    return words(entry.asked.get("Cmd")) if isinstance(entry.asked, Mapping) else ""


def _blanks(entry: Entry, about: Topic, known: Known) -> dict[str, object]:
    """Return all that a question may have gaps for."""
    query = entry.query
    return {
        "it": known.name(about.it) or (query.get("container", "") and known.name(query.get("container", ""))),
        "name": _name(entry, about) or phrase("trace.a_name_of_your_choice"),
        "container": known.name(body(entry, "Container")),
        "program": _program(entry),
        "signal": query.get("signal", "SIGKILL"),
        "path": query.get("path", entry.path),
        "term": query.get("term", ""),
        "registry": body(entry, "serveraddress"),
    }


def _name(entry: Entry, about: Topic) -> str:
    if about.key == "tag":
        return tagged(f"{entry.query.get('repo', '')}:{entry.query.get('tag') or 'latest'}")
    return body(entry, "Name") or entry.query.get("name", "") or entry.query.get("t", "")


def _ask(key: str, blanks: Mapping[str, object], stage: Stage = Stage.NONE) -> Step:
    return _say(Actor.CLIENT, Actor.SERVER, filled(key, blanks), stage)


def filled(key: str, blanks: Mapping[str, object]) -> Text:
    """Return a sentence of ours with its blanks filled; a blank that is a Text takes the sentence's language."""
    sentence = phrase(f"trace.{key}")
    languages = [
        sentence.fill({name: _in(value, language) for name, value in blanks.items()}) for language in ("en", "ko")
    ]
    return Text(en=languages[0].en, ko=languages[1].ko)


def _in(value: object, language: str) -> object:
    return (value.ko if language == "ko" else value.en) if isinstance(value, Text) else value


def _say(source: Actor, target: Actor, text: Text, stage: Stage = Stage.NONE) -> Step:
    return Step(source=source, target=target, text=text, stage=stage)
