# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect every text of the source that a user may read in Blender, with its location.

A text is in `Message("{file} contains no triangles.", file=name)`, or where Blender translates it:
labels of a layout, names and descriptions of properties, enum items, tooltips. Any other string
that looks like a text is reported by `unmarked`, so that no new sentence is missed. A string looks
like a text if it has words with a space between them, or is one capitalized word. Left out are the
command line (cli/ and the modules that only it uses), log messages, docstrings (but those of
operators and menus, which are tooltips), exceptions for programmers, names in Blender's data, and
the strings of `NO_TEXT`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "mint_blender"
COMMAND_LINE_ONLY = {
    "delivery/background.py",
    "delivery/blender_runtime.py",
    "delivery/write_files.py",
    "jobs/batch_lines.py",
    "jobs/budget/batch_prices.py",
    "jobs/diagnostics/checks.py",
    "jobs/diagnostics/report.py",
    "jobs/paid_requests/table_check.py",
    "net/connections.py",
    "net/guarded_socket.py",
}
"""Modules whose sentences reach only the command line or the report for support, in English.

Or nobody: those of `net/` are described by `net/connection_errors.py`.
"""

ROOMS = ("net", "mint", "files", "jobs", "scene", "delivery", "ui")

SHOWN_ARGUMENTS = {
    "text",
    "heading",
    "placeholder",
    "confirm_text",
    "title",
    "message",
    "description",
}
SHOWN_ATTRIBUTES = {"bl_label", "bl_description"}
SHOWN_ENUMS = {"Kind", "Verb", "Role"}
"""Enums whose values are used in sentences."""
FIRST_IS_A_KEY = {"get", "getattr", "pop", "setdefault"}
FOR_PROGRAMMERS = {
    "AssertionError", "IllegalMove", "IllegalTransition", "TypeError", "KeyError",
    "NotImplementedError",
}  # fmt: skip
DATA = {
    *("splat_nodes", "panorama", "node_trees", "collider", "tags", "gltf_extensions", "output"),
    *("splats", "build", "home", "transport", "download", "light", "picture", "startup"),
    "assets",
    "export_options",
    "lighter",
    "surfaces",
}
"""Modules in which a single word is the name of a socket, a folder or a header."""
NO_TEXT = re.compile(
    r"(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|PRAGMA|WITH|WHERE|JOIN|BEGIN|ORDER) .*"
    r"|[\w (]+ ((NOT )?IN \(|IS NOT).*"
    r"|\{1\} ?WHERE .*|# (This is an Asset Catalog|Makes the remote asset library).*"
    r"|Application Support|View2D Buttons List|[A-Z]+_[A-Z_]+|COMPOSITE|RGB"
    r"|Mint (Splats|Crop|Shadow|Relight|Scene Light|Picture|Nearest)|Viewpoint \{1\}|Walk|Floor"
    r"|World Shadow|ply\nformat .*|property float .*"
    r"|Target Geometry|Source Position|Ray (Direction|Length)"
    r"|Point Count|Viewport Limit|Pick Instance|Instance Index|Local Space"
    r"|(Size|Vertices) [XY]|AgX - .*|radiance:base"
    r"|generation failed|unknown error|internal error|unit scale|Bearer \{1\}|Mint \{1\}|Error:"
    r"|Blender \{1\}\n\{2\}|Turn with the World"
    r"|\{1\} (Collider|Panorama|Splats)|Middle of the picture at \+Y"
    r"|it was written by another version of this add-on\. .*"
    r"|in doubt|take over|(it|a paid request) is damaged"
    r"|import bpy\n.*|from \{package\}.*|POST .*|Mint's API knows.*|An idempotency key has.*"
    r"|The rarer actions on a job\.|Models and Worlds that were made before\.",
    re.DOTALL,
)
"""Strings that no user reads, and names in the scene, which are the same in every language."""
TRANSLATED_BY_BLENDER = {
    "label", "operator", "prop", "row", "menu", "progress", "operator_menu_enum", "prop_search",
    "invoke_confirm", "invoke_props_dialog", "ask_before_spending", "ask_before_loss",
}  # fmt: skip
"""Functions with an argument in `SHOWN_ARGUMENTS` that Blender looks up in our table."""

PLACEHOLDER = re.compile(r"\{\w+(:[^{}]*)?\}")
"""A value in a template, such as `{name}` or `{credits:,.0f}`."""

