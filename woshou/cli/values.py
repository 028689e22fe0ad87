"""Codes in Chinese, for tables that people read; JSON keeps the codes, which options take as well."""

from collections.abc import Mapping

from adapters.sheets.words import label
from exchange.cases.progress import CaseState, ItemState
from exchange.checking.check import FIELD_NAMES, CheckLayout, CheckOutcome, DifferenceState, Settlement
from exchange.clocks.escalation import EscalationWhy
from exchange.clocks.troubles import TroubleKind
from exchange.codes import ChallengeReason, CloseReason, Event, Item, Kind, Purpose, RegisterKind, Result, Role, Sex, UrgentReason
from exchange.conversation import Effect, State
from exchange.exchanges import Acceptance, Direction
from exchange.jurisdiction import Category
from exchange.partners import PartnerStatus
from exchange.rates import Cohort
from exchange.reconciling import settling
from exchange.reconciling.reconciliation import By, Why
from exchange.reconciling.results import DifferenceKind
from exchange.reconciling.results import Outcome as RunOutcome
from exchange.settling.evidence import EvidenceKind
from exchange.settling.heads import Log, Stand
from exchange.terms.agreement import Standing
from exchange.verbs.cross_check.settle import SettledAs
from exchange.wire.batch import Outcome
from exchange.work.assignment import ReturnReason
from woshou.cli.words import LANGUAGE

