# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender with a window, asked over a socket and driven by mouse and keyboard."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .display import Display

ADDON = "bl_ext.user_default.mint_blender"
ROOT = Path(__file__).parents[2]
INSIDE = Path(__file__).with_name("request_server.py")
SCREENSHOTS = ROOT / "build" / "screenshots"
PATIENCE = 80.0  # seconds that a fact may take to come true; Mesa draws in software


class NotTrue(AssertionError):
    """A condition did not become true in time."""


class BlenderError(AssertionError):
    """Code that was run in Blender raised an exception, or Blender ended."""


def make_profile(folder: Path) -> Path:
    """Make a profile with the built archive installed, as `BLENDER_USER_RESOURCES`.

    It differs from a fresh one only in that there is no splash screen and no question when Blender
    quits, and in that edges and lines in the 3D View are not smoothed: without a graphics card that
    takes most of the time.
    """
    profile = folder / "profile"
    profile.mkdir(parents=True)
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(profile)}
    package = subprocess.run(
        [sys.executable, ROOT / "scripts" / "package.py", "--stored", "-o", folder / "dist"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert package.returncode == 0, package.stdout + package.stderr
    archive = next((folder / "dist").glob("*.zip"))
    _blender(
        ["--command", "extension", "install-file", "-r", "user_default", "-e", str(archive)],
        environment,
    )
    settings = "view.show_splash = view.use_save_prompt = False; view.show_tooltips = False; view.smooth_view = 0"
    settings += "; bpy.context.preferences.system.viewport_aa = 'OFF'"
    settings += "; bpy.context.preferences.system.use_overlay_smooth_wire = False"
    # most tests want a result at once; `test_background_import` turns it on
    settings += (
        f"; bpy.context.preferences.addons['{ADDON}'].preferences.import_in_background = False"
    )
    # a copy of the profile is made for each module, and the add-on is imported from it again
    settings += (
        "; import compileall, sys"
        f"; compileall.compile_dir(sys.modules['{ADDON}'].__path__[0], quiet=1)"
    )
    save = (
        f"import bpy; view = bpy.context.preferences.view; {settings}; bpy.ops.wm.save_userpref()"
    )
    _blender(["--background", "--python-exit-code", "1", "--python-expr", save], environment)
    return profile


def _blender(words: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["blender", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class BlenderWindow:
    """A running Blender.

    Points are pixels from the upper left of the window, which in most tests fills the screen.

    `online` is the preference *Allow Online Access*; `key` is set as MINT_API_KEY if there is one.
    `home` is MINT_BLENDER_HOME, and `profile` is one of `make_profile`, which changes when
    preferences are saved.
    """

    def __init__(
        self,
        display: Display,
        profile: Path,
        home: Path,
        *,
        api: str,
        key: str | None = None,
        online: bool = True,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.display = display
        # short: a socket's path has room for about 100 characters
        self._folder = Path(tempfile.mkdtemp(prefix="mint-window-"))
        self.log_file = self._folder / "blender.log"
        environment = {
            **display.environment,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "BLENDER_USER_RESOURCES": str(profile),
            "MINT_BLENDER_HOME": str(home),
            "MINT_API_BASE_URL": api,
            "MINT_TEST_SOCKET": str(self._folder / "socket"),
            "XDG_CONFIG_HOME": str(self._folder),
        }
        environment.pop("MINT_API_KEY", None)
        if key is not None:
            environment["MINT_API_KEY"] = key
        command = [
            "blender",
            *("--window-geometry", "0", "0", *map(str, display.size)),
            *arguments,
            "--python",
            str(INSIDE),
        ]
        with self.log_file.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._peer = self._connect()
        self._answers = self._peer.makefile("rb")
        self._known: dict[str, list[int]] = {}
        self._earlier: dict[str, tuple[list[int], str]] = {}
        """Where a button was in an earlier test, and its command; it is often there again."""
        self._log_begins = 0
        self.wait("len(bpy.context.window_manager.windows) > 0")
        if online:
            self.ask("bpy.context.preferences.system.use_online_access = True")
        self.front()

    def _connect(self) -> socket.socket:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                peer.connect(str(self._folder / "socket"))
            except OSError:
                peer.close()
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                peer.settimeout(240)
                return peer
        raise BlenderError(f"Blender did not start:\n{self.log()}")

    # -- facts
    # ----------------------------------------------------------------------------------------------------------------

    def ask(self, code: str, **values: Any) -> Any:
        """Run code inside Blender and return its value, or what it leaves in `result`."""
        try:
            self._peer.sendall(json.dumps({"code": code, "values": values}).encode() + b"\n")
            line = self._answers.readline()
        except OSError as error:
            raise BlenderError(
                f"Blender does not answer ({error}; exit status {self.process.poll()}):\n{self.log()}"
            ) from error
        if not line:
            raise BlenderError(
                f"Blender is gone (exit status {self.process.poll()}):\n{self.log()}"
            )
        said = json.loads(line)
        if "error" in said:
            raise BlenderError(f"{code}\n{said['error']}")
        return said["value"]

    def wait(self, code: str, *, seconds: float = PATIENCE, **values: Any) -> Any:
        """Run the code until its value is true, and return the value."""
        until = time.monotonic() + seconds
        while not (value := self.ask(code, **values)):
            if time.monotonic() > until:
                raise NotTrue(
                    f"after {seconds:.0f} s still not true: {code}\njobs: {json.dumps(self.jobs(), indent=1)}"
                )
            time.sleep(0.05)
        return value

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job on the list, newest first."""
        found: list[dict[str, Any]] = self.ask("jobs()")
        return found

    def wait_for(self, phase: str, *, title: str = "", seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait until the only job, or the one with this title, rests in a phase; return it."""
        question = "next((each for each in jobs() if each['phase'] == phase and title in each['title'] and not each['active']), None)"
        found: dict[str, Any] = self.wait(question, phase=phase, title=title, seconds=seconds)
        return found

    def call(self, operator: str, how: str = "EXEC_DEFAULT", **arguments: Any) -> list[str]:
        """Call an operator as if from the 3D View, where a mouse click would prove no more."""
        done: list[str] = self.ask(
            "call(operator, how, **arguments)", operator=operator, how=how, arguments=arguments
        )
        return done

    def fill(self, **settings: Any) -> None:
        """Set fields of the form."""
        self.ask(
            "for name, value in settings.items():\n    setattr(bpy.context.window_manager.mint, name, value)",
            settings=settings,
        )

    def fresh(self) -> None:
        """Reset to the state after a start with an empty journal, with the Mint tab open."""
        self.ask("fresh()")
        self._known.clear()
        self.open_sidebar()

    def leave(self) -> None:
        """Disable the add-on, which closes its jobs."""
        self.ask("leave()")

    def move_to(self, home: Path, *, api: str, key: str) -> None:
        """Become as if just started with these, and with the preferences of the profile."""
        self._log_begins = self.log_file.stat().st_size
        self.ask("move_to(home, api, key)", home=str(home), api=api, key=key)
        self.front()

    def log(self) -> str:
        """Return what Blender has written so far, or since the last `move_to`."""
        written = self.log_file.read_bytes()[self._log_begins :]
        return written.decode(encoding="utf-8", errors="replace")

    # -- mouse and keyboard
    # -----------------------------------------------------------------------------------------------------

    def front(self) -> None:
        """Give this Blender the keyboard focus."""
        found = self.display.tool(
            "search", "--sync", "--onlyvisible", "--pid", self.process.pid, "--name", "Blender"
        ).split()
        self.display.tool("windowactivate", "--sync", found[-1])
        self.settle()

    def settle(self) -> None:
        """Wait until Blender has processed its events and drawn."""
        for _ in range(2):
            self.ask("None")

    def over(self, kind: str = "VIEW_3D", name: str = "WINDOW") -> None:
        """Move the pointer into the middle of a region, which then gets the keys."""
        left, top, right, bottom = self.ask("box(kind, name)", kind=kind, name=name)
        self.point_at((left + right) // 2, (top + bottom) // 2)

    def point_at(self, x: int, y: int) -> None:
        """Move the pointer to a point of the window, also of one that does not fill the screen."""
        self.ask("point_at(x, y)", x=x, y=y)
        self.settle()

    def rest_at(self, x: float, y: float) -> None:
        """Move the pointer to a point of the screen, and let it rest there until a click counts."""
        self.display.move(x, y)
        self.settle()
        time.sleep(0.25)

    def open_sidebar(self, tab: str = "Mint") -> None:
        """Open the 3D View's sidebar with this tab in front."""
        self.ask("area('VIEW_3D').spaces.active.show_region_ui = True")
        self.wait("region('VIEW_3D', 'UI').width > 1")
        self.wait(_SHOW_TAB, tab=tab)
        self.settle()

    def set_sidebar_width(self, width: int) -> None:
        """Drag the edge of the sidebar until it is this wide, give or take two pixels.

        Only where panels are can the edge be grabbed, and a little inside: elsewhere the sidebar is
        transparent, and the mouse reaches the viewport.
        """
        for turn in range(12):  # Blender does not always notice that the pointer is on the edge
            self.settle()
            left, top, right, _bottom = self.ask("box('VIEW_3D', 'UI')")
            if abs(right - left - width) <= 2:
                break
            inset = self.ask("round(8 * bpy.context.preferences.system.ui_scale)") - turn % 3
            y = top + 40 + 15 * (turn % 4)
            self.display.move(left + inset + 30, y)
            self.settle()
            self.display.move(left + inset, y)
            self.settle()
            time.sleep(0.3)
            self.display.drag(right - width + inset, y)
        self.display.still()
        self._known.clear()
        now = self.ask("region('VIEW_3D', 'UI').width")
        assert abs(now - width) <= 2, f"the sidebar is {now} pixels wide, not {width}"

    def find(self, what: str, *, kind: str = "VIEW_3D", name: str = "UI") -> tuple[int, int]:
        """Return the point of the button whose Python command or data path contains `what`.

        Blender does not list its buttons, but it knows which one is under the pointer: so the
        pointer searches the region. In the end it rests on the button.
        """
        point = self._known.get(what)
        if point is None and what in self._earlier:
            point, command = self._earlier[what]
            is_here = _without_texts(self._under(point, kind, name)) == _without_texts(command)
            if not is_here or (_TEXT.search(command) and self.ask("len(jobs())") > 1):
                point = None
        elif point is not None and not self._is_over(what, point, kind, name):
            point = None
        if point is None:
            point, met = self.ask("look_for(kind, name, what)", kind=kind, name=name, what=what)
            if point is None:
                only = "\n".join(met)
                raise NotTrue(
                    f"no button {what!r} in {kind} {name}, only:\n{only}\njobs: {json.dumps(self.jobs(), indent=1)}"
                )
            command = self._under(point, kind, name)
            if name == "UI" and what in command:
                self._earlier[what] = point, command
        self._known[what] = point
        return point[0], point[1]

    def is_still_there(self, what: str, *, kind: str = "VIEW_3D", name: str = "UI") -> bool:
        """Return whether `what` is where it was; where that is unknown, search the region."""
        if point := self._known.get(what):
            return self._is_over(what, point, kind, name)
        return any(what in met for met in self.buttons(kind=kind, name=name))

    def wide_buttons(self) -> list[str]:
        """Return the commands and data paths of the buttons in the sidebar's left half."""
        _, met = self.ask("look_for('VIEW_3D', 'UI', shares=(0.3,))")
        return list(met)

    def buttons(self, *, kind: str = "VIEW_3D", name: str = "UI") -> dict[str, tuple[int, int]]:
        """Return every button that the pointer meets in a region, by its command or data path."""
        _, met = self.ask("look_for(kind, name)", kind=kind, name=name)
        found: dict[str, tuple[int, int]] = met
        return found

    def _is_over(self, what: str, point: Sequence[int], kind: str, name: str) -> bool:
        return what in self._under(point, kind, name)

    def _under(self, point: Sequence[int], kind: str, name: str) -> str:
        """Move the pointer to a point; return the command of the button there, or nothing."""
        self.point_at(point[0], point[1])
        found: str | None = self.ask("under_pointer(kind, name)", kind=kind, name=name)
        return found or ""

    def click(self, what: str, *, kind: str = "VIEW_3D", name: str = "UI") -> None:
        """Click the button that does `what`, once the pointer rests on it."""
        self.find(what, kind=kind, name=name)
        if what not in (self.ask("under_pointer(kind, name)", kind=kind, name=name) or ""):
            raise NotTrue(f"{what!r} moved away from under the pointer")
        time.sleep(0.25)
        self.display.press()
        self.settle()

    def in_popup(self, what: str) -> tuple[int, int]:
        """Return the point of a button of the dialog or card in front, once a click counts."""
        self.wait("region('POPUP', '').width > 1")
        self.wait_until_settled()
        return self.find(what, kind="POPUP", name="")

    def wait_until_settled(self) -> None:
        """Wait until a click on a button that spends Credits counts."""
        self.settle()
        self.wait("part('ui.pricing.paid_clicks').is_settled()")

    def click_in_popup(self, what: str) -> None:
        """Click a button of the dialog or card in front."""
        self.in_popup(what)
        self.click(what, kind="POPUP", name="")

    def pay(self) -> None:
        """Click the button of the dialog in front that spends Credits."""
        self.wait("part('ui.pricing.limit_dialog')._state().open")
        self.click_in_popup("mint.pay")

    def review(self, title: str = "") -> None:
        """Open the review card of the newest job with this title."""
        job = next(each for each in self.jobs() if title in each["title"])
        self.over()
        self.call("mint.review", "INVOKE_DEFAULT", job_id=job["id"])
        self.wait("region('POPUP', '').width > 1")
        self.settle()

    def write(self, what: str, text: str, *, kind: str = "VIEW_3D", name: str = "UI") -> None:
        """Double-click a text field, replace its text, and confirm with Enter."""
        self.click(what, kind=kind, name=name)
        time.sleep(0.2)
        self.display.key("ctrl+a")
        self.display.type(text)
        self.display.key("Return")
        self.settle()

    def key(self, *names: str) -> None:
        """Press keys, with the pointer where it is."""
        self.display.key(*names)
        self.settle()

    def type(self, text: str) -> None:
        """Type a text."""
        self.display.type(text)
        self.settle()

    def until_it_shows(self, act: Callable[[], object]) -> None:
        """Act, and wait until the screen has changed and does not change any more."""
        before = self.display.still()
        act()
        until = time.monotonic() + PATIENCE
        while self.display.pixels() == before:
            if time.monotonic() > until:
                raise NotTrue("nothing has changed on the screen")
            time.sleep(0.05)
        self.display.still()

    def screenshot(self, name: str) -> Path:
        """Save what a person would see as build/screenshots/<name>.png, and return the path."""
        self.settle()
        time.sleep(0.2)
        target = SCREENSHOTS / f"{name}.png"
        self.display.grab(target)
        return target

    # -- the end
    # ----------------------------------------------------------------------------------------------------------------

    def quit(self) -> None:
        """Quit as a person does, and wait for the end of the process."""
        self._peer.sendall(json.dumps({"code": _QUIT, "values": {}}).encode() + b"\n")
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill the process, so that it can write nothing more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End the process and remove its files."""
        if self.process.poll() is None:
            self.kill()
        self._answers.close()
        self._peer.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
"""A text in a command, such as the id of a job or the name of a style."""


def _without_texts(command: str) -> str:
    """Return a command as it is for any job, file or style; empty is none."""
    return _TEXT.sub("", command) or "nothing"


_SHOW_TAB = """
here = region('VIEW_3D', 'UI')
try:
    here.active_panel_category = tab
except (AttributeError, TypeError):
    result = False  # not before the region was drawn
else:
    result = here.active_panel_category == tab
here.tag_redraw()
"""

_QUIT = """
with bpy.context.temp_override(window=window()):
    bpy.ops.wm.quit_blender()
"""
