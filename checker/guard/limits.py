"""How long things may take and how large they may be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PIECE", "Limits"]

PIECE = 256 * 1024
"""Bytes read at once, and so the most that is held for each direction of a tunnel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a request that would otherwise go on for ever.

    Attributes:
        connections: How many clients may be connected at once.
        idle: Seconds that a connection may wait for its next request.
        head: Seconds for a request's first line and headers, from the first byte.
        head_bytes: Their size.
        headers: How many headers there may be.
        body: Seconds for a body that is read whole.
        body_bytes: Its size where its route has no limit of its own.
        stalled: Seconds without a byte of a body that is streamed, in either direction.
        stream_bytes: The size of such a body.
        connect: Seconds for connecting to the engine.
        answer: Seconds for the head of an answer on routes that do not wait for something to happen.
        answer_bytes: The size of an answer that is read whole.
        whole_bytes: The size of all bodies and answers together that are being read whole, of all clients.
        line_bytes: The size of one JSON object in a stream of them.
        linger: Seconds for a client to read its answer before its connection is cut.
        closing: Seconds for requests to settle with the engine when the guard closes.
        kept_bytes: How much JSON of questions and answers the transcript keeps.
    """

    connections: int = 512
    idle: float = 60
    head: float = 10
    head_bytes: int = 64 * 1024
    headers: int = 100
    body: float = 20
    body_bytes: int = 4 * 1024**2
    stalled: float = 60
    stream_bytes: int = 2 * 1024**3
    connect: float = 5
    answer: float = 60
    answer_bytes: int = 64 * 1024**2
    whole_bytes: int = 128 * 1024**2
    line_bytes: int = 4 * 1024**2
    linger: float = 2
    closing: float = 2
    kept_bytes: int = 16 * 1024**2
