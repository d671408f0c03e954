"""The text of log lines: what must not be kept is taken out, what changes from line to line is masked.

Lines are grade 2 and may hold passwords, tokens, identity and phone numbers, names. Network addresses stay.
"""

import re
from collections.abc import Iterator, Sequence

from checks.secrecy import MASK, Redactor, printable

_LONGEST = 4096  # characters of a line that are looked at
LENGTH = 240  # characters that are kept

_KEYS = (
    r"passw(?:or)?d|passphrase|passcode|pwd|\bpass|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?"
    r"|session_?id|cookie|ticket|captcha|密码|口令|密钥|令牌|验证码"
    r"|姓名|联系人|经办人|申请人|收件人|real_?name|full_?name|display_?name|phone|手机|电话|身份证"
)
_IS = r"\\*[\"']?\s*(?:[:=：＝>]|%3[ad])"
_VALUE = r"""(?:\\*"(?:\\.|[^"\\])*\\*"?|\\*'(?:\\.|[^'\\])*\\*'?|\S+)"""
# For speed, a rule is asked only where one of its words stands in the line, in lower case; empty: everywhere.
_SAYS_KEY = (
    *("pass", "pwd", "secret", "token", "key", "credential", "session", "cookie", "ticket", "captcha", "name"),
    *("phone", "手机", "电话", "身份证"),
    *("密码", "口令", "密钥", "令牌", "验证码", "姓名", "联系人", "经办人", "申请人", "收件人"),
)
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # Bytes that are not UTF-8: no rule would know a password in them.
    (("\ufffd",), re.compile(r"\ufffd.*", re.S), f"<非 UTF-8 文字>{MASK}"),
    (("authorization",), re.compile(r"(?i)(authorization\\*[\"']?\s*[:=]\s*).*", re.S), rf"\1{MASK}"),
    (
        ("bearer", "basic", "digest", "negotiate"),
        re.compile(r"\b((?i:bearer|basic|digest|negotiate))\s+(?=\S*[A-Z0-9=])\S{6,}"),
        rf"\1 {MASK}",
    ),
    (_SAYS_KEY, re.compile(rf"(?i)((?:{_KEYS})[\w.-]{{0,60}}{_IS}\s*){_VALUE}"), rf"\1{MASK}"),
    (_SAYS_KEY, re.compile(rf"(?i)(--?(?:{_KEYS})[\w-]{{0,60}}\s+){_VALUE}"), rf"\1{MASK}"),
    (
        ("mysql", "mariadb", "sshpass", "redis-cli", "curl"),  # command lines
        re.compile(
            r"(\b(?:mysql|mariadb|sshpass)\S{0,60}\s(?:.{0,300}?\s)?-p\s?|\bredis-cli\s(?:.{0,300}?\s)?-a\s+"
            rf"|\bcurl\s(?:.{{0,300}}?\s)?-u\s*[^\s:]{{1,60}}:){_VALUE}"
        ),
        rf"\1{MASK}",
    ),
    # A misspelt line of my.cnf, of which its client says all.
    (("unknown variable",), re.compile(r"(?i)(\bunknown variable .[\w-]{1,60}=).*"), rf"\1{MASK}"),
    (("private key-----",), re.compile(r"-----BEGIN [\w ]{0,40}PRIVATE KEY-----.*", re.S), MASK),
    (("identified",), re.compile(rf"(?i)(\bidentified\s+by\s+){_VALUE}"), rf"\1{MASK}"),
    (("@",), re.compile(r"(://)[^\s/:@]{0,100}:[^\s@]{0,200}@"), rf"\1{MASK}@"),
    (("@",), re.compile(r"\b(\w{1,60})/[^\s/@]{1,200}@(?=\w)"), rf"\1/{MASK}@"),  # Oracle: user/password@service
    (("@",), re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"), MASK),
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)*"), MASK),  # JSON Web Token
    (  # a digit comes first in the pattern: that is what makes the search quick
        (),
        re.compile(
            r"\d(?<!\d\d)(?:\d{14}|\d{15,18}[Xx]?|(?<=1)[3-9]\d[ -]?\d{4}[ -]?\d{4}|(?<=0)\d{2,3}-\d{7,8})(?!\d)"
        ),
        MASK,
    ),
)

_WORDS = tuple(dict.fromkeys(word for words, _, _ in _RULES for word in words))
_NUMBER = _RULES[-1][1]

_STAMP = (
    r"\d{4}[-/]\d\d?[-/]\d\d?[T ]\d\d?:\d\d:\d\d(?:[.,]\d+)?(?: ?[+-]\d\d:?\d\d|Z)?"
    r"|\d\d?[-/][A-Z][a-z]{2}[-/]\d{4}[ :]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: [+-]\d{4})?"
    r"|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} {1,2}\d\d?,?(?: \d{4},?)? \d\d?:\d\d:\d\d(?:[.,]\d+)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,40}[A-Za-z]")
