"""A reconciliation as tables: partners, pairs, and what was left out."""

from collections.abc import Sequence
from typing import Any

from api.models.reconciling.reconciliations import LeftOutShown, LinkReconciled, PairCompared, TallyShown
from woshou.cli.call import Call
from woshou.cli.words import say

LINKS = {
    "partner": ("协作方", "Partner"),
    "settled": ("账目一致", "Settled"),
    "differ": ("不一致事项", "Exchanges that differ"),
    "resent": ("补发批次", "Batches resent"),
    "adopted": ("取回批次", "Batches taken back"),
    "findings": ("待处理", "For people"),
    "trouble_code": ("原因", "Trouble"),
}
PAIRS = {
    "partner": ("协作方", "Partner"),
    "origin": ("户籍地", "Origin"),
    "destination": ("现居住地", "Destination"),
    "pair_outcome": ("结果", "Outcome"),
    "shaken": ("握手", "Handshaken"),
    "was": ("上次", "Before"),
    "estimate": ("约差", "About"),
    "differing": ("项目不一致", "Differing"),
    "outflow_only": ("仅流出", "Outflow only"),
    "inflow_only": ("仅流入", "Inflow only"),
    "coarse": ("去向粗略", "Coarse"),
    "repaired": ("已消除", "Repaired"),
    "trouble_code": ("原因", "Trouble"),
}
LEFT_OUT = {
    "partner": ("协作方", "Partner"),
    "origin": ("户籍地", "Origin"),
    "destination": ("现居住地", "Destination"),
    "why_left_out": ("未对账原因", "Left out because"),
}


def print_steps(
    call: Call, links: Sequence[LinkReconciled], pairs: Sequence[PairCompared], left_out: Sequence[LeftOutShown]
) -> None:
    """The three tables; an empty one is not shown."""
    if links:
        call.rows([_link(step) for step in links], LINKS, title=say("链路账目", "Ledgers of links"))
    if pairs:
        call.rows([_pair(pair) for pair in pairs], PAIRS, title=say("台账", "Registers"))
    if left_out:
        rows = [{**vars(left), "why_left_out": left.why} for left in left_out]
        call.rows(rows, LEFT_OUT, title=say("未对账", "Left out"))


def _link(step: LinkReconciled) -> dict[str, Any]:
    return {**vars(step), "trouble_code": step.trouble}


def _pair(pair: PairCompared) -> dict[str, Any]:
    counts = {} if pair.tally is None else vars(pair.tally)
    shaken = {"shaken": _shaken(pair.tally), "was": _shaken(pair.before)}
    return {**counts, **vars(pair), **shaken, "pair_outcome": pair.outcome, "trouble_code": pair.trouble}


def _shaken(tally: TallyShown | None) -> str:
    return "—" if tally is None else f"{tally.handshaken}/{tally.known}"
