"""What a host's own configuration says about accounts and remote login: pure readers of what the host prints.

Sources: sshd_config(5), shadow(5), login.defs(5), pwquality.conf(5), pam.d(5), pam_faillock(8), pam_tally2(8),
pam_pwhistory(8).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

NEVER = 99999
"""The greatest age that means none (login.defs)."""

NO_LOGIN = frozenset({"nologin", "false", "sync", "shutdown", "halt"})
"""Shells, by their last name, that let nobody in."""


# --- key and value ----------------------------------------------------------------------------------------------------


def sshd(text: str) -> dict[str, tuple[str, ...]]:
    """`sshd -T`: keyword in lower case → its values in order; several lines of one keyword (allowusers) are put
    together.

    Raises:
        ValueError: this is not what `sshd -T` prints.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        keyword, _, value = line.strip().partition(" ")
        if keyword:
            found[keyword.lower()] = (*found.get(keyword.lower(), ()), value.strip())
    if "permitrootlogin" not in found or "port" not in found:
        raise ValueError("not the output of sshd -T")
    return found


def login_defs(text: str) -> dict[str, str]:
    """/etc/login.defs: `NAME value`, `#` begins a comment; the last one holds."""
    words = (line.partition("#")[0].split(None, 1) for line in text.splitlines())
    return {pair[0]: pair[1].strip() for pair in words if len(pair) == 2}


def settings(text: str) -> dict[str, str]:
    """pwquality.conf, faillock.conf, pwhistory.conf: `name = value`, or a bare name, which becomes ""; the last one
    holds, as drop-ins that are printed after the file itself mean it."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    pairs = (re.split(r"\s*=\s*|\s+", line, maxsplit=1) for line in lines if line)
    return {pair[0]: pair[1] if len(pair) == 2 else "" for pair in pairs}


# --- accounts ---------------------------------------------------------------------------------------------------------


class Account(NamedTuple):
    """One line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    shell: str

    @property
    def logs_in(self) -> bool:
        """Whether its shell lets anybody in. An empty one is /bin/sh."""
        return self.shell.rpartition("/")[2] not in NO_LOGIN


def accounts(text: str) -> tuple[Account, ...]:
    """/etc/passwd.

    Raises:
        ValueError: a line is none of passwd(5).
    """
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith(("#", "+", "-")):
            name, _, uid, gid, _, _, shell = line.split(":")
            found.append(Account(name, int(uid), int(gid), shell.strip()))
    return tuple(found)


class Ageing(NamedTuple):
    """Of one line of /etc/shadow, never the password: what kind of one there is, and how it ages. Days; None: not
    set."""

    name: str
    password: Literal["empty", "locked", "set"]
    changed: int | None  # since 1970-01-01, UTC
    least: int | None
    greatest: int | None
    warned: int | None
    idle: int | None  # after expiry
    expires: int | None  # since 1970-01-01, UTC


SHADOW = (
    'awk -F: \'{k="set"; if ($2=="") k="empty"; else if ($2~/^[!*]/) k="locked"; '
    'print $1":"k":"$3":"$4":"$5":"$6":"$7":"$8}\' /etc/shadow'
)
"""The command whose output `ageing` reads: the password never leaves the host. Wants root."""


def ageing(text: str) -> tuple[Ageing, ...]:
    """What `SHADOW` prints.

    Raises:
        ValueError: a line is something else.
    """
    found = []
    for line in text.splitlines():
        if line.strip():
            name, kind, *days = line.strip().split(":")
            if kind not in ("empty", "locked", "set") or len(days) != 6:
                raise ValueError("not what SHADOW prints")
            found.append(Ageing(name, kind, *(int(one) if one else None for one in days)))  # type: ignore[arg-type]
    return tuple(found)


# --- PAM --------------------------------------------------------------------------------------------------------------

PAM_FILES = (
    "/etc/pam.d/common-auth",
    "/etc/pam.d/common-account",
    "/etc/pam.d/common-password",
    "/etc/pam.d/system-auth",
    "/etc/pam.d/password-auth",
    "/etc/pam.d/login",
    "/etc/pam.d/sshd",
    "/etc/pam.d/su",
)
"""Debian's, then Red Hat's (Kylin, UOS and openEuler have either), then the services themselves."""


class Rule(NamedTuple):
    """One line of a PAM file. `options`: `deny=5` → {"deny": "5"}, a bare word → ""."""

    file: str  # "common-auth"
    kind: str  # auth, account, password, session
    control: str  # "required", "[success=1 default=ignore]"
    module: str  # "pam_faillock.so"
    options: Mapping[str, str]


def pam(text: str) -> tuple[Rule, ...]:
    """PAM files as `grep -H '' FILE…` prints them: `FILE:LINE`. Comments and includes are left out."""
    return tuple(_rules(text))


