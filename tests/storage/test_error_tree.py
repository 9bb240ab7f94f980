"""The tree of the storage room's errors, as its module draws it, is that of the code."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from ari_app import storage
from ari_app.storage.db import errors

pytestmark = pytest.mark.pure


def below(kind: type[object]) -> Iterator[str]:
    for one in kind.__subclasses__():
        if one.__module__.startswith(storage.__name__):
            yield one.__name__
            yield from below(one)


def test_each_error_is_in_the_tree_and_nothing_else() -> None:
    for module in pkgutil.walk_packages(storage.__path__, f"{storage.__name__}."):
        importlib.import_module(module.name)
    drawn = re.findall(r"^[│ ]*[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(below(errors.StorageError))
