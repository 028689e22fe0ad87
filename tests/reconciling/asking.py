"""The questions about registers, asked by hand."""

import secrets
from typing import Any

import httpx

from adapters.keys import tokens as bearer
from adapters.partner_http import PartnerClient
from adapters.reconciling.tokens import TokenKeeper
from exchange.ids import new_id
from exchange.moments import format_moment
from exchange.reconciling.pairs import month_of
from exchange.wire import ijson
from tests.api.nodes import Neighbours
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_digest
from tests.reconciling.pairs import what_of

OPEN, CELLS, SETTLE = "/v1/registers", "/v1/registers/cells", "/v1/registers/settlement"
NOTHING = {"snapshot": 1, "attempt": 0, "mine": "", "yours": "", "changed": "", "coarse": "", "agreeing": 31}


class Asker:
    """Xicheng as a partner's developer might write it: each question by hand."""

    def __init__(self, nodes: Neighbours) -> None:
        self.nodes, office = nodes, nodes.xicheng.office
        what, keeper = what_of(nodes.xicheng), TokenKeeper(office)
        kids = keeper.kids(what, XICHENG, office.now())
        with office.ledgers.transaction(read_only=True) as ledger:
            link = ledger.links.of(WUCHANG_NODE)
            partner = ledger.partners.get(WUCHANG_NODE)
        assert link is not None
        assert partner is not None
        self.partner, self.client = partner, PartnerClient(office, nodes.xicheng.http)
        self.question = {
            "run": new_id(office.now()),
            "link": link.uuid,
            "sender": XICHENG_NODE,
            "receiver": WUCHANG_NODE,
            "asked_at": format_moment(office.now()),
            "agreement": what.agreement,
            "origin": XICHENG,
            "destination": WUCHANG,
            "month": month_of(office.now()),
            "origin_kid": kids[0],
            "destination_kid": kids[1],
            "nonce": ijson.b64url_encode(secrets.token_bytes(16)),
            "size": 0,
            "digest": a_digest("nobody"),
            "numberless": 0,
        }

    def ask(self, path: str, **more: Any) -> httpx.Response:
        """One question."""
        token = self.client._token(self.partner, bearer.RECONCILE)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        body = ijson.dumps({**self.question, **more})
        return self.nodes.xicheng.http.post(f"{self.partner.url}{path}", content=body, headers=headers)

    def refused(self, path: str, **more: Any) -> tuple[int, str]:
        """Status and problem of a question that is refused."""
        response = self.ask(path, **more)
        return response.status_code, response.json()["type"].rpartition(":")[2]
