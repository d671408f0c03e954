"""台账核对. Clause 五10: an audit may come at any time; every day the ledger is checked as an auditor would."""

import asyncio

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.forms import dated
from flows.office import Office
from tasks.ledger.audit import stored
from tasks.ledger.verify import Verdict, sentences, verify
from tasks.report import escape


@flow(
    name="audit-verify",
    description="台账核对：逐行核对封存的记录和证据文件，有改动、删除、插入或调换就失败。",
    flow_run_name=dated("台账核对"),
)
async def audit_verify() -> State:
    """Check every seal, every row and every evidence file."""
    office = Office()
    verdict = await asyncio.to_thread(verified, office)
    lines = "\n".join(f"- {escape(line)}" for line in sentences(verdict))
    await acreate_markdown_artifact(lines, key="audit-verify", description="台账核对结果")
    if verdict.problems:
        first = verdict.problems[0].what
        return Failed(
            name="台账不可信", message=f"{len(verdict.problems)} 处问题，自{verdict.lost_from}起不可信：{first}"
        )
    return Completed(name="台账完好", message=f"链头 {verdict.head}")


def verified(office: Office) -> Verdict:
    """What an auditor would find."""
    with stored(office.settings.ledger, office.settings.evidence_dir) as book:
        return verify(book)
