"""Answer a partner that compares a pair's registers with us: three questions, nothing kept between them but that they were asked.

The steps that reckon lie outside any transaction (`adapters.reconciling.answering`): a clerk never waits for a partner's
question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from exchange.codes import Item
from exchange.errors import Conflict, Forbidden, Refused, Retry
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.partners import Partner
from exchange.people.register import Entry
from exchange.reconciling.apart import Places, Side
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.pairs import Pair, comparable, month_before, month_of
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterRun, Tally
from exchange.reconciling.sketch import Words
from exchange.reconciling.tokens import Tokening
from exchange.verbs.receive import NotYourLink
from exchange.verbs.reconciling.asked import Admitted, TooManyDifferences, most_cells
from exchange.verbs.reconciling.conclude import Found, fields_of
from exchange.verbs.reconciling.registers import entries_at, fields_at, look_among_coarse, names_at
from exchange.verbs.routing.find import Counties, table_of
from exchange.wire import registers as wire
from exchange.wire.registers import CellsAsked, MalformedRegisterQuestion, RegistersAsked, SettleAsked


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


class DoesNotSettle(Conflict):
    """What the partner says differs is not what differs: begin anew."""

    code = "registers-do-not-settle"
    retry = Retry.LATER
    zh = "双方剩余部分的摘要不一致；请重新比对。"
    en = "What is left on both sides has unequal digests; begin the comparison anew."


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
    changed_masks = _masks(read.changed_fields, fields_at(changed, tokening, len(items)))
    coarse_masks = _masks(read.coarse_fields, fields_at(coarse, tokening, len(items)))
    ours = one_sided(names_at(ledger, key, side, read.yours.tolist()))
    ours += differing_among(names_of(changed), changed_masks, items)
    # A coarse destination is the origin's to mend: here it is enough if the facts agree.
    ours += [each for each in differing_among(names_of(coarse), coarse_masks, items) if each.fields]
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


def one_sided(names: Iterable[str | None]) -> list[Found]:
    """What is to be settled about entries whose persons the other side does not know."""
    return [Found(entry=name, kind=DifferenceKind.ONE_SIDED) for name in names if name is not None]


def differing_among(names: Iterable[str | None], masks: Iterable[int], items: Sequence[Item]) -> list[Found]:
    """What is to be settled about entries whose leaves differ; no fields where they have become equal since."""
    both = zip(names, masks, strict=True)
    kind = DifferenceKind.DIFFERING
    return [Found(entry=name, kind=kind, fields=fields_of(mask, items)) for name, mask in both if name is not None]


def names_of(entries: Iterable[Entry | None]) -> list[str | None]:
    """The entries' ids."""
    return [None if entry is None else entry.id for entry in entries]


def _masks(theirs: list[bytes], ours: list[bytes]) -> list[int]:
    return [wire.mask_of(*both) for both in zip(ours, theirs, strict=True)]


def check_cells(asked: CellsAsked, limit: int) -> None:
    """The table is none that tells more than the limit; TooManyDifferences, MalformedRegisterQuestion."""
    if asked.cells > most_cells(limit):
        raise TooManyDifferences
    if asked.first >= asked.cells:
        raise MalformedRegisterQuestion(pointer="/first")
