"""app-a: the old page, which has been running for years. Needs the package greeter, version 1.

``python3 app.py`` serves on port 8000 of every address.
"""

from __future__ import annotations

import http.server
import json
import signal
import sys
from pathlib import Path

import greeter
from greeter import Greeter

EDITION = "first"


class Pages(http.server.BaseHTTPRequestHandler):
    """What app-a shows, now with greeter 2."""

    def do_GET(self) -> None:
        if self.path == "/about":
            self.say(json.dumps(about(), indent=2))
        else:
            self.say(Greeter("app-a").hello())

    def say(self, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def about() -> dict[str, str]:
    return {
        "app": "app-a",
        "edition": EDITION,
        "greeter": greeter.__version__,
        "greeter_edition": greeter.EDITION,
        "file": str(Path(__file__).resolve()),
        "python": sys.executable,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("", 8000), Pages).serve_forever()
