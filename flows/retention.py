"""证据销毁. Clause 九: what was kept for the contract goes two years after its term, and that it went is on record."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from checks.records import REMOVAL, Event
from checks.retention import expired
from flows.office import Office, now
from flows.standing import versions


@flow(
    name="retention",
    description="证据销毁：服务期满两年后销毁证据文件，留下封存的销毁记录。",
    flow_run_name="证据销毁",
)
async def retention() -> State:
    """Remove what has expired."""
    office = Office()
    gone = destroy_expired(office)
    return Completed(name="已销毁" if gone else "无需执行", message=f"销毁到期的证据文件 {gone} 个")


def destroy_expired(office: Office) -> int:
    """On record first, so that what is missing is never unexplained; a run that was cut off is made up for."""
    files = office.ledger.files()
    removed = {path: event.at for event in office.ledger.events(REMOVAL) for path in event.body["files"]}
    due = expired(files, versions(office.ledger), office.today())
    # The same picture may have been taken and kept again since.
    new = {
        file.path: file.sha256
        for file in files
        if file.path in due and (file.path not in removed or removed[file.path] < file.at)
    }
    if new:
        removal = Event(
            kind=REMOVAL, subject=f"{office.today()}", at=now(), who="计划任务", why="服务期满两年", body={"files": new}
        )
        office.ledger.enter(removal, now())
    return sum(office.evidence.destroy(path) for path in due)
