"""Everything on a worklist at once, for a sheet."""

from exchange.cursors import work_cursor
from exchange.errors import Invalid
from exchange.ledger import Ledger, Page
from exchange.verbs.work.items import WorkItem, on_list
from exchange.work.worklists import WorkFilter, Worklist

_PAGE = 1000
ANSWERABLE = frozenset({Worklist.TO_ANSWER, Worklist.TO_PAIR, Worklist.TO_ASSIGN, Worklist.OVERDUE})


class NotAnswerable(Invalid):
    """A list of what others owe, or of what is not asked."""

    code = "not-answerable"
    zh = "只有待反馈类清单（to_answer、to_pair、to_assign、overdue）可以导出填写反馈。"
    en = "Only the lists of what is owed an answer can be answered by sheet: to_answer, to_pair, to_assign, overdue."


def whole_list(ledger: Ledger, worklist: Worklist, wanted: WorkFilter, most: int) -> list[WorkItem]:
    """The first `most` of a list of what is owed, the most urgent first; NotAnswerable for other lists."""
    if worklist not in ANSWERABLE:
        raise NotAnswerable(pointer="/worklist")
    found: list[WorkItem] = []
    after = ""
    while len(found) < most:
        limit = min(_PAGE, most - len(found))
        rows = on_list(ledger, worklist, wanted, Page(after=after, limit=limit))
        found += rows
        if len(rows) < limit:
            break
        after = work_cursor(worklist, rows[-1].exchange)
    return found
