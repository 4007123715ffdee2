"""Hands each connection to the next address of web, or to the one after it where nobody is there."""

import contextlib
import itertools
import socket
import threading

numbers = itertools.count()


def pipe(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes from one side until nothing comes any more."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve(visitor: socket.socket) -> None:
    """Find a copy for a visitor."""
    addresses = sorted(socket.gethostbyname_ex("web")[2])
    first = next(numbers)
    with visitor:
        for number in range(len(addresses)):
            address = addresses[(first + number) % len(addresses)]
            with contextlib.suppress(OSError), socket.create_connection((address, 8000), 2) as copy:
                copy.settimeout(None)
                threading.Thread(target=pipe, args=(visitor, copy)).start()
                pipe(copy, visitor)
                return


door = socket.create_server(("", 80), backlog=128)
while True:
    threading.Thread(target=serve, args=(door.accept()[0],)).start()
