"""Java 组件: copies of a library in the archives of a host, against the lines in which its makers mended it.

No payload: what is there is listed (inspection-items, 漏洞整改复测). A library is known by a class of its own, also
where it was renamed or packed into another jar; its version by what its build left beside it.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Archives, Inventory, Kind, ProbeParams, SafeProbe, Target, Vantage
from checks.safe_probe import Library as Copy

Version = tuple[int, ...]


class Library(NamedTuple):
    """What its makers say.

    present: a class that every version has. titles: how its file and its manifest are called. mended: the first mended
    version of each line, and up to where that line goes; the last one holds for all that is newer. since: older ones do
    not have the weakness. lever: a class whose removal the makers name as a mitigation.
    """

    artifact: str
    present: str
    titles: tuple[str, ...]
    mended: tuple[tuple[str, str], ...]
    source: str
    since: str = "0"
    lever: str = ""


_LIBRARIES = {
    "log4j": Library(
        "log4j-core", "/log4j/core/Logger.class", ("log4j-core", "Apache Log4j Core"),
        (("2.3.2", "2.4"), ("2.12.4", "2.13"), ("2.17.1", "")),
        "logging.apache.org/security.html: CVE-2021-44228, -45046, -45105, -44832",
        since="2.0-alpha1", lever="/log4j/core/lookup/JndiLookup.class",
    ),
    "fastjson": Library(
        "fastjson", "/alibaba/fastjson/JSON.class", ("fastjson",), (("1.2.83", ""),),
        "github.com/alibaba/fastjson/wiki/security_update_20220523: CVE-2022-25845",
    ),
    "shiro": Library(
        "shiro-core", "/shiro/mgt/DefaultSecurityManager.class", ("shiro-core", "Apache Shiro :: Core", "shiro-all"),
        (("1.13.0", "2.0-alpha1"), ("2.0.0-alpha-4", "")),
        "shiro.apache.org/security-reports.html: CVE-2016-4437, CVE-2020-1957 … CVE-2023-46749",
    ),
    "spring": Library(
        "spring-beans", "/beans/CachedIntrospectionResults.class", ("spring-beans",),
        (("5.2.20", "5.3"), ("5.3.18", "")),
        "spring.io/security/cve-2022-22965",
    ),
}  # fmt: skip

_QUALIFIERS = {"alpha": -4, "beta": -3, "m": -2, "rc": -1, "cr": -1}


def order(version: str) -> Version:
    """A key by which Maven's versions are ordered, as far as these libraries use them: "2.0-beta9" before "2.0",
    "5.3.18.RELEASE" beside "5.3.18".

    Raises:
        ValueError: it does not begin with a number.
    """
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    if not parts or not parts[0].isdigit():
        raise ValueError(version)
    numbers = [0, 0, 0, 0]
    for place, part in enumerate(parts):
        if not part.isdigit():
            after = next((int(one) for one in parts[place + 1 :] if one.isdigit()), 0)
            return (*numbers, _QUALIFIERS.get(part, 0), after)
        if place < len(numbers):
            numbers[place] = int(part)
    return (*numbers, 0, 0)


def vulnerable(library: Library, version: str, mended: str = "") -> bool:
    """Whether a version has the weakness. mended: what the record of the finding says instead of the library's lines.

    Raises:
        ValueError: this is no version.
    """
    mine = order(version)
    if mended:
        return mine < order(mended)
    if mine < order(library.since):
        return False
    return next(mine < order(first) for first, end in library.mended if not end or mine < order(end))


def _folders(text: str) -> str:
    for folder in text.split(","):
        if not re.fullmatch(r"/[^\0\r\n]*", folder.strip()) or "/../" in f"{folder.strip()}/":
            raise ValueError("目录写绝对路径，几个用逗号分开")
    return text


class JarInventory(ProbeParams):
    """What, and where."""

    library: Literal["log4j", "fastjson", "shiro", "spring"] = Field("log4j", title="组件")
    folders: Annotated[str, AfterValidator(_folders)] = Field(
        "/opt", title="目录", description="放程序的目录，绝对路径，几个用逗号分开；连同子目录"
    )
    fixed: str = Field(
        "", pattern=r"^(\d+(\.\d+)*([.-][A-Za-z0-9]+)*)?$", title="修复版本", description="不填用厂商公告的各条线"
    )


def _ask(_: Target, params: JarInventory) -> Sequence[Archives]:
    library = _LIBRARIES[params.library]
    folders = tuple(folder.strip() for folder in params.folders.split(","))
    return [Archives(folders, library.present, library.lever, (library.artifact, *library.titles))]


def _judge(replies: Sequence[Inventory], params: JarInventory) -> Verdict:
    [seen] = replies
    library = _LIBRARIES[params.library]
    should = params.fixed or "、".join(first for first, _ in library.mended)
    bad: list[Copy] = []
    mitigated: list[Copy] = []
    mended: list[Copy] = []
    unknown: list[Copy] = []
    for copy in seen.libraries:
        try:
            weak = vulnerable(library, copy.version, params.fixed)
        except ValueError:
            unknown.append(copy)
            continue
        out = library.lever and not copy.lever
        (mended if not weak else mitigated if out else bad).append(copy)
    if bad:
        return Verdict(State.CRIT, f"{_said(library, bad)}（应不低于 {should}）")
    if unknown:
        what = f"{unknown[0].path[-120:]} 里有 {library.artifact}，看不出版本；请人工核对（应不低于 {should}）"
        raise NotTaken(Reason.UNSUPPORTED, what)
    if seen.missed:
        raise NotTaken(Reason.INCOMPLETE, f"{seen.missed} 处没有看成：{seen.unread[0][-200:]}")
    if not seen.archives:
        raise NotTaken(Reason.CONFIGURATION, f"{params.folders} 里没有 jar、war 一类的文件；请核对目录")
    if mitigated:
        return Verdict(State.WARN, f"{_said(library, mitigated)}，已删 JndiLookup 类，只是缓解（应不低于 {should}）")
    looked = f"查了 {seen.archives} 个包"
    if mended:
        return Verdict(State.OK, f"{_said(library, mended)}，{looked}（应不低于 {should}）")
    return Verdict(State.OK, f"没有 {library.artifact}，{looked}（应没有，或不低于 {should}）")


def _said(library: Library, copies: Sequence[Copy]) -> str:
    versions = "、".join(sorted({copy.version for copy in copies}))[:80]
    more = f" 等 {len(copies)} 处" if len(copies) > 1 else ""
    return f"{library.artifact} {versions} 在 {copies[0].path[-200:]}{more}"


CHECK = SafeProbe(
    id="jar-inventory",
    title="Java 组件清点",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=JarInventory,
    ask=_ask,
    judge=_judge,
    sends="登录主机，用 SFTP 列出程序目录，读 jar、war、zip 的目录和包里的 jar，找组件的类和版本；无攻击载荷",
    passes="没有该组件，或每一份都不低于所在版本线的修复版本；log4j 只删了 JndiLookup 类为部分",
    remedy="换成修复版本的 jar 后重启应用：先 `cp -p` 原来的 jar 或 war 到应用目录之外，替换，重启，试用。Log4j "
    "暂时不能换的，可 `zip -q -d log4j-core-*.jar org/apache/logging/log4j/core/lookup/JndiLookup.class`，只是缓解。"
    "退回：停应用，把原来的文件放回，再启动。",
    classes=("log4j", "CVE-2021-44228", "fastjson", "CVE-2022-25845", "shiro", "CVE-2016-4437", "spring4shell",
             "CVE-2022-22965"),
)  # fmt: skip
