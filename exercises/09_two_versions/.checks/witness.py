"""Tells which code runs, and where: put into the copies of the two programs, and asked of the Python that they name.

A program tells about the functions that it has in its memory; the Python beside it tells what they have to be like,
since every version of Python makes other code out of the same text. Whatever Python runs it, no package is needed.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType


def digest(code: CodeType) -> str:
    """Return a digest of what a piece of code does; its comments and where it stands are not in it."""
    constants = [_constant(one) for one in code.co_consts]
    return hashlib.sha256(repr((code.co_code, code.co_names, code.co_varnames, constants)).encode()).hexdigest()


def _constant(one: object) -> str:
    if hasattr(one, "co_code"):
        return digest(one)
    if isinstance(one, frozenset):
        return repr(sorted(map(repr, one)))  # a set is written in another order each time
    return repr(one)


def written(code: CodeType) -> dict[str, str]:
    """Return the digest of every function and method that stands in a module's code, by its name."""
    found = {}
    for one in code.co_consts:
        if hasattr(one, "co_code"):
            is_function = one.co_flags & 1  # CO_OPTIMIZED, which the body of a class is not
            found.update({one.co_name: digest(one)} if is_function else written(one))
    return {name: found[name] for name in found if not name.startswith("<")}  # what has no name cannot be found again


def running(space: Mapping[str, Any]) -> dict[str, str]:
    """Return the same of the functions that are in a module's namespace now; what was put in from outside is not."""
    holders = [space, *(vars(one) for one in space.values() if isinstance(one, type))]
    found = [(name, one) for holder in holders for name, one in holder.items()]
    return {name: digest(one.__code__) for name, one in found if getattr(one, "__globals__", None) is space}


def room() -> str:
    """Return which container this runs in: each has a mount namespace of its own. Empty where it cannot be seen."""
    try:
        return str(Path("/proc/self/ns/mnt").readlink())
    except OSError:
        return ""


def witness(pages: object, greeter: object) -> dict[str, Any]:
    """Return what a program knows of itself while it answers somebody."""
    methods = {name: digest(getattr(type(pages), name).__code__) for name in ("do_GET", "say", "log_message")}
    return {
        "room": room(),
        "optimize": sys.flags.optimize,
        "program": {**running(globals()), **methods},
        "greeter": running(vars(greeter)),
    }
