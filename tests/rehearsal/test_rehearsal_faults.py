"""Every fault changes what a plain client sees, in the way its effect promises, and is gone when cleared."""

import hashlib
import ssl
import threading
import time
from collections import Counter

import httpx
import pytest
from estate_client import make_client

from rehearsal.estate import Estate
from rehearsal.faults import FAULTS, Effect, Fault, Switchboard, UnknownFaultError, find
from rehearsal.layout import ACCOUNT, SYSTEMS

PATIENCE = 0.4
QUERIES = {"archive-search-empty": "?number=DA-CS-0001"}
OTHER_PAGE = {"oa": "/doc/oa-in-02", "mobile": "/api/schedule", "archive": "/record/da-01"}
ON_A_PAGE = [fault for fault in FAULTS if fault.effect not in (Effect.LOGIN, Effect.CERTIFICATE, Effect.CLOSED)]
Sight = tuple[int | str, str, str, str]


def look(client: httpx.Client, path: str) -> Sight:
    """Status, where it sends us, the type and the digest of the body; or that nothing came in time."""
    try:
        answer = client.get(path, timeout=PATIENCE)
    except httpx.TimeoutException:
        return ("no answer", "", "", "")
    digest = hashlib.sha256(answer.content).hexdigest()
    return (answer.status_code, answer.headers.get("location", ""), answer.headers.get("content-type", ""), digest)


@pytest.mark.parametrize("fault", ON_A_PAGE, ids=lambda fault: fault.name)
def test_a_fault_touches_its_page_and_no_other(estate: Estate, client, fault: Fault):
    path = fault.path + QUERIES.get(fault.name, "")
    browser = client(fault.system)
    good, other = look(browser, path), look(browser, OTHER_PAGE[fault.system])
    assert good[0] == 200

    estate.fault(fault.name)
    bad = look(browser, path)
    assert bad != good
    assert look(browser, OTHER_PAGE[fault.system]) == other
    if fault.effect in (Effect.DELAY, Effect.HANG):
        assert bad[0] == "no answer"
    elif fault.effect is Effect.STATUS:
        assert bad[0] == fault.status
    elif fault.effect is Effect.LOOP:
        assert bad[:2] == (302, fault.path)
    else:
        assert bad[0] == 200, "all the others look well by their status"

    estate.clear()
    assert look(browser, path) == good


def test_bodies_are_wrong_in_the_way_promised(estate: Estate, client):
    oa, mobile, archive = client("oa"), client("mobile"), client("archive")
    whole = mobile.get("/api/attachment/oa-in-01.pdf").content
    for name in ("oa-error-page", "oa-login-page", "oa-attachment-broken", "mobile-attachment-truncated",
                 "archive-mojibake", "archive-blank", "oa-redirect-loop"):  # fmt: skip
        estate.fault(name)
    assert "<title>系统错误</title>" in oa.get("/search").text
    assert 'type="password"' in oa.get("/notices").text
    broken = oa.get("/attachment/oa-in-01.pdf")
    assert broken.headers["content-type"] == "application/pdf"
    assert broken.content.startswith(b"<html>")
    assert mobile.get("/api/attachment/oa-in-01.pdf").content == whole[: len(whole) // 2]
    page = archive.get("/borrow")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "借阅管理" in page.content.decode("gbk")
    with pytest.raises(UnicodeDecodeError):
        page.content.decode("utf-8")
    assert "<body></body>" in archive.get("/stats").text
    with pytest.raises(httpx.TooManyRedirects):
        oa.get("/outgoing", follow_redirects=True)


def test_a_slow_page_is_late_by_its_seconds_and_whole(estate: Estate, client):
    oa = client("oa")
    good = oa.get("/todo").content
    estate.fault("oa-slow")
    start = time.monotonic()
    assert oa.get("/todo").content == good
    assert 3.9 < time.monotonic() - start < 4.9


def test_a_page_that_hangs_answers_once_the_fault_is_cleared(estate: Estate, client):
    oa = client("oa")
    estate.fault("oa-hang")
    timer = threading.Timer(0.5, estate.clear)
    timer.start()
    assert oa.get("/notices", timeout=5).status_code == 200
    timer.join()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("oa-cert-expired", "certificate has expired"), ("mobile-self-signed", "self-signed certificate")],
)
def test_a_bad_certificate_is_refused_by_a_client_that_looks(estate: Estate, name: str, complaint: str):
    system = find(name).system
    estate.fault(name)
    with make_client(estate, system, login=False) as browser, pytest.raises(httpx.ConnectError, match=complaint):
        browser.get("/")
    estate.clear()
    with make_client(estate, system, login=False) as browser:
        assert browser.get("/").status_code < 400


