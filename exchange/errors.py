"""Every refusal has a name.

The tree::

    WoshouError
    ├── Refused                 the caller asked for something that the rules do not allow
    │   ├── Invalid             malformed or impossible input; says where (JSON pointer) and what was expected
    │   ├── NotFound            nothing there, or nothing that this caller may know of
    │   ├── Forbidden           known, but not for this caller
    │   └── Conflict            right in form, wrong at this moment
    ├── NotAuthentic            a signature, token or digest that does not hold
    └── PartnerTrouble          the partner could not be reached or answered wrongly

Leaves stand beside the noun that raises them or below; each says in Chinese and English what to do, carries no name and no
ID number, and knows nothing of HTTP.
"""

from enum import StrEnum


class Retry(StrEnum):
    """What the caller should do about a refusal (protocol, section "A batch")."""

    LATER = "later"
    CORRECTED = "corrected"
    CONTACT = "contact"
    NEVER = "never"


class WoshouError(Exception):
    """The root: `code` is the stable end of the problem type, `zh` and `en` are one actionable sentence each."""

    code = "error"
    retry = Retry.NEVER
    zh = "无法完成该操作。"
    en = "This cannot be done."

    def __init__(self, *, zh: str | None = None, en: str | None = None, pointer: str | None = None) -> None:
        self.zh = zh or type(self).zh
        self.en = en or type(self).en
        self.pointer = pointer
        super().__init__(self.en)


class Refused(WoshouError):
    """The caller asked for something that the rules do not allow."""

    code = "refused"


class Invalid(Refused):
    """Malformed or impossible input."""

    code = "invalid"
    retry = Retry.CORRECTED
    zh = "输入内容不符合要求。"
    en = "The input is not valid."


class NotFound(Refused):
    """Nothing there, or nothing that this caller may know of: the two are not told apart."""

    code = "not-found"
    zh = "未找到，或无权查看。"
    en = "Not found, or not yours to see."


class Forbidden(Refused):
    """Known, but not for this caller."""

    code = "forbidden"
    retry = Retry.CONTACT
    zh = "当前身份无权进行该操作。"
    en = "This caller may not do that."


class Conflict(Refused):
    """Right in form, wrong at this moment."""

    code = "conflict"
    retry = Retry.CORRECTED
    zh = "当前状态不允许该操作。"
    en = "The present state does not allow that."


class VersionDiffers(Conflict):
    """Somebody changed it since the caller read it."""

    code = "version-differs"
    zh = "内容已被他人修改，请重新读取后再试。"
    en = "It was changed since you read it; read it again."


class NotAuthentic(WoshouError):
    """A signature, token or digest that does not hold."""

    code = "not-authentic"
    zh = "签名、令牌或摘要无效。"
    en = "A signature, token or digest does not hold."


class PartnerTrouble(WoshouError):
    """The partner could not be reached or answered wrongly."""

    code = "partner-trouble"
    retry = Retry.LATER
    zh = "协作方暂时无法联系或应答有误。"
    en = "The partner could not be reached or answered wrongly."
