"""The words of coded columns, in Chinese and as codes, and what they mean in the codes of the domain.

`code_of` is a table look-up behind a cache: a sheet has few different words.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from adapters.sheets.sheet import CellProblem, Severity, Sheet
from exchange.checking.check import Settlement
from exchange.codes import (
    Education,
    Event,
    HouseholdType,
    Item,
    Kind,
    MaritalStatus,
    MovingReason,
    Purpose,
    QueryReason,
    RefusalReason,
    Result,
    Sex,
    UrgentReason,
)
from exchange.people.document import DocumentType

YES, NO = "yes", "no"

# The first word is the one that is written; the code itself is always understood.
_WORDS: dict[str, dict[str, str]] = {
    "sex": {
        Sex.MALE: "男 男性 M 男人",
        Sex.FEMALE: "女 女性 F 女人",
        Sex.UNKNOWN: "未知的性别 未知 不详",
        Sex.UNSTATED: "未说明的性别 未说明",
    },
    "marital_status": {
        MaritalStatus.UNMARRIED: "未婚",
        MaritalStatus.MARRIED: "已婚 有配偶",
        MaritalStatus.FIRST_MARRIAGE: "初婚",
        MaritalStatus.REMARRIED: "再婚",
        MaritalStatus.REMARRIED_SAME_SPOUSE: "复婚",
        MaritalStatus.WIDOWED: "丧偶",
        MaritalStatus.DIVORCED: "离婚 离异",
        MaritalStatus.UNSTATED: "未说明的婚姻状况 未说明 未知 不详 其他",
    },
    "education": {
        Education.POSTGRADUATE: "研究生 研究生教育 硕士 博士 硕士研究生 博士研究生 研究生及以上 硕士及以上 研究生毕业",
        Education.BACHELOR: "大学本科 本科 大学 大学本科教育 本科及以上 大学毕业 大学本科毕业",
        Education.COLLEGE: "大学专科 大专 专科 大学专科教育 高职 大学专科和专科学校 专科毕业 大专毕业",
        Education.SECONDARY_VOCATIONAL: "中等职业教育 中专 中技 技校 职高 职业高中 技工学校 "
        "中等专科 中专技校 中专/技校 中等专业学校 中专毕业",
        Education.HIGH_SCHOOL: "高中 普通高中 普通高级中学教育 普通高级中学 高中毕业",
        Education.JUNIOR_SECONDARY: "初中 初级中学 初级中学教育 初中毕业",
        Education.PRIMARY: "小学 小学教育 小学毕业",
        Education.NONE: "其他 文盲 半文盲 文盲或半文盲 文盲半文盲 未上学 不识字 未上过学 无学历 文盲及半文盲",
    },
    "household_type": {
        HouseholdType.RESIDENT: "居民户口 居民 居民家庭户 家庭户 统一居民户口 城乡居民",
        HouseholdType.NON_AGRICULTURAL: "非农业户口 非农业 非农 城镇 城镇户口 非农业家庭户 非农户口 城镇居民",
        HouseholdType.AGRICULTURAL: "农业户口 农业 农村 农村户口 农业家庭户 农户 农村居民",
        HouseholdType.UNKNOWN: "未知 不详 其他",
    },
    "document_type": {
        DocumentType.ID_NUMBER: "居民身份证 身份证 公民身份号码 临时身份证 临时居民身份证 二代身份证 111 01",
        DocumentType.RESIDENCE_PERMIT: "港澳台居民居住证 居住证 台湾居民居住证 港澳居民居住证",
        DocumentType.FOREIGN_PERMANENT_RESIDENCE: "外国人永久居留身份证 外国人永久居留证 永久居留证 永居证",
        DocumentType.PASSPORT: "护照 普通护照 外国护照 中国护照 414 03",
        DocumentType.NONE: "无证件 无身份证 无有效证件 未办证",
    },
    "moving_reason": {
        MovingReason.WORK: "务工 打工 工作 就业 外出务工 务工经商 务工就业 工作就业",
        MovingReason.BUSINESS_OF_OWN: "经商 做生意 个体经营 创业",
        MovingReason.FAMILY: "随迁 家属随迁 随迁家属 投亲靠友 投靠亲属 投亲 投靠亲友 照顾家人 照顾子女",
        MovingReason.MARRIAGE: "婚嫁 婚姻 婚姻嫁娶 结婚 婚迁",
        MovingReason.RETIREMENT: "养老 退休 异地养老",
        MovingReason.OTHER_LIVING: "其他生活原因 其他 购房 拆迁 搬家 拆迁搬家 生活 居住",
        MovingReason.BUSINESS_TRIP: "出差 公务 因公出差",
        MovingReason.MEDICAL_CARE: "就医 看病 治病 医疗",
        MovingReason.STUDY: "学习 上学 求学 读书 学习培训 培训 就学",
        MovingReason.TRAVEL: "旅游 旅行",
        MovingReason.VISIT: "探亲 访友 探亲访友",
    },
    "kind": {Kind.QUERY: "协查 查询 协查请求", Kind.NOTICE: "通报 通知 通报信息"},
    "event": {
        Event.ARRIVAL: "流入 到达 迁入居住",
        Event.DEPARTURE: "流出 离开",
        Event.RETURN: "返回 返乡 回归",
        Event.MARRIAGE: "结婚 初婚 再婚 复婚",
        Event.DIVORCE: "离婚",
        Event.BIRTH: "出生 生育",
        Event.ADOPTION: "收养",
        Event.DEATH: "死亡",
        Event.HOUSEHOLD_MOVED: "户口迁移 户籍迁移 户口迁出 户口迁入",
        Event.IDENTITY_CHANGED: "身份变更 身份信息变更 姓名变更",
        Event.CERTIFICATE_ISSUED: "婚育证明签发 证明签发 签发婚育证明",
        Event.CERTIFICATE_REVOKED: "婚育证明作废 证明作废 婚育证明吊销 婚育证明撤销",
        Event.REGISTERED: "已登记 登记办结 生育登记办结",
        Event.CORRECTION: "更正",
    },
    "purpose": {
        Purpose.BIRTH_REGISTRATION: "生育登记 生育登记跨省通办 办理生育登记",
        Purpose.CERTIFICATE_VERIFICATION: "婚育证明核验 证明核验 核验婚育证明 婚育证明验证 证明验证",
        Purpose.PUBLIC_SERVICE: "公共服务 基本公共服务",
        Purpose.BENEFIT: "待遇享受 待遇 补贴 待遇办理",
    },
    "query_reason": {
        QueryReason.REGISTER_ENTRY: "台账登记 建档 登记建档",
        QueryReason.PERSON_APPLIED: "本人申请 本人办事 群众申请",
        QueryReason.CERTIFICATE_PRESENTED: "出示证明 出示婚育证明 持证",
        QueryReason.FACTS_DIFFER: "信息不一致 信息不符",
    },
    "urgent_reason": {
        UrgentReason.APPOINTMENT: "已预约 预约 预约办理",
        UrgentReason.BENEFIT_DEADLINE: "待遇期限 待遇截止 补贴截止",
        UrgentReason.EXPIRING_CERTIFICATE: "证明即将到期 证明到期",
    },
    "items": {
        Item.NAME: "姓名",
        Item.SEX: "性别",
        Item.BIRTH_DATE: "出生日期 出生年月",
        Item.EDUCATION: "文化程度 学历",
        Item.HOUSEHOLD_TYPE: "户口性质",
        Item.MOVING: "流动情况 流动信息",
        Item.MARITAL_STATUS: "婚姻状况",
        Item.MARRIAGE: "结婚登记 婚姻登记 结婚日期",
        Item.SPOUSE: "配偶 配偶信息 配偶情况",
        Item.CHILDREN: "子女 子女信息 子女情况 生育情况",
        Item.CERTIFICATE: "婚育证明 证明",
        Item.ADDRESS: "住址 地址",
        Item.ETHNICITY: "民族",
    },
    "result": {
        Result.CONFIRMED: "属实 一致 无误 确认",
        Result.CORRECTED: "有更正 更正 不一致",
        Result.NOT_FOUND: "查无此人 未找到",
        Result.MOVED_ON: "已他往 已转往他处 他往",
        Result.DECEASED: "已死亡 死亡",
        Result.DUPLICATE_PERSON: "重复人员 重复",
        Result.WRONG_JURISDICTION: "非本地区 非本辖区",
        Result.REFUSED: "拒绝",
    },
    "refusal_reason": {
        RefusalReason.NO_LEGAL_BASIS: "无法律依据 无依据",
        RefusalReason.OUTSIDE_AGREEMENT: "超出协议 协议未约定",
        RefusalReason.PERSON_OBJECTED: "本人不同意 本人异议",
        RefusalReason.UNDER_CORRECTION: "正在更正",
    },
    "urgent": {YES: "是 紧急 加急 急 Y TRUE 1 √ urgent", NO: "否 普通 一般 不急 N FALSE 0 × normal"},
    "requested_by_person": {YES: "是 Y TRUE 1 √ 有", NO: "否 N FALSE 0 ×"},
    "marriage_event": {
        Event.MARRIAGE: "结婚 结婚登记 初婚 再婚 复婚 登记结婚",
        Event.DIVORCE: "离婚 离婚登记 登记离婚 协议离婚 判决离婚",
    },
    "decision": {
        Settlement.TAKE: "采用 采用表格值 以表格为准 更正",
        Settlement.LATER: "暂缓 以后再定 待核实",
        Settlement.SHEET_WRONG: "保留:表格有误 表格有误",
        Settlement.VERIFIED: "保留:已核对证件 已核对证件 已核对原件",
        Settlement.OTHER_PERSON: "保留:非同一人 非同一人 不是同一人",
    },
}
_SAME = {
    **{f"{who}_document_type": "document_type" for who in ("spouse", "mother", "father", "husband", "wife", "guardian")},
    **{f"child{n}_sex": "sex" for n in range(1, 5)},
    "child_sex": "sex",
}

_OLD_MARITAL = {
    "1": MaritalStatus.UNMARRIED,
    "2": MaritalStatus.MARRIED,
    "3": MaritalStatus.WIDOWED,
    "4": MaritalStatus.DIVORCED,
    "9": MaritalStatus.UNSTATED,
}
# GB/T 4658-1984 had 技工学校 as a class (50) and counted vocational schools (62, 63) among the high schools.
_EDUCATION_1984 = {
    "5": Education.SECONDARY_VOCATIONAL,
    "62": Education.SECONDARY_VOCATIONAL,
    "63": Education.SECONDARY_VOCATIONAL,
}
_EDUCATION_CLASSES = {code.value[0]: code for code in Education}
_OPTIONAL = frozenset({"education", "household_type", "moving_reason"})
_CODE_AND_WORD = re.compile(r"^(\w{1,3})[-:.、|()]+(\D[^)]*)\)?$")
_SEPARATORS = re.compile(r"[、,;/|+\s]+")


@dataclass(frozen=True, slots=True)
class Word:
    """The domain's code for a word; `warning` is a problem code if the word had to be interpreted."""

    code: str
    warning: str | None = None


