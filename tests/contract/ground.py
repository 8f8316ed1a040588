"""What the harnesses stand on: counterparties that take long to start, shared by all clauses."""

from contextlib import ExitStack
from functools import cached_property

from venues.sandbox.chain import start


class Ground:
    """One prepared chain with the pools of every family; started when first asked for."""

    def __init__(self):
        self._stack = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self._stack.close()

    @cached_property
    def chain(self):
        return self._stack.enter_context(start(families=True))
