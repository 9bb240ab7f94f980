"""Templates are compiled once per worker: every test has a site of its own, and compiling costs more than all else."""

from __future__ import annotations

from functools import partial
from types import CodeType
from unittest import mock

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from ari_app.web import rendering


class _Kept(BytecodeCache):
    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key + bucket.checksum] = bucket.code


def are_compiled_once() -> None:
    """For all sites in this process."""
    mock.patch.object(rendering, "Environment", partial(Environment, bytecode_cache=_Kept())).start()
