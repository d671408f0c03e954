"""改密级: evidence that turned out to be more secret is encrypted, and that is on record; the open file goes."""

from datetime import datetime

from checks.records import REGRADE, Event
from checks.secrecy import Grade
from checks.slots import RequestError
from tasks.evidence import ENCRYPTED, Store
from tasks.ledger import Ledger


def regrade(ledger: Ledger, store: Store, piece: str, who: str, why: str, via: str, now: datetime) -> str:
    """Raise a piece to the highest grade; returns its new path. A grade is never lowered.

    The encrypted copy comes first, then the record, then the open file goes: cut off in between, it is done again.

    Raises:
        RequestError: person or reason is missing, it has the highest grade already, or it is not on record.
        EvidenceError: it cannot be opened, written or removed.
        SecretError: there is no key.
    """
    if not who.strip() or not why.strip():
        raise RequestError("改密级要写明谁决定的和原因")
    path, sha256 = store.find(piece)
    record = ledger.evidence_at(path)
    if path.endswith(ENCRYPTED):
        raise RequestError(f"{path} 已经是{Grade.MOST.label}；密级只能改高，不能改低")
    if record is None:
        raise RequestError(f"{path} 不在台账里，不是证据")
    decided = [one for one in ledger.events(REGRADE) if path in one.body["files"] and record.at <= one.at]
    before = str(decided[-1].body["to"]["path"]) if decided else ""
    if not before:
        suffix = f".{path.partition('.')[2]}"
        told = {"target": record.target, "attempt": record.attempt, "kind": record.kind, "at": record.at}
        kept = store.keep(store.opened(path, sha256), suffix, grade=Grade.MOST, **told)  # type: ignore[arg-type]
        to = kept.model_dump(include={"path", "sha256", "size", "grade"})
        body = {"files": {path: sha256}, "to": to}
        ledger.enter(Event(kind=REGRADE, subject=sha256, at=now, who=who, why=why, via=via, body=body), now)
        before = kept.path
    store.destroy(path)
    return before
