"""Finds checks by walking a package: adding a check is adding one file."""

import importlib
import pkgutil
from types import ModuleType
from typing import Protocol, TypeVar


class _Check(Protocol):
    @property
    def id(self) -> str: ...


C = TypeVar("C", bound=_Check)


def discover(package: ModuleType, kind: type[C]) -> tuple[C, ...]:
    """Return the `CHECK`, or the tuple `CHECKS`, of every module in `package`, by id.

    Raises:
        TypeError: a module has neither, or it is of another kind.
        ValueError: two modules use the same id.
    """
    found: dict[str, C] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for check in getattr(module, "CHECKS", (getattr(module, "CHECK", None),)):
            if not isinstance(check, kind):
                raise TypeError(f"{package.__name__}.{info.name} needs CHECK, a {kind.__name__}")
            if check.id in found:
                raise ValueError(f"the id {check.id} is used twice, the second time by {info.name}")
            found[check.id] = check
    return tuple(found[check_id] for check_id in sorted(found))
