"""What the engine says while it builds, loads or imports, line by line, of the images that come out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from checker.guard.exchange.narrow import complete

if TYPE_CHECKING:
    from checker.guard.output import Output

__all__ = ["hear"]

_ID = re.compile(r"sha256:[a-f0-9]{64}", re.ASCII)
_BUILT = "Successfully built "
_LOADED = re.compile(r"Loaded image(?P<by_id> ID)?: (?P<what>\S+)", re.ASCII)


def hear(route: str, said: dict[str, Any], output: Output) -> None:
    """Put down what one object of an answer tells.

    Args:
        route: What was asked for.
        said: The object.
        output: Where it is put down.
    """
    match route:
        case "image.build":
            _hear_build(said, output)
        case "image.load":
            _hear_load(_text(said, "stream"), output)
        case "image.import" if _ID.fullmatch(_text(said, "status")):
            output.made.add(_text(said, "status"))
            output.is_unfinished = False


def _hear_build(said: dict[str, Any], output: Output) -> None:
    """Hear the classic builder: an id at the end of each stage, which with -q is all that it says, at the end.

    The steps before leave images that nobody names, and that are left over where a build fails.
    """
    aux, stream = said.get("aux"), _text(said, "stream").strip()
    for made in (_text(aux, "ID") if isinstance(aux, dict) else "", stream):
        if _ID.fullmatch(made):
            output.made.add(made)
    if _ID.fullmatch(stream) or stream.startswith(_BUILT):
        output.is_unfinished = False


def _hear_load(text: str, output: Output) -> None:
    found = _LOADED.match(text)
    if found is None:
        return
    output.is_unread = False
    if found["by_id"]:
        output.made.add(found["what"])
    else:
        output.names |= complete([found["what"]])


def _text(said: dict[str, Any], field: str) -> str:
    value = said.get(field)
    return value if isinstance(value, str) else ""
