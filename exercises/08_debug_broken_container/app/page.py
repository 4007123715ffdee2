"""What all three serve: one page with their name on it."""

from __future__ import annotations

import http.server
import signal
import sys
import time

EDITION = "first"


def serve(name: str, port: int) -> None:
    """Serve the page on a port of every address, until somebody asks to stop."""
    started = time.monotonic()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{name} is fine, edition {EDITION}, for {time.monotonic() - started:.1f} s\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("", port), Page).serve_forever()
