"""Verdicts on headers, cookies, methods, error pages and certificates, from replies written out."""

from datetime import UTC, datetime, timedelta

import pytest

from checks.finding import Reason, State
from checks.probes.certificate import CHECK as CERTIFICATE
from checks.probes.certificate import Params as CertificateParams
from checks.probes.cookie_flags import CHECK as COOKIES
from checks.probes.cookie_flags import Params as CookieParams
from checks.probes.error_page import CHECK as ERROR_PAGE
from checks.probes.http_headers import CHECK as HEADERS
from checks.probes.http_headers import Params as HeaderParams
from checks.probes.http_methods import CHECK as METHODS
from checks.probes.http_methods import Params as MethodParams
from checks.probes.tls_ciphers import CHECK as CIPHERS
from checks.probes.version_disclosure import CHECK as VERSIONS
from checks.safe_probe import AnyProbe, ProbeParams, Reply, Response, TlsSeen, verdict

ALL = (
    ("strict-transport-security", "max-age=15552000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "frame-ancestors 'self'"),
    ("referrer-policy", "no-referrer"),
)


def judged(probe: AnyProbe, *replies: Reply, params: ProbeParams | None = None) -> tuple[State, str]:
    found = verdict(probe, replies, params or probe.params())
    return found.state, found.summary


def page(*headers: tuple[str, str], status: int = 200, body: str = "") -> Response:
    return Response(status=status, headers=headers, body=body, tls=True)


def test_headers_on_every_page() -> None:
    there, none = page(*ALL), page()
    assert judged(HEADERS, there, there, there)[0] is State.OK
    assert judged(HEADERS, there, none, there) == (
        State.WARN,
        "错误页缺 Strict-Transport-Security（不短于 180 天）、X-Content-Type-Options、X-Frame-Options 或 CSP "
        "frame-ancestors、Referrer-Policy；应都在",
    )
    assert judged(HEADERS, none, there, there)[0] is State.CRIT
    assert judged(HEADERS, there, there, page(status=503))[0] is State.UNKNOWN


def test_headers_that_are_there_and_do_nothing() -> None:
    short = page(("strict-transport-security", "max-age=15551999"), *ALL[1:])
    assert judged(HEADERS, short)[0] is State.CRIT
    # without TLS browsers take no notice of it
    assert judged(HEADERS, Response(status=200, headers=ALL[1:]))[0] is State.OK
    allowed = page(("x-frame-options", "ALLOWALL"), ALL[0], ALL[1], ALL[3])
    assert judged(HEADERS, allowed)[0] is State.CRIT
    assert judged(HEADERS, allowed, params=HeaderParams(headers=("hsts", "nosniff")))[0] is State.OK


def test_cookies() -> None:
    def cookie(text: str) -> Response:
        return page(("set-cookie", text))

    assert judged(COOKIES, cookie("S=…; Secure; HttpOnly; SameSite=Lax"))[0] is State.OK
    assert judged(COOKIES, cookie("S=…; secure; httponly")) == (State.WARN, "S 缺 SameSite；应齐全")
    assert judged(COOKIES, cookie("S=…; HttpOnly; SameSite=Lax")) == (State.CRIT, "S 缺 Secure；应齐全")
    token = cookie("XSRF-TOKEN=…; Secure; SameSite=Lax")
    assert judged(COOKIES, token)[0] is State.CRIT
    assert judged(COOKIES, token, params=CookieParams(readable=("XSRF-TOKEN",)))[0] is State.OK
    assert judged(COOKIES, page())[0] is State.UNKNOWN


def test_methods() -> None:
    def allow(methods: str, status: int = 200) -> Response:
        return page(("allow", methods), status=status)

    assert judged(METHODS, allow("GET, HEAD, POST, OPTIONS"))[0] is State.OK
    assert judged(METHODS, allow("GET,TRACE", 405)) == (State.CRIT, "允许 TRACE；应只允许 GET、HEAD、POST、OPTIONS")
    assert judged(METHODS, allow("GET, PUT"), params=MethodParams(allowed=("put",)))[0] is State.OK
    assert judged(METHODS, page(status=405))[0] is State.OK
    assert judged(METHODS, page(status=501))[0] is State.OK
    for status in (200, 302, 401, 404):
        assert judged(METHODS, page(status=status))[0] is State.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        "<hr><center>nginx/1.22.1</center>",
        "<h3>Apache Tomcat/9.0.70</h3>",
        "java.lang.NullPointerException: null\n\tat cn.example.Login.go(Login.java:12)",
        "Traceback (most recent call last):",
        "<h1>Whitelabel Error Page</h1>",
    ],
)
def test_error_pages_that_tell(body: str) -> None:
    for status in (404, 500):
        assert judged(ERROR_PAGE, page(status=status, body=body))[0] is State.CRIT


