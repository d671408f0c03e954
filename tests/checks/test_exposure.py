"""How answers are judged that look like the thing and are not, or the other way round."""

import pytest

from checks.finding import Reason, State
from checks.probes.actuator import CHECK as ACTUATOR
from checks.probes.directory_listing import CHECK as LISTING
from checks.probes.druid import CHECK as DRUID
from checks.probes.nacos import CHECK as NACOS
from checks.probes.weblogic_console import CHECK as WEBLOGIC
from checks.safe_probe import AnyProbe, Kind, Response, Target, verdict
from checks.web import base

JSON = (("content-type", "application/json"),)
HTML = (("content-type", "text/html"),)
LOGIN_PAGE = Response(status=200, headers=HTML, body="<title>登录</title><form><input type=password></form>")
FIREWALL = Response(status=200, headers=HTML, body="<h1>您的请求已被拦截</h1>")
CHALLENGE = Response(status=200, headers=HTML, body="<title>访问验证</title>")
NOT_FOUND = Response(status=404)


def judged(probe: AnyProbe, *replies: Response) -> tuple[State, Reason | None, str]:
    found = verdict(probe, replies, probe.params())
    return found.state, found.reason, found.summary


def redirect(to: str) -> Response:
    return Response(status=302, headers=(("location", to),))


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410])
def test_what_is_refused_passes(status: int) -> None:
    assert judged(DRUID, Response(status=status))[0] is State.OK


@pytest.mark.parametrize("page", [LOGIN_PAGE, FIREWALL], ids=["login", "firewall"])
def test_200_is_no_proof(page: Response) -> None:
    """A login page or a firewall's answers 200 to everything."""
    for probe in (DRUID, WEBLOGIC):
        state, _, summary = judged(probe, page)
        assert (state, "没有该页面的特征" in summary) == (State.OK, True)
    assert judged(ACTUATOR, page, *[Response(status=200, headers=HTML)] * 3)[0] is State.OK


def test_a_page_that_wants_a_person_is_no_verdict() -> None:
    assert judged(DRUID, CHALLENGE)[:2] == (State.UNKNOWN, Reason.PERMISSION)


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503])
def test_what_says_nothing_of_the_application(status: int) -> None:
    assert judged(DRUID, Response(status=status))[:2] == (State.UNKNOWN, Reason.INCOMPLETE)
    assert judged(LISTING, Response(status=status))[:2] == (State.UNKNOWN, Reason.INCOMPLETE)


@pytest.mark.parametrize("to", ["/login?", "https://sso.example/cas/login", "/oa/user/signin.jsp", "/oauth/authorize"])
def test_a_redirect_to_a_login_passes(to: str) -> None:
    assert judged(DRUID, redirect(to))[0] is State.OK


@pytest.mark.parametrize("to", ["https://oa.example/druid/index.html", "/druid/index.html/", "/home", ""])
def test_other_redirects_tell_nothing(to: str) -> None:
    state, _, summary = judged(DRUID, redirect(to))
    assert (state, "请对那个网址复测" in summary) == (State.UNKNOWN, True)


def test_a_redirect_of_a_login_page_to_itself_is_none_to_a_login() -> None:
    assert judged(WEBLOGIC, redirect("https://oa.example/console/login/LoginForm.jsp"))[0] is State.UNKNOWN


def test_json_to_everything_is_not_an_environment() -> None:
    """Gateways answer 200 with {"code":401}: then HEAD says 200 and JSON too, also of what cannot exist."""
    gateway = Response(status=200, headers=JSON, body='{"code":401,"msg":"未登录"}')
    head = Response(status=200, headers=JSON)
    assert judged(ACTUATOR, gateway, head, head, head)[0] is State.OK
    # the same where only what exists is answered
    state, _, summary = judged(ACTUATOR, NOT_FOUND, head, NOT_FOUND, NOT_FOUND)
    assert (state, "env可以访问" in summary) == (State.CRIT, True)


def test_what_takes_no_head_may_take_get() -> None:
    closed = Response(status=404)
    assert judged(ACTUATOR, closed, Response(status=405), closed, closed)[0] is State.UNKNOWN


def test_health_alone_is_no_weakness() -> None:
    """What Spring's own remedy leaves: the list is there, with health in it."""
    closed = Response(status=404)
    links = '{"_links":{"self":{"href":"https://oa.example/actuator","templated":false},"health":{"href":"x"},'
    health = Response(status=200, headers=JSON, body=f'{links}"health-path":{{"href":"x","templated":true}}}}}}')
    assert judged(ACTUATOR, health, closed, closed, closed)[0] is State.OK
    more = Response(status=200, headers=JSON, body=f'{links}"loggers":{{"href":"x"}}}}}}')
    assert judged(ACTUATOR, more, closed, closed, closed)[0] is State.CRIT


def test_what_is_open_outranks_what_was_not_seen() -> None:
    users = Response(status=200, headers=JSON, body='{"totalCount":1,"pageItems":[]}')
    assert judged(NACOS, users, Response(status=502))[0] is State.CRIT
    assert judged(NACOS, Response(status=403), Response(status=502))[0] is State.UNKNOWN
    console = Response(status=200, headers=HTML, body="<title>Nacos</title>")
    assert judged(NACOS, Response(status=403), console)[0] is State.WARN


def test_paths_are_below_the_folder_of_the_target() -> None:
    def of(path: str) -> str:
        return base(Target(Kind.URL, "oa.example", 443, "oa", "https", path))

    assert [of("/"), of("/oa/"), of("/oa/login.jsp?x=/y/"), of("/oa")] == ["", "/oa", "/oa", ""]