def test_an_expiring_certificate_is_valid_for_five_days(estate: Estate):
    assert 364 < days_left(estate) < 366
    estate.fault("oa-cert-expiring")
    assert 4.9 < days_left(estate) < 5.1
    estate.clear()
    assert 364 < days_left(estate) < 366


def days_left(estate: Estate) -> float:
    with make_client(estate, "oa", login=False) as browser, browser.stream("GET", "/login") as answer:
        line = answer.extensions["network_stream"].get_extra_info("ssl_object")
        end = ssl.cert_time_to_seconds(line.getpeercert()["notAfter"])
    return (end - time.time()) / 86400


def test_a_system_that_is_down_refuses_connections_and_the_others_go_on(estate: Estate, client):
    archive, oa = client("archive"), client("oa")
    estate.fault("archive-down")
    with pytest.raises(httpx.ConnectError):
        archive.get("/home")
    assert oa.get("/home").status_code == 200
    estate.clear()
    assert archive.get("/home").status_code == 200


def test_a_refused_login_shows_the_form_again_with_what_was_typed(estate: Estate):
    estate.fault("oa-login-refused")
    with make_client(estate, "oa", login=False) as browser:
        secret = (estate.secrets_dir / "oa-inspector.password").read_text(encoding="utf-8")
        answer = browser.post("/login", data={"username": ACCOUNT["oa"], "password": secret})
        assert answer.status_code == 200
        assert "用户名或密码错误" in answer.text
        assert secret in answer.text, "the canary password is planted in the page"
        assert browser.get("/portal").headers["location"] == "/login"


def test_a_dropped_session_leads_from_the_portal_back_to_the_login_page(estate: Estate):
    estate.fault("oa-session-dropped")
    with make_client(estate, "oa") as browser:
        assert browser.get("/portal").headers["location"] == "/login"
    estate.clear()
    with make_client(estate, "oa") as browser:
        assert browser.get("/portal").status_code == 200


def test_the_captcha_fault_refuses_a_login_without_it(estate: Estate):
    estate.fault("archive-captcha-login")
    with make_client(estate, "archive") as browser:
        assert browser.get("/home").headers["location"] == "/login"
        page = browser.get("/login").text
        assert "验证码图片" in page
        picture = browser.get(page.split('src="')[1].split('"')[0])
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "<text" not in picture.text
    estate.clear()
    with make_client(estate, "archive") as browser:
        assert browser.get("/home").status_code == 200


def test_faults_add_up_and_are_listed(estate: Estate):
    estate.fault("oa-slow")
    assert estate.fault("archive-down").faults == ("archive-down", "oa-slow")
    assert estate.clear().faults == ()


def test_the_registry_is_whole():
    assert len(FAULTS) >= 24
    assert [name for name, times in Counter(fault.name for fault in FAULTS).items() if times > 1] == []
    for fault in FAULTS:
        assert fault.system in SYSTEMS
        assert fault.caught_by
        for target, check, state in fault.caught_by:
            assert target.startswith(f"{fault.system}/")
            assert check in {f"PG{n:02d}" for n in range(1, 9)}
            assert state in {"WARN", "CRIT", "UNKNOWN"}
    for effect in Effect:
        assert any(fault.effect is effect for fault in FAULTS), effect


def test_an_unknown_fault_names_the_closest():
    with pytest.raises(UnknownFaultError, match="oa-slow"):
        find("oa-slwo")
    with pytest.raises(UnknownFaultError):
        Switchboard().is_on("no-such-fault")