MESSAGES = {
    "Message", "SceneImportError", "OutputError", "SyncRunning", "GltfError",
    "ExportRefused", "ExportFailed",
    "FileError", "DownloadFailed", "LinkExpired", "TooLarge", "TooSlow", "SpeedTooLow", "DiskError",
    "Stopped", "InvalidFile", "InvalidGlb", "InvalidPicture", "InvalidSplats",
}  # fmt: skip
"""What is made of a template and its values: messages, and errors with a message."""
REPORT = {"report"}
"""Functions whose text stays English: the report is for the person who helps the user."""
NOT_READ = {
    "debug", "info", "warning", "error", "exception", "getLogger", "Formatter",  # logs
    "compile", "search", "match", "fullmatch", "sub", "split", "execute", "executescript",
    "encode", "strftime", "startswith", "endswith", "unnoted",
    "TypeVar", "register_cli_command", "hasattr",
    "new", "node", "add_socket", "new_socket",  # names of things in Blender's data
}  # fmt: skip


def template_of(node: ast.expr) -> str | None:
    """Return a string or f-string as a template; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.strip()
    if not isinstance(node, ast.JoinedStr):
        return None
    template, count = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            template += str(part.value)
        else:
            count += 1
            template += f"{{{count}}}"
    return template.strip()


def is_prose(text: str) -> bool:
    """Return whether a string looks like a text for a user."""
    bare = PLACEHOLDER.sub("", text)
    if (
        ("://" in bare and " " not in bare)
        or NO_TEXT.fullmatch(text)
        or not re.search(r"[A-Za-z]{2}", bare)
    ):
        return False
    several = re.search(r"[A-Za-z,;:.)}'] +[A-Za-z({]", text) and re.search(r"[a-z]{2}", bare)
    return bool(several or re.fullmatch(r"[A-Z][a-z]+[.…:]?", bare.strip()))


def _constant(node: ast.expr) -> object:
    """Return the value of a literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None


