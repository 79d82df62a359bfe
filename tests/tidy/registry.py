"""How a check is declared: a function from a tree to its complaints, next to trees that it must and must not fault."""
from dataclasses import dataclass, field
from typing import Callable

CHECKS = []


@dataclass
class Check:
    name: str
    run: Callable
    bad: list = field(default_factory=list)
    good: list = field(default_factory=list)


def check(bad, good=()):
    """Registers a check. `bad` lists trees that it must fault, each a dict from path to text, `good` those it must not.

    The function's docstring is the guarantee that it keeps; its first line is printed as the check's name.
    """

    def register(run):
        CHECKS.append(Check(run.__doc__.strip().splitlines()[0].rstrip("."), run, list(bad), list(good)))
        return run

    return register
