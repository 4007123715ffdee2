"""Other people's plugins: loaded only where somebody asks for what one of them offers.

pytest loads every plugin that is installed, used or not; with pytest-html and pytest-xdist alone a learner waits for
that longer than for all of ours. ``pyproject.toml`` says ``--disable-plugin-autoload`` therefore
(https://docs.pytest.org/en/stable/how-to/plugins.html), and an option that nobody knows yet, ``-n`` or ``--html``, has
them all loaded. A plugin that somebody has installed for other work of theirs changes nothing here either.
"""

from __future__ import annotations

import copy
import os
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["load_others"]


def load_others(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Load what is installed beside us if an option was given that neither pytest nor we have; or to show them all.

    Args:
        parser: pytest's, which knows our own options already.
        pluginmanager: pytest's; what it loads adds its options to the same parser.
    """
    config: pytest.Config = pluginmanager.getplugin("pytestconfig")
    known = config.known_args_namespace
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or not known.disable_plugin_autoload:
        return  # whoever says so in the environment means it; and otherwise pytest has loaded them
    given = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.getini("addopts")]
    _, unknown = parser.parse_known_and_unknown_args([*given, *config.invocation_params.args], copy.copy(config.option))
    if unknown or known.help or known.version:
        pluginmanager.load_setuptools_entrypoints("pytest11")
