"""What the codes of the domain are called on pages, in Chinese and in English: one list, which a test holds complete."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from adapters.auditing.seen import PERSON
from adapters.sheets import ImportLayout
from api.models.base import Sentence
from api.models.reconciling.differences import LISTS
from api.models.worklists import SILENT, TOLD, Count
from api.pages.language import Language
from api.rights import LocalRole
from exchange.auditing.event import ActorKind
from exchange.clocks.escalation import EscalationWhy
from exchange.clocks.troubles import TroubleKind
from exchange.codes import (
    ChallengeReason,
    CloseReason,
    Education,
    Event,
    HouseholdType,
    InterimReason,
    Item,
    Kind,
    MaritalStatus,
    MovingReason,
    Purpose,
    QueryReason,
    RefusalReason,
    RegisterKind,
    Result,
    Role,
    Sex,
    UrgentReason,
    WithdrawalReason,
)
from exchange.conversation import State
from exchange.exchanges import Acceptance, Direction
from exchange.imports import RowOutcome
from exchange.jurisdiction import Category, Divisions
from exchange.partners import PartnerStatus
from exchange.people.document import DocumentType
from exchange.reconciling.reconciliation import By, Why
from exchange.reconciling.results import DifferenceKind, Outcome
from exchange.reconciling.settling import Standing as Settled
from exchange.terms.agreement import Standing as Agreed
from exchange.work.assignment import ReturnReason

_WORDS: Final[dict[type[StrEnum], str]] = {
    Kind: """
        query 协查 query | notice 通报 notice | feedback 反馈 feedback | interim 暂复 interim answer | challenge 再交流 challenge
        | confirmation 确认 confirmation | reminder 催办 reminder | withdrawal 撤回 withdrawal""",
    Event: """
        arrival 流入 arrival | departure 流出 departure | return 返回 return | marriage 结婚 marriage | divorce 离婚 divorce
        | birth 出生 birth | adoption 收养 adoption | death 死亡 death | household_moved 户口迁移 household moved
        | identity_changed 身份变更 identity changed | certificate_issued 证明签发 certificate issued
        | certificate_revoked 证明作废 certificate revoked | registered 已登记 registered | correction 更正 correction""",
    Purpose: """
        birth_registration 生育登记 birth registration | certificate_verification 婚育证明核验 certificate verification
        | public_service 公共服务 public service | benefit 待遇享受 benefit""",
    State: """
        open 待反馈 open | answered 已反馈 answered | challenged 再交流中 challenged | noted 已收悉 noted | closed 已办结 closed
        | lapsed 逾期未确认 lapsed | withdrawn 已撤回 withdrawn""",
    Acceptance: "pending 待对方接收 not received yet | accepted 已接收 accepted | rejected 未受理 rejected",
    Direction: "in 来 received | out 往 sent",
    Result: """
        confirmed 属实 confirmed | corrected 有更正 corrected | not_found 查无此人 not found | moved_on 已他往 moved on
        | deceased 已死亡 deceased | duplicate_person 重复人员 duplicate person | wrong_jurisdiction 非本地区 another jurisdiction
        | refused 拒绝 refused""",
    Item: """
        name 姓名 name | sex 性别 sex | birth_date 出生日期 date of birth | education 文化程度 education
        | household_type 户口性质 household type | moving 流动情况 moving | marital_status 婚姻状况 marital status
        | marriage 婚姻登记 marriage | spouse 配偶 spouse | children 子女 children | certificate 婚育证明 certificate
        | address 住址 address | ethnicity 民族 ethnicity""",
    QueryReason: """
        register_entry 台账登记 register entry | person_applied 本人申请 the person applied
        | certificate_presented 出示证明 a certificate was presented | facts_differ 信息不一致 facts differ""",
    RefusalReason: """
        no_legal_basis 无法律依据 no legal basis | outside_agreement 超出协议 outside the agreement
        | person_objected 本人不同意 the person objected | under_correction 正在更正 under correction""",
    InterimReason: """
        field_visit 需入户核实 field visit | archive_search 需查档 archive search
        | waiting_for_person 等待本人 waiting for the person
        | waiting_for_department 等待其他部门 waiting for another department""",
    ChallengeReason: """
        incomplete 反馈不完整 incomplete | contradicts_document 与证件不符 contradicts a document
        | wrong_person 不是同一人 wrong person""",
    WithdrawalReason: """
        entered_by_mistake 误录 entered by mistake | person_withdrew 本人撤回 the person withdrew
        | answered_otherwise 已另行答复 answered otherwise""",
    ReturnReason: """
        not_ours 不属本乡镇 not ours | moved_within_county 已在县内搬迁 moved within the county
        | need_help 需县级协助 help is needed | already_handled 已办理 already handled""",
    CloseReason: """
        returned 已返乡 returned | moved_on 已他往 moved on | household_moved 户口已迁 household moved | deceased 已死亡 deceased
        | duplicate 重复 duplicate | entered_by_mistake 误录 entered by mistake""",
    UrgentReason: """
        appointment 已预约 appointment | benefit_deadline 待遇期限 benefit deadline
        | expiring_certificate 证明即将到期 expiring certificate""",
    Sex: "1 男 male | 2 女 female | 0 未知 unknown | 9 未说明 not stated",
    MaritalStatus: """
        10 未婚 unmarried | 20 已婚 married | 21 初婚 first marriage | 22 再婚 remarried | 23 复婚 remarried the same spouse
        | 30 丧偶 widowed | 40 离婚 divorced | 90 未说明 not stated""",
    Education: """
        10 研究生 postgraduate | 20 大学本科 bachelor | 30 大学专科 college | 40 中等职业教育 secondary vocational
        | 60 高中 high school | 70 初中 junior secondary | 80 小学 primary | 90 其他 other""",
    HouseholdType: """
        resident 居民户口 resident | non_agricultural 非农业户口 non-agricultural | agricultural 农业户口 agricultural
        | unknown 未知 unknown""",
    MovingReason: """
        work 务工 work | business_of_own 经商 own business | family 随迁 family | marriage 婚嫁 marriage
        | retirement 养老 retirement | other_living 其他生活原因 other
        | business_trip 出差 business trip | medical_care 就医 medical care | study 学习 study
        | travel 旅游 travel | visit 探亲 visit""",
    RegisterKind: "outflow 流出台账 outflow register | inflow 流入台账 inflow register",
    ImportLayout: """
        outflow 流出台账 outflow register | inflow 流入台账 inflow register | matters 协查与通报 queries and notices
        | answers 反馈 answers""",
    RowOutcome: """
        accepted 已接收 taken | unchanged 无变化 unchanged | warned 已接收，有提示 taken, with remarks
        | refused 未接收 not taken""",
    Role: "asker 发起方 asker | asked 被询方 asked",
    DocumentType: """
        id_number 居民身份证 identity card | residence_permit 居住证 residence permit
        | foreign_permanent_residence 永久居留身份证 permanent residence card | passport 护照 passport | none 无证件 none""",
    Category: "migrant 流动人口 migrants | intra_city 市内人户分离 movers within a city",
    PartnerStatus: "pending 待核对指纹 fingerprint to be confirmed | active 正常 active | suspended 已暂停 suspended",
    Agreed: "proposed 待决定 proposed | accepted 已接受 accepted | declined 已谢绝 declined | ended 已终止 ended",
    EscalationWhy: "overdue 逾期 late | raised 人工提交 put forward by hand",
    TroubleKind: """
        partner-unreachable 联系不上协作方 a partner cannot be reached
        | receipts-refused 批次或回执未被接受 batches or receipts are refused
        | partner-silent 协作方久无来件 a partner is silent | clock-off 时钟相差过大 a clock is off
        | job-failed 作业未完成 a job has not come to its end | overdue-many 逾期过多 too much is late""",
    DifferenceKind: "one_sided 一方未建档 one-sided | differing 信息不一致 differing | coarse 去向待定 coarse destination",
    Settled: """
        ready 可办理 ready | under_way 已发出，待对方 under way | done 已办，待下次对账 done, the next comparison tells
        | theirs 待对方办理 the other side's step | blocked 暂不能办 blocked | settled 已消除 settled""",
    By: "night 夜间 nightly | hand 手工 by hand",
    Outcome: "settled 已核定 settled | counts_only 差异过多，仅有计数 too many differences, counts only | failed 未完成 failed",
    Why: """
        partner-not-active 协作方未开通或已暂停 the partner is not active
        | coarse-destination 去向只到市、省 the destination is known only to a prefecture or province
        | no-route 没有已确认服务该地区的协作方 nobody is confirmed for the other county
        | no-agreement 没有生效的协议 no agreement in force
        | comparison-not-agreed 协议不允许比对台账 the agreement allows no comparison
        | compared-often 当日已比对 4 次 compared four times today
        | settled-lately 对方 12 小时内刚比对过 the partner compared it within 12 hours""",
    ActorKind: """
        key 本方账号或系统 account or system | partner 协作方 partner | command 命令行 command line | job 作业 job
        | unknown 未知 unknown""",
    LocalRole: """
        clerk 经办人 clerk | system 本地系统 system | coordinator 协调员 coordinator | operator 管理员 operator
        | auditor 审计员 auditor""",
}

