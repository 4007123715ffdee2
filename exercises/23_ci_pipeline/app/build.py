"""Makes the site out of words.txt: site/index.html, and site/build.txt with a number that no other build has."""

import html
import uuid
from pathlib import Path

words = Path("words.txt").read_text(encoding="utf-8").strip()
site = Path("site")
site.mkdir(exist_ok=True)
page = f"<!doctype html>\n<meta charset=utf-8>\n<title>Words of the day</title>\n<p>{html.escape(words)}</p>\n"
(site / "index.html").write_text(page, encoding="utf-8")
(site / "build.txt").write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
