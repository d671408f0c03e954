"""What assets answer to safe probes, by how bad it is: what the year's findings and its baseline are judged by."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from checks.contract import Contract
from checks.finding import Finding, State
from checks.probe_evidence import kept
from checks.safe_probe import Connected, Reply, Response, TlsSeen, safe_probe, verdict
from checks.scope import target
from checks.secrecy import Redactor
from checks.visit import ProbeVisit

BAD, PARTLY, GOOD = State.CRIT, State.WARN, State.OK
_HEADERS = (
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("referrer-policy", "same-origin"),
)
_VERSIONS = ("SSLv3", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
_SUITES = ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
_REDACTOR = Redactor()


def looked(
    contract: Contract, probe_id: str, asset: str, how: State, at: datetime, *, name: str, identity: str,
    way: str = "bastion",
) -> tuple[ProbeVisit, Finding]:  # fmt: skip
    """One look by the real probe at simulated answers, as `flows.probing.look` puts it together.

    Args:
        how: what it is to find: BAD, PARTLY or GOOD.
        name: under which target it stands on record.
        way: which bastion; "" from here.
    """
    probe = safe_probe(probe_id)
    place, params = target(contract, asset), probe.params()
    questions = probe.ask(place, params)
    replies = [_reply(probe_id, how, number, at) for number in range(len(questions))]
    finding = verdict(probe, replies, params)
    visit = ProbeVisit(
        target=name, attempt=1, started_at=at, seconds=1.82, probe=probe.id, version=probe.version, asset=str(place),
        vantage="bastion" if way else "here", way=way, identity=identity, params=params.model_dump(mode="json"),
        sent=tuple(f"{type(one).__name__} {place}" for one in questions), replies=kept(replies, _REDACTOR),
        obstacle=finding.summary if finding.reason else "", reason=finding.reason,
    )  # fmt: skip
    return visit, finding


def _reply(probe: str, how: State, number: int, at: datetime) -> Reply:
    match probe:
        case "port-closed":
            return Connected(open=True, how="open") if how is BAD else Connected(open=False, how="refused")
        case "tls-min-version" | "tls-ciphers" | "certificate":
            return _tls(how, at)
        case "http-headers":
            there = how is GOOD or (how is PARTLY and not number)
            return _page(headers=_HEADERS if there else _HEADERS[:1])
        case "cookie-flags":
            flags = {GOOD: "; HttpOnly; Secure; SameSite=Lax", PARTLY: "; HttpOnly; Secure", BAD: ""}[how]
            return _page(headers=(("set-cookie", f"JSESSIONID{flags}"),))
        case "version-disclosure":
            return _page(headers=(("server", "nginx/1.22.1" if how is BAD else "nginx"),))
        case "error-page":
            return _page(404, body="<h1>404</h1><hr>nginx/1.22.1" if how is BAD else "<h1>404</h1>")
        case "http-methods":
            return _page(headers=(("allow", "GET, HEAD, POST, PUT, DELETE" if how is BAD else "GET, HEAD, POST"),))
        case "directory-listing":
            return _page(200 if how is BAD else 403, body="<title>Index of /files</title>" if how is BAD else "")
        case _:
            return _page(404)


def _page(status: int = 200, headers: Sequence[tuple[str, str]] = (), body: str = "") -> Response:
    return Response(status=status, headers=tuple(headers), body=body, tls=True)


def _tls(how: State, at: datetime) -> TlsSeen:
    """Old versions are agreed to where it is bad; the certificate is made anew every year."""
    end = datetime(at.year + (at.month > 6), 9, 1, tzinfo=at.tzinfo)
    return TlsSeen(
        versions={name: name in _VERSIONS[3:] or how is BAD for name in _VERSIONS},
        ciphers=dict.fromkeys(_VERSIONS[3:], _SUITES),
        asked="127.0.0.1", names=("127.0.0.1",), subject="CN=127.0.0.1", issuer="CN=示例 CA", key="RSA 2048",
        not_before=(end - timedelta(days=366)).isoformat(), not_after=end.isoformat(),
        days_left=(end - at) / timedelta(days=1), signature="sha256WithRSAEncryption", fingerprint="ab" * 32,
    )  # fmt: skip
