"""Ask a partner about a pair's registers: what to send at each step, and what its answers mean for our entries."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from exchange.ledger import Ledger
from exchange.moments import format_moment, parse_moment
from exchange.node import Node
from exchange.reconciling.apart import Apart, Side
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.pairs import Comparable
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterRun, Starter, Tally
from exchange.reconciling.sketch import NONCE, Words
from exchange.reconciling.tokens import Tokening
from exchange.verbs.compare_figures import link_with
from exchange.verbs.reconciling.answer import differing_among, names_of, one_sided
from exchange.verbs.reconciling.conclude import Found
from exchange.verbs.reconciling.registers import CoarseFound, Snapshot, entries_at, fields_at, look_among_coarse, names_at
from exchange.wire import ijson
from exchange.wire import registers as wire
from exchange.wire.registers import CellsAsked, RegistersAsked, RegistersDoNotFit, RegistersTold, SettleAsked, SettledTold

_NOBODY = CoarseFound(matches=(), left=0)


def new_run(
    what: Comparable, key: TokenKey, run_id: str, reconciliation: str | None, starter: Starter, now: datetime
) -> RegisterRun:
    """A run that begins now."""
    return RegisterRun(
        id=run_id,
        reconciliation=reconciliation,
        partner=what.partner,
        agreement=what.agreement,
        pair=what.pair,
        items=key.items,
        started_by=starter,
        began_at=now,
    )


def question(ledger: Ledger, node: Node, run: RegisterRun, ours: Snapshot, digest: str, now: datetime) -> RegistersAsked:
    """What opens the run; NotFound without a link."""
    origin_kid, destination_kid = ours.key.kids
    return RegistersAsked(
        run=run.id,
        link=link_with(ledger, run.partner).uuid,
        sender=node.name,
        receiver=run.partner,
        asked_at=format_moment(now),
        agreement=run.agreement,
        origin=run.pair.origin,
        destination=run.pair.destination,
        month=ours.key.month,
        origin_kid=origin_kid,
        destination_kid=destination_kid,
        nonce=ijson.b64url_encode(secrets.token_bytes(NONCE)),
        size=ours.size,
        digest=digest,
        numberless=ours.numberless,
    )


def sized(run: RegisterRun, ours: Snapshot, size: int, numberless: int, as_of: datetime) -> RegisterRun:
    """The run with what both sides hold."""
    outflow = ours.key.own == run.pair.origin
    return replace(
        run,
        as_of=as_of,
        outflow_size=ours.size if outflow else size,
        inflow_size=size if outflow else ours.size,
        numberless_outflow=ours.numberless if outflow else numberless,
        numberless_inflow=numberless if outflow else ours.numberless,
    )


def as_told(run: RegisterRun, ours: Snapshot, told: RegistersTold) -> RegisterRun:
    """The run with what the partner says it holds; the earlier of both snapshots is its moment."""
    as_of = run.began_at if run.as_of is None else run.as_of
    return sized(run, ours, told.size, told.numberless, min(as_of, parse_moment(told.as_of)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What we know before the settling call: the elements by person, our entries' field digests, and the coarse matches."""

    apart: Apart
    coarse: CoarseFound
    yours: Words
    changed_fields: list[bytes]
    coarse_fields: list[bytes]
    agreeing: int
    matched: str

    @property
    def coarse_elements(self) -> Words:
        """The partner's elements whose persons we know with a coarse destination."""
        return self.apart.yours[[match.element for match in self.coarse.matches]]


def prepare(ledger: Ledger, node: Node, ours: Snapshot, tokening: Tokening, side: Side, apart: Apart) -> Prepared:
    """Look up our entries behind what differs; read only."""
    key, items = ours.key, len(ours.key.items)
    changed = entries_at(ledger, key, side, apart.changed_mine.tolist())
    coarse = _NOBODY
    if key.own == key.pair.origin:
        coarse = look_among_coarse(ledger, node, key.pair, tokening, apart.yours, side.salt)
    elsewhere = np.array([match.element for match in coarse.matches], np.int64)
    ours_apart = np.concatenate([apart.mine, apart.changed_mine])
    return Prepared(
        apart=apart,
        coarse=coarse,
        yours=np.delete(apart.yours, elsewhere),
        changed_fields=fields_at(changed, tokening, items),
        coarse_fields=[tokening.fields(match.entry) for match in coarse.matches],
        agreeing=len(side.words) - len(ours_apart),
        matched=side.digest_without(ours_apart),
    )


def cells_question(asked: RegistersAsked, snapshot: int, attempt: int, size: int, first: int, now: datetime) -> CellsAsked:
    """What asks for cells of the partner's table, from `first` on."""
    again = {**structs.asdict(asked), "asked_at": format_moment(now)}
    return CellsAsked(**again, snapshot=snapshot, attempt=attempt, cells=size, first=first)


