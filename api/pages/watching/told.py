"""Findings and jobs in words: what was found, and what to do about it (docs/operations.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.models.base import Sentence


@dataclass(frozen=True, slots=True)
class Advice:
    """What was found, and what to do; without the latter it settles itself, or only wants to be known."""

    what: Sentence
    todo: Sentence


_ADVICE: Final = """
link-forked | 双方账目不一致 | the two sides' ledgers differ | 不要重置；先与对方核对
  | reset nothing: compare with the partner first
sequence-gap | 双方账目不一致 | the two sides' ledgers differ | 不要重置；先与对方核对
  | reset nothing: compare with the partner first
claims-changed | 对方声明的地区变了 | the partner claims other places | 核实后在协作方页确认；未确认的不会路由
  | check it; nothing is routed to what you have not confirmed
clock-skew | 双方时钟相差 5 分钟以上 | the clocks are more than 5 minutes apart | 双方校对时钟
  | set both clocks by a time server
commitment-contradicted | 后到的答复与书面承诺不符 | a later answer contradicts a written commitment | 交经办人核查该事项
  | let the clerk look at the case
repeated-reading | 同一人被同一账号反复查看 | one caller saw one person again and again | 交审计员核查 | it is for the auditor
audit-heads-differ | 协作方的审计接不上其此前交出的 | a partner's audit does not go on from what it handed over
  | 与对方核实：是否恢复过旧备份 | ask the partner: was an old backup restored
audit-heads-false | 协作方交来的审计摘要签名无效 | a partner's audit heads are not signed by it | 与对方核实 | ask the partner
pin-to-inactive | 人工指定的路由指向已暂停的协作方 | a route is pinned to a suspended partner | 恢复该协作方，或取消指定
  | resume the partner, or unpin the route
in-two-inflow-registers | 同一人在本节点两个区县的流入台账中 | one person is in two inflow registers of this node
  | 请两地核实由谁退档 | let the two counties find out which entry to close
coarse-in-two-destinations | 去向不明确的一人，两个区县都有 | one coarse outflow entry was found in two counties
  | 请经办人核实现居住地 | let the clerk find out where the person lives
certificate-guessing | 查无此证的验证次数达到限额，24 小时内不再回答
  | too many certificate checks found nothing: none is answered for a day | 请与查询方核实；记录见 woshou certificate list
  | ask the caller; `woshou certificate list` has the records
webhook-given-up | 本地系统三天未收下通知 | own systems have not taken a notification for three days
  | 检查本地系统的接收地址；详见日志 | look at the receiver's address, and at the log
figures-differ | 双方对某一事项的计数不同 | the two sides count an exchange otherwise | 核对所列数值；下次相符即自行消除
  | compare the values; it settles itself once they agree
figures-unequal | 双方对链路的计数不同 | the two sides count the link otherwise | 核对所列数值；下次相符即自行消除
  | compare the values; it settles itself once they agree
frozen-report-differs | 已冻结的月报重新计算结果不同 | a frozen report counts otherwise when verified
  | 见月报说明，查明后再上报更正版 | find out why, and send a corrected edition
frozen-report-altered | 已冻结月报的存储内容被改动 | the stored bytes of a frozen report were changed | 立即查明谁动过数据库
  | find out at once who has changed the database
report-refused | 对方没有接受上报的月报 | a report was refused upward | 改正后运行 woshou report send
  | mend it, then `woshou report send`
retention-held-up | 期满的正文因未收回执暂不能擦除 | what is due to be erased waits for receipts | 取得回执后自行了结
  | it settles itself with the receipts
rates-differ | 重算与所存的指标不同 | a recount differs from the stored figures | 查明后运行 woshou rates recount --repair
  | find out why, then `woshou rates recount --repair`
reconciliation-broke-down | 对账的一步因意外错误中断 | a step of a reconciliation broke down | 详见日志；报告给维护者
  | the log has it: tell the maintainers
delivery-broke-down | 投递因意外错误中断 | a delivery broke down | 详见日志；报告给维护者
  | the log has it: tell the maintainers
registers-differ-too-much | 一对台账差异超过限额，只有计数 | a pair of registers differs by more than the limit: counts only
  | 查明原因，双方各自运行 woshou reconciliation release | look why, then both sides run `woshou reconciliation release`
receipts-forgotten | 对方丢失了已给回执的批次 | the partner lost batches that it had receipted | 夜间自动归还，无需处理
  | the night gives them back
batches-lost-here | 本方丢失了批次，对方有 | batches were lost here, and the partner has them | 夜间自动取回，无需处理
  | the night takes them back
