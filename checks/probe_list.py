"""What every probe sends, in words: for the evidence of a probe, and as the list that operators read."""

from collections.abc import Sequence

from checks.safe_probe import (
    AnyProbe,
    Archives,
    Connect,
    Handshakes,
    KeyExchange,
    Kind,
    OnHost,
    Question,
    Request,
    Say,
    Target,
    safe_probes,
)

_SEEKS = {
    "versions": "每个版本的 ClientHello",
    "ciphers": "每个版本、每个算法的 ClientHello",
    "certificate": "一次握手",
}
_SAYS = {"redis-ping": "PING 一次", "mongodb-list": "listDatabases 一次（过滤条件为空名）"}
_EXAMPLES = {
    Kind.URL: Target(Kind.URL, "oa.example", 443, "oa", "https", "/oa/"),
    Kind.PORT: Target(Kind.PORT, "oa.example", 7001, "oa"),
    Kind.HOST: Target(Kind.HOST, "oa.example", 0, "oa"),
}
_KINDS = {Kind.URL: "网址", Kind.PORT: "主机:端口", Kind.HOST: "主机"}
_HEAD = """# 探测清单

每项探测发出的全部请求，没有列出的一概不发。本文件由 `checks/probe_list.py` 从探测程序生成；测试核对它与程序一致，
并在真实连接上核对发出的每个字节。只有连接、TLS 与 SSH 的开场、GET、HEAD、OPTIONS 和两条固定的询问：没有攻击载荷，
不猜口令，不下载数据，从不发 PUT、POST、DELETE。

- HTTP 请求只带 `Host`、`User-Agent: xunjian-probe`、`Accept: */*`、`Accept-Encoding: identity`、`Connection: close`，
  没有正文、Cookie 和登录，不跟随跳转，正文最多读 64 KB。证书只看不验：它是关于服务器的事实，不作为信任。
- 例子里的网址是 `https://oa.example/oa/`。以 `/` 结尾的是目录，路径在它之下；不以 `/` 结尾的（如 `/oa/login`），
  取它所在的目录。
- 从哪里看：一处看到的不能说明另一处；探测只在所列的地方判断。

- 在主机上看的，登录后以一条固定的只读脚本读取，全文在下面；参数只作为脚本的参数，不拼进命令。

| 序号 | 探测 | 看什么 | 对象 | 从哪里看 | 发出的请求 | 怎样算通过 |
|--|--|--|--|--|--|--|
"""

_SCRIPTS = """## 在主机上执行的脚本

`as_root` 按合同允许的 sudo 执行，`limit` 限时；`$1`、`$2` 是参数。
"""


def said(question: Question) -> str:
    """One question in words: "GET https://oa.example/actuator"."""
    match question:
        case Connect(name, port):
            return f"TCP 连接 {name}:{port}"
        case Request(method, scheme, name, port, path):
            target = Target(Kind.URL, name, port, "", scheme, path)
            return f"{method} {target}"
        case Handshakes(name, port, seek):
            return f"TLS {_SEEKS[seek]} {name}:{port}"
        case KeyExchange(name, port):
            return f"SSH 版本行 {name}:{port}"
        case Say(name, port, what):
            return f"{_SAYS[what]} {name}:{port}"
        case Archives(folders):
            return f"SFTP 读 {' '.join(folders)} 之下的 Java 包"
        case OnHost(command, arguments):
            return " ".join((" ".join(command.split()), *arguments))


def listing() -> str:
    """`docs/probes.md`: a row for every probe, and the scripts of those on hosts; Markdown."""
    rows = [_row(number, probe) for number, probe in enumerate(safe_probes(), 1)]
    scripts = [
        f"### {probe.id}\n\n```sh\n{question.command.strip()}\n```\n"
        for probe in safe_probes()
        for question in _example(probe)
        if isinstance(question, OnHost)
    ]
    return "\n".join([_HEAD + "\n".join(rows), "", _SCRIPTS, *scripts])


def _example(probe: AnyProbe) -> Sequence[Question]:
    """What it asks of a made-up target; a parameter that has to be given is its own name."""
    given = {name: f"<{field.title}>" for name, field in probe.params.model_fields.items() if field.is_required()}
    return probe.ask(_EXAMPLES[probe.kind], probe.params.model_construct(**given))


def _row(number: int, probe: AnyProbe) -> str:
    asked = _example(probe)
    requests = "<br>".join(_cell(f"`{said(question)}`") for question in asked if not isinstance(question, OnHost))
    where = "、".join(vantage.label for vantage in sorted(probe.vantages, reverse=True))
    sends = f"{_cell(probe.sends)}{'：<br>' if requests else ''}{requests}"
    cells = (str(number), f"`{probe.id}`", probe.title, _KINDS[probe.kind], where, sends, _cell(probe.passes) or "—")
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    import sys

    sys.stdout.write(listing())
