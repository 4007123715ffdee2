"""A web server that does one thing at a time: "/" answers at once, "/slow" takes a moment."""

import http.server
import time

SLOW = 0.15  # seconds


class Page(http.server.BaseHTTPRequestHandler):
    """Says who answers."""

    def do_GET(self) -> None:
        """Answer with the address at which this copy was asked."""
        if self.path.startswith("/slow"):
            time.sleep(SLOW)
        body = f"Hello from {self.connection.getsockname()[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class OneAtATime(http.server.HTTPServer):
    """Whoever comes meanwhile waits in the queue."""

    request_queue_size = 128


if __name__ == "__main__":
    OneAtATime(("", 8000), Page).serve_forever()
