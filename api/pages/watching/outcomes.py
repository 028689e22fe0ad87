"""What came of a job, in words: jobs keep a line in English with counts in it, which is read part by part."""

import re
from collections.abc import Sequence
from typing import Final

from api.pages.language import Language

# A part of such a line, `#` for a count and `*` for a name, and the same in both languages.
_PARTS: Final = """
# due dates became firm | 转为确定的期限 # | due dates that became firm: #
owed # | 本方逾期 # | late here: #
awaited # | 对方逾期 # | late on the other side: #
# of them new | 其中新增 # | new among them: #
# changes counted | 计入变动 # | changes counted: #
# of entries | 其中个案变动 # | of entries: #
# pages of totals made | 新的汇总页 # | pages of totals: #
# days signed | 签署 # 日 | days signed: #
# repeated readings | 重复查看 # | repeated readings: #
# frozen | 冻结月报 # | reports frozen: #
# of # links and # of # pairs settled | 链路对平 # / #，台账对平 # / # | settled: # of # links, # of # pairs of registers
# steps left to go on with | 留待继续 # 步 | steps to go on with: #
waits: another reconciliation is under way | 等候：另一次对账正在进行 | waits: another reconciliation is under way
# entries got the keys by which candidates are found | 补建检索键的个案 # | entries that got their keys: #
nothing is sealed here | 本节点没有加密存储的内容 | nothing is sealed here
# erased again | 再次擦除 # | erased again: #
# data keys that nothing uses | 无用的数据密钥 # | data keys that nothing uses: #
# of them destroyed | 其中销毁 # | destroyed among them: #
# exchanges | 重数事项 # | exchanges recounted: #
# entries and # pages recounted | 重数个案 #、汇总页 # | entries recounted: #, pages of totals: #
# differ | 不同 # | otherwise than stored: #
# bodies | 擦除正文 # | bodies erased: #
# indexes | 不再可查的事项 # | exchanges whose person cannot be found any more: #
# couples | 擦除事项中的夫妻 # | couples of cases erased: #
# persons | 擦除个案中的人员 # | persons of entries erased: #
# rows | 删去导入各行的结果 # | results of imported rows forgotten: #
# held_up | 待收回执、暂缓擦除 # | waiting for receipts: #
# keys dropped | 弃用旧密钥 # | keys dropped: #
# ended tokens erased | 擦除已止个案的标识 # | tokens of ended entries erased: #
# keys of the next month ready | 次月密钥备好 # | keys of the next month ready: #
# in two inflow registers | 同在两地流入台账 # | in two inflow registers: #
# no more | 已不再是 # | no more: #
# told | 预告 # | told: #
# reminders | 催办 # | reminders: #
# escalated | 督办 # | escalated: #
failed for *: * | 与 * 的投递中断（*） | the delivery to * broke down (*)
"""


def _compiled() -> list[tuple[re.Pattern[str], str, str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in _PARTS.strip().splitlines()]
    return [(re.compile(re.escape(was).replace(r"\#", r"(\d+)").replace(r"\*", r"(\S+)")), zh, en) for was, zh, en in rows]


_TOLD: Final = _compiled()


def outcome_told(language: Language, outcome: str) -> str | None:
    """The line in the reader's language; None for one that an older or a newer release has written otherwise."""
    parts = [_part(language, part) for part in re.split(r"[,;] ", outcome)]
    told = [part for part in parts if part is not None]
    return language.t("，", ", ").join(told) if len(told) == len(parts) else None


def _part(language: Language, part: str) -> str | None:
    for pattern, zh, en in _TOLD:
        if found := pattern.fullmatch(part):
            return _filled(language, language.t(zh, en), found.groups())
    return None


def _filled(language: Language, words: str, values: Sequence[str]) -> str:
    left = iter(values)
    return re.sub(r"[#*]", lambda mark: language.number(int(next(left))) if mark[0] == "#" else next(left), words)
