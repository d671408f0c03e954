"""`xunjian notify-test`: does what is sent arrive."""

from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, clearly
from flows.exit_codes import CONFIGURATION, FINE, PROBLEMS


def notify_test(
    channel: Annotated[str, typer.Option("--channel", metavar="编号", help="只试这一个渠道，不写就都试")] = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """试发通知：向每个渠道发一条测试消息，看对方是否收下。不记台账；有发不出的，退出码为 1，缺口令的为 2。"""
    with clearly(contract):
        from datetime import UTC, datetime

        from checks.slots import RequestError
        from tasks import contract_folder, notify, secrets
        from tasks.crypto.tls import trusting
        from tasks.settings import Settings

        settings, loaded, now = Settings(contract=contract), contract_folder.load(contract), datetime.now(UTC)
        if not loaded.channels:
            raise RequestError("合同里没有通知渠道；在 contract.yaml 里写 channels，写法见手册第二十五节")
        chosen = [one for one in loaded.channels if channel in ("", one.id)]
        if not chosen:
            known = "、".join(one.id for one in loaded.channels)
            raise RequestError(f"合同里没有通知渠道 {channel}；可选：{known}")
        name = f"巡检通知测试：{loaded.name}"
        message = notify.Message(f"test-{now:%Y%m%d%H%M%S}", name, "这是一条测试消息，不用处理。", "", now)
        trusted, code = trusting(settings.ca_dir), FINE
        for one in chosen:
            try:
                values = secrets.read_all(one.secret_names(), settings.secrets_dir)
            except secrets.SecretError as error:  # the other channels are tried all the same
                console.complain(f"{one.id}（{one.title}）：没有发出，{error}")
                code = CONFIGURATION
                continue
            receipt = notify.deliver(one, message, values, trusted=trusted)
            if not receipt.ok:
                code = code or PROBLEMS
            word, style = ("对方已收下", "green") if receipt.ok else ("没有发出", "red")
            console.say(f"{one.id}（{one.title}）：{word}，{receipt.seconds:.2f} 秒，{receipt.answer}", style=style)
        raise typer.Exit(code)
