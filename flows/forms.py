"""What the forms of the duties have in common, and how a run is named in the UI's list."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import BaseModel, Field

CHINA = ZoneInfo("Asia/Shanghai")


def day_field(title: str, description: str) -> Any:
    """A date as text: the UI shows a plain field, and empty means today, decided in the run."""
    return Field("", title=title, description=description, pattern=r"^(\d{4}-\d{2}-\d{2})?$")


class AdHoc(BaseModel):
    """The end of every form that may be sent by hand."""

    dry_run: bool = Field(False, title="试运行", description="只列出将要做的事：什么也不碰，不记台账")
    who: str = Field("", title="操作人", description="手工发起时填写，记入台账")
    why: str = Field("", title="原因", description="手工发起时填写，例如：整改后复查")


def dated(title: str) -> Callable[[], str]:
    """A name for each run of what has no targets: its title and the day."""
    return lambda: f"{datetime.now(CHINA).date()} {title}"


def named_by(period: Callable[[date], str], targets: str, everything: str) -> Callable[[], str]:
    """A name for each run: its period and what it was asked to look at, from the fields `day` and `targets`."""

    def name() -> str:
        form = flow_run.parameters.get("form") or {}
        form = form if isinstance(form, dict) else form.model_dump()
        day = date.fromisoformat(form["day"]) if form.get("day") else datetime.now(CHINA).date()
        return f"{period(day)} {'、'.join(form.get(targets) or [everything])}"

    return name


def entered(what: str) -> State:
    """The end of a run in which a person has put something on record."""
    return Completed(name="已登记", message=what)