def opened(told: RegistersTold) -> tuple[bytes, NDArray[np.int16]]:
    """The partner's nonce and sketch; RegistersDoNotFit if it tells neither, though the registers differ."""
    try:
        if told.nonce is None or told.sketch is None:
            raise RegistersDoNotFit
        return wire.nonce_bytes(told.nonce), wire.unpack_sketch(told.sketch)
    except ValueError as exc:
        raise RegistersDoNotFit from exc


def settle_question(
    asked: RegistersAsked, snapshot: int, attempt: int, side: Side, prepared: Prepared, now: datetime
) -> SettleAsked:
    """What ends the run."""
    apart = prepared.apart
    return SettleAsked(
        **{**structs.asdict(asked), "asked_at": format_moment(now)},
        snapshot=snapshot,
        attempt=attempt,
        mine=wire.pack(side.elements[apart.mine]),
        yours=wire.pack(prepared.yours),
        changed=wire.pack_rows(apart.changed_yours, prepared.changed_fields),
        coarse=wire.pack_rows(prepared.coarse_elements, prepared.coarse_fields),
        agreeing=prepared.agreeing,
        matched=prepared.matched,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the partner's last answer says: which items differ, and whom an answering origin knows with a coarse destination."""

    changed: list[int]
    coarse: list[int]
    found: list[tuple[int, bytes]]
    coarse_differing: int


def word_of(told: SettledTold, ours: Snapshot, prepared: Prepared) -> Word:
    """Read the last answer; RegistersDoNotFit if it is not about what was asked."""
    try:
        changed, coarse = wire.unpack_masks(told.changed), wire.unpack_masks(told.coarse)
        heads, fields = wire.unpack_found(told.found, len(ours.key.items))
    except ValueError as exc:
        raise RegistersDoNotFit from exc
    places = [int(place) for place in heads]
    outflow = ours.key.own == ours.key.pair.origin
    fits = (len(changed), len(coarse)) == (len(prepared.apart.changed_mine), len(prepared.coarse.matches))
    # Only an origin finds people among its coarse entries, and each of ours once.
    known = len(set(places)) == len(places) and all(place < len(prepared.apart.mine) for place in places)
    within = told.coarse_differing <= len(coarse) + len(places)
    if told.matched != prepared.matched or not fits or not known or not within or (outflow and places):
        raise RegistersDoNotFit
    found = list(zip(places, fields, strict=True))
    return Word(changed=changed, coarse=coarse, found=found, coarse_differing=told.coarse_differing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run at its end, and what it found of our entries."""

    run: RegisterRun
    ours: tuple[Found, ...] = ()


def foreseen(run: RegisterRun, ours: Snapshot, prepared: Prepared) -> RegisterRun:
    """The run as it would end, without the partner's last word."""
    outflow = ours.key.own == run.pair.origin
    tally = Tally(
        agreeing=prepared.agreeing,
        differing=len(prepared.apart.changed_mine),
        coarse=len(prepared.coarse.matches),
        coarse_differing=sum(not match.agrees for match in prepared.coarse.matches),
        outflow_only=len(prepared.apart.mine) if outflow else len(prepared.yours),
        inflow_only=len(prepared.yours) if outflow else len(prepared.apart.mine),
    )
    return replace(run, outcome=Outcome.SETTLED, tally=tally, coarse_left=prepared.coarse.left if outflow else None)


def ended(
    ledger: Ledger, run: RegisterRun, ours: Snapshot, tokening: Tokening, side: Side, prepared: Prepared, word: Word
) -> Ended:
    """What the partner's word means for our entries; read only."""
    key, apart = ours.key, prepared.apart
    elsewhere = np.array([place for place, _ in word.found], np.int64)
    coarsely = entries_at(ledger, key, side, apart.mine[elsewhere].tolist())
    fields = zip(fields_at(coarsely, tokening, len(key.items)), (theirs for _, theirs in word.found), strict=True)
    masks = [wire.mask_of(*both) for both in fields]
    found = one_sided(names_at(ledger, key, side, np.delete(apart.mine, elsewhere).tolist()))
    found += differing_among(names_at(ledger, key, side, apart.changed_mine.tolist()), word.changed, key.items)
    # A coarse destination is the origin's to mend: here it is enough if the facts agree.
    found += [each for each in differing_among(names_of(coarsely), masks, key.items) if each.fields]
    found += [Found(entry=match.entry.id, kind=DifferenceKind.COARSE) for match in prepared.coarse.matches]
    then = foreseen(run, ours, prepared)
    tally = then.tally
    if tally is not None:
        tally = replace(tally, coarse=tally.coarse + len(word.found), coarse_differing=word.coarse_differing)
        if key.own != run.pair.origin:
            tally = replace(tally, inflow_only=tally.inflow_only - len(word.found))
    return Ended(run=replace(then, tally=tally), ours=tuple(found))
