# SPDX-License-Identifier: GPL-3.0-or-later
"""A call graph of a package, read from the source without importing it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Function:
    """A function or method, with the path of its module and the name of its class."""

    path: str
    node: FunctionNode
    owner: str = ""

    @property
    def name(self) -> str:
        """Return the place of the function, as in `job_list/panel.py: draw`."""
        return f"{self.path}: {self.owner}{'.' if self.owner else ''}{self.node.name}"


Meaning = Function | str | list[Function]
"""What a name in a module refers to: a function, the path of a module, or a class by its methods."""


class CallGraph:
    """The call graph of the functions in a folder, whose sources are given by their paths."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.trees = {path: ast.parse(text) for path, text in sources.items()}
        self._names = {path: _defined(path, tree) for path, tree in self.trees.items()}
        self._methods: defaultdict[str, list[Function]] = defaultdict(list)
        for function in self.functions():
            if function.owner:
                self._methods[function.node.name].append(function)
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.level:
                    self._add_imported(path, node)

    def functions(self) -> Iterator[Function]:
        """Yield every function and method."""
        for path, names in self._names.items():
            for meant in names.values():
                for function in meant if isinstance(meant, list) else [meant]:
                    if isinstance(function, Function) and function.path == path:
                        yield function

    def reached(
        self, roots: Iterable[Function], *, not_beyond: Container[str] = ()
    ) -> dict[Function, tuple[str, ...]]:
        """Return every function that the roots can call, including them, with the call path.

        The calls of functions that are `not_beyond` by name are not followed.
        """
        ways: dict[Function, tuple[str, ...]] = {root: (root.name,) for root in roots}
        todo = list(ways)
        while todo:
            function = todo.pop()
            if function.name not in not_beyond:
                for called in self._called(function):
                    if called not in ways:
                        ways[called] = (*ways[function], called.name)
                        todo.append(called)
        return ways

    def meaning(self, node: ast.expr, path: str) -> Meaning | None:
        """Return what a name or an attribute of a module refers to in the module at a path."""
        if isinstance(node, ast.Name):
            return self._names[path].get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = self._names[path].get(node.value.id)
            return self._names[module].get(node.attr) if isinstance(module, str) else None
        return None

    def _called(self, function: Function) -> Iterator[Function]:
        """Yield the functions that a function calls or passes on, and the properties it reads."""
        calls = {id(node.func) for node in ast.walk(function.node) if isinstance(node, ast.Call)}
        for node in ast.walk(function.node):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                meant = self.meaning(node, function.path)
                if isinstance(meant, Function):
                    yield meant
                elif isinstance(meant, list):
                    yield from (each for each in meant if each.node.name == "__init__")
                elif isinstance(node, ast.Attribute) and not _is_builtin(node.attr):
                    for method in self._methods[node.attr]:
                        if id(node) in calls or _is_property(method):
                            yield method

    def _add_imported(self, path: str, node: ast.ImportFrom) -> None:
        folders = path.split("/")[: -node.level]
        if path.count("/") + 1 < node.level:
            return  # it leads out of the folder
        place = "/".join([*folders, *(node.module or "").split(".")]).strip("/")
        for each in node.names:
            inner = f"{place}/{each.name}".strip("/")
            for module in (f"{inner}.py", f"{inner}/__init__.py"):
                if module in self.trees:
                    self._names[path][each.asname or each.name] = module
            for module in (f"{place}.py", f"{place}/__init__.py".strip("/")):
                if each.name in self._names.get(module, {}):
                    self._names[path][each.asname or each.name] = self._names[module][each.name]


def _defined(path: str, tree: ast.Module) -> dict[str, Meaning]:
    names: dict[str, Meaning] = {}
    for node in tree.body:
        if isinstance(node, FunctionNode):
            names[node.name] = Function(path, node)
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, FunctionNode)]
            names[node.name] = [Function(path, each, node.name) for each in methods]
    return names


def _is_builtin(name: str) -> bool:
    """Return whether containers or strings have a method of this name; it is then assumed."""
    return any(hasattr(kind, name) for kind in (dict, list, set, str))


def _is_property(function: Function) -> bool:
    return any("property" in ast.unparse(each) for each in function.node.decorator_list)
