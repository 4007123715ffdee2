"""A service that keeps to itself: port 8000, and a report that needs some 24 MB for a moment.

GET /        says who it is
GET /report  works for a moment, and says how much it needed
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

NAME = os.environ.get("NAME", "a quiet service")


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = f"{NAME} is here\n" if self.path == "/" else report()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def report() -> str:
    data = bytearray(24 * 1024 * 1024)
    data[::4096] = b"x" * len(data[::4096])  # every page of it is really used
    return f"{NAME} needed {len(data) // 1024 // 1024} MB\n"


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # docker stop asks with this signal
sys.stderr.write(f"{NAME} listens on 0.0.0.0:8000\n")
HTTPServer(("0.0.0.0", 8000), Quiet).serve_forever()
