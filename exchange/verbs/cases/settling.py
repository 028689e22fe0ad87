"""Settle a case: note a written commitment (承诺书), finish it with the closing notices, hand it to another clerk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from exchange.cases.case import SERVICES, Case, Commitment, DateInFuture, NothingToCommit
from exchange.cases.progress import CaseNotReady, CaseProgress, CaseState, SpouseProgress
from exchange.codes import Item, Kind, Result
from exchange.conversation import State
from exchange.errors import Invalid
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.people.plausible import kept_record
from exchange.people.record import Child, Record
from exchange.verbs.cases.reading import load, progress_of
from exchange.verbs.cases.telling import Ending, tell
from exchange.verbs.reply import Said, UnderWay, reply

_CLERKS = frozenset({"clerk", "system"})


class NoSuchClerk(Invalid):
    """The key to which a case is handed is none of a clerk or system of the same county."""

    code = "no-such-clerk"
    zh = "接手方须为本地区有效的经办人或系统密钥。"
    en = "A case goes to a key of a clerk or a system of the same county that is not revoked."


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentDraft:
    """A commitment to be noted. `spouse` None means both, `items` None all that is not known."""

    made_on: date
    reference: str
    spouse: int | None = None
    items: tuple[Item, ...] | None = None


def commit(
    ledger: Ledger, node: Node, own: frozenset[str], by: str | None, case_id: str, draft: CommitmentDraft, now: datetime
) -> CaseProgress:
    """Note that a written commitment stands for what no answer tells; NothingToCommit if that is nothing."""
    case = load(ledger, own, by, case_id)
    then = case
    for one in progress_of(ledger, node, case, now).spouses:
        items = _covered(one, draft)
        if items:
            made = Commitment(items=items, made_on=draft.made_on, reference=draft.reference, by=by or "", at=now)
            then = then.committed(one.number, made, civil_day(now))
    if then is case:
        case.check_open()
        raise NothingToCommit
    ledger.cases.save(then)
    return progress_of(ledger, node, then, now)


def finish(
    ledger: Ledger,
    node: Node,
    own: frozenset[str],
    by: str | None,
    case_id: str,
    now: datetime,
    *,
    on: date | None = None,
    children: Sequence[Child] = (),
) -> CaseProgress:
    """Bring it to its end: accept the answers that it rests on, and tell both origins where the service has a closing notice.

    CaseNotReady while something is neither known nor committed to. An origin that cannot be told is shown with the reason.
    """
    case = load(ledger, own, by, case_id)
    case.check_open()
    before = progress_of(ledger, node, case, now)
    if before.state is not CaseState.READY:
        raise _not_ready(before)
    _accept(ledger, node, before.spouses, now)
    ending = _ending(case, on, children, now)
    then = case
    if ending is not None:
        for one in before.spouses:
            county = one.asked.exchange.other if one.asked is not None else one.spouse.origin
            then = then.with_spouse(one.number, tell(ledger, node, case, one.spouse, county, ending, now))
    then = then.finished(now, following=before.still_to_come)
    ledger.cases.save(then)
    return progress_of(ledger, node, then, now)


def hand_over(ledger: Ledger, own: frozenset[str], by: str | None, case_id: str, to: str) -> Case:
    """Give the case to another key; only then does its clerk see the people. NotFound, NotYourCase, NoSuchClerk."""
    case = load(ledger, own, by, case_id)
    clerk = clerk_of(ledger, to, case.jurisdiction)
    if clerk == case.owner:
        return case
    then = case.handed_to(clerk)
    ledger.cases.save(then)
    return then


def clerk_of(ledger: Ledger, key_id: str, *places: str) -> str:
    """The id of a key that works, of a clerk or system of one of these places; NoSuchClerk."""
    key = ledger.access.api_key(key_id)
    if key is None or key.revoked_at is not None or key.jurisdiction not in places or key.role not in _CLERKS:
        raise NoSuchClerk(pointer="/clerk")
    return key.id


def _covered(spouse: SpouseProgress, draft: CommitmentDraft) -> tuple[Item, ...]:
    if draft.spouse not in (None, spouse.number):
        return ()
    open_items = spouse.to_commit()
    return open_items if draft.items is None else tuple(item for item in open_items if item in draft.items)


def _not_ready(progress: CaseProgress) -> CaseNotReady:
    missing = "; ".join(f"{spouse.number}: {', '.join(spouse.unsettled())}" for spouse in progress.spouses if spouse.unsettled())
    return CaseNotReady(zh=f"{CaseNotReady.zh}（{missing}）", en=f"{CaseNotReady.en} ({missing})")


def _ending(case: Case, on: date | None, children: Sequence[Child], now: datetime) -> Ending | None:
    event, today = SERVICES[case.service].closing, civil_day(now)
    if event is None:
        if on is not None or children:
            raise Invalid(zh="该类事项不发办结通报。", en="This service ends without a notice.", pointer="/registered_on")
        return None
    if on is None:
        raise Invalid(zh="须填写登记日期。", en="The day of the registration is needed.", pointer="/registered_on")
    if on > today:
        raise DateInFuture(pointer="/registered_on")
    record = kept_record(Record(children=list(children)), None, today, []) if children else None
    return Ending(event=event, on=on, record=record)


def _accept(ledger: Ledger, node: Node, spouses: Iterable[SpouseProgress], now: datetime) -> None:
    """Confirm the answers that told what was asked; one whose confirmation is on its way already needs none."""
    for one in spouses:
        exchange = one.asked.exchange if one.asked is not None else None
        talk = exchange.conversation if exchange is not None else None
        if exchange is None or talk is None or talk.result not in (Result.CONFIRMED, Result.CORRECTED):
            continue
        if talk.state_at(now, node.rules.lapse_days) is not State.ANSWERED or not one.answers_all():
            continue
        try:
            reply(ledger, node, exchange, Said(kind=Kind.CONFIRMATION), now)
        except UnderWay:
            continue