def _name_of(function: ast.expr) -> str:
    """Return the last part of what is called, such as "label" of `layout.label`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _has_description(node: ast.ClassDef) -> bool:
    """Return whether a class sets `bl_description`, which is preferred to the docstring."""
    return any(
        isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "bl_description"
        for each in node.body
    )


def _is_template(node: ast.expr) -> bool:
    """Return whether there is something to translate: words, or several values to order."""
    text = str(_constant(node) or "")
    values = PLACEHOLDER.findall(text)
    return len(values) > 1 or any(map(str.isalpha, PLACEHOLDER.sub("", text)))


def _added(node: ast.expr) -> list[ast.expr]:
    """Return the parts of `a + b + c`."""
    return (
        [*_added(node.left), *_added(node.right)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
        else [node]
    )


class _Reader(ast.NodeVisitor):
    def __init__(self, room: str, module: str) -> None:
        self.room, self.module = room, module
        self.found: list[tuple[int, str]] = []
        self.unmarked: list[tuple[int, str]] = []
        self._is_shown = False

    def add(self, node: ast.expr, *, always: bool = False) -> None:
        text = template_of(node)
        if text and " " not in text and self.module in DATA:
            return
        if (
            text
            and not NO_TEXT.fullmatch(text)
            and (
                is_prose(text) or (always and re.search(r"[A-Za-z]{2}", PLACEHOLDER.sub("", text)))
            )
        ):
            if text == "Mint" and not self._is_shown:
                return  # the name of a collection, a catalog
            marked = self._is_shown and isinstance(node, ast.Constant)
            (self.found if marked else self.unmarked).append((node.lineno, text))

    def add_shown(self, node: ast.expr) -> None:
        """Add a text that Blender translates."""
        before, self._is_shown = self._is_shown, True
        self.add(node, always=True)
        self._is_shown = before

    def add_message(self, node: ast.Call) -> None:
        """Add the template of `Message(template, ...)`, and what is in its values."""
        if node.args and isinstance(node.args[0], ast.Constant):
            if _is_template(node.args[0]):
                self.found.append((node.lineno, str(node.args[0].value)))
        else:
            self.generic_visit(node)
        for keyword in node.keywords:
            self.visit(keyword.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.name in SHOWN_ENUMS:
            self.found.extend(
                (each.lineno, str(each.value.value))
                for each in node.body
                if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
            )
            return
        # the tooltip, where there is no bl_description
        docstring = " ".join((ast.get_docstring(node) or "").split()).removesuffix(".")
        if (
            docstring
            and not _has_description(node)
            and re.match(r"[A-Z]+_(OT|MT)_", node.name)
            and not NO_TEXT.fullmatch(docstring)
        ):
            self.found.append((node.lineno, docstring))
        self._body(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if not (node.name in REPORT and self.module == "job_view"):
            self._body(node)

    def visit_Module(self, node: ast.Module) -> None:
        self._body(node)

    def _body(self, node: ast.ClassDef | ast.FunctionDef | ast.Module) -> None:
        for child in node.body:
            if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                self.visit(child)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.annotation, ast.Call):  # a property of bpy.props
            self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if names & {
            "bl_idname",
            "bl_category",
            "bl_space_type",
            "bl_region_type",
            "bl_parent_id",
            "__all__",
        }:
            return
        if any(
            isinstance(target, ast.Attribute) and target.attr in {"name", "label"}
            for target in node.targets
        ):
            return  # the name of something in Blender's data
        for target in node.targets:  # `row.operator("mint.cancel", text="Cancel").job_id = job.id`
            self.visit(target)
        if names & SHOWN_ATTRIBUTES:
            self.add_shown(node.value)
            return
        self.visit(node.value)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        texts = [_constant(each) for each in node.elts]
        enum_item = (
            self.room in {"scene", "delivery", "ui"}
            and len(texts) >= 3
            and all(isinstance(each, str) for each in texts[:3])
        )
        if enum_item and re.fullmatch(r"[A-Za-z0-9_]+", str(texts[0])):
            for each in node.elts[1:3]:
                if not str(_constant(each))[:1].islower():
                    self.add_shown(each)
            return
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        parts = _added(node)
        templates = [template_of(each) for each in parts]
        if len(parts) > 1 and any(templates):
            count = 0
            text = ""
            for each in parts:
                inner = each.value if isinstance(each, ast.Constant) else None
                if inner is None:
                    count += 1
                text += str(inner) if inner is not None else f"{{{count}}}"
            self.add(ast.copy_location(ast.Constant(text), node))
            for each in parts:
                if not isinstance(each, ast.Constant):
                    self.visit(each)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        joins = isinstance(node.func, ast.Attribute) and node.func.attr == "join"
        glue = _constant(node.func.value) if joins and isinstance(node.func, ast.Attribute) else ""
        if isinstance(glue, str) and re.fullmatch(r" \w+ ", glue):  # " and ".join(…)
            self.unmarked.append((node.lineno, f"{{1}}{glue}{{2}}"))
        name = _name_of(node.func)
        if name in MESSAGES:
            self.add_message(node)
            return
        if name in FOR_PROGRAMMERS or name in NOT_READ:
            for each in (*node.args, *(keyword.value for keyword in node.keywords)):
                if not isinstance(each, ast.Constant | ast.JoinedStr):
                    self.visit(each)
            return
        self.visit(node.func)
        for argument in node.args[1:] if name in FIRST_IS_A_KEY else node.args:
            self.visit(argument)
        for keyword in node.keywords:
            shown = self.room in {"scene", "delivery", "ui"} and _is_shown(name, keyword.arg or "")
            for each in _branches(keyword.value) if shown else (keyword.value,):
                if shown and template_of(each) is not None:
                    self.add_shown(each)
                else:
                    self.visit(each)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        return

    def visit_Compare(self, node: ast.Compare) -> None:
        return

    def visit_Constant(self, node: ast.Constant) -> None:
        self.add(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.add(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)


def _is_shown(function: str, argument: str) -> bool:
    if function.endswith("Property"):
        return argument == "name" or argument in SHOWN_ARGUMENTS
    return function in TRANSLATED_BY_BLENDER and argument in SHOWN_ARGUMENTS


def _branches(node: ast.expr) -> Iterator[ast.expr]:
    """Yield both values of `a if b else c`, or the node itself."""
    if isinstance(node, ast.IfExp):
        yield from _branches(node.body)
        yield from _branches(node.orelse)
    else:
        yield node


def texts_of(module: ast.Module, room: str, name: str) -> list[str]:
    """Return the texts of one module in their order in the source."""
    reader = _Reader(room, name)
    reader.visit(module)
    return list(dict.fromkeys(text for _, text in reader.found))


def unmarked_of(module: ast.Module, room: str, name: str) -> list[str]:
    """Return the strings of one module that look like a text but cannot be translated."""
    reader = _Reader(room, name)
    reader.visit(module)
    return [text for _, text in reader.unmarked]


@cache
def texts(package: Path = PACKAGE) -> dict[str, list[tuple[str, int]]]:
    """Return every text with its locations, such as ("ui/panel.py", 120)."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name, reader in _read(package):
        for line, text in reader.found:
            found.setdefault(text, []).append((name, line))
    return found


def unmarked(package: Path = PACKAGE) -> list[str]:
    """Return a line for each sentence that is not in a `Message`."""
    return [
        f"{name}:{line}: {text}"
        for name, reader in _read(package)
        for line, text in reader.unmarked
    ]


def _read(package: Path) -> Iterator[tuple[str, _Reader]]:
    paths = [package / "message.py"]
    paths += [path for room in ROOMS for path in sorted((package / room).rglob("*.py"))]
    for path in paths:
        name = path.relative_to(package).as_posix()
        if "translations" not in path.parts and name not in COMMAND_LINE_ONLY:
            reader = _Reader(name.partition("/")[0], path.stem)
            reader.visit(ast.parse(path.read_text(encoding="utf-8")))
            yield name, reader
