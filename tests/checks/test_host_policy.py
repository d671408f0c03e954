"""Readers of a host's account policy, against what the manuals say and what Debian 12 prints."""

import pytest

from checks import host_policy as policy

SSHD = """\
port 22
permitrootlogin without-password
clientaliveinterval 300
ciphers chacha20-poly1305@openssh.com,aes128-ctr,aes128-cbc
allowusers alice
allowusers bob@192.0.2.0/24
acceptenv LANG
"""


def test_sshd_puts_lines_of_one_keyword_together() -> None:
    found = policy.sshd(SSHD)
    assert found["allowusers"] == ("alice", "bob@192.0.2.0/24")
    assert found["clientaliveinterval"] == ("300",)


@pytest.mark.parametrize("text", ["", "sshd: no hostkeys available -- exiting.\n"])
def test_sshd_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(ValueError, match="sshd -T"):
        policy.sshd(text)


def test_login_defs_skips_comments_and_names_without_a_value() -> None:
    text = "# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t90 # days\nQUOTAS_ENAB\n\nUMASK 027\n"
    assert policy.login_defs(text) == {"PASS_MAX_DAYS": "90", "UMASK": "027"}


def test_settings_read_bare_names_and_let_the_last_one_hold() -> None:
    text = "# minlen = 1\nminlen = 8\nenforce_for_root\nminlen=10\nunlock_time 600\n"
    assert policy.settings(text) == {"minlen": "10", "enforce_for_root": "", "unlock_time": "600"}


def test_accounts_know_who_can_log_in() -> None:
    text = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nodd:x:1001:1001::/home/odd:\n+::::::\n"
    assert [(one.name, one.logs_in) for one in policy.accounts(text)] == [
        ("root", True), ("daemon", False), ("odd", True)]  # fmt: skip
    with pytest.raises(ValueError, match="unpack"):
        policy.accounts("root:x:0\n")


def test_ageing_reads_what_never_shows_a_password() -> None:
    text = "root:locked:19000:0:99999:7::\nnew:empty:0:0:90:7:30:20000\n"
    root, new = policy.ageing(text)
    assert (root.password, root.greatest, root.idle) == ("locked", policy.NEVER, None)
    assert (new.password, new.changed, new.idle, new.expires) == ("empty", 0, 30, 20000)
    with pytest.raises(ValueError, match="SHADOW"):
        policy.ageing("root:$6$abc:19000:0:99999:7:::\n")


def rules(*lines: str) -> tuple[policy.Rule, ...]:
    return policy.pam("".join(f"/etc/pam.d/common-auth:{line}\n" for line in lines))


def test_pam_reads_controls_options_and_continued_lines() -> None:
    [one, two] = rules(
        "# auth required pam_deny.so",
        "auth [success=1 default=ignore] pam_unix.so nullok try_first_pass",
        "@include common-account",
        "auth include system-auth",
        "-password requisite /lib/security/pam_pwquality.so \\",
        "  retry=3 minlen=10 # at least",
    )
    assert (one.file, one.control, one.module, one.options) == (
        "common-auth", "[success=1 default=ignore]", "pam_unix.so", {"nullok": "", "try_first_pass": ""})  # fmt: skip
    assert (two.kind, two.module, two.options) == ("password", "pam_pwquality.so", {"retry": "3", "minlen": "10"})


@pytest.mark.parametrize(
    ("lines", "conf", "expected"),
    [
        ([], {"deny": "5"}, None),  # faillock.conf locks nobody by itself
        (["auth required pam_faillock.so preauth"], {}, (3, 600)),
        (["auth required pam_faillock.so preauth"], {"deny": "5", "unlock_time": "900"}, (5, 900)),
        (["auth required pam_faillock.so preauth deny=4"], {"deny": "5", "unlock_time": "never"}, (4, 0)),
        (["auth required pam_tally2.so onerr=fail"], {}, None),
        (["auth required pam_tally2.so deny=5 unlock_time=300"], {}, (5, 300)),
        (["account required pam_tally2.so deny=5"], {}, None),
    ],
)
def test_lockout(lines: list[str], conf: dict[str, str], expected: tuple[int, int] | None) -> None:
    found = policy.lockout(rules(*lines), conf)
    assert (found and (found.deny, found.unlock)) == expected


@pytest.mark.parametrize(
    ("lines", "conf", "expected"),
    [
        (["password required pam_unix.so sha512"], {"remember": "9"}, 0),
        (["password required pam_unix.so sha512 remember=5"], {}, 5),
        (["password required pam_pwhistory.so use_authtok"], {}, 10),
        (["password required pam_pwhistory.so use_authtok"], {"remember": "3"}, 3),
    ],
)
def test_remembered(lines: list[str], conf: dict[str, str], expected: int) -> None:
    assert policy.remembered(rules(*lines), conf) == expected


@pytest.mark.parametrize(
    ("lines", "conf", "expected"),
    [
        (["password required pam_unix.so minlen=12"], {"minlen": "12"}, None),
        (["password requisite pam_pwquality.so retry=3"], {}, (8, 0)),
        (["password requisite pam_pwquality.so retry=3"], {"minlen": "10", "minclass": "3"}, (10, 3)),
        (["password requisite pam_pwquality.so minlen=8 dcredit=-1 ucredit=-1 lcredit=-1"], {}, (8, 3)),
        (["password requisite pam_pwquality.so"], {"minlen": "10", "dcredit": "1", "ocredit": "2"}, (7, 0)),
        (["password required pam_cracklib.so"], {"minclass": "4"}, (5, 0)),
    ],
)
def test_quality(lines: list[str], conf: dict[str, str], expected: tuple[int, int] | None) -> None:
    found = policy.quality(rules(*lines), conf)
    assert (found and (found.length, found.classes)) == expected


def test_weak_algorithms() -> None:
    assert policy.weak("ciphers", ["aes256-gcm@openssh.com", "aes128-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc"]) \
        == ("aes128-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc")  # fmt: skip
    assert policy.weak("macs", ["hmac-sha2-256", "hmac-sha1", "hmac-sha1-96", "umac-64@openssh.com", "umac-128"]) \
        == ("hmac-sha1", "hmac-sha1-96", "umac-64@openssh.com")  # fmt: skip
    assert policy.weak("kexalgorithms", ["curve25519-sha256", "diffie-hellman-group14-sha1"]) \
        == ("diffie-hellman-group14-sha1",)  # fmt: skip
    assert policy.weak("hostkeyalgorithms", ["ssh-ed25519", "rsa-sha2-512", "ssh-rsa"]) == ("ssh-rsa",)
