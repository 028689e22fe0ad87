"""What came of it: one JSON document, or a table of the rates."""

import json
import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table

from adapters.keys.files import write_private
from exchange.counting.share import percent_of
from exchange.rates import RateName
from woshou.cli.commands.report import NAMES
from woshou.cli.show import console
from woshou.cli.words import say
from woshou.demo.nodes import ACCOUNTS, DemoNode

_KEYS = "api-keys.json"
_WORDS = {
    "rows": "数据行",
    "accepted": "接收",
    "warned": "带警告接收",
    "refused": "拒绝",
    "submitted": "提交",
    "rejected": "退回",
    "answered": "已反馈",
    "confirmed": "已确认",
    "challenged": "再交流",
    "withdrawn": "撤回",
    "overdue": "逾期",
    "sent": "发出",
    "received": "收到",
}


def summary_of(
    nodes: list[DemoNode],
    first: date,
    last: date,
    imports: list[dict[str, Any]],
    nights: list[dict[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """The summary, all of it read from the nodes' API and logs."""
    rows = [row for node in nodes for row in node.pages("/api/v1/exchanges", role="asker")]
    return {
        "nodes": [{"node": node.name, "url": node.url, "jurisdictions": [node.county]} for node in nodes],
        "imports": {
            "rows": sum(taken["rows"] for taken in imports),
            "accepted": sum(taken["accepted"] + taken["unchanged"] for taken in imports),
            "warned": sum(taken["warned"] for taken in imports),
            "refused": sum(taken["refused"] for taken in imports),
        },
        "exchanges": {
            "submitted": len(rows),
            "accepted": sum(row["acceptance"] == "accepted" for row in rows),
            "rejected": sum(row["acceptance"] == "rejected" for row in rows),
            "answered": sum(row["stamps"]["answered"] is not None for row in rows),
            "confirmed": sum(row["state"] == "closed" for row in rows),
            "challenged": sum(row["challenges"] > 0 for row in rows),
            "withdrawn": sum(row["state"] == "withdrawn" for row in rows),
            "overdue": sum(row["overdue"] for row in rows),
        },
        "messages": {
            "sent": sum(_sent(node) for node in nodes),
            "received": sum(_received(node) for node in nodes),
        },
        "rates": [rate for node in nodes for rate in _rates(node, first, last)],
        "nights": nights,
        "seconds": seconds,
    }


def _sent(node: DemoNode) -> int:
    """The messages that have a receipt, by the log of the node's jobs."""
    lines = (node.folder / "jobs.log").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return sum(each["messages"] for each in told if each["event"] == "batch delivered")


def _received(node: DemoNode) -> int:
    """The messages for which the node gave a receipt, by its metrics."""
    text = node.call("GET", "/metrics", "operator").text
    counts = [line for line in text.splitlines() if line.startswith("woshou_messages_received_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in counts)


def _rates(node: DemoNode, first: date, last: date) -> list[dict[str, Any]]:
    period = {"from": first.isoformat(), "to": last.isoformat()}
    report = node.get("/api/v1/rates", "coordinator", **period)
    return [_rate(rate) for figures in report["figures"] for rate in figures["rates"]]


def _rate(rate: dict[str, Any]) -> dict[str, Any]:
    kept = ("rate", "jurisdiction", "cohort", "from", "to", "as_of", "numerator", "denominator")
    shown = {name: rate[name] for name in kept}
    shown["value"] = rate["numerator"] / rate["denominator"] if rate["denominator"] else None
    if rate["reason"] is not None:
        shown["reason"] = rate["reason"]
    return shown


def write_keys(folder: Path, nodes: list[DemoNode], password: str) -> None:
    """The API keys, and the accounts' password if there are accounts, for who wants to look further."""
    accounts = {"accounts": list(ACCOUNTS), "password": password} if password else {}
    keys = {node.name: {"url": node.url, **node.keys, **accounts} for node in nodes}
    write_private(folder / _KEYS, json.dumps(keys, indent=2).encode())


def print_summary(summary: dict[str, Any], nodes: list[DemoNode], folder: Path, *, as_json: bool, password: str) -> None:
    """The summary on stdout; where to look further, if anything is kept or still runs, and accounts have a password."""
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, indent=2), flush=True)
        return
    first, last = summary["rates"][0]["from"], summary["rates"][0]["to"]
    table = Table(title=say(f"指标 {first} 至 {last}（按首次期限）", f"Rates {first} to {last} (by first due date)"))
    table.add_column(say("指标", "Rate"))
    for node in nodes:
        table.add_column(f"{node.place} {node.county}", justify="right")
    found = {(rate["rate"], rate["jurisdiction"]): rate for rate in summary["rates"]}
    marks = _marks(summary["rates"])
    for name in RateName:
        table.add_row(say(*NAMES[name]), *(_cell(found[name.value, node.county], marks) for node in nodes))
    out = console()
    out.print(table)
    for told, mark in marks.items():
        out.print(f"{mark} {told}")
    for told in summary["nights"]:
        before, after = (_counts(told[night]) for night in ("before", "after"))
        place = next(node.place for node in nodes if node.county == told["jurisdiction"])
        zh, en = (
            f"{place}握手率：补建前夜 {before}，次夜 {after}",
            f"{place}, handshake: {before} the night before, {after} after",
        )
        out.print(say(zh, en))
    for part, zh, en in (
        ("imports", "导入", "Imports"),
        ("exchanges", "信息交换", "Exchanges"),
        ("messages", "消息", "Messages"),
    ):
        counts = (f"{say(_WORDS[name], name)} {count}" for name, count in summary[part].items())
        out.print(f"{say(zh, en)}: {'  '.join(counts)}")
    out.print(say(f"用时 {summary['seconds']} 秒。", f"{summary['seconds']} seconds."))
    if not password:
        out.print(say("加 --folder 目录 可保留全部数据。", "Add --folder FOLDER to keep everything."))
        return
    out.print(say("进一步查看：", "Where to look further:"))
    for node in nodes:
        out.print(f"  {node.place}  {node.url}/   {_program()} exchange list --data {node.folder}")
    out.print(f"  {say('网页账号', 'Accounts for the pages')}: {' '.join(ACCOUNTS)}   {say('密码', 'password')}: {password}")
    said = say(
        "时钟是模拟的，手机验证器的数字对不上，请勿启用",
        "the clock is simulated: a phone's codes do not fit, so turn no second factor on",
    )
    out.print(f"  {say('验证器', 'Second factor')}: {said}")
    out.print(f"  {say('接口密钥', 'API keys')}: {folder / _KEYS}   {say('表格', 'sheets')}: {folder / 'sheets'}")


def _program() -> str:
    """How this program was started, to be pasted: it need not be on the reader's path."""
    begun = Path(sys.argv[0])
    return shlex.quote(sys.argv[0]) if begun.name == "woshou" else f"{shlex.quote(sys.executable)} -m woshou"


def _marks(rates: list[dict[str, Any]]) -> dict[str, str]:
    """A footnote's mark for each reason why a rate has no counts."""
    reasons = dict.fromkeys(_why(rate) for rate in rates if "reason" in rate)
    return {reason: "*" * number for number, reason in enumerate(reasons, 1)}


def _why(rate: dict[str, Any]) -> str:
    return say(rate["reason"]["zh"], rate["reason"]["en"])


def _counts(rate: dict[str, int | None]) -> str:
    known, of = rate["numerator"], rate["denominator"]
    return "—" if known is None or not of else f"{known} / {of}  {percent_of(known, of)}"


def _cell(rate: dict[str, Any], marks: dict[str, str]) -> str:
    if "reason" in rate:
        return f"— {marks[_why(rate)]}"
    counts = rate["numerator"], rate["denominator"]
    return f"{counts[0]} / {counts[1]}  {percent_of(*counts)}"
