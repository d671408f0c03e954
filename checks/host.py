"""The hosts of a contract: one file of `hosts/` for the hosts of one system, and which items are due on each.

Where a host is and how it is reached stands in the SSH configuration, not here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field, ValidationError, create_model

from checks.baseline_check import baseline_checks
from checks.clauses import CLAUSES, ON_HOSTS
from checks.host_check import AnyCheck, Params, Planned, host_checks
from checks.host_script import Assembled, assembled
from checks.journey import SECRET_NAME, Strict

NAME = r"^[a-z][a-z0-9-]{0,39}$"


class Access(Strict):
    """How to log in by SSH. Everything is the name of a secret; nothing is tried that is not named."""

    key: str | None = Field(
        None, pattern=SECRET_NAME, title="私钥", description="私钥文件的口令名；也可在 ssh_config 写"
    )
    passphrase: str | None = Field(None, pattern=SECRET_NAME, title="私钥口令", description="口令名")
    password: str | None = Field(None, pattern=SECRET_NAME, title="登录口令", description="口令名；也用于键盘交互")
    agent: bool = Field(False, title="使用 ssh-agent")

    def secret_names(self) -> list[str]:
        """The secrets that are used, by name."""
        return [name for name in (self.key, self.passphrase, self.password) if name]


if TYPE_CHECKING:

    class Checks(Strict): ...

    class Services(Strict): ...

    class Baseline(Strict): ...

else:
    _SET = {check.id: check.params for check in baseline_checks() if not check.service}
    Checks = create_model(
        "Checks",
        __base__=Strict,
        **{
            check.id: (check.params, Field(default_factory=check.params, title=check.title))
            for check in host_checks()
            if not check.service
        },
    )
    Services = create_model(
        "Services",
        __base__=Strict,
        **{
            check.service: (check.params | None, Field(None, title=check.service))
            for check in host_checks()
            if check.service
        },
    )
    # How a service is asked stands in `services`; here only that an item does not apply.
    Baseline = create_model(
        "Baseline",
        __base__=Strict,
        **{
            clause.id: (params, Field(default_factory=params, title=clause.title))
            for clause in ON_HOSTS
            for params in (_SET.get(clause.id, Params),)
        },
    )


class Host(Strict):
    """One host. What it says goes before what its group says, field by field."""

    name: str = Field(pattern=NAME, title="主机名", description="与 ssh_config 里的 Host 相同")
    role: str = Field("", title="用途")
    access: Access | None = Field(None, title="登录")
    checks: Checks = Field(default_factory=Checks, title="检查项的参数")
    services: Services = Field(default_factory=Services, title="数据库与中间件")
    baseline: Baseline = Field(default_factory=Baseline, title="等保自查的参数")


class HostGroup(Strict):
    """The hosts of one system, and what they have in common."""

    system: str = Field(pattern=NAME, title="系统编号")
    access: Access = Field(Access(), title="登录")
    sudo: bool = Field(False, title="允许 sudo -n", description="需要 root 的项目以 sudo -n 读取；不允许则记未取得")
    deadline: float = Field(120, ge=5, le=3600, title="时限（秒）", description="一台主机从连接到回答完毕")
    checks: Checks = Field(default_factory=Checks, title="检查项的参数")
    services: Services = Field(default_factory=Services, title="数据库与中间件")
    baseline: Baseline = Field(default_factory=Baseline, title="等保自查的参数")
    hosts: list[Host] = Field(min_length=1, title="主机")

    def access_of(self, host: Host) -> Access:
        """The host's own way to log in, or the group's."""
        return host.access or self.access

    def planned(self, host: Host) -> tuple[Planned, ...]:
        """The items that are due on a host."""
        found = ((check, _params(self, host, check)) for check in host_checks())
        return tuple(
            Planned(check, params)
            for check, params in found
            if params is not None and not params.not_applicable and check.due(params)
        )

    def not_applicable(self, host: Host) -> dict[str, str]:
        """The items that the contract says do not apply to a host, with the reason."""
        found = ((check.id, _params(self, host, check)) for check in host_checks())
        return {item: params.not_applicable for item, params in found if params is not None and params.not_applicable}

    def baseline_planned(self, host: Host) -> tuple[Planned, ...]:
        """The items of the baseline that are looked at on a host."""
        found = ((check, _baseline_params(self, host, check)) for check in baseline_checks())
        return tuple(Planned(check, params) for check, params in found if params and not params.not_applicable)

    def baseline_not_applicable(self, host: Host) -> dict[str, str]:
        """The items of the baseline that do not apply to a host, with the reason."""
        found = {one.id: _written((self.baseline, host.baseline), one.id).get("not_applicable", "") for one in ON_HOSTS}
        for check in baseline_checks():
            params = _baseline_params(self, host, check)
            found[check.id] = params.not_applicable if params else f"合同没有写这台主机上有 {CLAUSES[check.id].title}"
        return {item: why for item, why in found.items() if why}


class Placed(NamedTuple):
    """A host and the group it belongs to."""

    group: HostGroup
    host: Host

    @property
    def planned(self) -> tuple[Planned, ...]:
        """The items that are due."""
        return self.group.planned(self.host)

    @property
    def baseline(self) -> tuple[Planned, ...]:
        """The items of the baseline that are due."""
        return self.group.baseline_planned(self.host)

    @property
    def script(self) -> Assembled:
        """All that may run on the host: inspection and baseline. Either alone is a part of it."""
        return assembled((*self.planned, *self.baseline), sudo=self.group.sudo)


def mistakes(group: HostGroup) -> list[tuple[int, str]]:
    """What is wrong only when a host's parameters are laid over its group's: the host's index, and what."""
    found = []
    every = [
        *((check, _params) for check in host_checks()),
        *((check, _baseline_params) for check in baseline_checks()),
    ]
    for index, host in enumerate(group.hosts):
        for check, laid_over in every:
            try:
                laid_over(group, host, check)
            except ValidationError as error:
                found += [(index, f"{check.id} 与本组的参数合起来不对：{one['msg']}") for one in error.errors()]
    return found


def _params(group: HostGroup, host: Host, check: AnyCheck) -> Any:
    """What holds for an item on a host; None: a service that the host does not have."""
    if not check.service:
        return check.params(**_written((group.checks, host.checks), check.id))
    return _served(group, host, check, {})


def _baseline_params(group: HostGroup, host: Host, check: AnyCheck) -> Any:
    """Likewise for an item of the baseline."""
    own = _written((group.baseline, host.baseline), check.id)
    return _served(group, host, check, own) if check.service else check.params(**own)


def _served(group: HostGroup, host: Host, check: AnyCheck, own: dict[str, Any]) -> Any:
    sections = (group.services, host.services)
    there = any(getattr(section, check.service) is not None for section in sections)
    return check.params(**_written(sections, check.service) | own) if there else None


def _written(sections: Iterable[Strict], name: str) -> dict[str, Any]:
    """What was written under a name, the later section over the earlier."""
    found = [params for section in sections if (params := getattr(section, name)) is not None]
    return {field: getattr(params, field) for params in found for field in params.model_fields_set}
