"""What the others say when a request has ended: the server, the registry, and the guard where it has to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from checker.phrase import Text, phrase
from checker.trace.known import is_no_such_image, is_refused, message, short, wanted
from checker.trace.pulled import Pulled, size
from checker.trace.questions import pulled_image
from checker.trace.step import Actor, Kind, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.guard.transcript import Entry
    from checker.trace.known import Known
    from checker.trace.topic import Topic

__all__ = ["of"]

_SHOWN = 4  # names of a list
_LAYERS = 12  # lines of a pull
_ENDS = {"limit": "too_much", "engine": "server_gone", "guard": "our_fault"}
_LISTS = {"containers": "Names", "images": "RepoTags", "networks": "Name", "volumes": "Name"}


def of(entry: Entry, about: Topic, known: Known) -> tuple[Step, ...]:
    """Return what is said when a request has ended; nothing where it goes without saying."""
    if about.key == "create" and is_no_such_image(entry):
        return (_cache("not_in_cache", entry),)
    trouble = _trouble(entry, about)
    if trouble is not None:
        return (replace(trouble, stage=_stage(entry, about, known)),)
    if about.key in _LISTS:
        return _listed(entry, _LISTS[about.key])
    tell = _TOLD.get(about.key)
    return tell(entry, about, known) if tell else ()


def _trouble(entry: Entry, about: Topic) -> Step | None:
    """Return why it came to nothing; None where it did not."""
    said = message(entry)
    if entry.end in _ENDS:
        return _said(Actor.GUARD, Actor.CLIENT, _ENDS[entry.end], kind=Kind.FAILED)
    if is_refused(entry):
        return _said(Actor.GUARD, Actor.CLIENT, "refused", kind=Kind.REFUSED, message=said or entry.denied)
    if entry.method == "GET" and (entry.status == 404 or (about.key == "swarm" and said)):
        # clients look whether something is there before they make it; that is no failure
        key = "image_not_here" if about.key == "image" else "there_is_none"
        return _said(Actor.SERVER, Actor.CLIENT, key, message=said)
    if entry.status >= 400 or any(line.get("error") for line in entry.lines):
        key = "no" if said else "no_without_words"
        return _said(Actor.SERVER, Actor.CLIENT, key, kind=Kind.FAILED, message=said, status=entry.status)
    return None


def _stage(entry: Entry, about: Topic, known: Known) -> Stage:
    """Return the step of the article that a request belongs to."""
    if about.key == "create":
        return Stage.RUN if known.found else Stage.ASK
    if about.key == "pull":
        return Stage.PULL if pulled_image(entry) == known.missing else Stage.NONE
    is_run = about.key in {"attach", "start", "wait"} and known.is_of_a_run(about.it)
    return Stage.RUN if is_run else Stage.NONE


def _create(entry: Entry, _about: Topic, known: Known) -> tuple[Step, ...]:
    it = entry.query.get("name") or short(_answered(entry, "Id"))
    made = _said(Actor.SERVER, Actor.CLIENT, "made", stage=Stage.RUN, it=it)
    image = wanted(entry)
    return (made,) if not image or image == known.found else (_cache("in_cache", entry), made)


def _cache(key: str, entry: Entry) -> Step:
    return _said(Actor.SERVER, Actor.SERVER, key, stage=Stage.LOOK, image=wanted(entry))


def _pull(entry: Entry, about: Topic, known: Known) -> tuple[Step, ...]:
    if "fromImage" not in entry.query:
        return ()
    pulled = Pulled.of(entry.lines)
    stage = _stage(entry, about, known)
    key = "nothing_new" if not pulled.fresh else "brought" if pulled.bytes else "brought_without_size"
    brought = _said(Actor.REGISTRY, Actor.SERVER, key, stage=stage, count=pulled.fresh, size=size(pulled.bytes))
    kept = _said(Actor.SERVER, Actor.SERVER, "in_cache_now", stage=stage)
    return (brought.with_more(_layers(pulled)), *([kept] if pulled.fresh else []))


def _layers(pulled: Pulled) -> tuple[Text, ...]:
    lines = [phrase("trace.layer").fill({"name": name, "size": size(total)}) for name, total, here in pulled.layers]
    for number, (name, total, here) in enumerate(pulled.layers):
        if here or not total:
            lines[number] = phrase("trace.layer_here" if here else "trace.layer_without_size").fill({"name": name})
    left = len(lines) - _LAYERS
    return (*lines[:_LAYERS], *([phrase("trace.more").fill({"count": left})] if left > 0 else []))


def _output(entry: Entry, about: Topic, known: Known) -> tuple[Step, ...]:
    if not entry.received:
        return ()
    return (_said(Actor.SERVER, Actor.YOU, "output", stage=_stage(entry, about, known), size=size(entry.received)),)


def _ended(entry: Entry, about: Topic, known: Known) -> tuple[Step, ...]:
    code = _number(entry, "StatusCode", "ExitCode")
    if code < 0 and (about.key != "wait" or entry.end != "done" or entry.lines or entry.answered):
        return ()  # nobody waited any longer, or it still runs
    if code < 0:
        return (_said(Actor.SERVER, Actor.CLIENT, "ended_somehow", stage=_stage(entry, about, known)),)
    key = "not_run" if known.could_not_start(about.it) else "ended"
    if key == "ended" and entry.query.get("condition") == "removed":
        key = "ended_removed"
    return (_said(Actor.SERVER, Actor.CLIENT, key, stage=_stage(entry, about, known), code=code),)


def _listed(entry: Entry, key: str) -> tuple[Step, ...]:
    found = entry.answered.get("Volumes") if isinstance(entry.answered, Mapping) else entry.answered
    if not isinstance(found, list | None) or entry.answered is None:
        return ()
    names = [_name(item.get(key)) for item in found or () if isinstance(item, Mapping)]
    if not names:
        return (_said(Actor.SERVER, Actor.CLIENT, "none"),)
    return (
        _said(
            Actor.SERVER,
            Actor.CLIENT,
            "listed_one" if len(names) == 1 else "listed",
            count=len(names),
            names=_some(names),
        ),
    )


def _name(value: object) -> str:
    first = (value[0] if value else "<none>") if isinstance(value, list) else value
    return str(first or "<none>").lstrip("/")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _built(entry: Entry, _about: Topic, _known: Known) -> tuple[Step, ...]:
    said = "".join(str(line.get("stream", "")) for line in entry.lines)
    image = re.search(r"^Successfully built ([0-9a-f]+)", said, re.MULTILINE)
    if image is None:
        return ()
    count = len(re.findall(r"^Step \d+/\d+ :", said, re.MULTILINE))
    return (_said(Actor.SERVER, Actor.CLIENT, "built", count=count, image=image[1]),)


def _version(entry: Entry, _about: Topic, _known: Known) -> tuple[Step, ...]:
    version = _answered(entry, "Version") or _answered(entry, "ServerVersion")
    return (_said(Actor.SERVER, Actor.CLIENT, "version", version=f"Docker {version}"),) if version else ()


def _here(entry: Entry, _about: Topic, _known: Known) -> tuple[Step, ...]:
    return (_said(Actor.SERVER, Actor.CLIENT, "image_here"),) if entry.status == 200 else ()


_TOLD = {
    "create": _create,
    "pull": _pull,
    "attach": _output,
    "logs": _output,
    "exec_start": _output,
    "wait": _ended,
    "exec_inspect": _ended,
    "build": _built,
    "version": _version,
    "info": _version,
    "image": _here,
}


def _said(
    source: Actor,
    target: Actor,
    key: str,
    *,
    stage: Stage = Stage.NONE,
    kind: Kind = Kind.SAID,
    **blanks: object,
) -> Step:
    return Step(source=source, target=target, text=phrase(f"trace.{key}").fill(blanks), stage=stage, kind=kind)


def _answered(entry: Entry, key: str) -> str:
    value = entry.answered.get(key) if isinstance(entry.answered, Mapping) else None
    return value if isinstance(value, str) else ""


def _number(entry: Entry, *keys: str) -> int:
    """Return the first of the answer's numbers with one of these names; -1 where there is none."""
    said = entry.lines[-1] if entry.lines else entry.answered
    answered = said if isinstance(said, Mapping) and not said.get("Error") else {}
    return next((answered[key] for key in keys if isinstance(answered.get(key), int)), -1)
