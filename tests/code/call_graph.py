# SPDX-License-Identifier: GPL-3.0-or-later
"""A call graph of a package, read from the source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Function:
    """A function or method, with the class and module that it is defined in."""

    module: Module
    node: FunctionNode
    owner: ast.ClassDef | None = None

    @property
    def name(self) -> str:
        """Return the place of the function, as in `job_list/panel.py: draw`."""
        owner = f"{self.owner.name}." if self.owner else ""
        return f"{self.module.path}: {owner}{self.node.name}"


@dataclass(eq=False)
class Module:
    """A source file: its functions, its classes, and what its names refer to."""

    name: str
    path: str
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, dict[str, Function]] = field(default_factory=dict)
    bases: dict[str, list[ast.expr]] = field(default_factory=dict)
    instances: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)


class CallGraph:
    """The call graph of the functions in a folder; `package` is the dotted name of that folder."""

    def __init__(self, sources: dict[str, str], package: str) -> None:
        self.package = package
        self._called: dict[Function, tuple[Function, ...]] = {}
        self.modules = {
            module.name: module
            for path, text in sources.items()
            if (module := _read(path, text, package))
        }

    @classmethod
    def of_folder(cls, folder: Path) -> CallGraph:
        """Read every Python file in a folder and its subfolders."""
        sources = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))
        }
        return cls(sources, f"{folder.parent.name}.{folder.name}")

    def functions(self) -> Iterator[Function]:
        """Yield every function and method."""
        for module in self.modules.values():
            yield from module.functions.values()
            for methods in module.classes.values():
                yield from methods.values()

    @cached_property
    def _methods(self) -> dict[str, list[Function]]:
        """Return every method by its bare name, for receivers whose class is unknown."""
        found: dict[str, list[Function]] = {}
        for function in self.functions():
            if function.owner is not None:
                found.setdefault(function.node.name, []).append(function)
        return found

    def reached(
        self, root: Function, *, not_beyond: Container[str] = ()
    ) -> dict[Function, tuple[str, ...]]:
        """Return every function that a root can call, including the root, with the call path.

        The calls of functions that are `not_beyond` by name are not followed.
        """
        ways: dict[Function, tuple[str, ...]] = {root: (root.name,)}
        todo = [root]
        while todo:
            function = todo.pop()
            if function.name in not_beyond:
                continue
            for called in self.called(function):
                if called not in ways:
                    ways[called] = (*ways[function], called.name)
                    todo.append(called)
        return ways

    def called(self, function: Function) -> tuple[Function, ...]:
        """Return the functions that a function calls or passes on, and the properties it reads."""
        if function not in self._called:
            self._called[function] = tuple(self._find_called(function))
        return self._called[function]

    def _find_called(self, function: Function) -> Iterator[Function]:
        calls = {id(node.func) for node in ast.walk(function.node) if isinstance(node, ast.Call)}
        for node in ast.walk(function.node):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield from self._meant(node, function, is_call=id(node) in calls)

    def _meant(
        self, node: ast.Name | ast.Attribute, function: Function, *, is_call: bool
    ) -> Iterator[Function]:
        found = self.resolve(node, function.module, function.owner)
        if isinstance(found, Function):
            yield found
        elif isinstance(found, tuple):  # a class
            if is_call and (made := self._method(*found, "__init__")):
                yield made
        elif found is None and isinstance(node, ast.Attribute):
            if _is_builtin(node.attr) or self._is_foreign(node.value, function):
                return
            for method in self._methods.get(node.attr, []):
                if is_call or _is_property(method):
                    yield method

    def _is_foreign(self, receiver: ast.expr, function: Function) -> bool:
        """Return whether an annotation says that a receiver's class is not of this package."""
        if not isinstance(receiver, ast.Name):
            return False
        arguments = function.node.args
        for each in (*arguments.args, *arguments.kwonlyargs):
            if each.arg == receiver.id and each.annotation is not None:
                return self._names_foreign_class(each.annotation, function.module)
        for target, value in _assigned(function.node):
            if ast.unparse(target) == receiver.id and isinstance(value, ast.Call):
                made = self.resolve(value.func, function.module, function.owner)
                if isinstance(made, Function) and made.node.returns is not None:
                    return self._names_foreign_class(made.node.returns, made.module)
        return False

    def _names_foreign_class(self, annotation: ast.expr, module: Module) -> bool:
        names = [each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)]
        return bool(names) and not any(
            name == "Any" or isinstance(self._named(module, name), tuple) for name in names
        )

    def resolve(
        self, node: ast.expr, module: Module, owner: ast.ClassDef | None = None
    ) -> Function | Module | tuple[Module, str] | None:
        """Return what an expression refers to: a function, a module or a class of the package."""
        if isinstance(node, ast.Name):
            if node.id in {"self", "cls"} and owner is not None:
                return module, owner.name
            return self._named(module, node.id)
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) in {"super", "type"} and owner is not None:
                return module, owner.name
            made = self.resolve(node.func, module, owner)
            if isinstance(made, Function) and made.node.returns is not None:
                made = self.resolve(made.node.returns, made.module)
            return made if isinstance(made, tuple) else None
        if isinstance(node, ast.Attribute):
            value = self.resolve(node.value, module, owner)
            if isinstance(value, Module):
                return self._named(value, node.attr)
            if isinstance(value, tuple):
                return self._method(*value, node.attr)
        return None

    def _named(self, module: Module, name: str) -> Function | Module | tuple[Module, str] | None:
        if name in module.functions:
            return module.functions[name]
        if name in module.classes:
            return module, name
        if name in module.instances:
            made = self.resolve(module.instances[name], module)
            return made if isinstance(made, tuple) else None
        target = module.imports.get(name)
        if target is None:
            return self.modules.get(f"{module.name}.{name}")
        if target in self.modules:
            return self.modules[target]
        place, _, original = target.rpartition(".")
        return self._named(self.modules[place], original) if place in self.modules else None

    def _method(self, module: Module, class_name: str, name: str) -> Function | None:
        if name in module.classes[class_name]:
            return module.classes[class_name][name]
        for base in module.bases[class_name]:
            found = self.resolve(base, module)
            if isinstance(found, tuple) and (method := self._method(*found, name)):
                return method
        return None