_EVENTS: dict[str, str] = {event: label("event", event) for event in Event}
_KINDS: dict[str, str] = {
    Kind.QUERY: "协查",
    Kind.NOTICE: "通报",
    Kind.FEEDBACK: "反馈",
    Kind.INTERIM: "暂复",
    Kind.CHALLENGE: "再交流",
    Kind.CONFIRMATION: "确认",
    Kind.REMINDER: "催办",
    Kind.WITHDRAWAL: "撤回",
}
_ITEMS: dict[str, str] = {item: label("items", item) for item in Item}
_REGISTERS: dict[str, str] = {RegisterKind.OUTFLOW: "流出", RegisterKind.INFLOW: "流入"}
_STANDS: dict[str, str] = {
    Stand.EQUAL: "一致",
    Stand.UNDER_WAY: "传送中",
    Stand.LOST_THERE: "对方缺失",
    Stand.LOST_HERE: "本方缺失",
    Stand.FORKED: "分叉",
}
_PURPOSES: dict[str, str] = {purpose: label("purpose", purpose) for purpose in Purpose}
# By the name of the column: one code can mean two things.
WORDS: Mapping[str, Mapping[str, str]] = {
    "role": {
        Role.ASKER: "发起方",
        Role.ASKED: "被询方",
        "clerk": "经办人",
        "system": "系统",
        "coordinator": "协作负责人",
        "operator": "运维人员",
        "auditor": "审计人员",
    },
    # Of messages, and of evidence.
    "kind": {**_KINDS, EvidenceKind.FORK: "分叉", EvidenceKind.RECEIPTS: "回执不同", EvidenceKind.GAVE_WAY: "本方批次让位"},
    "log": {Log.OURS: "本方", Log.THEIRS: "对方"},
    "ours": _STANDS,
    "theirs": _STANDS,
    "kinds": {**_KINDS, **_EVENTS},
    "event": _EVENTS,
    "matter": {**_KINDS, **_EVENTS, **_REGISTERS},
    "purposes": _PURPOSES,
    "urgent": {reason: label("urgent_reason", reason) for reason in UrgentReason},
    "sex": {sex: label("sex", sex) for sex in Sex},
    "acceptance": {Acceptance.PENDING: "待受理", Acceptance.ACCEPTED: "已受理", Acceptance.REJECTED: "未受理"},
    "state": {
        State.OPEN: "待反馈",
        State.ANSWERED: "已反馈",
        State.CHALLENGED: "再交流",
        State.NOTED: "已知悉",
        State.CLOSED: "已办结",
        State.LAPSED: "已失效",
        State.WITHDRAWN: "已撤回",
        CaseState.READY: "可办结",
        CaseState.LATE: "有逾期",
        CaseState.AWAITING: "等待答复",
        CaseState.UNDECIDED: "待承诺或转送",
        CaseState.FINISHED: "已办结",
        CaseState.CANCELLED: "已取消",
    },
    "service": _PURPOSES,
    "item": _ITEMS,
    "fields": _ITEMS,
    "left_out": _ITEMS,
    "fields_asked": _ITEMS,
    "compared": {**_ITEMS, "persons": "仅看有无此人"},
    "prepared": {**_KINDS, **_EVENTS},
    "difference": {
        DifferenceKind.ONE_SIDED: "一方未建档",
        DifferenceKind.DIFFERING: "信息不一致",
        DifferenceKind.COARSE: "去向待定",
    },
    "means": {
        settling.Means.ARRIVAL: "通报流入",
        settling.Means.DEPARTURE: "通报流出",
        settling.Means.QUERY: "协查",
        settling.Means.DESTINATION: "更正现居住地",
    },
    "progress": {
        settling.Standing.READY: "可办理",
        settling.Standing.UNDER_WAY: "已发出，待回应",
        settling.Standing.DONE: "已办，待下次对账",
        settling.Standing.THEIRS: "由对方办理",
        settling.Standing.BLOCKED: "不能办理",
        settling.Standing.SETTLED: "已消除",
    },
    "item_state": {
        ItemState.LOCAL: "本地户籍",
        ItemState.CONFIRMED: "属实",
        ItemState.CORRECTED: "有更正",
        ItemState.COMMITTED: "已承诺",
        ItemState.SENDING: "发送中",
        ItemState.AWAITED: "待反馈",
        ItemState.LATE: "逾期",
        ItemState.UNTOLD: "答复未涉及",
        ItemState.NEGATIVE: "未能核实",
        ItemState.REJECTED: "未受理",
        ItemState.WITHDRAWN: "已撤回",
        ItemState.CANNOT_BE_ASKED: "无法协查",
    },
    "result": {
        Result.CONFIRMED: "属实",
        Result.CORRECTED: "有更正",
        Result.NOT_FOUND: "查无此人",
        Result.MOVED_ON: "已他往",
        Result.DECEASED: "已死亡",
        Result.DUPLICATE_PERSON: "重复人员",
        Result.WRONG_JURISDICTION: "非本地区",
        Result.REFUSED: "拒绝",
    },
    "direction": {Direction.OUT: "发出", Direction.IN: "收到"},
    "directions": {"both": "双向", "first_to_second": "第一方向第二方", "second_to_first": "第二方向第一方"},
    "reason": {
        ReturnReason.NOT_OURS: "不属本乡镇",
        ReturnReason.MOVED_WITHIN_COUNTY: "已在县内搬迁",
        ReturnReason.NEED_HELP: "需县级协助",
        ReturnReason.ALREADY_HANDLED: "已办理",
    },
    "challenged": {
        ChallengeReason.INCOMPLETE: "不完整",
        ChallengeReason.CONTRADICTS_DOCUMENT: "与证件不符",
        ChallengeReason.WRONG_PERSON: "不是此人",
    },
    # A receipt's word for a message, an import's for a row, and an assignment's.
    "outcome": {
        "assigned": "已分派",
        Outcome.ACCEPTED: "已接收",
        Outcome.DUPLICATE: "重复",
        Outcome.REJECTED: "未接收",
        "unchanged": "无变化",
        "warned": "带警告接收",
        "refused": "拒绝",
    },
    "effect": {
        Effect.OPENS: "开启",
        Effect.ANSWERS: "答复",
        Effect.SUPERSEDES: "替代前次",
        Effect.CHALLENGES: "再交流",
        Effect.CONFIRMS: "办结",
        Effect.WITHDRAWS: "撤回",
        Effect.ERASES: "擦除正文",
        Effect.REMARKS: "备注",
        Effect.SUPPLEMENTS: "补充",
        Effect.OVERTAKEN: "已无效果",
    },
    "register": _REGISTERS,
    "layout": {**_REGISTERS, "matters": "事项", "answers": "反馈"},
    "check_layout": {
        CheckLayout.BIRTHS: "出生医学证明",
        CheckLayout.MARRIAGES: "婚姻登记",
        CheckLayout.HOUSEHOLD_MOVES: "户口迁移",
        CheckLayout.IMMUNISATION: "预防接种",
    },
    "check_field": {name: zh for name, (zh, _) in FIELD_NAMES.items()},
    "check_outcome": {CheckOutcome.REFUSED: "拒绝", CheckOutcome.AMBIGUOUS: "无法确定"},
    "difference_state": {
        DifferenceState.OPEN: "待处理",
        DifferenceState.CORRECTED: "已更正",
        DifferenceState.KEPT: "已保留",
        DifferenceState.LAPSED: "已过期",
    },
    "settlement": {settlement: label("decision", settlement) for settlement in Settlement},
    "settled_as": {
        SettledAs.CORRECTED: "已更正",
        SettledAs.KEPT: "已保留",
        SettledAs.LEFT: "暂缓",
        SettledAs.STALE: "个案已变化",
        SettledAs.UNCHANGED: "无变化",
        SettledAs.REFUSED: "未处理",
    },
    "close_reason": {
        CloseReason.RETURNED: "返回",
        CloseReason.MOVED_ON: "他往",
        CloseReason.HOUSEHOLD_MOVED: "户口迁移",
        CloseReason.DECEASED: "死亡",
        CloseReason.DUPLICATE: "重复",
        CloseReason.ENTERED_BY_MISTAKE: "误录",
    },
    "severity": {"warning": "警告", "refusal": "拒绝"},
    "standing": {
        Standing.PROPOSED: "待决定",
        Standing.ACCEPTED: "已接受",
        Standing.DECLINED: "已谢绝",
        Standing.ENDED: "已终止",
    },
    "categories": {Category.MIGRANT: "流动人口", Category.INTRA_CITY: "市内人户分离"},
    "status": {PartnerStatus.PENDING: "待确认", PartnerStatus.ACTIVE: "已开通", PartnerStatus.SUSPENDED: "已暂停"},
    "environment": {"production": "生产", "sandbox": "沙箱"},
    "unsent": {"proposal": "提案", "decision": "决定"},
    "trouble": {
        TroubleKind.PARTNER_UNREACHABLE: "协作方无法联系",
        TroubleKind.RECEIPTS_REFUSED: "批次或回执未被接受",
        TroubleKind.PARTNER_SILENT: "协作方无回音",
        TroubleKind.CLOCK_OFF: "时钟不准",
        TroubleKind.JOB_FAILED: "作业未完成",
        TroubleKind.OVERDUE_MANY: "逾期过多",
    },
    "started_by": {By.NIGHT: "夜间", By.HAND: "手工"},
    "pair_outcome": {RunOutcome.SETTLED: "已核定", RunOutcome.COUNTS_ONLY: "仅计数，待放行", RunOutcome.FAILED: "失败"},
    # What ended a step of a reconciliation; other codes, which are rare, stand as they are.
    "trouble_code": {
        "partner-unavailable": "联系不上或过载",
        "not-authentic": "应答签名不符",
        "not-your-link": "对方未开通或已暂停本节点",
        "unauthorized": "对方不认本节点的令牌",
        "tokens-not-ready": "对方正在生成标识",
        "too-many-runs": "今日次数已满",
        "too-many-differences": "差异超过限额",
        "too-much-to-compare": "链路事项过多",
        "comparison-not-agreed": "对方认为协议不允许比对台账",
        "malformed-comparison": "对方认为请求不符合协议",
        "registers-do-not-settle": "双方剩余部分不相等",
        "encryption-key-not-trusted": "加密密钥不可信",
        "reconciliation-broke-down": "本机程序出错，见日志",
    },
    "why_left_out": {
        Why.NOT_ACTIVE: "协作方未开通或已暂停",
        Why.COARSE: "去向仅到市、省",
        Why.NO_ROUTE: "无已确认的协作方",
        Why.NO_AGREEMENT: "无生效协议",
        Why.NOT_ALLOWED: "协议不允许比对台账",
        Why.OFTEN: "今日次数已满",
        Why.LATELY: "对方刚比对过",
    },
    "why": {EscalationWhy.OVERDUE: "逾期", EscalationWhy.RAISED: "提请"},
    "use": {"sig": "签名", "enc": "加密"},
    "cohort": {Cohort.DUE: "按首次期限", Cohort.SUBMITTED: "按提交"},
}


def worded(column: str, code: str) -> str:
    """A listed value as a person reads it in the locale's language; what is in no list stays as it is."""
    return WORDS.get(column, {}).get(code, code) if LANGUAGE == "zh" else code
