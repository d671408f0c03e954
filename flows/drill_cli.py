"""`xunjian drill …`: one fault after the other in the practice estate, to be caught, and clear again afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from flows.clearly import clearly

if TYPE_CHECKING:
    from flows.drill import Drill
    from rehearsal.hosts.estate import HostEstate
    from tasks.settings import Settings

Faults = Annotated[
    list[str] | None, typer.Option("--fault", metavar="名称", help="只演练这个故障；可写多次，不写就是全部")
]

app = typer.Typer(help="演练：逐个制造故障，看巡检是否发现。", no_args_is_help=True)


@app.command(
    "page-inspection", epilog="例：xunjian drill page-inspection　　xunjian drill page-inspection --fault oa-slow"
)
def page_inspection(fault: Faults = None) -> None:
    """在演练环境里逐个制造故障：列出哪一项巡检发现了它、结论是什么，再清除并确认恢复。"""
    with clearly():
        from flows import drill, page_drill
        from rehearsal.estate import Estate

        settings = drill.settings_for_drills()
        estate = Estate(settings.root / "rehearsal")
        code = drill.practise(page_drill.PageDrill(settings, estate), fault or [])
    raise typer.Exit(code)


@app.command(
    "host-inspection",
    epilog="例：xunjian drill host-inspection　　xunjian drill host-inspection --fault oa-db-01:disk-full",
)
def host_inspection(fault: Faults = None) -> None:
    """在十二台练习主机上逐个制造故障：列出哪一项巡检发现了它、结论是什么，再清除并确认恢复。"""
    with clearly():
        from flows.host_drill import HostDrill

        _on_hosts(HostDrill, fault)


@app.command(
    "backup-check", epilog="例：xunjian drill backup-check　　xunjian drill backup-check --fault oa-db-01:backup-cut"
)
def backup_check(fault: Faults = None) -> None:
    """在练习主机的备份上逐个制造故障：列出哪一项检查发现了它、结论是什么，再清除并确认恢复。"""
    with clearly():
        from flows.backup_drill import BackupDrill

        _on_hosts(BackupDrill, fault)


@app.command(
    "restore-drill",
    epilog="例：xunjian drill restore-drill　　xunjian drill restore-drill --fault oa-db-01:data-rows-gone",
)
def restore_drill(fault: Faults = None) -> None:
    """在练习主机的备份里逐个制造只有恢复才看得出的故障：列出哪一项发现了它、结论是什么，再清除并确认恢复。"""
    with clearly():
        from flows.restore_faults import RestoreFaults

        _on_hosts(RestoreFaults, fault)


@app.command(
    "verify-remediation",
    epilog="例：xunjian drill verify-remediation　　xunjian drill verify-remediation --fault oa-web-01:tls-old",
)
def verify_remediation(fault: Faults = None) -> None:
    """在练习主机上逐个制造漏洞：取证、复测、断网、换主机、真的整改、再次出现，看每一步的复测结论对不对。约一分钟。"""
    with clearly():
        from flows import drill, retest_drill
        from rehearsal.hosts.estate import HostEstate

        settings = drill.settings_for_drills()
        code = retest_drill.practise(settings, HostEstate(settings.root / "rehearsal"), fault or [])
    raise typer.Exit(code)


@app.command(
    "availability", epilog="例：xunjian drill availability　　xunjian drill availability --case all-channels-down"
)
def availability(
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="名称", help="只演练这个情形；可写多次，不写就是全部")
    ] = None,
) -> None:
    """在演练环境里停掉系统、断开通知渠道、拨动时钟：看故障是否按时发现、通知、计时，可用性是否算对。约两分钟。"""
    with clearly():
        from flows import availability_drill, drill
        from rehearsal.estate import Estate

        settings = drill.settings_for_drills()
        estate = Estate(settings.root / "rehearsal")
        code = availability_drill.practise(estate, settings, case or [])
    raise typer.Exit(code)


def _on_hosts(duty: "Callable[[Settings, HostEstate], Drill]", faults: list[str] | None) -> None:
    from flows import drill
    from rehearsal.hosts.estate import HostEstate

    settings = drill.settings_for_drills()
    raise typer.Exit(drill.practise(duty(settings, HostEstate(settings.root / "rehearsal")), faults or []))
