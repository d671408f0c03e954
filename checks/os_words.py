"""The operating system's errors in Chinese."""

import errno

_WORDS = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "文件系统只读",
    errno.ENOENT: "文件或上级目录不存在",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EISDIR: "这是目录，不是文件",
    errno.EEXIST: "已有同名文件",
    errno.EIO: "磁盘读写出错",
    errno.EFBIG: "文件太大",
    errno.ECONNREFUSED: "拒绝连接",
    errno.ECONNRESET: "连接被重置",
    errno.EPIPE: "连接已断开",
    errno.EHOSTUNREACH: "没有到它的路由",
    errno.ENETUNREACH: "网络不可达",
}


def say(error: OSError) -> str:
    """Why, in the operator's language; the system's own words where we have none."""
    return _WORDS.get(error.errno or 0, error.strerror or type(error).__name__)
