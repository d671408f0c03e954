"""One POST: no proxy from the environment, no redirect followed, nothing logged, an answer of limited size."""

import json
import logging
import ssl
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from tasks.notify.line import THREAD, Line
from tasks.notify.message import Verdict

_LIMIT = 64 * 1024  # bytes of an answer


def _not_ours(_: logging.LogRecord) -> bool:
    return threading.current_thread().name != THREAD


# They tell addresses and headers, and a robot's secret stands in its address.
for _name in ("httpx", "httpcore.connection", "httpcore.http11"):
    logging.getLogger(_name).addFilter(_not_ours)


class Posted(NamedTuple):
    """What was answered: HTTP's status, and the text."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        """HTTP's own success; a robot's refusal is one as well."""
        return 200 <= self.status < 300


def encoded(payload: Mapping[str, Any]) -> bytes:
    """The JSON as it is sent, in UTF-8: WeCom refuses \\u escapes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def post(
    line: Line,
    trusted: ssl.SSLContext,
    url: str,
    payload: Mapping[str, Any],
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Posted:
    """Post JSON.

    Args:
        params: for the query, instead of what the address has there.

    Raises:
        httpx.HTTPError: there was no answer.
        httpx.InvalidURL: a secret makes the address one that cannot be.
    """

    def traced(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            line.hold(info["return_value"].get_extra_info("socket"))

    sent = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity", **(headers or {})}
    with (
        httpx.Client(verify=trusted, trust_env=False, timeout=line.seconds) as client,
        client.stream(
            "POST", url, params=params, content=encoded(payload), headers=sent, extensions={"trace": traced}
        ) as response,
    ):
        if response.has_redirect_location:
            return Posted(response.status_code, f"要转到 {response.headers['Location']}，没有跟去")
        raw = b""
        for chunk in response.iter_raw():
            raw += chunk
            if len(raw) > _LIMIT:
                return Posted(response.status_code, f"回答超过 {_LIMIT // 1024} KiB")
        return Posted(response.status_code, raw.decode("utf-8", "replace"))


def robots_verdict(posted: Posted, codes: Sequence[str], words: Sequence[str]) -> Verdict:
    """Whether a robot accepted: it refuses with HTTP 200 too, so its own code counts, and only zero.

    Args:
        codes: the keys that may hold the code; those that are there must agree.
        words: the keys that may hold what it says.
    """
    try:
        said = json.loads(posted.text)
    except (ValueError, RecursionError):
        said = None
    found = {key: said[key] for key in codes if key in said} if isinstance(said, dict) else {}
    if not found:
        return Verdict(False, f"HTTP {posted.status}，没有回答 {codes[0]}：{posted.text}")
    told = "，".join(f"{key} {code}" for key, code in found.items())
    ok = posted.ok and all(type(code) is int and code == 0 for code in found.values())
    return Verdict(ok, f"HTTP {posted.status}，{told}：{next((said[key] for key in words if key in said), '')}")
