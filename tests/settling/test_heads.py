"""Who lacks what, by two heads held side by side."""

import pytest

from exchange.exchanges import StoredBatch
from exchange.settling.heads import Heads, Judgement, Log, ProvenHead, Stand, judge
from tests.builders import a_batch, a_digest, a_link


def head(sequence: int, *, digest: int | str | None = None, receipt: str | None = "receipt") -> ProvenHead:
    if not sequence:
        return ProvenHead()
    return ProvenHead(
        sequence=sequence,
        digest=a_digest(sequence if digest is None else digest),
        manifest_jws="m",
        receipt_jws="r" if receipt else None,
        receipt_digest=a_digest(receipt) if receipt else None,
    )


def held(sequence: int, limit: int) -> StoredBatch | None:
    return a_batch(sequence, digest=a_digest(sequence), receipt_digest=a_digest("receipt")) if 0 < sequence <= limit else None


def judged(*, sent: int = 0, receipted: int | None = None, received: int = 0, ours: ProvenHead, theirs: ProvenHead) -> Judgement:
    link = a_link(out_sequence=sent, receipted=sent if receipted is None else receipted, in_sequence=received)
    return judge(link, Heads(ours=ours, theirs=theirs), held(ours.sequence, sent), held(theirs.sequence, received))


@pytest.mark.parametrize(
    ("sent", "receipted", "told", "stand"),
    [
        (0, 0, head(0), Stand.EQUAL),
        (5, 5, head(5), Stand.EQUAL),
        (6, 5, head(5), Stand.UNDER_WAY),
        (6, 5, head(6), Stand.UNDER_WAY),
        (5, 5, head(3), Stand.LOST_THERE),
        (5, 5, head(0), Stand.LOST_THERE),
        (3, 3, head(5), Stand.LOST_HERE),
        (0, 0, head(1), Stand.LOST_HERE),
        # Cut anew after a restore, and taken by nobody: it gives way.
        (6, 5, head(6, digest="other"), Stand.LOST_HERE),
        (6, 6, head(6, digest="other"), Stand.FORKED),
        (6, 6, head(4, digest="other"), Stand.FORKED),
    ],
)
def test_our_log_as_the_other_side_holds_it(sent: int, receipted: int, told: ProvenHead, stand: Stand):
    assert judged(sent=sent, receipted=receipted, ours=told, theirs=head(0)).ours is stand


@pytest.mark.parametrize(
    ("received", "told", "stand"),
    [
        (0, head(0), Stand.EQUAL),
        (5, head(5), Stand.EQUAL),
        (5, head(5, receipt=None), Stand.UNDER_WAY),
        (5, head(6, receipt=None), Stand.UNDER_WAY),
        (5, head(6), Stand.LOST_HERE),
        (5, head(7, receipt=None), Stand.LOST_HERE),
        (5, head(3), Stand.LOST_THERE),
        (5, head(0), Stand.LOST_THERE),
        (5, head(4, digest="other", receipt=None), Stand.LOST_THERE),
        (5, head(5, digest="other"), Stand.FORKED),
        (5, head(2, digest="other"), Stand.FORKED),
    ],
)
def test_their_log_as_we_hold_it(received: int, told: ProvenHead, stand: Stand):
    assert judged(received=received, ours=head(0), theirs=told).theirs is stand


def test_two_receipts_for_one_batch_are_told_and_settle_nothing():
    found = judged(sent=2, received=2, ours=head(2, receipt="later"), theirs=head(2))
    assert found == Judgement(ours=Stand.EQUAL, theirs=Stand.EQUAL, receipts_differ=(Log.OURS,))
    assert not found.settled


def test_a_fork_names_its_log():
    found = judged(sent=2, received=2, ours=head(2), theirs=head(2, digest="other"))
    assert (found.forked, found.settled) == ((Log.THEIRS,), False)
