"""A small quote server. It needs Python 3 and nothing else.

    python3 server.py [--host ADDRESS] [--port NUMBER]

    GET /        a greeting, and a quote
    GET /quotes  all quotes, one a line
    GET /about   which edition of this program answers

It reads quotes.txt in the folder it is started in, and greets with $GREETING.
"""

import argparse
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import choice

EDITION = "first"
GREETING = os.environ.get("GREETING", "안녕하세요! Hello!")
QUOTES = [line for line in Path("quotes.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


class Quotes(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        pages = {
            "/": f"{GREETING}\n{choice(QUOTES)}\n",
            "/quotes": "".join(f"{quote}\n" for quote in QUOTES),
            "/about": f"quote server, {EDITION} edition\n",
        }
        text = pages.get(self.path)
        self.answer(200, text) if text else self.answer(404, "there is no such page\n")

    def answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on (default: every one there is)")
    parser.add_argument("--port", default=8000, type=int, help="the port to listen on (default: 8000)")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # docker stop asks with this signal
    server = ThreadingHTTPServer((wanted.host, wanted.port), Quotes)
    sys.stderr.write(f"Listening on {wanted.host}:{wanted.port}, {len(QUOTES)} quotes\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:  # Ctrl-C
        sys.exit(0)
    finally:
        sys.stderr.write("Good-bye\n")


if __name__ == "__main__":
    main()
