"""TW1, from documentation; addresses as this machine's /proc/net/tcp writes them."""

import pytest
from host_answers import ask, heard, states

from checks.host_check import Section

LOOPBACK, ANY6 = "0100007F:2364", "00000000000000000000000000000000:2364"
MAPPED_PRIVATE, PUBLIC = "0000000000000000FFFF00000A00000A:2364", "08080808:2364"


def answer(*addresses: str, homes: str = "/opt/TongWeb7\n", licence: str = "<end_date>2026-12-22</end_date>") -> str:
    rows = "".join(f"   0: {one} 00000000:0000 0A 00000000:00000000 00:00000000 0\n" for one in addresses)
    return f"=== homes\n{homes}=== licence\n{licence}\n=== listening\n{rows}=== end\n"


def state(out: str, **params: object) -> str:
    finding = heard(Section(out, "", 0), "tongweb", **params)["TW1"]
    return finding.reason or finding.state


@pytest.mark.parametrize(
    ("addresses", "params", "expected"),
    [
        ([], {}, "OK"),
        ([LOOPBACK, MAPPED_PRIVATE], {}, "OK"),
        ([ANY6], {}, "WARN"),
        ([ANY6], {"admin_open": True}, "OK"),
        ([PUBLIC], {"admin_open": True}, "CRIT"),
    ],
)
def test_console(addresses: list[str], params: dict[str, object], expected: str) -> None:
    assert state(answer(*addresses), **params) == expected


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("end=2026/12/21", "WARN"),
        ("expire: 20261129", "WARN"),
        ("到期日 2026年11月28日", "CRIT"),
        ("start 2020-01-01 end 2030-01-01", "OK"),
        ("", "unsupported"),
        ("end=2026-02-30", "unsupported"),
    ],
)
def test_licence(licence: str, expected: str) -> None:
    assert state(answer(licence=licence)) == expected


def test_licence_from_the_contract() -> None:
    assert state(answer(licence=""), licensed_until="2026-12-21") == "WARN"


def test_down_and_garbage() -> None:
    assert state(answer(homes="")) == "CRIT"
    assert state("") == "unsupported"
    assert states(ask("tongweb", instances=99)) == {"TW1": "CRIT"}
