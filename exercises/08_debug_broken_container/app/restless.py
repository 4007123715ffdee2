"""The one that finds no rest: it keeps a diary in /data, and cannot go on without."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import page


def write_diary() -> None:
    try:
        Path("/data").mkdir(exist_ok=True)
        while True:
            time.sleep(1)
            with Path("/data/diary.txt").open("a", encoding="utf-8") as diary:
                diary.write("still here\n")
    except OSError as error:
        print(f"cannot write my diary: {error}", file=sys.stderr, flush=True)
        os._exit(1)


threading.Thread(target=write_diary, daemon=True).start()
page.serve("restless", 8000)
