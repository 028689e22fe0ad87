"""Keep the tokens up to date as entries change, make those of the coming month, and drop those of months gone by."""

from datetime import date, datetime

from adapters.keys.errors import NoUsableKey
from exchange.moments import SHANGHAI
from exchange.reconciling.keys import KEPT, KidNotTrusted, TokenKey, TokenKeyGone
from exchange.reconciling.pairs import Comparable, month_after, month_before, month_of
from exchange.verbs.reconciling.keep_tokens import AT_ONCE, forget_some
from jobs.shift import Shift

# From this day of the month on the next month's are made, and from that one on the month before is not asked for any more.
MADE_FROM = 25
DROPPED_FROM = 5


def keep_tokens(shift: Shift) -> str:
    """Make the tokens of entries that changed anew, in small transactions, so that no clerk waits."""
    entries = 0
    while not shift.stopping.is_set():
        done = shift.keeper.take_up(AT_ONCE)
        entries += done
        if done < AT_ONCE:
            break
    return f"the tokens of {entries} changes brought up to date" if entries else ""


def turn_tokens(shift: Shift) -> str:
    """Drop and forget what nobody asks for any more; towards the end of a month, make the tokens of the next one."""
    now = shift.office.now()
    dropped, forgotten = _drop_old(shift, now), _forget_ended(shift, now)
    told = f"{dropped} keys dropped, {forgotten} ended tokens erased"
    if now.astimezone(SHANGHAI).day < MADE_FROM:
        return told
    return f"{told}, {_make_next(shift, now)} keys of the next month ready"


def is_past(key: TokenKey, now: datetime) -> bool:
    """Whether a key is to be dropped; one that was asked for a short time ago is let be."""
    month = month_of(now)
    before = month_before(month)
    if key.month >= month or now - key.made_at < KEPT:
        return False
    return key.month < before or now.astimezone(SHANGHAI).day >= DROPPED_FROM


def _keys(shift: Shift) -> list[TokenKey]:
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        return ledger.tokens.all()


def _drop_old(shift: Shift, now: datetime) -> int:
    return sum(shift.keeper.drop(key.id, shift.stopping) for key in _keys(shift) if is_past(key, now))


def _forget_ended(shift: Shift, now: datetime) -> int:
    forgotten = 0
    for key in _keys(shift):
        # While a note is fresh there is nothing to erase yet, and nothing to note: no lock is taken for that.
        fresh = key.noted_at is not None and key.forgettable(now) is None
        erased = 0 if fresh else AT_ONCE
        while erased == AT_ONCE and not shift.stopping.is_set():
            with shift.office.ledgers.transaction() as ledger:
                erased = forget_some(ledger, key.id, now)
            forgotten += erased
    return forgotten


def _make_next(shift: Shift, now: datetime) -> int:
    month, ready = month_of(now), 0
    for key in _keys(shift):
        if key.month != month or shift.stopping.is_set():
            continue
        coming = _coming(shift, key, now)
        while coming is not None and not shift.stopping.is_set():
            try:
                done = shift.keeper.prepare(coming, AT_ONCE)
            except TokenKeyGone:
                break
            if done is not None:
                ready += 1
                break
    return ready


def _coming(shift: Shift, key: TokenKey, now: datetime) -> TokenKey | None:
    """The next month's key of a pair; None if by then no agreement is in force, or another key has taken its place."""
    with shift.office.ledgers.transaction(read_only=True) as ledger:
        agreement = ledger.agreements.get(key.agreement)
    month = month_after(key.month)
    if agreement is None or not agreement.in_force(date.fromisoformat(f"{month}-01")):
        return None
    terms = agreement.agreement.register_comparison
    what = Comparable(pair=key.pair, partner=key.partner, agreement=key.agreement, terms=terms)
    try:
        kids = shift.keeper.kids(what, key.own, now)
        return shift.keeper.key_for(what, key.own, month, kids) if kids == key.kids else None
    except (KidNotTrusted, NoUsableKey):
        return None
