# ruff: noqa: INP001 - it stands alone, in another repository
"""Classroom 50's autograder for this course; it belongs into the instructor's `classroom50` repository.

    CLASSROOM/autograders/ASSIGNMENT/autograder.py    one assignment
    CLASSROOM/autograder.py                           every assignment of a classroom

The runner starts it in the student's checkout. The checks come from the instructor's copy, at one commit; or from a
folder `course` beside this file where there is one. An assignment whose name begins with a number (`04-redis`) is
about that exercise; any other one is about the whole course. docs/autograding.md in the course explains it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = "@REPOSITORY@"
COMMIT = "@COMMIT@"
LANGUAGE = "@LANGUAGE@"
BUNDLED = Path(__file__).resolve().parent / "course"
BROKEN = 3


def main() -> int:
    """Grade the checkout that we stand in; 0 where result.json was written."""
    forget_old_results()
    if not BUNDLED.is_dir() and not re.fullmatch("[0-9a-f]{40}", COMMIT):
        sys.stderr.write("autograder.py: fill in REPOSITORY and COMMIT first.\n")
        return BROKEN
    with tempfile.TemporaryDirectory(prefix="kata-course-") as folder:
        try:
            course = find_course(Path(folder))
        except (OSError, subprocess.CalledProcessError) as problem:
            sys.stderr.write(f"autograder.py: the course cannot be fetched: {problem}\n")
            return BROKEN
        step = [sys.executable, "-I", str(course / "checker" / "release" / "step.py"), "classroom50", str(Path.cwd())]
        environ = {"KATA_LANG": LANGUAGE, **os.environ}
        return subprocess.run([*step, *exercises()], env=environ, check=False).returncode


def forget_old_results() -> None:
    """A result that a student has committed is not ours."""
    for name in ("result.json", "release-body.md"):
        path = Path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def find_course(folder: Path) -> Path:
    """Return the instructor's copy: the one in the bundle, or the pinned commit, without its solutions."""
    if BUNDLED.is_dir():
        return BUNDLED
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    git(folder, "init", "--quiet", ".")
    git(folder, "sparse-checkout", "set", "--no-cone", "/*", "!/solutions/", "!/tests/")
    git(folder, "fetch", "--quiet", "--depth=1", "--filter=blob:none", f"{server}/{REPOSITORY}", COMMIT)
    git(folder, "checkout", "--quiet", "--detach", COMMIT)
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, without anybody's own settings."""
    environ = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True)


def exercises() -> list[str]:
    """Return the exercise that the assignment is about; nothing where it is about all of them."""
    named = re.match(r"(\d\d)(?:-|$)", os.environ.get("ASSIGNMENT", ""))
    return [named[1]] if named else []


if __name__ == "__main__":
    sys.exit(main())
