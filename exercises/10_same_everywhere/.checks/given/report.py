"""Prints the sales report of /in/sales.csv, which holds a line "at,SECONDS", then lines "NAME,WON"."""

import csv
import os
import sys
import time
from pathlib import Path

from tallies import tally

HOUSE = Path("/house")
SALES = Path("/in/sales.csv")


def setting() -> tuple[str, str]:
    """Return the language and the encoding that the surroundings ask for, as "ko_KR.UTF-8" does."""
    language, _, encoding = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "C").partition(".")
    return language, encoding or "ascii"


def place(name: str, language: str) -> tuple[object, ...]:
    """Return where a name stands: Korean readers look for Hangul first and don't mind capitals; computers count."""
    if language.startswith("ko"):
        return not "가" <= name[0] <= "힣", name.casefold()
    return (name,)


def main() -> None:
    language, encoding = setting()
    (_, at), *sold = csv.reader(SALES.read_text(encoding="utf-8").splitlines())
    sold.sort(key=lambda row: place(row[0], language))
    lines = [
        (HOUSE / "letterhead.txt").read_text(encoding="utf-8").strip(),
        f"APP_ENV={os.environ.get('APP_ENV', '-')}",
        time.strftime("%Y-%m-%d %H:%M", time.localtime(int(at))),
        *tally([(name, int(won)) for name, won in sold], int((HOUSE / "vat.txt").read_text(encoding="utf-8"))),
    ]
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode(encoding, errors="replace"))


if __name__ == "__main__":
    main()
