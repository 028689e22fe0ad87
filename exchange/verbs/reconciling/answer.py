"""Answer a partner that compares a pair's registers with us: three questions, nothing kept between them but that they were asked.

The steps that reckon lie outside any transaction (`adapters.reconciling.answering`): a clerk never waits for a partner's
question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from exchange.codes import Item
from exchange.errors import Conflict, Forbidden, Refused, Retry
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.partners import Partner
from exchange.people.register import Entry
from exchange.reconciling.apart import Places, Side
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.pairs import RUNS_A_DAY, Comparable, Pair, comparable, month_before, month_of
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterRun, Starter, Tally
from exchange.reconciling.sketch import Words, cells_for
from exchange.reconciling.tokens import Tokening
from exchange.verbs.receive import NotYourLink
from exchange.verbs.reconciling.conclude import Found, fields_of
from exchange.verbs.reconciling.registers import Snapshot, entries_at, fields_at, look_among_coarse
from exchange.verbs.routing.find import Counties, table_of
from exchange.wire import registers as wire
from exchange.wire.registers import CellsAsked, MalformedRegisterQuestion, RegistersAsked, SettleAsked

# What one run may ask, repetitions included: the largest that may be settled takes some thirty calls.
CALLS_A_RUN = 100
# Of the bytes that a run's largest table takes on the wire: one lost answer in five is repeated, and a table that cannot be told
# is asked for at twice the size. More tables than that would tell more than the limit allows.
_TABLES_A_RUN = 4
_BYTES_A_CELL = 22
_BYTES_BESIDE = 64 * 1024
RUN_LASTS = timedelta(hours=24)


class TokensNotReady(Refused):
    """The tokens of this register are still being made: ask again soon."""

    code = "tokens-not-ready"
    retry = Retry.LATER
    zh = "该台账的比对标识正在生成，请稍后再试。"
    en = "The tokens of this register are being made; ask again soon."


class MonthNotAnswered(Forbidden):
    """Only the current month's and the previous month's tokens are compared."""

    code = "month-not-answered"
    retry = Retry.CORRECTED
    zh = "只比对本月和上月的标识。"
    en = "Only tokens of the current and the previous month are compared."


class TooManyRuns(Refused):
    """This pair was compared as often today as it may be."""

    code = "too-many-runs"
    retry = Retry.LATER
    zh = f"这两个台账今天已比对 {RUNS_A_DAY} 次，请明天再试。"
    en = f"These registers were compared {RUNS_A_DAY} times today; come back tomorrow."


class RunUnknown(Conflict):
    """The run was never opened, is of another pair, or is too old."""

    code = "run-unknown"
    retry = Retry.CORRECTED
    zh = "没有这次比对，或已过期；请重新开始。"
    en = "There is no such run, or it is too old; begin anew."


class TooManyDifferences(Conflict):
    """More persons differ than may be told in one run: it ends in counts only and waits for a person on both sides."""

    code = "too-many-differences"
    retry = Retry.CONTACT
    zh = "两个台账的差异超过协议限额，仅给出计数；须双方人员确认后再比对。"
    en = "The registers differ by more than the limit; the run ends in counts only and waits for people on both sides."


class DoesNotSettle(Conflict):
    """What the partner says differs is not what differs: begin anew."""

    code = "registers-do-not-settle"
    retry = Retry.LATER
    zh = "双方剩余部分的摘要不一致；请重新比对。"
    en = "What is left on both sides has unequal digests; begin the comparison anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What may be compared, and our county of the pair."""

    what: Comparable
    own: str

    @property
    def items(self) -> tuple[Item, ...]:
        """What is compared, in the agreement's order."""
        return self.what.terms.items


def admit(ledger: Ledger, node: Node, caller: Partner, asked: RegistersAsked, now: datetime) -> Admitted:
    """Whether the caller may compare this pair; NotYourLink, ComparisonNotAgreed, MonthNotAnswered."""
    link = ledger.links.of(caller.node)
    if link is None or (asked.link, asked.sender, asked.receiver) != (link.uuid, caller.node, node.name):
        raise NotYourLink
    pair = Pair(origin=asked.origin, destination=asked.destination)
    theirs = Counties(table_of(ledger, node), caller.node)
    if pair.origin in node.jurisdictions and pair.destination in theirs:
        own, sides = pair.origin, (node.name, caller.node)
    elif pair.destination in node.jurisdictions and pair.origin in theirs:
        own, sides = pair.destination, (caller.node, node.name)
    else:
        raise NotYourLink
    what = comparable(ledger.agreements.all(caller.node), node.divisions, pair, sides, civil_day(now))
    if what.agreement != asked.agreement:
        raise MalformedRegisterQuestion(pointer="/agreement")
    month = month_of(now)
    if asked.month not in (month, month_before(month)):
        raise MonthNotAnswered
    return Admitted(what=what, own=own)


