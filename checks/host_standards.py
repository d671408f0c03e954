"""判定标准: with which thresholds a week's hosts were judged, and where the contract sets them otherwise."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from checks.host_check import AnyCheck, Params, Planned, host_checks
from checks.host_lines import ExemptLine, StandardLine, ThresholdLine
from checks.number import Number, row


def label(item: str) -> str:
    """Number and name, as operators read it."""
    return next((f"{item} {check.title}" for check in host_checks() if check.id == item), item)


def is_service(item: str) -> bool:
    """Whether an item is of a database or of middleware."""
    return any(check.service for check in host_checks() if check.id == item)


def place(item: str) -> tuple[bool, str]:
    """The operating system first, then the services."""
    return is_service(item), item


Plans = Mapping[str, Mapping[str, Planned]]
"""By host and item: what is due."""


def exempt(hosts: Mapping[str, Mapping[str, str]]) -> Iterator[ExemptLine]:
    """What does not apply, and why: by host and item."""
    together: dict[tuple[str, str], list[str]] = {}
    for host, reasons in hosts.items():
        for item, why in reasons.items():
            together.setdefault((item, why), []).append(host)
    for (item, why), names in sorted(together.items(), key=lambda one: place(one[0][0])):
        yield ExemptLine(item=label(item), hosts="、".join(names), why=why)


def standards(plans: Plans) -> Iterator[StandardLine]:
    """Of every item and service that is due somewhere, the thresholds as they are by default."""
    due = {item: one.check for items in plans.values() for item, one in items.items()}
    for owner, check in {_owner(due[item]): due[item] for item in sorted(due, key=place)}.items():
        if numbers := _numbers(_default(check)):
            values = tuple(_number(value, row("default", check.id)) for value in numbers.values())
            yield StandardLine(item=owner, titles=tuple(numbers), values=values)


def thresholds(plans: Plans) -> Iterator[ThresholdLine]:
    """What the contract sets otherwise, and for which hosts."""
    together: dict[tuple[str, str, float, float | None], dict[str, str]] = {}
    for host, items in plans.items():
        for item in sorted(items, key=place):
            check, usual = items[item].check, _numbers(_default(items[item].check))
            for title, value in _numbers(items[item].params).items():
                if value != usual.get(title):
                    found = together.setdefault((_owner(check), title, value, usual.get(title)), {})
                    found.setdefault(host, check.id)
    for (owner, title, value, default), found in together.items():
        rows = [row("contract", f"{host} {item}") for host, item in found.items()]
        yield ThresholdLine(
            item=owner,
            field=title,
            value=_number(value, *rows),
            default=None if default is None else _number(default, row("default", next(iter(found.values())))),
            hosts="、".join(found),
        )


def _owner(check: AnyCheck) -> str:
    """Whose the thresholds are: the items of one service share theirs."""
    return check.service or label(check.id)


def _default(check: AnyCheck) -> Params:
    params: type[Params] = check.params
    return params.model_construct()


def _number(value: float, *rows: str) -> Number:
    return Number(value, "hosts.thresholds", rows, f"{value:.12g}")


_NO_THRESHOLDS = ("port",)


def _numbers(params: BaseModel, above: str = "") -> dict[str, float]:
    """The thresholds among an item's parameters, by their Chinese names; those of a part begin with its name."""
    numbers: dict[str, float] = {}
    for name, field in type(params).model_fields.items():
        if name in _NO_THRESHOLDS:
            continue
        value, title = getattr(params, name, None), f"{above}{field.title or name}"
        for part, one in (value if isinstance(value, dict) else {"": value}).items():
            whole = f"{title} {part} " if part else title
            if isinstance(one, BaseModel):
                numbers |= _numbers(one, whole)
            elif isinstance(one, int | float) and not isinstance(one, bool):
                numbers[whole] = one
    return numbers