_BEGIN = re.compile(rf"^[\[<#]*(?:{_STAMP})[\]>]*[:,]?\s*")
_HOST = re.compile(r"^[\w.-]+ (?=[\w./@()-]+(?:\[\d+\])?: )")  # syslog: host program[pid]: message
_MASKS = re.compile(
    r"(?:(?=[\d/])|\b(?=[A-Za-z]))(?:"  # nothing of this begins inside a word
    r"(?P<code>\b[A-Z]{2,6}-\d{3,6}\b)"  # ORA-00600, BEA-000337: which error it is
    rf"|(?P<时间>{_STAMP})"
    r"|(?P<网址>\b[a-z][a-z0-9+.-]{1,12}://[^\s\"'<>]+)"
    r"|(?P<标识>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)"
    r"|(?P<地址>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.]*\d)|\b(?:[0-9a-fA-F]{1,4}:){3,7}:?[0-9a-fA-F]{1,4}\b)"
    r"|(?P<路径>(?<![\w/.>])/[\w.@%+=~-]+(?:/[\w.@%+=~-]*)*(?:\?[^\s\"']*)?)"
    r"|(?P<号>\b0[xX][0-9a-fA-F]+\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b)"
    r"|(?P<数>\d+(?:[.,]\d+)*))"
)

_NAMED = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRIT|CRITICAL|ALERT|EMERG|FATAL|SEVERE|PANIC)\b"
    r"|[\[<](\w+)[\]>]|\b(error|err|warning|warn|fatal|crit|panic)\b(?=\s*:)"
    r"|\b(?:level|severity|lvl)\\*\"?\s*[=:]\s*\\*\"?(\w+)|(信息|警告|严重|错误)(?= \[)"
)
_LEVELS = {
    **dict.fromkeys(("trace", "debug", "info", "information", "notice", "信息"), ""),
    **dict.fromkeys(("warn", "warning", "警告"), "warning"),
    **dict.fromkeys(("error", "err", "crit", "critical", "alert", "emerg", "emergency"), "error"),
    **dict.fromkeys(("fatal", "severe", "panic", "严重", "错误"), "error"),
}
_MILD = re.compile(r"warn|警告", re.I)
_GRAVE = re.compile(
    r"(?<![a-z])err(?:or|s)?(?![a-z])|(?:error|exception)s?(?![a-z])|fail|fatal|crit|emerg|alert|panic|severe|segfault"
    r"|out of memory|core dumped|ORA-\d|异常|错误|失败|严重",
    re.I,
)


def redacted(line: str, redactor: Redactor, limit: int = LENGTH) -> str:
    """A line as it may be kept: one line of at most `limit` characters."""
    text = _COLOUR.sub("", line)[:_LONGEST]
    lower = text.lower()
    for words, pattern, put in _RULES:
        if not words or any(word in lower for word in words):
            text = pattern.sub(put, text)
    return redactor.clean(text, limit)


def redact_lines(text: str, redactor: Redactor | None = None) -> str:
    """The raw output as it may be kept as evidence: line by line.

    Most lines are figures, in which nothing can be wrong: rules are asked only where one of their words stands.
    """
    redactor = redactor or Redactor()
    text = printable(_COLOUR.sub("", text))
    lower = text.lower()
    words = [word for word in _WORDS if word in lower]
    everywhere = redactor.knows(text)
    lines = text.split("\n")
    suspects = set(range(len(lines))) if everywhere else {*_lines_with(lower, words), *_lines_matching(_NUMBER, text)}
    for number in suspects:
        lines[number] = redacted(lines[number], redactor, _LONGEST)
    return "\n".join(line if len(line) <= _LONGEST else line[:_LONGEST] for line in lines)


def _lines_with(lower: str, words: Sequence[str]) -> Iterator[int]:
    """The numbers of the lines in which one of the words stands."""
    for number, line in enumerate(lower.split("\n") if words else ()):
        if any(word in line for word in words):
            yield number


def _lines_matching(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    """The numbers of the lines that a pattern is found in."""
    number = at = 0
    for match in pattern.finditer(text):
        number, at = number + text.count("\n", at, match.start()), match.start()
        yield number


def without_time(line: str) -> str:
    """A line without the time that it begins with."""
    return _BEGIN.sub("", line)


def message(line: str) -> str:
    """A line without its time, and without the host's name if it is syslog's."""
    return _HOST.sub("", without_time(line))


def level(text: str) -> str:
    """Say "error" or "warning"; empty if the line calls itself information."""
    for named in _NAMED.finditer(text[:200]):
        word = named[named.lastindex or 0].lower()
        if word in _LEVELS:
            return _LEVELS[word]
    return "warning" if _MILD.search(text) and not _GRAVE.search(text) else "error"


def masked(text: str) -> str:
    """A message with its numbers, times, addresses, paths and identifiers replaced by their kind."""
    return _MASKS.sub(lambda found: found[0] if found.lastgroup == "code" else f"<{found.lastgroup}>", text)
