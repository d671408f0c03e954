"""豁免: an item of the baseline that the client has let pass for a time, with who decided it and why."""

from datetime import date
from typing import Annotated

from pydantic import Field, field_validator

from checks.clauses import CLAUSES
from checks.journey import Strict


class Exemption(Strict):
    """It never counts as 符合; from the day after `until` the item counts as it is."""

    item: str = Field(title="检查项", description="B01 等")
    hosts: list[Annotated[str, Field(min_length=1)]] = Field(
        [], title="主机", description="主机名，或 系统编号.web（网址）；不写就是全部"
    )
    why: str = Field(min_length=1, title="原因")
    approver: str = Field(min_length=1, title="批准人")
    until: date = Field(title="有效期至", description="当天仍有效")

    @field_validator("item")
    @classmethod
    def _known(cls, item: str) -> str:
        if item not in CLAUSES:
            raise ValueError(f"没有检查项 {item}；写 {'、'.join(CLAUSES)} 之一")
        return item

    def holds(self, item: str, host: str, on: date) -> bool:
        """Whether it lets an item of a host pass on a day."""
        return self.about(item, host) and on <= self.until

    def about(self, item: str, host: str) -> bool:
        """Whether it is about an item of a host at all."""
        return item == self.item and (not self.hosts or host in self.hosts)
