"""The three systems behave as such systems do: logins, sessions that expire, captcha, real attachments."""

import io
import time
import zipfile
from pathlib import Path

import httpx
import pypdfium2
import pytest
from estate_client import MOBILE_AGENT, make_client, password
from typer.testing import CliRunner

from rehearsal.canary import DOCUMENT_TITLE
from rehearsal.cli import app
from rehearsal.estate import Estate
from rehearsal.layout import ACCOUNT
from rehearsal.web.captcha import Captchas

PRIVATE = [("oa", "/portal", 302), ("oa", "/attachment/oa-in-01.pdf", 302), ("mobile", "/api/todo", 401),
           ("archive", "/original/da-01.pdf", 302)]  # fmt: skip


@pytest.mark.parametrize(("system", "path", "status"), PRIVATE)
def test_a_page_wants_a_login(estate: Estate, client, system: str, path: str, status: int):
    with make_client(estate, system, login=False) as stranger:
        assert stranger.get(path).status_code == status
    assert client(system).get(path).status_code == 200


def test_a_wrong_password_is_refused(estate: Estate):
    for system, path in (("oa", "/login"), ("mobile", "/api/login"), ("archive", "/login")):
        with make_client(estate, system, login=False) as browser:
            answer = browser.post(path, data={"username": ACCOUNT[system], "password": "wrong"})
            assert "用户名或密码错误" in answer.text
            assert not browser.cookies


def test_sessions_expire_and_a_captcha_spares_the_whitelisted(fresh):
    whitelist = (ACCOUNT["archive"],)
    estate = fresh(session_ttl=0.6, captcha_required=True, captcha_whitelist=whitelist)
    with estate, make_client(estate, "oa") as oa, make_client(estate, "archive") as archive:
        assert oa.get("/home").status_code == 200
        assert "验证码" in archive.get("/login").text
        assert archive.get("/home").status_code == 200
        time.sleep(0.7)
        assert oa.get("/home").headers["location"] == "/login"
        assert archive.get("/home").headers["location"] == "/login"


def test_a_captcha_is_good_for_one_attempt():
    captchas = Captchas()
    key = captchas.issue()
    answer = captchas.answer(key)
    assert answer is not None
    assert captchas.redeem(key, answer)
    assert not captchas.redeem(key, answer)
    assert not captchas.redeem(captchas.issue(), "")


def test_logout_ends_the_session(client):
    oa = client("oa")
    assert "您已安全退出" in oa.get("/logout").text
    assert oa.get("/home").headers["location"] == "/login"


def test_a_changed_password_file_counts_at_once(estate: Estate):
    file = estate.secrets_dir / "oa-inspector.password"
    old = password(estate, "oa")
    try:
        file.write_text("another-one")
        with make_client(estate, "oa") as browser:
            assert browser.get("/home").status_code == 200
    finally:
        file.write_text(old)


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("oa", "/attachment/oa-in-01.pdf"),
        ("mobile", "/api/attachment/oa-in-01.pdf"),
        ("archive", "/original/da-01.pdf?download=1"),
    ],
)
def test_a_pdf_is_a_pdf_and_is_named_after_its_document(client, system: str, path: str):
    answer = client(system).get(path)
    with pypdfium2.PdfDocument(answer.content) as document:
        assert len(document) == 1
        text = document[0].get_textpage().get_text_range()
    assert DOCUMENT_TITLE in text
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E5")


def test_a_word_document_is_one(client):
    answer = client("oa").get("/attachment/oa-in-01.docx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert DOCUMENT_TITLE in archive.read("word/document.xml").decode()


def test_the_mobile_app_is_for_mobile_browsers(estate: Estate):
    with make_client(estate, "mobile", login=False) as phone:
        assert 'id="login-form"' in phone.get("/").text
        desktop = phone.get("/", headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    assert desktop.status_code == 200
    assert "请使用移动设备访问" in desktop.text
    assert "Mobile" in MOBILE_AGENT


def test_the_gateway_is_healthy_without_a_login(estate: Estate):
    with make_client(estate, "mobile", login=False) as phone:
        assert phone.get("/api/gateway/health").json()["status"] == "UP"


def test_searching(client):
    oa, archive = client("oa"), client("archive")
    assert 'data-testid="result-count">1<' in oa.get("/search", params={"q": "样本", "kind": "收文"}).text
    assert 'data-testid="result-count">0<' in oa.get("/search", params={"q": "样本", "kind": "通知"}).text
    assert 'data-testid="result-count">1<' in archive.get("/search", params={"number": "DA-CS-0001"}).text


def test_what_is_typed_is_escaped(client):
    text = client("oa").get("/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in text


def test_the_command_line(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = CliRunner().invoke
    monkeypatch.setenv("XUNJIAN_HOME", str(tmp_path))
    assert run(app, ["faults"]).exit_code == 0
    assert "没有运行" in run(app, ["status"]).stdout
    assert run(app, ["fault", "oa-slow"]).exit_code == 3
    unknown = run(app, ["fault", "oa-slowly"])
    assert unknown.exit_code == 2
    assert "oa-slow" in unknown.stderr

    monkeypatch.setenv("XUNJIAN_HOME", str(estate.home.parent))
    assert run(app, ["fault", "oa-slow"]).exit_code == 0
    assert "oa-slow" in run(app, ["status"]).stdout
    assert run(app, ["clear"]).exit_code == 0
    assert httpx.get(estate.url("archive") + "/login", trust_env=False).status_code == 200
