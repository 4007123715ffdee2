"""Serves the site on port 8000, until it is asked to stop."""

import functools
import signal
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # docker stop asks with this signal
server = ThreadingHTTPServer(("0.0.0.0", 8000), functools.partial(SimpleHTTPRequestHandler, directory="site"))
sys.stderr.write("Listening on 0.0.0.0:8000\n")
server.serve_forever()
