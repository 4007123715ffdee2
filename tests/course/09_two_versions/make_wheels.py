"""Makes the two wheels of exercise 09, byte for byte the same each time: ``python make_wheels.py FOLDER``."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ONE = '''"""Greets people. Version 1 has a function for it."""

__version__ = "1.0"
EDITION = "first"


def greet(name):
    return f"Hello, {name}!"
'''
TWO = '''"""Greets people. Version 2 has a class for it, and the function is gone."""

__version__ = "2.0"
EDITION = "first"


class Greeter:
    def __init__(self, name):
        self.name = name

    def hello(self):
        return f"Good day to you, {self.name}."
'''


def wheel(folder: Path, version: str, code: str) -> Path:
    """Write ``greeter-VERSION-py3-none-any.whl`` as PEP 427 wants it; pip does not ask for hashes in RECORD."""
    about = f"greeter-{version}.dist-info"
    files = {
        "greeter/__init__.py": code,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: greeter\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    path = folder / f"greeter-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return path


if __name__ == "__main__":
    for version, code in (("1.0", ONE), ("2.0", TWO)):
        wheel(Path(sys.argv[1]), version, code)
