"""Why a command that began did something else: what ENTRYPOINT and CMD make together, and what only a shell can do."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SHELLS", "command_went_wrong", "only_first_word"]

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})

_FIRST_ARGUMENT = frozenset({"-", "--", "_"}) | SHELLS
"""What stands behind a shell's command for ``$0``, where somebody knows what comes there."""

_UNFILLED = re.compile(r"\$\{?[A-Za-z_]")


def only_first_word(words: Sequence[str]) -> Mistake | None:
    """Look for a command in several words behind ``sh -c``, which runs the first one alone.

    Args:
        words: The command that was PID 1.
    """
    shell, option, command, *rest = [*words, "", "", ""][: max(len(words), 3)]
    is_shell = posixpath.basename(shell) in SHELLS and option == "-c"
    if not is_shell or not rest or rest[0] in _FIRST_ARGUMENT or re.search(r"\$[\d@*{]", command):
        return None
    return Mistake("docker.only_first_word", command=command[:100], rest=" ".join(rest)[:100])


def command_went_wrong(words: Sequence[str], config: Mapping[str, Any], said: str) -> Mistake | None:
    """Return what is wrong with a command that ended in an error; None where nothing is seen in it.

    Args:
        words: The command that was PID 1.
        config: The container's configuration, as the API shows it.
        said: What it printed.
    """
    entrypoint, command = config.get("Entrypoint") or [], config.get("Cmd") or []
    ran = json.dumps(list(words), ensure_ascii=False)[:200]
    if entrypoint and command and command[0] == entrypoint[0]:
        return Mistake("docker.command_twice", command=ran, program=command[0])
    if entrypoint and command[:2] == ["/bin/sh", "-c"] and "/bin/sh" in said:
        return Mistake("docker.cmd_in_shell_form", command=ran)
    unfilled = [word for word in words if _UNFILLED.search(word) and word in said]
    if unfilled and posixpath.basename(words[0]) not in SHELLS:
        return Mistake("docker.nobody_fills_in", word=unfilled[0][:100])
    return only_first_word(words)
