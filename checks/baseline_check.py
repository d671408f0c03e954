"""等保二级自查 of a host: the same items as the host inspection's, with other verdicts. Adding one is adding a file to
`checks.baseline` and its clause to `checks.clauses`."""

from enum import StrEnum
from functools import cache

from checks.finding import State
from checks.host_check import AnyCheck, HostCheck
from checks.registry import discover


class Conformity(StrEnum):
    """The verdict on one item of one host. The value is what operators read."""

    MET = "符合"
    PARTLY = "部分符合"
    NOT_MET = "不符合"
    UNVERIFIED = "无法核查"
    EXEMPT = "豁免"
    NOT_APPLICABLE = "不适用"
    NOT_DONE = "未执行"

    @property
    def label(self) -> str:
        """As a state has it."""
        return self.value

    @classmethod
    def of(cls, state: State) -> "Conformity":
        """A check's state in the words of the baseline. What could not be seen is never 符合."""
        return _WORDS[state]


_WORDS = {
    State.OK: Conformity.MET,
    State.WARN: Conformity.PARTLY,
    State.CRIT: Conformity.NOT_MET,
    State.UNKNOWN: Conformity.UNVERIFIED,
}


@cache
def baseline_checks() -> tuple[AnyCheck, ...]:
    """All items that are looked at on hosts, by id: the modules of `checks.baseline`."""
    from checks import baseline

    return discover(baseline, HostCheck)
