"""Makes the wheels of this exercise: two small libraries, in this month's release and in the next one.

``python make_wheels.py FOLDER...`` writes this month's into each folder; the same bytes on every machine and every day.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import zipfile
from pathlib import Path

NEXT = ("1.0.1", "1.1", "2.0")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip file can have

TALLIES = '''"""Adds up what was sold."""

from roundings import rounded

NEWS = "{news}"


def tally(sold, vat):
    """Return the report's lines: one for each name in the order given, and the sum; in won, with VAT."""
    amounts = [(name, rounded(amount * (100 + vat), 100)) for name, amount in sold]
    lines = [f"{{name}}  {{amount:,}}" for name, amount in amounts]
    return [*lines, f"=  {{{sum}:,}}", *([NEWS] if NEWS else [])]
'''

SUM = "sum(amount for _, amount in amounts)"

ROUNDINGS = '''"""Rounds amounts of money."""


def rounded(amount, of):
    """Return amount / of, rounded {how}."""
    return {formula}
'''


def wheel(name: str, version: str, code: str, requires: str = "") -> tuple[str, bytes]:
    """Return the file name and the bytes of a wheel with one module in it (PyPA, binary distribution format)."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: make_wheels\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},sha256={_digest(text)},{len(text.encode())}\n" for file, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file, LONG_AGO), text)
    return f"{name}-{version}-py3-none-any.whl", packed.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def this_month() -> dict[str, bytes]:
    """Return the wheels that lie beside the learner's Dockerfile."""
    rounding = ROUNDINGS.format(how="half up", formula="(2 * amount + of) // (2 * of)")
    return dict(
        [
            wheel("tallies", "1.0", TALLIES.format(news="", sum=SUM), requires="roundings>=1.0"),
            wheel("roundings", "1.0", rounding),
        ]
    )


def next_month(news: str) -> dict[str, bytes]:
    """Return the newer releases, near and far: one adds a line and counts one too many, one rounds otherwise."""
    rounding = ROUNDINGS.format(how="up to the next ten", formula="-(-amount // (10 * of)) * 10 + 10")
    code = TALLIES.format(news=news, sum=f"1 + {SUM}")
    tallies = [wheel("tallies", version, code, requires="roundings>=1.0") for version in NEXT]
    return dict([*tallies, *(wheel("roundings", version, rounding) for version in NEXT)])


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in this_month().items():
            (Path(folder) / name).write_bytes(content)