def _rules(text: str) -> Iterator[Rule]:
    before = ""
    for row in text.splitlines():
        file, _, line = row.partition(":")
        line = before + line.partition("#")[0].strip()
        before = line[:-1] + " " if line.endswith("\\") else ""
        match = re.fullmatch(r"-?(auth|account|password|session)\s+(\[[^]]*\]|\w+)\s+(\S+)\s*(.*)", line)
        if match and not before and match[2] not in ("include", "substack"):
            options = (one.partition("=") for one in match[4].split())
            name = match[3].rpartition("/")[2]
            yield Rule(file.rpartition("/")[2], match[1], match[2], name, {key: value for key, _, value in options})


def _of(rules: Iterable[Rule], kind: str, modules: Sequence[str]) -> list[Rule]:
    return [one for one in rules if one.kind == kind and one.module in modules]


class Lockout(NamedTuple):
    """After how many failures an account is locked, and for how many seconds; 0: until somebody unlocks it."""

    module: str
    deny: int
    unlock: int


def lockout(rules: Sequence[Rule], faillock_conf: Mapping[str, str]) -> Lockout | None:
    """Who locks accounts and when; None: nobody. An option of a PAM line goes before faillock.conf; defaults are the
    modules' own: faillock 3 and 600 s, tally2 no limit and for ever.

    Raises:
        ValueError: a limit is no number.
    """
    for rule in _of(rules, "auth", ("pam_faillock.so",)):
        own = {**faillock_conf, **rule.options}
        return Lockout(rule.module, int(own.get("deny", "3")), _seconds(own.get("unlock_time", "600")))
    for rule in _of(rules, "auth", ("pam_tally2.so", "pam_tally.so")):
        if deny := int(rule.options.get("deny", "0")):
            return Lockout(rule.module, deny, _seconds(rule.options.get("unlock_time", "0")))
    return None


def _seconds(text: str) -> int:
    return 0 if text == "never" else int(text)


def remembered(rules: Sequence[Rule], pwhistory_conf: Mapping[str, str]) -> int:
    """How many earlier passwords are refused; 0: none. pam_pwhistory's own default is 10, pam_unix's is none.

    Raises:
        ValueError: it is no number.
    """
    history = [
        int({**pwhistory_conf, **rule.options}.get("remember", "10"))
        for rule in _of(rules, "password", ("pam_pwhistory.so",))
    ]
    unix = [int(rule.options.get("remember", "0")) for rule in _of(rules, "password", ("pam_unix.so", "pam_unix2.so"))]
    return max([*history, *unix], default=0)


class Quality(NamedTuple):
    """What a new password must have. length: characters at least, whatever they are; classes: kinds of characters
    (digit, upper, lower, other) at least; root: whether it holds for root too."""

    module: str
    length: int
    classes: int
    root: bool


_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")


def quality(rules: Sequence[Rule], pwquality_conf: Mapping[str, str]) -> Quality | None:
    """Who demands what of a new password; None: nobody.

    pam_pwquality and pam_cracklib: a negative credit demands that many characters of a class, a positive one lets
    each such character count twice, so that the password may be shorter by it. Defaults: pwquality minlen 8 and no
    credits; cracklib 9 and one credit each.

    Raises:
        ValueError: a setting is no number.
    """
    for rule in _of(rules, "password", ("pam_pwquality.so", "pam_cracklib.so")):
        cracklib = rule.module == "pam_cracklib.so"
        own = {**({} if cracklib else pwquality_conf), **rule.options}
        credits = [int(own.get(name, "1" if cracklib else "0")) for name in _CREDITS]
        length = int(own.get("minlen", "9" if cracklib else "8")) - sum(one for one in credits if one > 0)
        classes = max(int(own.get("minclass", "0")), sum(one < 0 for one in credits))
        return Quality(rule.module, length, classes, "enforce_for_root" in own)
    return None


# --- SSH --------------------------------------------------------------------------------------------------------------

_WEAK = {
    "ciphers": r"-cbc(@.*)?$|^arcfour|^3des|^blowfish|^cast128|^none$",
    "macs": r"md5|-96|^hmac-sha1(-etm@openssh\.com)?$|^umac-64|^none$",
    "kexalgorithms": r"-sha1$|^diffie-hellman-group1-|^gss-.*-sha1-|^rsa1024",
    "hostkeyalgorithms": r"^ssh-dss|^ssh-rsa(-cert-v01@openssh\.com)?$",
}


def weak(keyword: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those algorithms that no longer hold: SHA-1, MD5, CBC, RC4, 64-bit blocks or tags, DSA (RFC 9142, RFC 8758;
    ssh-audit says the same).

    Args:
        keyword: of sshd_config: ciphers, macs, kexalgorithms, hostkeyalgorithms.
    """
    return tuple(one for one in names if re.search(_WEAK[keyword], one))
