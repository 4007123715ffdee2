"""An image that could not be had: a wrong name, or a registry that does not do its work.

An image that neither the engine nor its mirror has is looked for on Docker Hub; where that cannot be
reached, a misspelt name and a broken network end in the same words. The exercise's own images tell them
apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checker.explain.dockerfile import Build
from checker.explain.folder import files_below
from checker.explain.reference import nearest, normalised, registry_of, repository_of, shortened
from checker.phrase import KataError
from checker.verdict import Mistake

if TYPE_CHECKING:
    from checker.explain.scene import Scene

__all__ = ["image_failed", "other_tags"]

SCRIPT_CHARACTERS = 20_000  # of a learner's file, when looking for the image it pulls

_ABSENT = re.compile(
    r"pull access denied|repository does not exist|manifest unknown|name unknown|repository \S+ not found"
    r"|requested access to the resource is denied|:\d* not found|: not found(?: \(did you mean .*\))?$"
)
_LIMITED = re.compile(r"toomanyrequests|pull rate limit|429 Too Many Requests", re.IGNORECASE)
_ABOUT_IMAGE = re.compile(
    r"pull access denied|manifest unknown|manifest for \S+ not found|repository \S+ not found"
    r"|failed to resolve (?:reference|source metadata)|failed to do request|(?:Get|Head) \"?https?://"
    r"|failed to fetch (?:anonymous|oauth) token|error pulling image|TLS handshake"
    r"|toomanyrequests|pull rate limit|^(?:docker\.io/)?[\w./:-]+: not found$"
)
_REFERENCES = (
    re.compile(r"failed to resolve (?:reference|source metadata for) \"?(?P<name>[^\s\"]+?)\"?: "),
    re.compile(r"pull access denied for (?P<name>[^\s,]+)"),
    re.compile(r"manifest for (?P<name>\S+) not found"),
    re.compile(r"^(?P<name>[\w./:@-]+): (?:pull access denied|not found)"),
)
_MANIFEST_URL = re.compile(r"https?://(?P<host>[^/\s]+)/v2/(?P<name>\S+?)/manifests/(?P<tag>[^\s\":]+)")
_NOT_LOCAL = re.compile(r"^Unable to find image '(?P<name>[^']+)' locally$", re.MULTILINE)
_PULLED = re.compile(
    r"docker (?:image )?pull (?:-\S+ )*(?P<name>[\w./:@-]+)|^\s*image: *['\"]?(?P<other>[\w./:@-]+)",
    re.MULTILINE,
)
_FROM = re.compile(r">>> FROM (?:--\S+ )*(?P<name>\S+)")


def image_failed(why: str, before: str, scene: Scene) -> Mistake | KataError | None:
    """Explain an image that could not be had; None where ``why`` is about something else.

    Args:
        why: The reason that Docker gives, one line.
        before: What was said before it.
        scene: What else there is to look at.
    """
    cpu = re.search(r"no matching manifest for (?P<platform>\S+)", why)
    if cpu is None and not _ABOUT_IMAGE.search(why):
        return None
    name = _failed_reference(why, before, scene)
    if cpu is not None:
        return Mistake("docker.no_image_for_cpu", image=name, platform=cpu["platform"])
    other = other_tags(name, scene)
    if name and other:
        return Mistake("docker.only_other_tags", image=normalised(name), tags=", ".join(other))
    return _blame(why, name, before, scene)


def _blame(why: str, name: str, before: str, scene: Scene) -> Mistake | KataError | None:
    """Decide between a wrong name and a registry that does not do its work."""
    registry = registry_of(name)
    absent = _ABSENT.search(why) is not None
    mine = name and scene.known_images and not scene.knows(name)
    if registry and not absent and mine:
        return Mistake("docker.no_registry", image=name, registry=registry)
    if mine or (absent and not (scene.known_images and scene.knows(name))):
        return _unknown_image(name, before, scene)
    if absent:
        return KataError("docker.image_missing", image=name)
    if _LIMITED.search(why):
        return KataError("docker.rate_limited")
    return KataError("docker.registry_unreachable", detail=why[-200:])


def _unknown_image(name: str, before: str, scene: Scene) -> Mistake:
    place = Build(why="", printed=before, work=scene.work).place if ">>>" in before[-2_000:] else ""
    near = ", ".join(nearest(name, scene.known_images))
    blanks = {"place": place, "image": name or "?", "nearest": near}
    key = ("docker.unknown_base" if place else "docker.unknown_image") + ("_near" if near else "")
    return Mistake(key, **{blank: value for blank, value in blanks.items() if value})


def _failed_reference(why: str, before: str, scene: Scene) -> str:
    """Return the name of the image that failed; empty where nothing says it."""
    for pattern in _REFERENCES:
        match = pattern.search(why)
        if match is not None:
            return shortened(match["name"])
    url = _MANIFEST_URL.search(why)
    if url is not None:
        host = "" if "docker.io" in url["host"] else f"{url['host']}/"
        return shortened(f"{host}{url['name']}:{url['tag']}")
    earlier = [*_NOT_LOCAL.finditer(before), *_FROM.finditer(before[-2_000:])]
    return shortened(earlier[-1]["name"]) if earlier else _pulled_in_work(scene)


def _pulled_in_work(scene: Scene) -> str:
    """Return the one image that the learner's files pull and the exercise does not know."""
    if scene.work is None or not scene.known_images:
        return ""
    names = set()
    for file in files_below(scene.work):
        text = (scene.work / file).read_bytes()[:SCRIPT_CHARACTERS].decode(errors="replace")
        names |= {match["name"] or match["other"] for match in _PULLED.finditer(text)}
    unknown = sorted(name for name in names if not scene.knows(name))
    return shortened(unknown[0]) if len(unknown) == 1 else ""


def other_tags(name: str, scene: Scene) -> list[str]:
    """Return the other tags that the engine has of a learner's own image; none where ``name`` is there."""
    if not name or repository_of(name) in {repository_of(known) for known in scene.known_images}:
        return []
    images = scene.ask("/images/json") or ()
    tags = {normalised(tag) for image in images for tag in image.get("RepoTags") or ()}
    same = {tag for tag in tags if repository_of(tag) == repository_of(name)}
    return [] if normalised(name) in same else sorted(same)[:5]
