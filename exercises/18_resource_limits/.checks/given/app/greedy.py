"""A service that takes whatever it can get. It is quiet until it gets a signal.

USR1  leaks memory, until somebody stops it (or it has 600 MB)
USR2  spins: four processes that calculate for 8 s
HUP   forks: 300 processes that sleep for 6 s

Signals are handled one after the other; the word "Ready" is in its log each time it starts.
"""

import os
import signal
import sys
import time

MOST = 600  # megabytes
MEGABYTE = 1024 * 1024


def leak() -> None:
    kept = []
    while len(kept) < MOST:
        kept.append(b"x" * MEGABYTE)
        time.sleep(0.01)
    say(f"Leaked {len(kept)} MB, and nobody minded")


def spin() -> None:
    end = time.monotonic() + 8
    say("Spinning")
    try:
        for _ in range(4):
            if os.fork() == 0:
                while time.monotonic() < end:
                    pass
                os._exit(0)
    except OSError as error:
        say(f"Not four of them: {error.strerror}")


def fork() -> None:
    number = 0
    try:
        for number in range(300):  # noqa: B007 - it is said below
            os.posix_spawn("/bin/sleep", ["sleep", "6"], {})
    except OSError as error:
        say(f"Forked {number}, then: {error.strerror}")
        return
    say("Forked 300, and nobody minded")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def bury() -> None:
    """Take leave of children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


wanted = {signal.SIGUSR1: leak, signal.SIGUSR2: spin, signal.SIGHUP: fork}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # docker stop asks with this signal
say("Ready")
while True:
    got = signal.sigtimedwait(wanted, 1)
    bury()
    if got is not None:
        wanted[signal.Signals(got.si_signo)]()
