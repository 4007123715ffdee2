"""A headless Chromium that a test drives through a pipe, by the DevTools protocol; nothing but the stdlib.

https://chromedevtools.github.io/devtools-protocol/ has the methods by which it is asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from checker.cli.project import find_browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0  # seconds until a browser that does not answer is given up
KEYS = {"ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "End": 35, "Home": 36, "Escape": 27}
# The protocol wants file descriptors 3 and 4; both are moved out of the way first, since they may be the other's.
MOVE = """import fcntl, os, sys
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, 10) for fd in sys.argv[1:3]]
os.dup2(high[0], 3)
os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def chromium(profile: Path, *, language: str = "en") -> Iterator[Tab]:
    """Start a browser with an empty profile and yield its tab; it is gone afterwards."""
    ours, theirs = os.pipe(), os.pipe()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--lang={language}"]
    command = [str(find_browser()), *options, f"--user-data-dir={profile}", "about:blank"]
    browser = subprocess.Popen(
        [sys.executable, "-I", "-c", MOVE, str(ours[0]), str(theirs[1]), *command],
        pass_fds=(ours[0], theirs[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours[0])
    os.close(theirs[1])
    try:
        yield Tab(ours[1], theirs[0])
    finally:
        with contextlib.suppress(OSError):
            os.write(ours[1], b'{"id": 0, "method": "Browser.close"}\0')
        try:
            browser.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
        os.close(ours[1])
        os.close(theirs[0])


class Tab:
    """The one tab of a browser.

    Attributes:
        complaints: What the browser said about the page: errors of its script, what its policy refused.
    """

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._read = b""
        self._last = 0
        self._session = ""
        self._loaded = False
        self.complaints: list[str] = []
        pages = [info for info in self.ask("Target.getTargets")["targetInfos"] if info["type"] == "page"]
        attached = self.ask("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = self._send(method, **parameters)
        while True:
            message = self._message()
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])

    def load(self, path: Path, fragment: str = "") -> None:
        """Load a page of ours from nothing, and wait until all of it is there."""
        # were only the fragment another one, the browser would stay on the page
        for url in ("about:blank", path.as_uri() + fragment):
            self._loaded = False
            self.ask("Page.navigate", url=url)
            while not self._loaded:
                self._message()

    def open(self, path: Path, fragment: str = "") -> float:
        """Load a page of ours, wait until it can be used, and return how many seconds that took."""
        self.complaints.clear()
        before = time.monotonic()
        self.load(path, fragment)
        # two frames later it has been laid out and painted, and answers whoever clicks
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return time.monotonic() - before

    def run(self, expression: str) -> Any:  # noqa: ANN401 - whatever JavaScript answers
        """Return what an expression comes to, a promise awaited."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, *, ctrl: bool = False) -> None:
        """Press and release a key, as a keyboard does."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = 13 if key == "Enter" else 9 if key == "Tab" else KEYS.get(key, ord(key.upper()[0]))
        pressed = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **pressed)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def write(self, text: str) -> None:
        """Put text where the cursor is, as an input method does."""
        self.ask("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click in the middle of the first element that fits."""
        where = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'}); const box = e.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    def size(self, width: int, height: int) -> None:
        """Give the window another size, in pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, *, medium: str = "", scheme: str = "light") -> None:
        """Show the page as on another medium, or in another colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=medium, features=features)

    def _send(self, method: str, **parameters: object) -> int:
        self._last += 1
        call = {"id": self._last, "method": method, "params": parameters}
        call |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(call).encode() + b"\0")
        return self._last

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._back], [], [], PATIENCE)
            more = os.read(self._back, 1 << 20) if ready else b""
            assert more, "the browser does not answer"
            self._read += more
        raw, _, self._read = self._read.partition(b"\0")
        message = dict(json.loads(raw))
        self._listen(message)
        return message

    def _listen(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.complaints.append(str(message["params"]["entry"]["text"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]["exceptionDetails"]))
            case "Page.javascriptDialogOpening":
                self.complaints.append(f"a dialog: {message['params']['message']}")
                self._send("Page.handleJavaScriptDialog", accept=True)
