# SPDX-License-Identifier: GPL-3.0-or-later
"""A display with a window manager, a mouse and a keyboard; it knows nothing of Blender.

Without a window manager Blender never gets the focus and ignores the mouse.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1600, 900

# Windows without a frame, so that the window's pixels are the screen's.
_OPENBOX = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <applications>
    <application class="*"><decor>no</decor><focus>yes</focus></application>
  </applications>
</openbox_config>
"""


class Display:
    """Xvfb and openbox on a free display number; `close` ends both."""

    def __init__(self, folder: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        self.size = size
        read, write = os.pipe()
        screen = [
            "-screen",
            "0",
            f"{size[0]}x{size[1]}x24",
            "+extension",
            "GLX",
            "-nolisten",
            "tcp",
            "-noreset",
            "-fbdir",
            str(folder),
        ]
        self._log = (folder / "display.log").open("w", encoding="utf-8")
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), *screen],
            pass_fds=[write],
            stdout=self._log,
            stderr=self._log,
        )
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise RuntimeError(
                f"Xvfb did not start: {(folder / 'display.log').read_text(encoding='utf-8')}"
            )
        self.name = f":{number}"
        self._framebuffer = folder / "Xvfb_screen0"
        self.environment = {**os.environ, "DISPLAY": self.name}
        rules = folder / "openbox.xml"
        rules.write_text(_OPENBOX, encoding="utf-8")
        self._manager = subprocess.Popen(
            ["openbox", "--config-file", str(rules)],
            env=self.environment,
            stdout=self._log,
            stderr=self._log,
        )

    def close(self) -> None:
        """End both processes."""
        for process in (self._manager, self._server):
            process.terminate()
            process.wait()
        self._log.close()

    def tool(self, *words: object) -> str:
        """Run xdotool and return its output."""
        command = ["xdotool", *(str(word) for word in words)]
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    # Blender has to see the pointer arrive and dwell before a button takes a click: a jump followed
    # at once by a click is lost.

    def move(self, x: float, y: float) -> None:
        """Move to a point (pixels from the upper left) in a few small steps, like a hand."""
        for offset in (6, 3, 1, 0):
            self.tool("mousemove", round(x) - offset, round(y) - offset)
            time.sleep(0.015)

    def press(self, button: int = 1, seconds: float = 0.12) -> None:
        """Press and release a mouse button where the pointer is."""
        self.tool("mousedown", button)
        time.sleep(seconds)
        self.tool("mouseup", button)

    def drag(self, x: float, y: float) -> None:
        """Hold the left button, move to a point, and release it there."""
        self.tool("mousedown", 1)
        time.sleep(0.1)
        self.move(x, y)
        time.sleep(0.1)
        self.tool("mouseup", 1)

    def key(self, *names: str) -> None:
        """Press keys, as in `key("ctrl+z", "Return")`."""
        for name in names:
            self.tool("key", name)
            time.sleep(0.08)

    def type(self, text: str) -> None:
        """Type a text."""
        self.tool("type", "--delay", 25, text)

    def still(self, seconds: float = 0.25) -> bytes:
        """Wait until two pictures taken `seconds` apart are equal; return the pixels."""
        before = b""
        while (now := self.pixels()) != before:
            before = now
            time.sleep(seconds)
        return now

    def pixels(self) -> bytes:
        """Return what is on the screen, as raw bytes."""
        return self._mapped((0, 0, *self.size)).tobytes()

    def picture(self, box: Sequence[int]) -> NDArray[np.uint8]:
        """Return a part of the screen with the pointer; `box` and the result are as in `watch`."""
        return self._mapped(box).copy()

    @contextmanager
    def watch(self, box: Sequence[int]) -> Iterator[list[NDArray[np.uint8]]]:
        """Collect each picture of a part of the screen that differs from the one before.

        `box` is left, top, right, bottom. A picture has rows from above, of red, green and blue.
        The screen is a file that the display has mapped: reading it disturbs nobody and is faster
        than Blender draws.
        """
        frames: list[NDArray[np.uint8]] = []
        end = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(box, frames, end), daemon=True)
        watcher.start()
        try:
            yield frames
        finally:
            end.set()
            watcher.join()

    def _watch(
        self, box: Sequence[int], frames: list[NDArray[np.uint8]], end: threading.Event
    ) -> None:
        part = self._mapped(box)
        while not end.is_set():
            now = part.copy()
            time.sleep(0.004)
            # a picture that has just changed may be half of the next one
            is_whole = np.array_equal(now, part)
            if is_whole and not (frames and np.array_equal(now, frames[-1])):
                frames.append(now)

    def _mapped(self, box: Sequence[int]) -> NDArray[np.uint8]:
        """Return a part of the screen that changes with it."""
        left, top, right, bottom = box
        width, height = self.size
        screen = np.memmap(self._framebuffer, np.uint8, "r")[-width * height * 4 :]
        return screen.reshape(height, width, 4)[top:bottom, left:right, 2::-1]

    def grab(self, target: Path) -> None:
        """Save what a person would see, as a picture."""
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["import", "-window", "root", str(target)], env=self.environment, check=True, timeout=60
        )