ledger-forked | 双方的签名内容互相矛盾 | both sides' signed words contradict each other
  | 不要改动数据；运行 woshou partner evidence，致电对方 | change nothing; run `woshou partner evidence`, and call
receipts-differ | 同一批次有两份不同的回执 | there are two receipts for one batch | 以先到者为准；与对方核对指标
  | the earlier stands; compare figures with the partner
heads-do-not-fit | 对方所报末端或归还的批次不可信 | the partner's heads or proofs do not hold | 请对方管理员检查
  | ask the other operator to look
ledger-unsettled | 账目尚未对平，对方拒绝 | the ledger is not settled: the partner refuses | 致电对方；对平后自行消除
  | call; it settles itself
restored-without-agreement | 恢复的事项没有本方所知的协议 | a restored exchange is under no agreement known here
  | 请对方重新发送协议 | have the agreement sent again
due-differs | 对方算出的期限不同 | the partner computes another due date | 以回执为准，无需处理 | the receipt's counts
due-firm-differs | 载入放假安排后期限与回执不同 | with the year's holidays the due date would be another | 以回执为准
  | the receipt's counts
rules-unknown | 对方没有协议所用的规则集 | the partner lacks the agreement's rule set | 请双方加入同一文件，提案随后自动再送
  | both add the same file; the proposal goes out again by itself
"""
_WHEN: Final = """
settle | 确定暂定期限 | make due dates firm | 00:05
overdue | 统计逾期 | count what is late | 00:10
close | 结算昨日指标 | close yesterday's figures | 00:20
audit | 签署审计日末 | sign the audit's day | 00:30
freeze | 冻结到期月报 | freeze the month | 01:30
reconcile | 夜间对账 | reconcile with partners | 02:00
index-pairing | 补建配对检索键 | keys for pairing | 02:40
sweep-keys | 清理数据密钥 | sweep unused data keys | 02:50
recount | 逐件重数指标 | recount the figures | 03:00
retain | 擦除期满内容 | erase what is due | 03:30
turn-tokens | 备好次月标识 | next month's tokens | 04:00
doubles | 查找两地台账中的同一人 | find who is in two registers | 06:30
foresee | 预告将到期事项 | tell what is due soon | 07:50
remind | 自动催办 | send reminders | 08:00
escalate | 自动督办 | escalate | 08:10
"""
_SHEETS: Final = """
empty-file | 文件为空 | the file is empty
file-too-large | 超过大小限制 | above the limit of size
not-a-sheet | 不是表格（PDF、网页、图片、.xlsb 等） | no sheet: PDF, web page, picture, .xlsb
archive-of-files | 是装有表格的压缩包 | an archive with sheets in it
encrypted | 有打开密码 | protected with a password
zip-bomb | 解压后异常大 | would unpack to an abnormal size
unsafe-xml | 含 DTD 或实体声明 | holds a DTD or entities
damaged | 文件损坏 | damaged
wrong-encoding | 无法识别编码 | the encoding cannot be told
line-too-long | 一行过长 | a line is too long to be a row
csv-malformed | 引号不配对 | quotes do not match
header-not-found | 找不到表头 | no header
columns-missing | 缺少必备列 | a required column is missing
column-twice | 两列是同一字段 | two columns for one field
too-many-rows | 行或列超过限制 | above the limit of rows or columns
too-many-columns | 行或列超过限制 | above the limit of rows or columns
too-costly | 解析所需内存或时间过多 | parsing took too much memory or time
annotation-not-possible | 不是 .xlsx、.csv 或行数过多 | neither .xlsx nor .csv, or too long to be annotated
"""


def _cells(text: str) -> list[list[str]]:
    whole = text.strip().replace("\n  |", " |")
    return [[cell.strip() for cell in line.split("|")] for line in whole.splitlines()]


FINDINGS: Final[Mapping[str, Advice]] = {
    kind: Advice(Sentence(zh, en), Sentence(todo, do)) for kind, zh, en, todo, do in _cells(_ADVICE)
}
# The daily jobs, in the order of the day, with the time from which each runs.
JOBS: Final[Mapping[str, tuple[Sentence, str]]] = {name: (Sentence(zh, en), at) for name, zh, en, at in _cells(_WHEN)}
# Why a file was refused as a whole, by the codes of docs/sheets.md.
SHEETS: Final[Mapping[str, Sentence]] = {code: Sentence(f"表格：{zh}", f"The sheet: {en}") for code, zh, en in _cells(_SHEETS)}
