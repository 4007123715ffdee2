import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import urlsplit


def ask(method: str, path: str) -> tuple[int, Any]:
    """Ask the engine's API, with no docker command in between; return the status and the answer."""
    host = urlsplit(os.environ["DOCKER_HOST"])
    connection = http.client.HTTPConnection(host.hostname or "docker", host.port or 2375)
    if host.scheme == "unix":
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(host.path)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if body else None