def test_error_pages_that_do_not() -> None:
    assert judged(ERROR_PAGE, page(status=404, body="<h1>页面不存在</h1><center>nginx</center>"))[0] is State.OK
    assert judged(ERROR_PAGE, page(status=500, body="出错了"))[0] is State.UNKNOWN
    assert judged(ERROR_PAGE, page(("location", "/login"), status=302))[0] is State.UNKNOWN


def test_versions() -> None:
    assert judged(VERSIONS, page(("server", "nginx")))[0] is State.OK
    assert judged(VERSIONS, page(("x-powered-by", "PHP/8.2.7"), status=502))[0] is State.CRIT
    assert judged(VERSIONS, page(("server", "nginx"), status=502))[0] is State.UNKNOWN


def certificate(**changed: object) -> TlsSeen:
    end = datetime(2026, 12, 31, tzinfo=UTC)
    facts = {
        "asked": "oa.example", "not_before": (end - timedelta(days=365)).isoformat(), "not_after": end.isoformat(),
        "days_left": 200.0, "names": ("oa.example",), "key": "RSA 2048", "signature": "sha256WithRSAEncryption",
    }  # fmt: skip
    return TlsSeen.model_validate(facts | changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"days_left": -3.0}, "3 天前已到期"),
        ({"self_signed": True}, "自签名"),
        ({"names": ("www.example", "*.oa.example")}, "应写给 oa.example"),
        ({"names": ()}, "（没有域名）"),
        ({"key": "RSA 1024"}, "密钥是 RSA 1024"),
        ({"key": "EC secp192r1"}, "密钥是 EC"),
        ({"signature": "sha1WithRSAEncryption"}, "签名算法"),
        ({"days_left": 400.0}, "才生效"),
    ],
)
def test_certificates_with_a_fault(changed: dict[str, object], words: str) -> None:
    state, summary = judged(CERTIFICATE, certificate(**changed))
    assert (state, words in summary) == (State.CRIT, True), summary


def test_certificates_without() -> None:
    assert judged(CERTIFICATE, certificate())[0] is State.OK
    assert judged(CERTIFICATE, certificate(names=("*.example",)))[0] is State.OK
    assert judged(CERTIFICATE, certificate(days_left=30.0))[0] is State.WARN
    named = CertificateParams(name="www.oa.example")
    assert judged(CERTIFICATE, certificate(names=("*.oa.example",)), params=named)[0] is State.OK


@pytest.mark.parametrize(
    "weak",
    [
        "TLS_RSA_WITH_NULL_SHA256", "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_DES_CBC_SHA",
        "TLS_RSA_WITH_IDEA_CBC_SHA", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    ],
)  # fmt: skip
def test_weak_ciphers(weak: str) -> None:
    good = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    state, summary = judged(CIPHERS, TlsSeen(ciphers={"TLS 1.2": (good, weak)}))
    assert (state, weak in summary, good in summary) == (State.CRIT, True, False)
    assert judged(CIPHERS, TlsSeen(ciphers={"TLS 1.2": (good,), "TLS 1.3": ("TLS_SM4_GCM_SM3",)}))[0] is State.OK


def test_what_was_not_seen_has_a_reason() -> None:
    found = verdict(COOKIES, [page()], COOKIES.params())
    assert found.reason is Reason.UNSUPPORTED
