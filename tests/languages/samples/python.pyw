"""A module. def not_code(): pass"""

from __future__ import annotations

import os.path as osp, sys
from typing import (
    Any,
    overload,
)
from . import sibling
from ..pkg.mod import one as uno, two
from helpers import *

if sys.platform == "win32":
    import winreg

LIMIT = 10
_TABLE: dict[str, int] = {
    "class A: pass": 1,
    "b": 2,
}
lower_case = 3


def plain(a, /, b=1, *args, c: int = 2, **kwargs) -> dict[str, Any]:
    """A docstring with code:

    def inside_docstring():
        pass
    """
    if a and b or c:
        return {}
    elif b:
        return {k: v for k, v in kwargs.items() if v}
    return {}


# a comment, not a part of it
@overload
# between decorators
@sys.audit(
    "x",
)
async def decorated(
    first: int,  # the first
    second: str,
) -> None:
    async with first as f:
        pass

    class Local(dict):
        pass

    def nested(): return lambda x: x if x else None


class Outer(
    dict,
    metaclass=type,
):
    """Doc."""

    FIELD = 1
    other: int = 2

    @property
    def prop(self): return self._prop

    @prop.setter
    def prop(self, value):
        try:
            self._prop = value
        except ValueError:
            pass
        except TypeError:
            raise

    class Inner:
        def deep(self):
            def deepest():
                yield from ()
            return deepest

    if LIMIT:
        def conditional(self): ...


type Alias = list[int]


def matcher(x):
    match x:
        case 1:
            return "def a(): pass"
        case _:
            return f"{x!r:>{LIMIT}}"