def begin(
    ledger: Ledger, caller: Partner, admitted: Admitted, asked: RegistersAsked, ours: Snapshot, *, same: bool, now: datetime
) -> RegisterRun:
    """The run that is opened, one for all repetitions: not entered yet. `same` is whether both registers are equal.

    TooManyRuns; RunUnknown for the id of another pair's run, or of one that is over.
    """
    # One at a time for each partner, or five could be counted as four.
    ledger.links.of(caller.node, lock=True)
    pair = admitted.what.pair
    run = ledger.register_runs.get(asked.run, lock=True)
    if run is None:
        today = ledger.register_runs.since(pair, caller.node, day_start(civil_day(now)))
        if len(today) >= RUNS_A_DAY:
            raise TooManyRuns
        run = RegisterRun(
            id=asked.run,
            reconciliation=None,
            partner=caller.node,
            agreement=admitted.what.agreement,
            pair=pair,
            month=asked.month,
            items=admitted.items,
            started_by=Starter.THEM,
            began_at=now,
        )
    _check_open(run, caller, pair, now)
    if run.outcome is not None:
        if not same:
            raise RunUnknown
        return run
    outflow = admitted.own == pair.origin
    return replace(
        run,
        as_of=now,
        outflow_size=ours.size if outflow else asked.size,
        inflow_size=asked.size if outflow else ours.size,
        numberless_outflow=ours.numberless if outflow else asked.numberless,
        numberless_inflow=asked.numberless if outflow else ours.numberless,
    )


def opened(ledger: Ledger, caller: Partner, admitted: Admitted, asked: RegistersAsked, now: datetime) -> RegisterRun:
    """The run that a further question belongs to; RunUnknown, TooManyRuns."""
    run = ledger.register_runs.get(asked.run, lock=True)
    if run is None:
        raise RunUnknown
    _check_open(run, caller, admitted.what.pair, now)
    return run


def told(ledger: Ledger, run: RegisterRun, size: int, limit: int) -> None:
    """Enter that so many bytes were told; TooManyRuns beyond what one run with this limit may be told."""
    most = _TABLES_A_RUN * most_cells(limit) * _BYTES_A_CELL + _BYTES_BESIDE
    if run.calls >= CALLS_A_RUN or run.bytes + size > most:
        raise TooManyRuns
    ledger.register_runs.put(replace(run, calls=run.calls + 1, bytes=run.bytes + size))


def _check_open(run: RegisterRun, caller: Partner, pair: Pair, now: datetime) -> None:
    fits = (run.partner, run.pair, run.started_by) == (caller.node, pair, Starter.THEM)
    if not fits or not run.began_at <= now < run.began_at + RUN_LASTS:
        raise RunUnknown


def most_cells(limit: int) -> int:
    """The largest table that a run with this limit needs: each differing person may be two elements, and a retry doubles it."""
    return 2 * cells_for(2 * limit)


def equal(run: RegisterRun) -> RegisterRun:
    """The run of two registers that are equal: nothing is left to settle."""
    return replace(run, outcome=Outcome.SETTLED, tally=Tally(agreeing=run.outflow_size or 0))