# The worklists by who has to do something.
_GROUPS: Final = (
    ("本方要办", "To be done here", "overdue", "to_answer", "to_pair", "to_assign", "to_confirm", "to_mend", "to_note"),
    ("等待对方", "With the other side", "awaited", SILENT),
    ("台账核对", "Registers compared", *DifferenceKind),
)

# What the rows behind a figure were counted for.
_STAMPS: Final = """
    opened 受理 received | answered 反馈 answered | challenged 再交流 challenged | confirmed 确认 confirmed
    | withdrawn 撤回 withdrawn | exchanged 已交流 exchanged | entry_opened 建档 entry opened | entry_reopened 回档 entry reopened
    | certificate_found 证明已查验 certificate checked | agreed 协议生效 agreement in force | reconciled 对账 reconciled
    | imported 导入 imported"""


def _read(kind: type[StrEnum]) -> dict[str, Sentence]:
    return _sentences(_WORDS[kind])


def _sentences(told: str) -> dict[str, Sentence]:
    parts = (line.split(None, 2) for line in " ".join(told.split()).split(" | "))
    return {code: Sentence(zh, en) for code, zh, en in parts}


_STAMPED: Final = _sentences(_STAMPS)
_TABLES: Final = {kind: _read(kind) for kind in _WORDS}


