"""证据销毁. Clause 九: what was kept for the contract goes two years after its term, and that it went is on record."""

from datetime import timedelta

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from checks.records import REGRADE, REMOVAL, Event
from checks.retention import expired
from flows.forms import dated
from flows.office import Office, now
from flows.standing import versions

GRACE, A_RUN = timedelta(days=31), timedelta(days=1)
"""How long what nobody named is left alone; a run never lasts longer than the second."""


@flow(
    name="retention",
    description="证据销毁：服务期满两年后销毁证据文件，留下封存的销毁记录。",
    flow_run_name=dated("证据销毁"),
)
async def retention() -> State:
    """Remove what has expired."""
    office = Office()
    gone, left = destroy_expired(office), destroy_left_over(office)
    message = f"销毁到期的证据文件 {gone} 个，中断时留下、没有登记的 {left} 个"
    return Completed(name="已销毁" if gone or left else "无需执行", message=message)


def destroy_expired(office: Office) -> int:
    """On record first, so that what is missing is never unexplained; a run that was cut off is made up for."""
    files = office.ledger.files()
    removed = {path: event.at for event in office.ledger.events(REMOVAL) for path in event.body["files"]}
    due = expired(files, versions(office.ledger), office.today())
    # The same picture may have been taken and kept again since.
    new = {file.path: file.sha256 for file in files
           if file.path in due and (file.path not in removed or removed[file.path] < file.at)}  # fmt: skip
    if new:
        put_on_record(office, new, "服务期满两年")
    encrypted = {path for one in office.ledger.events(REGRADE) for path in one.body["files"]}
    return sum(office.evidence.destroy(path) for path in {*due, *(encrypted - {file.path for file in files})})


def destroy_left_over(office: Office) -> int:
    """What a killed run kept and could not put on record: nobody can say any more what it shows.

    Only what dates from a run that was cut off: a ledger that was restored does not name all that is worth keeping.
    """
    long_ago = now() - GRACE
    times = [(began, began + A_RUN) for began in office.ledger.cut_off_at() if began + A_RUN < long_ago]
    left = office.evidence.left_over({file.path for file in office.ledger.files()}, times)
    if left:
        put_on_record(office, left, "没有登记：保存它的执行被中断")
    return sum(office.evidence.destroy(path) for path in left)


def put_on_record(office: Office, files: dict[str, str], why: str) -> None:
    """Say which files go."""
    said = {"who": "计划任务", "why": why, "via": "schedule", "body": {"files": files}}
    office.ledger.enter(
        Event.model_validate({"kind": REMOVAL, "subject": f"{office.today()}", "at": now(), **said}), now()
    )
