"""The one that is silent: it runs, it serves, and nobody finds it."""

from __future__ import annotations

import os

import page

PORT = 9000

page.serve("silent", int(os.environ.get("PORT") or PORT))
