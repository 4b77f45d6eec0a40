# SPDX-License-Identifier: GPL-3.0-or-later
"""The package's data classes behave as Python's own, which take four times as long to define."""

from __future__ import annotations

import ast
import dataclasses
import pickle
from dataclasses import field, fields, replace
from itertools import product
from typing import Any, ClassVar

import pytest

from mint_blender import dataclass as ours
from mint_blender.mint.account import Account

from .sources import nodes_of, sources

OPTIONS: tuple[dict[str, bool], ...] = ({"frozen": True}, {}, {"eq": False}, {"kw_only": True})


def point(decorator: Any, **options: bool) -> Any:
    """Return a class with all that the package's data classes have."""

    @decorator(**options)
    class Point:
        """A place."""

        limit: ClassVar[int] = 3
        x: Any
        y: Any = 0
        key: str = field(default="", repr=False)
        raw: Any = field(default_factory=dict, compare=False)
        after: float = field(default=0.0, kw_only=True)

    return Point


def pairs(options: dict[str, bool]) -> Any:
    """Yield a value of the package's class, and the same one of Python's."""
    classes = point(ours.dataclass, **options), point(dataclasses.dataclass, **options)
    for x, raw, after in product((1, 1.0, "1", (1,)), (1, {}), (0.0, 2.0)):
        yield tuple(cls(x=x, raw=raw, after=after, key="secret") for cls in classes)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_behaves_as_pythons_own(options: dict[str, bool]) -> None:
    """Text, comparison, hashing, fields and replacement are the same."""
    every = list(pairs(options))
    for (mine, pythons), (other, others) in product(every, repeat=2):
        assert (mine == other) is (pythons == others)
    for mine, pythons in every:
        assert repr(mine) == repr(pythons) and "secret" not in repr(mine)
        assert repr(replace(mine, x=5)) == repr(replace(pythons, x=5))
        assert [each.name for each in fields(mine)] == [each.name for each in fields(pythons)]
        assert (type(mine).__hash__ is None) is (type(pythons).__hash__ is None)
        assert mine != pythons and mine != 1


def test_equal_values_have_one_hash() -> None:
    """What is not compared does not count; a list among the values makes it unhashable."""
    Point = point(ours.dataclass, frozen=True)
    assert len({Point(1, raw={}), Point(1, raw={1: 2}), Point(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point([]))


def test_subclasses_differ() -> None:
    """A value of a subclass is another one, and compares its own fields."""
    Point = point(ours.dataclass, frozen=True)

    @ours.dataclass(frozen=True)
    class Named(Point):  # type: ignore[misc]
        name: str = ""

    class Plain(Point):  # type: ignore[misc]
        pass

    assert Named(1, name="a") != Named(1, name="b") and Named(1) == Named(1)
    assert len({Point(1), Named(1), Plain(1), Plain(1)}) == 3


def test_a_method_of_its_own_stays() -> None:
    """As with Python's, only missing methods are added."""

    @ours.dataclass(frozen=True)
    class Own:
        """A value."""

        x: int = 1

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    assert (repr(Own(1)), Own(1) == Own(2), hash(Own(1))) == ("own", True, 7)


def test_values_can_be_pickled() -> None:
    """They travel between processes."""
    account = Account("mint_secret")
    assert pickle.loads(pickle.dumps(account)) == account
    assert "mint_secret" not in repr(account)


def test_the_package_uses_it() -> None:
    """No module defines classes with Python's own decorator."""
    for path, source in sources().items():
        for node in nodes_of(source):
            if isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
                names = {each.name for each in node.names}
                assert "dataclass" not in names or path == "dataclass.py", path