@cache
def _table(field: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for code, words in _WORDS[_SAME.get(field, field)].items():
        for word in (code, *words.split()):
            table.setdefault(str(word).casefold(), str(code))
        table.setdefault(both(field, code).replace(" ", "").casefold(), str(code))
    return table


def is_coded(field: str) -> bool:
    """Whether the cells of this field hold words of a closed list."""
    return _SAME.get(field, field) in _WORDS


def label(field: str, code: str) -> str:
    """The word that is written for a code; KeyError for a code that the list does not have."""
    return _WORDS[_SAME.get(field, field)][code].split()[0]


def both(field: str, code: str) -> str:
    """The word with its code, for a list that is read in both languages: 属实 (confirmed)."""
    return f"{label(field, code)} ({code})"


def codes(field: str) -> tuple[str, ...]:
    """The codes of a field, in the order of its list."""
    return tuple(str(code) for code in _WORDS[_SAME.get(field, field)])


def labels(field: str) -> tuple[str, ...]:
    """The words offered for a field, in the order of its list."""
    return tuple(words.split()[0] for words in _WORDS[_SAME.get(field, field)].values())


@lru_cache(maxsize=4096)
def code_of(field: str, word: str, education_code_set: str = "2006") -> Word | None:
    """The code that a cleaned word stands for; None if the list does not know it.

    `education_code_set` is that of the sheet (`Sheet.education_code_set`): codes of 1984 count only where the header
    says so.
    """
    if field == "education" and word.isdigit():
        return _education(word, education_code_set)
    if field == "marital_status" and word in _OLD_MARITAL:
        return Word(str(_OLD_MARITAL[word]), "old-code")
    table = _table(field)
    if found := table.get(word.casefold()):
        return Word(found)
    if both := _CODE_AND_WORD.match(word):
        by_code, by_word = code_of(field, both[1], education_code_set), code_of(field, both[2], education_code_set)
        return by_word if by_word and (by_code is None or by_code.code == by_word.code) else None
    return None


def _education(word: str, code_set: str) -> Word | None:
    if len(word) != 2:
        return None
    if code_set == "1984":
        code = _EDUCATION_1984.get(word) or _EDUCATION_1984.get(word[0]) or _EDUCATION_CLASSES.get(word[0])
        return Word(str(code), "old-code") if code else None
    code = _EDUCATION_CLASSES.get(word[0])
    return Word(str(code), None if word == code else "finer-code") if code else None


def items_of(text: str) -> tuple[tuple[str, ...], bool]:
    """The items that a cell lists, separated by 、，；/ or blanks, each once; and whether every word was understood."""
    words = [word for word in _SEPARATORS.split(unicodedata.normalize("NFKC", text)) if word]
    found = [code_of("items", word) for word in words]
    return tuple(dict.fromkeys(item.code for item in found if item)), all(found) and bool(found)


def word_problem(sheet: Sheet, row: int, field: str, found: Word | None) -> CellProblem | None:
    """What to tell about a word after `code_of`: nothing, a warning that it was interpreted, or that it is unknown.

    An unknown word in education, household type or reason of moving is a warning (the value is left out); elsewhere the
    row is refused.
    """
    if found is not None and found.warning != "old-code":
        return None
    if found is not None:
        return sheet.problem(
            row,
            field,
            code="old-code",
            severity=Severity.WARNING,
            found="旧标准代码 / a code of the old standard",
            expected=f"现行代码 {found.code} / today's code {found.code}",
            zh=f"按旧标准代码换算为“{label(field, found.code)}”，请核对。",
            en=f"The code is of the old standard and was read as {found.code}: check it.",
        )
    choices = "、".join(labels(field))
    optional = field in _OPTIONAL
    return sheet.problem(
        row,
        field,
        code="unknown-word",
        severity=Severity.WARNING if optional else Severity.REFUSAL,
        found="代码表以外的内容 / not in the code list",
        expected=choices,
        zh=f"内容不在代码表中{'，未采用' if optional else ''}；可填：{choices}。",
        en=f"Not a word of the code list{'; the value was left out' if optional else ''}. Known: {choices}.",
    )
