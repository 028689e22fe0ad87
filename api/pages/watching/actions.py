"""What was done, in words: the audit's actions, which are named as operations of the API, pages, commands and jobs are."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from api.models.base import Sentence
from api.pages.watching.told import JOBS

_WORDS: Final = """
show_sign_in 打开登录页 opened the page to sign in on | sign_in 提交登录 sent the form to sign in
| begin 前往统一认证 went to where people are signed in | come_back 由统一认证返回 came back from there
| read_asset 读取页面文件 read a page's file | sign-in 登录 signed in | sign_out 退出 signed out
| show_home 打开首页 opened the first page
| lock-out 连错多次、账号锁定 was locked out | sign-out 退出 signed out
| show_account 打开我的账号 opened the own account
| change_password 提交更改密码 sent the form to change the password | change-password 更改密码 changed the password
| confirm_second_factor 提交启用验证器 sent the form to turn the second factor on
| add-second-factor 启用验证器 turned the second factor on
| remove_second_factor 提交停用验证器 sent the form to turn the second factor off
| remove-second-factor 停用验证器 turned the second factor off
| many 多次被拒绝（合并计数） was refused many times (counted together)
| close_others 退出其他登录 closed other sessions | show_worklist 打开待办清单 opened a worklist
| show_worklists 打开待办清单 opened the worklists | show_exchange 打开信息交换 opened an exchange
| find_exchange 查找信息交换 looked for an exchange | pair_with 配对 paired | undo_pairing 解除配对 undid a pairing
| assign_to 分派 handed to a township | return_to_county 退回县级 gave back to the county | take 领办 took over
| show_check 打开证明核验 opened the check of certificates | check 核验证明 checked a certificate
| show_imports 打开导入页 opened the imports | import_sheet 导入表格 imported a sheet
| fetch_to_answer 下载待反馈清单 took what is to be answered | fetch_template 下载空表 took an empty sheet
| show_import 查看导入结果 looked at an import | take_away 下载带结果的表 took the sheet with its results
| show_import_run 查看导入进度 looked how far an import is | follow_import_run 跟随导入进度 followed an import
| fetch_problems 下载问题清单 took the list of problems | show_search 打开台账查找 opened the search for a person
| find_person 按证件查台账 searched for a person | ask_purpose 询问查看用途 was asked what for
| show_number 显示证件号码 was shown a document's number
| show_entry 查看个案 looked at an entry | close_one 退档 closed an entry | reopen_one 回档 reopened an entry
| protect_one 设置或解除保护 set or ended a protection
| keep_register 办理台账 kept a register
| ask_other_side 发起协查 asked the other side | send_to_the_right_county 转送 sent on
| show_rates 查看指标 looked at rates | show_rows 查看指标明细 looked at the rows of a figure
| show_report 查看报表 looked at a report | take_report 下载报表 took a report
| show_report_by_partner 查看分协作方的指标 looked at rates by partner
| show_handshakes 查看握手率 looked at handshakes | list_frozen 列出冻结月报 listed frozen reports
| list_received 列出收到的月报 listed received reports | show_received 查看收到的月报 read a received report
| take_received 下载收到的月报 took a received report | take_received_signed 下载收到的签名月报 took a signed report
| show_sum 查看上报汇总 looked at the sum of reports | take_sum 下载上报汇总 took the sum of reports
| show_comparisons 查看指标比对 looked at comparisons | show_comparison 查看一次指标比对 read a comparison
| show_frozen 查看冻结月报 read a frozen report | take_frozen 下载冻结月报 took a frozen report
| show_differences 打开台账差异 opened register differences | show_silent_partners 查看失联协作方 looked at silent partners
| show_agreements 查看协议 looked at agreements | show_agreement 查看一份协议 read an agreement
| show_proposal 打开协议提案表 opened the form of a proposal | show_partners 查看协作方 looked at partners
| show_partner 查看一个协作方 looked at a partner | renew_partner 刷新协作方文件 refreshed a partner's document
| try_out_partner 测试协作方 tested a partner | show_no_trial 返回协作方 went back to a partner
| show_operations 打开运行页 opened the operator's page | show_reconciliation 查看一次对账 looked at a reconciliation
| show_escalations 查看督办 looked at escalations | show_audit 查看审计 read the audit
| show_person_search 打开按人查审计 opened the search for a person in the audit
| search_audit_for_person 查谁看过某人 asked who saw a person | enter_people 批量录入 entered many people
| answer_exchanges 批量答复 answered many exchanges | enter_person 录入个案 entered a person
| list_entries 列出台账 listed entries | search_entries 按证件查台账 searched a person's entries
| read_entry 查看个案 read an entry | change_entry_facts 更正个案 changed an entry | close 退档 closed an entry
| reopen 回档 reopened an entry | start_exchange 发起协查或通报 started a query or notice
| list_exchanges 列出信息交换 listed exchanges | read_exchange 查看信息交换 read an exchange | pair_exchange 配对 paired
| list_candidates 查看配对候选 looked at candidates | unpair_exchange 解除配对 undid a pairing
| give_feedback 反馈 gave feedback | announce_delay 暂复 announced a late answer | challenge 再交流 returned a feedback
| confirm 确认 accepted a feedback | remind 催办 reminded | withdraw 撤回 withdrew | send_on_to_the_right_county 转送 sent on
| open_for_couple 开立事项 opened a case | list_cases 列出事项 listed cases | read_case 查看事项 read a case
| ask_once_more 再次询问户籍地 asked the origins again | note_commitment 记录承诺书 noted a commitment
| finish_case 办结事项 finished a case | cancel_case 取消事项 cancelled a case | hand_over_case 移交事项 handed a case over
| ask_about_certificate 核验证明 checked a certificate | list_certificate_checks 列出核验记录 listed checks
| assign_exchange 分派 handed to a township | return_exchange 退回县级 gave back to the county
| take_exchange_over 领办或移交 took over or handed over | list_assignments 查看分派经过 looked at who had it
| assign_exchanges 批量分派 handed many to townships | count_worklists 统计待办 counted the worklists
| list_silent_partners 列出失联协作方 listed silent partners | list_one_sided 列出一方未建档 listed one-sided entries
| list_differing 列出信息不一致 listed differing records | list_coarse 列出去向待定 listed coarse destinations
| read_worklist 查看待办清单 read a worklist | export_worklist 导出待办 exported a worklist
| list_differences 列出台账差异 listed differences | read_difference 查看台账差异 read a difference
| send_prepared 发送备好的消息 sent the prepared message
| set_found_destination 设定查明的现居住地 set the destination that was found | take_in 导入表格 took in a sheet
| list_imports 列出导入 listed imports | read_template 下载空表 took an empty sheet | read_import 查看导入 read an import
| read_rows 查看导入各行 read an import's rows | annotate_import 下载带结果的表 took the sheet with its results
| check_sheet 表格核对 checked a sheet | list_checks 列出核对 listed checks
| list_entries_to_check 列出待核对个案 listed entries to check | settle_by_sheet 按表处理 settled by sheet
| read_check 查看核对 read a check | read_check_rows 查看核对各行 read a check's rows
| read_differences 查看核对差异 read differences | export_differences 导出差异 exported differences
| settle_differences 处理差异 settled differences | export_entries 导出台账 exported a register
| export_exchanges 导出信息交换 exported exchanges | list_agreements 列出协议 listed agreements
| read_one_agreement 查看协议 read an agreement | propose_terms 提出协议 proposed an agreement
| decide_terms 决定协议 decided on an agreement | list_partners 列出协作方 listed partners
| look_at_partner 读取节点文件 looked at another node | read_partner 查看协作方 read a partner
| confirm_fingerprint 确认指纹 confirmed a fingerprint | suspend_partner 暂停协作方 suspended a partner
| resume_partner 恢复协作方 resumed a partner | list_findings 查看发现 listed findings | list_routes 查看路由 listed routes
| find_route 试路由 tested a route | pin_route 指定路由 pinned a route | unpin_route 取消指定 unpinned a route
| read_rates 查看指标 read rates | read_grid 查看指标表 read a grid of rates
| read_rate_rows 查看指标明细 read the rows behind a rate | read_handshake_series 查看握手率走势 read the handshake series
| read_report 查看报表 read a report | list_frozen_reports 列出月报 listed frozen reports
| freeze_report 冻结月报 froze a report | read_frozen_report 查看月报 read a frozen report
| verify_report 重算月报 verified a report | sign_frozen_report 下载签名月报 took a signed report
| list_report_sendings 查看上报情况 looked where a report went | send_frozen_report 上报月报 sent a report upward
| list_received_reports 列出收到的月报 listed received reports | take_report_file 收下月报文件 took in a report file
| sum_received_reports 汇总月报 summed reports | read_received_report 查看收到的月报 read a received report
| read_received_signature 下载收到的签名月报 took a received report | list_comparisons 列出指标比对 listed comparisons
| read_comparison 查看指标比对 read a comparison | list_reconciliations 列出对账 listed reconciliations
| read_reconciliation 查看对账 read a reconciliation | list_evidence 查看存证 listed evidence
| list_rules 查看规则 listed rules | read_year 查看放假安排 read the holidays | load_table 载入放假安排 loaded holidays
| list_escalations 列出督办 listed escalations | raise_one 提交督办 escalated
| acknowledge_one 受理督办 took an escalation in hand | list_troubles 查看告警 listed alerts
| list_audit 查看审计 read the audit | search_audit 查谁看过某人 asked who saw a person
| list_audit_heads 查看签署 listed signed days | token 领取令牌 got a token | send_batch 送来批次 sent a batch
| propose_agreement 送来协议提案 proposed an agreement | decide_agreement 送来协议决定 told a decision
| send_monthly_report 送来月报 sent a monthly report | link_heads 询问链路末端 asked for the link's heads
| tell_figures 询问指标 asked for figures | tell_figure_rows 询问指标明细 asked for rows of figures
| give_sent 取回其批次 took its batches back | give_received 取回批次 took batches back | take_lost 归还批次 gave a batch back
| open_registers 开始台账比对 began a comparison of registers | register_cells 询问比对数据 asked for cells
| settle_registers 结束台账比对 ended a comparison | check_certificate 核验证明 checked a certificate
| exchange_audit_heads 互交审计摘要 exchanged audit heads | unrouted 无此地址 no such address
"""


def _read() -> dict[str, Sentence]:
    parts = (part.split(None, 2) for part in " ".join(_WORDS.split()).split(" | "))
    return {name: Sentence(zh, en) for name, zh, en in parts}


def _commands() -> dict[str, Sentence]:
    """The commands by what their help says: `commands.txt`, which scripts.list_commands writes."""
    lines = files("api.pages.watching").joinpath("commands.txt").read_text("utf-8").splitlines()
    return {name: Sentence(zh, en) for name, zh, en in (line.split(" | ") for line in lines)}


ACTIONS: Final[Mapping[str, Sentence]] = {**{name: told for name, (told, _) in JOBS.items()}, **_commands(), **_read()}
