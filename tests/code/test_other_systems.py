# SPDX-License-Identifier: GPL-3.0-or-later
"""What the source must not do, because Windows or macOS would do it differently."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from .sources import calls_in, sources

Check = Callable[[ast.Call], bool]


def calls(check: Check, source: str) -> list[str]:
    """Return the calls in a source for which the check is true."""
    return [ast.unparse(call) for call in calls_in(source) if check(call)]


def name_of(call: ast.Call) -> str:
    """Return what is called, such as "os.replace"; for a method of anything, ".replace"."""
    function = call.func
    if isinstance(function, ast.Attribute) and not isinstance(function.value, ast.Name):
        return f".{function.attr}"
    return ast.unparse(function)


def keywords(call: ast.Call) -> set[str]:
    """Return the names of the keyword arguments."""
    return {each.arg or "**" for each in call.keywords}


def renames(call: ast.Call) -> bool:
    """Return whether a call renames a file; `str.replace` has two arguments."""
    attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    is_path = attribute in {"replace", "rename"} and len(call.args) == 1 and not call.keywords
    return is_path or name_of(call) in {"os.replace", "os.rename"}


def leaves_the_encoding_open(call: ast.Call) -> bool:
    """Return whether a call reads or writes text in the encoding of the system."""
    attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if attribute in {"read_text", "write_text"}:
        return len(call.args) < (1 if attribute == "read_text" else 2) and not (
            keywords(call) & {"encoding", "errors"}
        )
    modes = [
        each.value
        for each in call.args
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    is_file = attribute == "open" and name_of(call) not in {"os.open", "Image.open"}
    return is_file and bool(modes) and "b" not in modes[-1] and "encoding" not in keywords(call)


def starts_a_process_with_a_window(call: ast.Call) -> bool:
    """Return whether a call would show a console window beside a graphical Blender."""
    starts = {"subprocess.Popen", "subprocess.run", "subprocess.call", "subprocess.check_output"}
    return name_of(call) in starts and "creationflags" not in keywords(call)


def fails_while_a_file_is_open(call: ast.Call) -> bool:
    """Return whether a folder is left with an error when a file in it is open elsewhere."""
    name = name_of(call)
    return (
        name == "tempfile.TemporaryDirectory" and "ignore_cleanup_errors" not in keywords(call)
    ) or (name == "shutil.rmtree" and "ignore_errors" not in keywords(call))


def uses_what_only_posix_has(call: ast.Call) -> bool:
    """Return whether a call needs a Unix, or means something else on Windows."""
    only = {"os.fork", "os.kill", "os.killpg", "os.setsid", "os.getuid", "os.mkfifo", "os.statvfs"}
    return name_of(call) in only or bool(keywords(call) & {"preexec_fn", "start_new_session"})


ALLOWED: dict[Check, dict[str, str]] = {
    renames: {
        "files/disk.py": "it is the function that the others use",
        "jobs/diagnostics/log_file.py": "a log must not wait: it is copied instead",
        "jobs/transfers/fetch_file.py": "the target is a new name, which nobody has open",
    },
    leaves_the_encoding_open: {},
    starts_a_process_with_a_window: {"jobs/database.py": "macOS only"},
    fails_while_a_file_is_open: {},
    uses_what_only_posix_has: {"jobs/batch_folder/batch_lease.py": "only where os.name is posix"},
}
"""What must not be done, and in which files it may be, with the reason."""


@pytest.mark.parametrize("check", ALLOWED, ids=lambda check: check.__name__)
def test_nothing_is_done_that_another_system_does_differently(check: Check) -> None:
    """Each exception has a reason, and none is kept after its day."""
    found = {path: uses for path, text in sources().items() if (uses := calls(check, text))}
    assert {file: uses for file, uses in found.items() if file not in ALLOWED[check]} == {}
    assert set(ALLOWED[check]) <= set(found)


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (renames, "part.replace(target)", "text.replace('a', 'b')"),
        (leaves_the_encoding_open, "path.write_text(x)", "path.write_text(x, encoding='utf-8')"),
        (leaves_the_encoding_open, "open(path, 'w')", "open(path, 'rb')"),
        (
            fails_while_a_file_is_open,
            "tempfile.TemporaryDirectory()",
            "shutil.rmtree(a, ignore_errors=True)",
        ),
    ],
)
def test_the_checks_find_what_they_look_for(check: Check, bad: str, good: str) -> None:
    """A line that is wrong, and one that looks like it and is right."""
    assert calls(check, bad) and not calls(check, good)
