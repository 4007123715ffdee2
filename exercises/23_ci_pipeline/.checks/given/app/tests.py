"""The tests, to be run in the folder where they lie: ``python3 -m unittest``."""

import shutil
import unittest
from pathlib import Path

WORDS = Path("words.txt").read_text(encoding="utf-8")
NEEDED = Path("needs.txt").read_text(encoding="utf-8").split()


class Words(unittest.TestCase):
    def test_there_are_some(self) -> None:
        assert WORDS.strip()

    def test_they_are_finished(self) -> None:
        assert "TODO" not in WORDS


class Programs(unittest.TestCase):
    def test_what_the_site_needs_is_there(self) -> None:
        for program in NEEDED:
            assert shutil.which(program), f"there is no {program} here"


if __name__ == "__main__":
    unittest.main()
