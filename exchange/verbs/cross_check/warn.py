"""Warn before sending: an entry whose differences are not settled yet may say what another department knows better."""

from collections.abc import Iterable, Mapping

from exchange.checking.check import FIELD_NAMES, CheckField
from exchange.imports import RowProblem
from exchange.ledger import Ledger
from exchange.people.doubts import warning


def unsettled(ledger: Ledger, entries: Iterable[str | None]) -> Mapping[str, RowProblem]:
    """The warning for each of these entries that has open differences: one look-up for all of them."""
    wanted = {entry for entry in entries if entry is not None}
    found = ledger.cross_checks.open_fields(wanted) if wanted else {}
    return {entry: unsettled_warning(fields) for entry, fields in found.items()}


def unsettled_warning(fields: Iterable[CheckField]) -> RowProblem:
    """The warning that names the fields, and nothing of what they say."""
    names = [FIELD_NAMES[name] for name in fields]
    zh, en = "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)
    return warning(
        "entry",
        "unsettled-differences",
        f"该个案与其他部门的数据有未处理的差异：{zh}；请核对后再发送。",
        f"The entry has unsettled differences from another department's sheet: {en}; look at them before sending.",
    )
