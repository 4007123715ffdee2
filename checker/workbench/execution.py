"""What a command in a container says, heard so that nothing of it gets lost.

docker-py asks for the connection itself (``Upgrade: tcp``) and then reads from its socket, behind the back of whoever
read the head of the answer there: what a quick command had said by then was read along with the head, and is gone. On
a busy machine that happens. Asked for without, the same bytes are the body of the answer.
"""

from __future__ import annotations

import contextlib
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from requests import Response

__all__ = ["STDERR", "STDOUT", "Execution"]

STDOUT, STDERR = 1, 2
_HEAD = struct.Struct(">BxxxL")  # of a frame: the stream, and its length (Docker's API, "Attach to a container")


class Execution:
    """A command that was made with ``exec_create``, started when its output is asked for.

    Args:
        client: The engine.
        command: The exec's id.
    """

    def __init__(self, client: DockerClient, command: str) -> None:
        self._client = client
        self._command = command
        self._response: Response | None = None

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Start it, and yield what it says as it comes: the stream, and some bytes.

        Raises:
            APIError: The engine would not start it.
        """
        with contextlib.closing(self._start()) as self._response:
            raw = self._response.raw
            while len(head := raw.read(_HEAD.size)) == _HEAD.size:
                stream, length = _HEAD.unpack(head)
                yield stream, raw.read(length)

    def hear(self, seconds: float, most: int) -> tuple[bytes, bytes, bytes] | None:
        """Start it, and return all it said on stdout, all on stderr, and both as they came.

        Args:
            seconds: How long it may take.
            most: How many bytes it may say.

        Returns:
            None where it does not come to an end, or says more.

        Raises:
            APIError: The engine would not start it.
        """
        said = {STDOUT: bytearray(), STDERR: bytearray(), 0: bytearray()}
        refused: list[Exception] = []

        def listen() -> None:
            try:
                for stream, data in self.frames():
                    said[STDERR if stream == STDERR else STDOUT].extend(data)
                    said[0].extend(data)
                    if len(said[0]) > most:
                        break
            except Exception as error:  # noqa: BLE001 - it is raised again below, where somebody can catch it
                refused.append(error)

        listening = threading.Thread(target=listen, name="kata-ask", daemon=True)
        listening.start()
        listening.join(seconds)
        if listening.is_alive():
            self._hang_up()
            listening.join(1)
            return None
        if refused:
            raise refused[0]
        return None if len(said[0]) > most else (bytes(said[STDOUT]), bytes(said[STDERR]), bytes(said[0]))

    def _start(self) -> Response:
        from docker.errors import create_api_error_from_http_exception  # noqa: PLC0415 - imported late, as everywhere
        from requests import HTTPError  # noqa: PLC0415 - as above

        api = self._client.api
        address = f"{api.base_url}/v{api.api_version}/exec/{self._command}/start"
        response = api.post(address, json={"Detach": False, "Tty": False}, stream=True, timeout=None)
        try:
            response.raise_for_status()
        except HTTPError as error:
            create_api_error_from_http_exception(error)
        return response

    def _hang_up(self) -> None:
        """End the conversation from another thread: closing alone would not wake who reads."""
        if self._response is not None:
            with contextlib.suppress(OSError, ValueError):
                self._response.raw.shutdown()
