"""Every program that a host script may start, with the reason why it only reads. For the host's administrator.

A test runs the script under a tracer: whatever starts and is not named here fails, and whatever writes fails.
"""

PROGRAMS: dict[str, str] = {
    "date": "读时间（不带设置时间的参数）",
    "df": "读文件系统用量",
    "head": "取开头若干行",
    "id": "读当前账号",
    "sh": "解释脚本",
    "sleep": "两次取样之间等待",
    "sudo": "仅在合同允许时，以 root 执行本表中的程序",
    "timeout": "给命令限时",
    "true": "试 timeout 的用法",
}
