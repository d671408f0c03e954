"""登记免除: somebody with the right to say so says, in writing, that an inspection need not be done."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import BaseModel, Field

from flows import standing
from flows.forms import dated
from flows.office import Office, now


class Excuse(BaseModel):
    """The form in the UI."""

    slots: list[str] = Field(
        title="应做事项", description="编号，见履约情况，如 page-inspection/oa/2026-11-20", min_length=1
    )
    who: str = Field(title="决定人", min_length=1)
    why: str = Field(title="原因", min_length=1)
    document: str = Field(title="依据文件", description="名称和文号", min_length=1)


@flow(
    name="excuse", description="登记免除：某次巡检不必做，写明决定人、原因和依据文件。", flow_run_name=dated("登记免除")
)
def excuse(form: Excuse) -> State:
    """Put on record why slots need not be done.

    Args:
        form: 免除
    """
    entered = standing.excuse(Office().ledger, form.slots, form.who, form.why, form.document, now(), via="ui")
    return Completed(name="已登记", message=f"事件 {'、'.join(map(str, entered))}：{'、'.join(form.slots)}")
