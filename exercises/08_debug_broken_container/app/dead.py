"""The one that dies: it misses a setting, complains, and ends.

With the setting it serves on port 8000 and stays.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import page

SETTING = "STALL_OWNER"
CODE = 41
REPORT = "Sold today: 3 bowls of bibimbap."

print("opening the stall", flush=True)
print("setting STALL_COLOUR: not set, and not needed", flush=True)
Path("/srv").mkdir(exist_ok=True)
Path("/srv/report.txt").write_text(f"{REPORT}\n", encoding="utf-8")
time.sleep(0.5)  # it takes a while to get up
if not os.environ.get(SETTING):
    print("cannot open:", file=sys.stderr)
    print(f"the setting {SETTING} is missing", file=sys.stderr)
    sys.exit(CODE)
page.serve("dead", 8000)
