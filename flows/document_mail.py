"""A document that the program mails. The server's answer is the receipt: without it nothing was handed in."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from checks.channels import Smtp, not_cleared
from checks.contract import Contract
from checks.document_entries import Handed
from checks.documents import DocumentDuty
from checks.entries import Who
from checks.secrecy import Grade
from checks.slots import RequestError
from flows.document_desk import DocumentDesk
from tasks import notify, secrets
from tasks.crypto.tls import trusting
from tasks.ledger import Ledger
from tasks.settings import Settings


class MailError(Exception):
    """It was not mailed, or nobody knows; the message is for the operator."""


def mail(
    ledger: Ledger,
    settings: Settings,
    contract: Contract,
    subject: str,
    file: tuple[str, bytes],
    by: Who,
    clock: Callable[[], datetime],
) -> str:
    """Mail a document, and put it on record as handed in when the server has taken it; returns what was entered.

    Args:
        file: name and content.

    Raises:
        RequestError: no such document, handed in already, or the contract does not say to whom it is mailed.
        MailError: it was refused, or the answer was lost; nothing was entered.
        SecretError: the channel's password cannot be had.
    """
    at = clock()
    document = DocumentDesk(ledger, settings, at).expected(subject, file, Handed(at, "mail"), by)
    duty = contract.document(document.duty.id) or document.duty
    channel = channel_of(contract, duty, grade := max(Grade(duty.grade), Grade(document.duty.grade)))
    name, content = file
    sha256 = hashlib.sha256(content).hexdigest()
    letter = notify.Letter(
        # one more byte is another document; the same sent again is the same letter
        id=f"{document.subject.replace('/', '-')}-{sha256[:16]}",
        title=f"{contract.name}：{document.title}",
        text=f"{contract.contractor.name}提交《{contract.name}》的{document.title}，见附件 {name}。\n\n"
        f"附件 SHA-256：{sha256}",
        to=tuple(duty.mail_to),
        file=file,
        at=at,
    )
    values = secrets.read_all(channel.secret_names(), settings.secrets_dir)
    receipt = notify.mail(channel, letter, values, grade=grade, trusted=trusting(settings.ca_dir))
    if receipt.lost:
        raise MailError(
            f"{document.title} 已经传出，没有收到服务器的回答（{receipt.answer}）：不知道送到没有，没有登记提交。"
            f"问一下收件人，或再发一次：编号 {receipt.message_id} 不变，收到两封也认得出是同一封"
        )
    if not receipt.ok:
        raise MailError(f"{document.title} 没有发出，没有登记提交：{receipt.answer}")
    at = clock()
    queued = f"，队列号 {receipt.queue_id}" if receipt.queue_id else ""
    said = f"{receipt.answer}{queued}；发给 {'、'.join(letter.to)}；渠道 {channel.id}；编号 {receipt.message_id}"
    return DocumentDesk(ledger, settings, at).submit(document.subject, file, Handed(at, "mail", said), by)


def channel_of(contract: Contract, duty: DocumentDuty, grade: Grade) -> Smtp:
    """The channel by which a kind of document is mailed.

    Raises:
        RequestError: the contract names none, or it may not carry this grade.
    """
    if not duty.channel or not duty.mail_to:
        raise RequestError(f"合同没有写{duty.title}由程序发给谁；在 documents 里给它写 channel 和 mail_to")
    channel = next((one for one in contract.channels if one.id == duty.channel), None)
    if channel is None:
        raise RequestError(f"合同里没有渠道 {duty.channel}；在 channels 里写")
    if refusal := not_cleared(channel, grade):
        raise RequestError(refusal)
    if not isinstance(channel, Smtp):  # what `not_cleared` has told already
        raise RequestError(f"渠道 {channel.id} 不是邮件")
    return channel
