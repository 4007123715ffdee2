"""Everything that pytest needs to be a checker; no other part of the program knows pytest.

pytest finds this plugin through ``conftest.py``, or with ``-p checker.plugin`` where no conftest may be read. The
imports below are its table of contents: the hooks it implements, and the fixtures that a check may ask for.
"""

from checker.plugin.collection import (
    pytest_collect_directory,
    pytest_collection_modifyitems,
    pytest_ignore_collect,
    pytest_xdist_make_scheduler,
)
from checker.plugin.fixtures import bench, engine, run, work
from checker.plugin.interruption import pytest_runtest_call, pytest_runtest_setup, pytest_runtest_teardown
from checker.plugin.judging import pytest_runtest_makereport
from checker.plugin.session import (
    pytest_addoption,
    pytest_cmdline_main,
    pytest_collection,
    pytest_collection_finish,
    pytest_configure,
    pytest_sessionfinish,
    pytest_unconfigure,
)

__all__ = [
    "bench",
    "engine",
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_collect_directory",
    "pytest_collection",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_ignore_collect",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_unconfigure",
    "pytest_xdist_make_scheduler",
    "run",
    "work",
]
