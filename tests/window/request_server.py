# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside Blender (`--python`) and answer the test's requests.

This is test code, not part of the add-on.

A persistent timer polls a Unix socket, so that it survives file loads and is independent of the
add-on. A request is one line of JSON, {"code": …, "values": {…}}. The code can use `bpy` and the
helpers below; what it leaves in `result`, or the value of a single expression, is the answer.
"""

import contextlib
import importlib
import json
import os
import socket
import sys
import threading
import traceback
import types

import addon_utils
import bpy

SECONDS = 0.02
MODULE = "bl_ext.user_default.mint_blender"

_listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
_listener.bind(os.environ["MINT_TEST_SOCKET"])
_listener.listen(1)
_listener.setblocking(False)
_peer = None
_unread = b""
_going_on = None


def part(name):
    """Return a module of the installed add-on, as in `part("ui.session")`."""
    return importlib.import_module(f"{MODULE}.{name}" if name else MODULE)


def job_service():
    """Return the add-on's job service; None while there is none."""
    session = sys.modules.get(f"{MODULE}.ui.session")
    return session.existing_service() if session else None


def jobs():
    """Return every job on the list, newest first, as plain values."""
    return [] if job_service() is None else [tell(job) for job in job_service().jobs()]


def tell(job):
    """Return a job as plain values."""
    return {
        "id": job.id,
        "title": job.title,
        "prompt": job.request.prompt,
        "phase": job.phase.value,
        "state": part("jobs.presentation.job_view").JobView(job).state,
        "trouble": job.problem.message if job.problem else None,
        "active": job_service().is_active(job.id),
        "decision": job.decision.verb.value if job.decision else None,
        "previews": len(job.previews),
        "notes": list(job.notes),
    }


def window():
    """Return the first window."""
    return bpy.context.window_manager.windows[0]


def area(kind):
    """Return the largest area of that kind in the first window."""
    return max(
        (each for each in window().screen.areas if each.type == kind),
        key=lambda each: each.width * each.height,
    )


def region(kind, name):
    """Return a region of that area; of the kind POPUP, that of the dialog or card in front."""
    if kind == "POPUP":
        dialogs = part("ui.pricing.price_dialog")
        shown = [each for each in dialogs._state().regions if dialogs._is_open(each)]
        return shown[-1] if shown else types.SimpleNamespace(x=0, y=0, width=0, height=0)
    return next(each for each in area(kind).regions if each.type == name)


def within(kind, name="WINDOW"):
    """Return the context of a region, for operators that need one."""
    if kind == "POPUP":
        return bpy.context.temp_override(window=window(), region=region(kind, name))
    return bpy.context.temp_override(window=window(), area=area(kind), region=region(kind, name))


def call(name, how="EXEC_DEFAULT", **arguments):
    """Call an operator as if from the 3D View."""
    group, _, word = name.partition(".")
    with within("VIEW_3D"):
        return sorted(getattr(getattr(bpy.ops, group), word)(how, **arguments))


def fresh():
    """Reset: no popup, no jobs, the form's defaults, one window with the start-up scene, online."""
    bpy.context.preferences.system.use_online_access = True
    yield from close_popups()
    for _ in range(500):
        jobs = job_service().jobs() if job_service() else []
        for job in jobs:  # also one in review, which counts at Mint
            with contextlib.suppress(part("jobs.errors").NotPossible):
                job_service().cancel(job.id)
        if not jobs or not (
            job_service().catch_up() or any(job_service().is_active(job.id) for job in jobs)
        ):
            break
        yield
    for job in job_service().jobs() if job_service() else ():
        job_service().dismiss(job.id)
    with bpy.context.temp_override(window=window()):  # there may be no 3D View
        bpy.ops.wm.read_homefile()
    yield
    if job_service() is not None:
        part("ui.asset_bar.bar").state().close()
    for fields in (bpy.context.window_manager.mint, bpy.context.window_manager.mint_library):
        for name in fields.bl_rna.properties.keys():
            if name not in ("rna_type", "name"):
                fields.property_unset(name)
    show_grid(False)
    yield


