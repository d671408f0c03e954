"""OS25 证书: in how many days the certificates in the host's files expire."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from checks.finding import Reason, State, Verdict, worst
from checks.host_check import Falling, HostCheck, Look, NotTaken, Section
from checks.visit import Facts

COMMAND = """\
command -v openssl >/dev/null || exit 127
for file in "$@"; do
    said=$(limit 5 openssl x509 -enddate -noout -in "$file" 2>&1)
    status=$?
    case $said in
    *ermission\\ denied*)
        said=$(as_root openssl x509 -enddate -noout -in "$file" 2>&1)
        status=$?
        ;;
    esac
    printf 'file %s\\n%s\\nstatus %s\\n' "$file" "$said" "$status"
done"""
"""Of a file with several certificates the first, which is the server's own."""


class CertificateParams(Falling):
    """Days left. Source: inspection-items, OS25."""

    files: tuple[Annotated[str, Field(pattern=r"^/[^\r\n]*$")], ...] = Field((), title="证书文件")
    warn: float = Field(30, title="告警（少于多少天）")
    crit: float = Field(14, title="严重（少于多少天）")


class CertificateFile(Facts):
    """A file's certificate; `problem` if there is none to be had: "missing", "denied", "other"."""

    path: str
    ends: datetime | None = None
    problem: str = ""


class CertificateFiles(Facts):
    """In the contract's order."""

    files: tuple[CertificateFile, ...]


_FILE = re.compile(r"^file (.*)\n((?:.*\n)*?)status (\d+)$", re.M)


def parse(section: Section) -> CertificateFiles:
    """Per file: what openssl says, "notAfter=Jun  1 12:00:00 2027 GMT" or an error, and its exit status."""
    files = tuple(_file(path, said, int(status)) for path, said, status in _FILE.findall(section.out))
    if not files:
        raise ValueError("no files")
    return CertificateFiles(files=files)


def _file(path: str, said: str, status: int) -> CertificateFile:
    if status in (124, 137, 143):
        raise NotTaken(Reason.TIMEOUT, f"{path} 没有在时限内读完")
    if status == 77 or "ermission denied" in said or "sudo: " in said:
        return CertificateFile(path=path, problem="denied")
    if "No such file" in said:
        return CertificateFile(path=path, problem="missing")
    if status:
        return CertificateFile(path=path, problem="other")
    _, _, end = said.rpartition("notAfter=")  # warnings may stand before it
    return CertificateFile(path=path, ends=datetime.strptime(end.strip(), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC))


_PROBLEMS = {
    "denied": ("没有读取权限", Reason.PERMISSION),
    "missing": ("不存在，请核对合同里的路径", Reason.CONFIGURATION),
    "other": ("不是 PEM 格式的证书", Reason.UNSUPPORTED),
}


def _verdict(file: CertificateFile, now: datetime, params: CertificateParams) -> Verdict:
    if file.ends is None:
        what, reason = _PROBLEMS[file.problem]
        return Verdict(State.UNKNOWN, f"{file.path} {what}", reason)
    left = (file.ends - now).total_seconds() / 86400
    said = f"还有 {int(left)} 天" if left >= 0 else f"已过期 {int(-left)} 天"
    return Verdict(params.state(left), f"{file.path} {said}，期望不少于 {params.warn:g} 天")


def evaluate(certificates: CertificateFiles, look: Look[CertificateFiles], params: CertificateParams) -> Verdict:
    """The worst file decides; among equals, the one that expires first."""
    if [file.path for file in certificates.files] != list(params.files):
        raise NotTaken(Reason.INCOMPLETE, "主机的回答里没有全部证书文件")
    in_order = sorted(certificates.files, key=lambda file: file.ends or datetime.max.replace(tzinfo=UTC))
    verdicts = [_verdict(file, look.now, params) for file in in_order]
    state = worst(one.state for one in verdicts)
    first = next(one for one in verdicts if one.state is state)
    others = sum(one.state is not State.OK for one in verdicts) - 1
    return first._replace(summary=first.summary + (f"；另有 {others} 个" if others > 0 else ""))


CHECK = HostCheck(
    "OS25",
    "证书",
    COMMAND,
    parse,
    evaluate,
    CertificateFiles,
    CertificateParams,
    arguments=lambda params: params.files,
    due=lambda params: bool(params.files),
)
