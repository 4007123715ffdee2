"""Hands on what the silent one says, who stays where it listens."""

from __future__ import annotations

import http.server
import urllib.request


class Gate(http.server.BaseHTTPRequestHandler):
    """Asks the silent one whatever it is asked."""

    def do_GET(self) -> None:
        """Hand on its page."""
        with urllib.request.urlopen("http://silent:9000/") as silent:
            body = silent.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("", 8000), Gate).serve_forever()