def show_grid(is_shown):
    """Show the grid and the axes, which take software a fifth of the time of drawing the viewport."""
    overlay = area("VIEW_3D").spaces.active.overlay
    overlay.show_floor = overlay.show_axis_x = overlay.show_axis_y = is_shown


def close_popups():
    """Close menus, dialogs and the card.

    Blender crashes if a file is loaded below one, or if its operator is unregistered; before that
    it writes that the icons of the add-on are gone.
    """
    for each in bpy.context.window_manager.windows:
        each.screen = each.screen
    yield
    yield


def leave():
    """Disable the add-on and forget its modules, as if it had never been loaded."""
    yield from close_popups()
    addon_utils.disable(MODULE)
    for name in [each for each in sys.modules if each.startswith(MODULE)]:
        del sys.modules[name]


def move_to(home, api, key):
    """Use another journal, service and key, with the preferences of the profile."""
    yield from leave()
    os.environ.update(MINT_BLENDER_HOME=home, MINT_API_BASE_URL=api, MINT_API_KEY=key)
    bpy.ops.wm.read_userpref()
    yield
    yield from leave()
    addon_utils.enable(MODULE)
    yield


def roots():
    """Return the names of the roots of Mint's results in the scene, sorted."""
    return sorted(
        each.name
        for each in bpy.context.scene.objects
        if each.parent is None and {"mint_job_id", "mint_asset_id"} & set(each.keys())
    )


def scene():
    """Return what a user sees: objects, mode, selection, active object."""
    active = bpy.context.view_layer.objects.active
    return {
        "objects": sorted(each.name for each in bpy.data.objects),
        "meshes": sorted(each.name for each in bpy.data.meshes),
        "mode": active.mode if active else None,
        "selected": sorted(
            each.name for each in bpy.context.view_layer.objects if each.select_get()
        ),
        "active": active.name if active else None,
    }


def _name_of(operator):
    """Return the name of an operator; empty if Blender is about to free it."""
    try:
        return operator.bl_idname
    except ValueError:
        return ""


def left_of_us():
    """Return what runs for the add-on or is called; nothing while it is disabled."""
    handlers = [
        value
        for name in dir(bpy.app.handlers)
        if isinstance(value := getattr(bpy.app.handlers, name), list)
    ]
    return {
        "threads": [each.name for each in threading.enumerate() if "mint" in each.name],
        "handlers": [
            each.__name__
            for handler in handlers
            for each in handler
            if each.__module__.startswith(MODULE)
        ],
        "modal operators": [
            name
            for window in bpy.context.window_manager.windows
            for each in window.modal_operators
            if "MINT" in (name := _name_of(each))
        ],
    }


def box(kind, name):
    """Return a region's box in pixels from the window's upper left: left, top, right, bottom."""
    here, height = region(kind, name), window().height
    return [here.x, height - here.y - here.height, here.x + here.width, height - here.y]


def under_pointer(kind, name):
    """Return the Python command or data path of the button under the pointer.

    A field without a path, as in an add-on's preferences, is "(field)"; None where there is no
    button.
    """
    if not region(kind, name).width:
        return None  # the popup was closed
    manager = bpy.context.window_manager
    manager.clipboard = ""
    with within(kind, name):
        for copy, options in (
            (bpy.ops.ui.copy_python_command_button, {}),
            (bpy.ops.ui.copy_data_path_button, {"full_path": True}),
        ):
            if copy.poll():
                try:
                    copy(**options)
                except RuntimeError:
                    continue
                if manager.clipboard:
                    return manager.clipboard
        return "(field)" if bpy.ops.ui.reset_default_button.poll() else None


def point_at(x, y):
    """Move the pointer to a point of the window in some steps: Blender has to see it arrive."""
    for offset in (6, 3, 0):
        window().cursor_warp(x - offset, window().height - y + offset)
        yield


