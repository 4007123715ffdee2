"""A step of an autograder's workflow: checks a submission, and publishes what was found.

It is run as ``python3 -I course/checker/release/step.py FORMAT CHECKOUT [EXERCISE…]`` out of the instructor's copy,
in any folder, and needs nothing but Python's standard library. FORMAT is ``classroom`` or ``classroom50``, CHECKOUT the
learner's repository, of which only the files below ``exercises/`` are read.

Published is only a grade that is final: where something could not be judged, also at the second try, the step ends
with 3 and the autograder keeps what it had. What the checks say meanwhile is shown with workflow commands switched
off, since a learner's words are among it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

COURSE = Path(__file__).resolve().parent.parent.parent
PASSED, FAILED, USAGE, BROKEN = 0, 1, 2, 3
TRIES = 2
LARGEST = 10_000_000  # bytes
_COMMAND_FILES = frozenset({"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"})


def main(arguments: Sequence[str]) -> int:
    """Check and publish; return 0 where a grade was published, whatever it is, else why not: 2 usage, 3 broken."""
    form, checkout, *exercises = arguments
    work = Path(checkout, "exercises")
    refused = _refused(work)
    if refused:
        sys.stderr.write(f"{refused}\n")
        return USAGE
    with tempfile.TemporaryDirectory(prefix="kata-step-") as folder:
        result = Path(folder, "result.json")
        code = _check([*exercises, "--work", str(work), "--export", form, "--export-to", str(result)], Path(folder))
        if code not in {PASSED, FAILED}:
            return code
        return _publish(form, result)


def _refused(work: Path) -> str:
    """Return why these files are not taken: a folder that leads elsewhere could lead to somebody else's work."""
    if not work.is_dir() or work.is_symlink():
        return "There is no folder exercises/ in this repository. / 이 저장소에 exercises/ 폴더가 없어요."
    links = sorted(path.name for path in work.iterdir() if path.is_symlink())
    if links:
        name = ascii(links[0])[1:-1]
        return f"exercises/{name} is a link; it has to be a folder. / exercises/{name} 폴더 자리에 링크가 있어요."
    return ""


def _check(arguments: Sequence[str], folder: Path) -> int:
    """Run ``kata check``, a second time where something could not be judged, and return its exit code."""
    command = [sys.executable, "-I", str(COURSE / "kata"), "check", *arguments]
    code = BROKEN
    for _ in range(TRIES):
        with _Muted():
            code = subprocess.run(command, cwd=folder, env=_environment(), check=False).returncode
        if code != BROKEN:
            break
    return code


class _Muted:
    """Keeps the workflow's log from obeying what is printed meanwhile, until a word that nobody can guess."""

    def __init__(self) -> None:
        self._word = secrets.token_hex(32)

    def __enter__(self) -> None:
        _show(f"::stop-commands::{self._word}\n")

    def __exit__(self, *_: object) -> None:
        _show(f"\n::{self._word}::\n")


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()  # before another process goes on


def _environment() -> dict[str, str]:
    """Return our environment without what steers pytest or Python, or could publish something."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "PYTHON")) and name not in _COMMAND_FILES
    }


def _publish(form: str, result: Path) -> int:
    publish: dict[str, Callable[[bytes], None]] = {"classroom": _to_output, "classroom50": _to_checkout}
    try:
        with result.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST or not _is_sound(form, json.loads(content)):
            raise ValueError(f"not a {form} result")  # noqa: TRY301 - one sentence for all of it
        publish[form](content)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        sys.stderr.write(f"Nothing is published: {problem!a} / 결과를 내보내지 않아요.\n")
        return BROKEN
    return PASSED


def _is_sound(form: str, data: Any) -> bool:  # noqa: ANN401 - JSON is dynamic
    """Return whether the totals of a result are those of its tests."""
    tests, most = data["tests"], data["max_score" if form == "classroom" else "max-score"]
    scores = [test["score"] for test in tests]
    if not tests or any(type(score) is not int or score < 0 for score in [most, *scores]):
        return False
    return sum(scores) <= int(most) and bool(data.get("score", sum(scores)) == sum(scores))


def _to_output(content: bytes) -> None:
    """Hand it to the reporter, as this step's output ``result``."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="ascii") as output:
        output.write(f"\nresult={base64.b64encode(content).decode()}\n")


def _to_checkout(content: bytes) -> None:
    """Put it where Classroom 50's runner looks for it: into the folder that we were started in."""
    target = Path("result.json")
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    partial = Path(f"result.json.{secrets.token_hex(8)}")
    partial.write_bytes(content)
    partial.replace(target)  # a link of this name is replaced, not followed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
