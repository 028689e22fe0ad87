"""The batches of one link, cut by hand with the sending node's key: what a partner's node would put on the wire."""

from collections.abc import Sequence
from datetime import datetime

from adapters.office import Office
from exchange.moments import format_moment
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, Manifest


class Log:
    """What the office's node has sent on its link with the partner so far."""

    def __init__(self, office: Office, partner: str) -> None:
        self._office, self._partner = office, partner
        with office.ledgers.transaction(read_only=True) as ledger:
            link = ledger.links.of(partner)
        if link is None:
            raise LookupError(partner)
        self._link = link.uuid
        self._sequence, self._previous = link.out_sequence, link.out_digest

    def batch(self, lines: Sequence[bytes], now: datetime) -> bytes:
        self._sequence += 1
        manifest = wire.write(
            Manifest(
                protocol="1",
                link=self._link,
                sender=self._office.node.name,
                receiver=self._partner,
                sequence=self._sequence,
                previous=self._previous,
                seen=0,
                sent_at=format_moment(now),
                digests=[ijson.digest(line) for line in lines],
            )
        )
        self._previous = ijson.digest(manifest)
        return wire.join(self._office.signer(BATCH_TYPE)(manifest), lines)