def _met(kind, name, x, y):
    """Move the pointer there; return what `under_pointer` then says. A generator, too."""
    window().cursor_warp(x, window().height - y)
    yield
    yield
    return under_pointer(kind, name)


def look_for(kind, name, what=None, shares=(0.3, 0.9, 0.69, 0.8, 0.125), step=16, gap=620):
    """Move the pointer over a region in columns until it meets the button that does `what`.

    Return the button's point from the window's upper left, or None; and everything that was met on
    the way, and where. This is a generator that continues at each tick, since Blender has to process each
    move. A button is at least 20 pixels high, so that a step of 16 meets them all.
    """
    left, top, right, bottom = box(kind, name)
    # the tabs stand at the right
    width = right - left - (24 if (kind, name) == ("VIEW_3D", "UI") else 0)
    met = {}
    for share in shares:
        x = round(left + share * width)
        last = top + gap  # no more is to come where nothing was met for that many pixels
        for y in range(top + 6, bottom - 3, step):
            found = yield from _met(kind, name, x, y)
            if found is not None and what is not None and what in found:
                below = min(y + 5, bottom - 3)
                is_inside = (yield from _met(kind, name, x, below)) == found
                return [x, below if is_inside else y - 5], met
            if found is not None:
                met.setdefault(found, [x, y])
                last = y + gap
            elif y > last:
                break
    return None, met


_draw_section = []  # the add-on's own function, while it is replaced
_is_open = {}  # by the names of the sections of the panel, as they were last drawn


class _MarkedLayout:
    """A layout that draws the title of one section in red, and notes which sections are open."""

    def __init__(self, layout, marked):
        self._layout, self._marked = layout, marked

    def panel(self, name, **options):
        header, body = self._layout.panel(name, **options)
        header.alert = name == self._marked
        _is_open[name] = body is not None
        return header, body


def mark_section(marked=""):
    """Draw the title of a section of the panel in red, so that a person or a test can see it."""
    panel = part("ui.panel")
    _draw_section[:] = _draw_section or [panel._draw_section]
    panel._draw_section = lambda layout, *more, **options: _draw_section[0](
        _MarkedLayout(layout, marked), *more, **options
    )
    region("VIEW_3D", "UI").tag_redraw()


def unmark_sections():
    """Draw sections as the add-on does."""
    part("ui.panel")._draw_section = _draw_section.pop()
    _is_open.clear()
    region("VIEW_3D", "UI").tag_redraw()


def is_open(name):
    """Return whether a section is open; None before it was drawn with `mark_section`."""
    return _is_open.get(name)


def _begin(line):
    """Run the requested code; return its value, or a generator that returns it after some ticks."""
    asked = json.loads(line)
    names = {**globals(), **asked["values"]}
    try:
        code = compile(asked["code"], "<test>", "eval")
    except SyntaxError:
        exec(compile(asked["code"], "<test>", "exec"), names)
        return names.get("result")
    return eval(code, names)


def _say(**said):
    _peer.sendall(json.dumps(said, default=str).encode() + b"\n")


def _work():
    """Do one tick: continue a generator, or read the next request."""
    global _peer, _unread, _going_on
    if _peer is None:
        _peer, _ = _listener.accept()
        _peer.setblocking(False)
    if _going_on is None:
        received = _peer.recv(1 << 20)
        if not received:
            _peer, _unread = None, b""
            return
        _unread += received
        if not _unread.endswith(b"\n"):
            return
        line, _unread = _unread, b""
        value = _begin(line)
        if not isinstance(value, types.GeneratorType):
            _say(value=value)
            return
        _going_on = value
    try:
        next(_going_on)
    except StopIteration as end:
        _going_on = None
        _say(value=end.value)


def _tick():
    global _peer, _unread, _going_on
    try:
        _work()
    except BlockingIOError:
        pass
    except OSError:
        _peer, _unread, _going_on = None, b"", None
    except Exception:
        _going_on = None
        _say(error=traceback.format_exc())
    return SECONDS if _going_on is None else SECONDS / 2


bpy.app.timers.register(_tick, persistent=True)
