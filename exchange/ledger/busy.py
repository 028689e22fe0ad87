"""The ledger cannot be had."""

from exchange.errors import Retry, WoshouError


class LedgerBusy(WoshouError):
    """The ledger cannot be had now: another transaction holds it or went first, or the database is away. Nothing was stored."""

    code = "overloaded"
    retry = Retry.LATER
    zh = "系统繁忙，未保存任何内容，请稍后重试。"
    en = "The node is busy; nothing was stored. Try again in a moment."


class LedgerAway(LedgerBusy):
    """The database does not answer. To a caller that is the same as busy; whoever runs the node must look at it."""

    zh = "无法连接数据库，未保存任何内容；请检查数据库服务、网络与 database_url。"
    en = "The database cannot be reached; nothing was stored. See whether it runs, and whether database_url is right."
