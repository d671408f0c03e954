"""What of the replies to a probe may be kept: what proves the verdict, and no content of any page.

Duties, Grades of secrecy: a page that is open to all may show business data, which is of the highest grade. So of a
body its length and its hash are kept; a cookie's value is left out as it is read (`tasks.asking`).
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from checks.host_check import Section
from checks.log_templates import redact_lines
from checks.safe_probe import Reply, Response
from checks.secrecy import Redactor

MOST = 2000
"""Characters of one text in the ledger; the whole is in the evidence."""


def kept(replies: Sequence[Reply], redactor: Redactor) -> tuple[dict[str, Any], ...]:
    """The replies as JSON, redacted."""
    return tuple(_kept(one, redactor) for one in replies)


def _kept(reply: Reply, redactor: Redactor) -> dict[str, Any]:
    if isinstance(reply, Section):
        out, err = (redact_lines(text, redactor) for text in (reply.out, reply.err))
        return {"out": out, "err": err, "status": reply.status}
    if isinstance(reply, Response):
        raw = reply.body.encode(errors="surrogatepass")
        headers = [[name, redactor.clean(value, MOST)] for name, value in reply.headers]
        body = {"body_length": len(raw), "body_sha256": hashlib.sha256(raw).hexdigest()} if raw else {}
        return {"status": reply.status, "headers": headers, **body}
    facts: dict[str, Any] = redactor.clean_all(reply.model_dump(mode="json"))
    return facts


def clipped(value: Any) -> Any:
    """The same with long texts cut: what the ledger holds of it."""
    if isinstance(value, str):
        return value if len(value) <= MOST else value[: MOST - 1] + "…"
    if isinstance(value, dict):
        return {key: clipped(one) for key, one in value.items()}
    return [clipped(one) for one in value] if isinstance(value, list | tuple) else value
