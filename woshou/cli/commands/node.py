"""`woshou init`: make a node, that is its data folder with settings, keys and an empty database."""

import json as jsonlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pydantic
import typer

from adapters.database.protection.logins import check_logins
from adapters.divisions import load_divisions
from adapters.keys.files import OTHERS, write_private
from adapters.keys.keyring import Keyring
from adapters.sealing.suites import SuiteName
from exchange.errors import Conflict
from exchange.wire.node import is_loopback
from woshou.cli.call import Call, command
from woshou.cli.exits import SettingsWrong
from woshou.cli.words import say
from woshou.settings import FILE, Settings
from woshou.wiring import keys_folder, open_clock, open_office, served_counties


class NodeExists(Conflict):
    """Nothing is written over."""

    code = "node-exists"
    zh = "该数据目录已有节点，不会覆盖。"
    en = "There is a node in that data folder already; nothing was written over."


class DataFolderOpen(Conflict):
    """Others may look into the data folder, and it is not for this command to close it."""

    code = "data-folder-open"
    zh = "数据目录可被其他用户访问：请执行 chmod 700，或改用新的空目录。"
    en = "Other users may look into the data folder: run chmod 700 on it, or name a new one."


def _ask(value: str | None, zh: str, en: str) -> str:
    return value if value is not None else str(typer.prompt(say(zh, en)))


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "init", zh="新建节点：设置、密钥和空数据库", en="Make a node: settings, keys and an empty database")
    def init(
        call: Call,
        node: Annotated[str | None, typer.Option(help=say("节点名", "the node's name, like a host name"))] = None,
        title: Annotated[str | None, typer.Option(help=say("单位名称", "the office that runs it"))] = None,
        jurisdiction: Annotated[
            list[str] | None, typer.Option(help=say("所服务的区县代码，可多次", "county code served; repeatable"))
        ] = None,
        environment: Annotated[
            Literal["production", "sandbox"], typer.Option(help=say("生产或沙箱", "production or sandbox"))
        ] = "production",
        url: Annotated[str | None, typer.Option(help=say("对外地址", "public address"))] = None,
        host: Annotated[str | None, typer.Option(help=say("监听地址", "address to listen on"))] = None,
        port: Annotated[int | None, typer.Option(help=say("监听端口", "port to listen on"))] = None,
        database_url: Annotated[
            str | None,
            typer.Option(
                help=say(
                    "数据库，默认 SQLite；含口令时请改用 WOSHOU_DATABASE_URL",
                    "database; SQLite by default; with a password, use WOSHOU_DATABASE_URL",
                )
            ),
        ] = None,
        suite: Annotated[
            SuiteName | None,
            typer.Option(help=say("密码套件：AES 与 SHA-256，或国密 SM4 与 SM3", "ciphers: AES and SHA-256, or SM4 and SM3")),
        ] = None,
        clock: Annotated[
            Path | None, typer.Option(help=say("模拟时钟文件（仅沙箱）", "a simulated clock's file (sandbox only)"))
        ] = None,
    ) -> None:
        given = {
            "node": _ask(node, "节点名（小写，如 xicheng.example）", "Node name (lower case, like xicheng.example)"),
            "title": _ask(title, "单位名称", "Name of the office"),
            "jurisdictions": jurisdiction or _ask(None, "区县代码，以逗号分隔", "County codes, separated by commas").split(","),
            "environment": environment,
            "url": _ask(url, "对外地址（https://…）", "Public address (https://…)"),
            "host": host,
            "port": port,
            "database_url": database_url,
            "suite": suite,
            "clock": str(clock.absolute()) if clock else None,
        }
        if port is None:
            given["port"] = _own_port(str(given["url"]))
        make(call, {name: value for name, value in given.items() if value is not None})


def _own_port(url: str) -> int | None:
    """The port of an address on this machine, where no proxy stands between it and the node."""
    try:
        parts = urlsplit(url)
        return parts.port if is_loopback(parts.hostname or "") else None
    except ValueError:  # told when the settings are read
        return None


def make(call: Call, given: Mapping[str, Any]) -> None:
    """Make the node of these settings. The settings file comes last, so that a broken attempt can be repeated."""
    folder = call.folder
    if (folder / FILE).exists():
        raise NodeExists
    try:
        settings = Settings(data=folder, **given)
    except pydantic.ValidationError as exc:
        raise SettingsWrong(exc) from exc
    divisions = load_divisions()
    places = served_counties(divisions, settings.jurisdictions)
    now = open_clock(settings).now()
    check_logins(settings.database, settings.database_owner, settings.key_store_url)
    _make_private(folder, keys_folder(settings))
    if not keys_folder(settings).exists():
        Keyring.create(keys_folder(settings), now, settings.suite)
    with open_office(settings) as office:
        fingerprint = office.keyring.fingerprint(now)
    write_private(folder / FILE, _toml(given).encode())
    recovery = keys_folder(settings) / "recovery.pem"
    made = {
        "node": settings.node,
        "jurisdictions": settings.jurisdictions,
        "data": str(folder),
        "fingerprint": fingerprint,
        "recovery_key": str(recovery),
    }
    served = "、".join(f"{place.code} {divisions.full_name(place.code)}" for place in places)
    call.done(
        made,
        f"节点 {settings.node} 已建立，服务 {served}。\n指纹：{fingerprint}\n"
        f"请立即将恢复密钥移出本机离线保存：{recovery}\n然后运行 woshou serve 与 woshou jobs。",
        f"Node {settings.node} is made; it serves {served}.\nFingerprint: {fingerprint}\n"
        f"Move the recovery key off this machine now, and keep it offline: {recovery}\nThen run woshou serve and woshou jobs.",
    )


def _make_private(folder: Path, keys: Path) -> None:
    """Make the folder, or close one that is empty or the node's already to everyone else; DataFolderOpen if that cannot be.

    Any other folder is left as it is: closing somebody's shared folder would do more harm than a refusal.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & OTHERS == 0:
        return
    if any(folder.iterdir()) and not keys.exists():
        raise DataFolderOpen
    try:
        folder.chmod(0o700)
    except PermissionError as exc:
        raise DataFolderOpen from exc


def _toml(values: Mapping[str, Any]) -> str:
    """Settings as TOML: JSON's strings, numbers and lists of strings are TOML's as well."""
    lines = [f"{name} = {jsonlib.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["# 设置说明见 docs/settings.md · every setting is explained there", *lines, ""])
