"""概况: what there is to look after, by the contract that is in force."""

from checks.number import Number, count, row
from flows.queries import query
from flows.queries.facts import Facts


@query("estate.systems", "合同里的系统个数")
def systems(facts: Facts) -> Number:
    """By the contract that is in force."""
    return count("", [row("system", one.id) for one in facts.contract.systems])


@query("estate.hosts", "合同里的主机台数")
def hosts(facts: Facts) -> Number:
    """By the contract that is in force."""
    return count("", [row("host", placed.host.name) for placed in facts.contract.all_hosts()])


@query("estate.names", "系统的名称，用顿号隔开")
def names(facts: Facts) -> str:
    """In the contract's order."""
    return "、".join(one.name for one in facts.contract.systems)
