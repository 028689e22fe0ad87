"""The trail of what was sent on: which exchange follows which, when the asked county named the right one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from exchange.errors import Conflict
from exchange.exchanges import ExchangeKey


class NothingToSendOn(Conflict):
    """Only an own query or notice whose answer is `wrong_jurisdiction` can be sent on."""

    code = "nothing-to-send-on"
    zh = "只有对方答复“非本辖区”的本方协查或通报可以转送。"
    en = "Only an own query or notice that was answered `wrong_jurisdiction` can be sent on."


class SentOnAlready(Conflict):
    """It was sent on before."""

    code = "sent-on-already"
    zh = "该事项此前已转送。"
    en = "It was sent on before."


class SentInCircle(Conflict):
    """The named county has said already that it is not the right one, or is the asking county itself."""

    code = "sent-in-circle"
    zh = "该地区此前已答复“非本辖区”，或即为本地区，不能再转送。"
    en = "That county was asked before in this matter, or is the own one; it is not sent in a circle."


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOn:
    """One step: the exchange that was answered `wrong_jurisdiction`, and the one that was opened instead."""

    before: ExchangeKey
    after: ExchangeKey
    at: datetime


def check_no_circle(own: str, asked: Iterable[str], to: str) -> None:
    """SentInCircle if the matter has been with that county before, under the codes of today."""
    if to == own or to in set(asked):
        raise SentInCircle(pointer="/to")
