import pytest
from host_answers import see
from pydantic import ValidationError

from checks.finding import Reason, State
from checks.host_check import Section
from checks.hosts.ports import CHECK, Listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table(*addresses: str, state: str = "0A") -> str:
    rest = "00000000:00000000 00:00000000 00000000     0        0 1081 1 00000000e957b529 100 0 0 10 0"
    rows = "".join(f"   {n}: {a} 00000000:0000 {state} {rest}\n" for n, a in enumerate(addresses))
    return HEAD + rows


ANY_22, ANY_8080 = "00000000:0016", "00000000:1F90"
ANY6_443 = "0" * 32 + ":01BB"
LOCAL_3306, LOCAL6_25, MAPPED_8005 = (
    "0100007F:0CEA",
    "00000000000000000000000001000000:0019",
    "0000000000000000FFFF00000100007F:1F45",
)


def test_addresses_are_told_apart():
    section = Section(table(ANY_22, LOCAL_3306) + table(ANY6_443, LOCAL6_25, MAPPED_8005), "", 0)
    assert CHECK.parse(section) == Listening(public=(22, 443), local=(25, 3306, 8005))


@pytest.mark.parametrize(
    ("addresses", "state", "said"),
    [
        ((ANY_22, ANY6_443), State.OK, "没有清单以外"),
        ((ANY_22, ANY6_443, LOCAL_3306), State.OK, "没有清单以外"),
        ((ANY_22, ANY6_443, ANY_8080), State.WARN, "多出端口 8080"),
        ((ANY_22, ANY_8080), State.CRIT, "端口 443 没有监听"),
        ((), State.CRIT, "端口 443 没有监听"),
    ],
)
def test_against_the_lists(addresses, state, said):
    finding = see(CHECK, table(*addresses), expected=[443], allowed=[22])
    assert finding.state is state
    assert said in finding.summary


def test_without_lists_against_the_last_inspection():
    last = Listening(public=(22, 443), local=())
    assert "首次巡检" in see(CHECK, table(ANY_22)).summary
    assert see(CHECK, table(ANY_22), past=[(1, last)]).state is State.OK
    assert see(CHECK, table(ANY_22, LOCAL_3306), past=[(1, last)]).state is State.OK
    assert see(CHECK, table(ANY_22, ANY_8080), past=[(1, last)]).summary == "新增端口 8080，期望与上次巡检相同"


def test_connections_are_no_listeners():
    assert see(CHECK, table(ANY_22, state="01"), expected=[22]).state is State.CRIT


def test_a_host_without_ipv6_answers_with_an_error_and_the_table():
    missing = "grep: /proc/net/tcp6: No such file or directory"
    assert see(CHECK, table(ANY_22), missing, 2, expected=[22]).state is State.OK


@pytest.mark.parametrize("out", ["", "\n", "nonsense\n", HEAD + "0: 00000000 0:0 0A\n"])
def test_what_is_not_understood_is_unknown(out):
    assert see(CHECK, out, status=2).reason is Reason.UNSUPPORTED


def test_a_port_is_a_number_that_exists():
    with pytest.raises(ValidationError):
        CHECK.params(expected=[0])