def word(language: Language, code: StrEnum | str | None, kind: str = "") -> str:
    """What a code is called; a dash for none. A bare string needs the name of its list, such as ``Item``."""
    if code is None or code == "":
        return "–"
    table = _of(kind) if kind else _TABLES[type(code)]  # type: ignore[index] # without a kind it is a member of a list
    return language.say(table[str(code)])


def choices(language: Language, kind: str, among: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """The codes of a list and what they are called, in its order; of all, or of some."""
    table = _of(kind)
    wanted = list(table) if among is None else [str(code) for code in among]
    return [(code, language.say(table[code])) for code in wanted]


def worklist(language: Language, name: str) -> str:
    """What a worklist is called: the part before the colon."""
    told = language.say(TOLD[name] if name in TOLD else LISTS[DifferenceKind(name)])
    head = told.partition("：")[0].partition(":")[0]
    return head[:1].upper() + head[1:]


def worklist_detail(language: Language, told: Sentence) -> str:
    """What stands on a worklist: the part after the colon, if there is one."""
    return language.say(told).replace("：", ": ").partition(": ")[2]


def grouped(language: Language, counts: Sequence[Count]) -> list[tuple[str, list[Count]]]:
    """The worklists with how much is on each, by who has to do something; the most pressing first."""
    held = {str(each.list): each for each in counts}
    groups = [(language.t(zh, en), [held[name] for name in names if name in held]) for zh, en, *names in _GROUPS]
    return [(head, each) for head, each in groups if each]


def place_name(divisions: Divisions, code: str) -> str:
    """What a place is called; the code itself where the table does not hold it, as a partner may write any."""
    return divisions.name(code) if divisions.is_known(code) else code


def shown_name(language: Language, code: str) -> str:
    """What was shown of somebody, as the audit tells it: an item of the record, or the person; its code if it is neither."""
    if code == PERSON:
        return language.t("人员", "who it is")
    return language.say(_of("Item")[code]) if code in _of("Item") else code


def stamp(language: Language, what: str) -> str:
    """What a stamp of a row says; its code where it has no other name."""
    return language.say(_STAMPED[what]) if what in _STAMPED else what


def _of(kind: str) -> dict[str, Sentence]:
    return next(table for enumeration, table in _TABLES.items() if enumeration.__name__ == kind)