def _read(path: str, text: str, package: str) -> Module:
    words = path.removesuffix(".py").split("/")
    is_package = words[-1] == "__init__"
    name = ".".join([package, *(words[:-1] if is_package else words)])
    module = Module(name, path, ast.parse(text))
    for node in module.tree.body:
        if isinstance(node, FunctionNode):
            module.functions[node.name] = Function(module, node)
        elif isinstance(node, ast.ClassDef):
            module.bases[node.name] = node.bases
            module.classes[node.name] = {
                each.name: Function(module, each, node)
                for each in node.body
                if isinstance(each, FunctionNode)
            }
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            module.instances |= {
                each.id: node.value for each in targets if isinstance(each, ast.Name)
            }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            module.imports |= _imported(node, name, is_package)
    return module


def _imported(node: ast.ImportFrom, name: str, is_package: bool) -> dict[str, str]:
    place = name.split(".")
    place = place[: len(place) - node.level + is_package] if node.level else []
    start = ".".join([*place, *([node.module] if node.module else [])])
    return {each.asname or each.name: f"{start}.{each.name}" for each in node.names}


def _is_builtin(name: str) -> bool:
    """Return whether containers or strings have a method of this name; it is then assumed."""
    return any(hasattr(kind, name) for kind in (dict, list, set, str))


def _assigned(function: FunctionNode) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each target of an assignment with its value; `a, b = c, d` yields two pairs."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from zip(target.elts, value.elts, strict=False)
            else:
                yield target, value


def _is_property(function: Function) -> bool:
    return any(
        ast.unparse(each).rpartition(".")[2] in {"property", "cached_property"}
        for each in function.node.decorator_list
    )