def counted_only(run: RegisterRun) -> RegisterRun:
    """The run of two registers that differ too much: the sizes stay, and people are told."""
    return replace(run, outcome=Outcome.COUNTS_ONLY, trouble=TooManyDifferences.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A settling question, unpacked: what it says of persons, and how its elements lie in our leaves."""

    mine: Words
    yours: Places
    changed: Places
    changed_fields: list[bytes]
    coarse: Places
    coarse_fields: list[bytes]

    @property
    def ours(self) -> Places:
        """All of our leaves that the question names."""
        return np.concatenate([self.yours, self.changed, self.coarse])

    @property
    def persons(self) -> int:
        """How many persons differ."""
        return len(self.mine) + len(self.ours)


def unpack(asked: SettleAsked, side: Side, items: int) -> Asked:
    """Read the question against our leaves; MalformedRegisterQuestion for elements that are not here, or stand twice."""
    try:
        changed, changed_fields = wire.unpack_rows(asked.changed, items)
        coarse, coarse_fields = wire.unpack_rows(asked.coarse, items)
        mine, yours = wire.unpack_elements(asked.mine), wire.unpack_elements(asked.yours)
    except ValueError as exc:
        raise MalformedRegisterQuestion from exc
    read = Asked(
        mine=mine,
        yours=side.places(yours),
        changed=side.places(changed),
        changed_fields=changed_fields,
        coarse=side.places(coarse),
        coarse_fields=coarse_fields,
    )
    ours = read.ours
    if np.any(ours < 0) or np.unique(ours).size != ours.size or np.unique(mine).size != mine.size:
        raise DoesNotSettle
    if np.any(side.places(mine) >= 0):
        raise DoesNotSettle
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What we answer, and what it means for our entries."""

    changed: list[int]
    coarse: list[int]
    found: list[tuple[int, bytes]]
    tally: Tally
    coarse_left: int | None
    ours: tuple[Found, ...]

    def run(self, run: RegisterRun) -> RegisterRun:
        """The run as it ends."""
        return replace(run, outcome=Outcome.SETTLED, tally=self.tally, coarse_left=self.coarse_left)


def settlement(
    ledger: Ledger, node: Node, admitted: Admitted, key: TokenKey, tokening: Tokening, side: Side, read: Asked
) -> Settlement:
    """Judge what the asking side has told apart; read only."""
    items, pair = admitted.items, admitted.what.pair
    changed = entries_at(ledger, key, side, read.changed.tolist())
    coarse = entries_at(ledger, key, side, read.coarse.tolist())
    alone = entries_at(ledger, key, side, read.yours.tolist())
    changed_masks = _masks(read.changed_fields, fields_at(changed, tokening, len(items)))
    coarse_masks = _masks(read.coarse_fields, fields_at(coarse, tokening, len(items)))
    ours = [Found(entry=entry.id, kind=DifferenceKind.ONE_SIDED) for entry in alone if entry is not None]
    ours += differing_among(changed, changed_masks, items)
    # A coarse destination is the origin's to mend: here it is enough if the facts agree.
    ours += [each for each in differing_among(coarse, coarse_masks, items) if each.fields]
    outflow = admitted.own == pair.origin
    found: list[tuple[int, bytes]] = []
    left: int | None = None
    differing = sum(mask > 0 for mask in coarse_masks)
    if outflow:
        known = look_among_coarse(ledger, node, pair, tokening, read.mine, side.salt)
        found = [(match.element, tokening.fields(match.entry)) for match in known.matches]
        ours += [Found(entry=match.entry.id, kind=DifferenceKind.COARSE) for match in known.matches]
        differing = sum(not match.agrees for match in known.matches)
        left = known.left
    tally = Tally(
        agreeing=len(side.words) - len(read.ours),
        differing=len(read.changed),
        coarse=len(found) + len(read.coarse),
        coarse_differing=differing,
        outflow_only=len(read.yours) if outflow else len(read.mine),
        inflow_only=len(read.mine) - len(found) if outflow else len(read.yours),
    )
    return Settlement(changed=changed_masks, coarse=coarse_masks, found=found, tally=tally, coarse_left=left, ours=tuple(ours))


def differing_among(entries: Sequence[Entry | None], masks: Sequence[int], items: Sequence[Item]) -> list[Found]:
    """What is to be settled about entries whose leaves differ; no fields where they have become equal since."""
    both = zip(entries, masks, strict=True)
    kind = DifferenceKind.DIFFERING
    return [Found(entry=entry.id, kind=kind, fields=fields_of(mask, items)) for entry, mask in both if entry is not None]


def _masks(theirs: list[bytes], ours: list[bytes]) -> list[int]:
    return [wire.mask_of(*both) for both in zip(ours, theirs, strict=True)]


def check_cells(asked: CellsAsked, limit: int) -> None:
    """The table is none that tells more than the limit; TooManyDifferences, MalformedRegisterQuestion."""
    if asked.cells > most_cells(limit):
        raise TooManyDifferences
    if asked.first >= asked.cells:
        raise MalformedRegisterQuestion(pointer="/first")
