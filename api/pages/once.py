"""A form that is sent twice is done once: the second sending is led to what came of the first.

The page gives each form that makes something an id of its own, which is remembered with its answer as an Idempotency-Key is.
"""

import re
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Request, Response

from api.access import CallerDep, OfficeDep
from api.once import Asked
from api.pages.forms import misfit
from api.pages.route import see_other
from api.problems import KeyReused
from exchange.ledger import Ledger

FIELD: Final = "once"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


class SentBefore(KeyReused):
    """The form was sent before, and said something else then."""

    code = "sent-before"
    zh = "这张表单已经提交过，当时填的与现在不同。要另办一件的，请核对后再提交一次。"
    en = "This form was sent before, and said something else then. To do another one, look it over and send it again."


class Sent(Asked):
    """A form that may have been sent before."""

    _ledger: Ledger | None = None

    def begin(self, ledger: Ledger) -> None:
        """End the request with its former answer, if there is one; SentBefore if the form said something else then."""
        self._ledger = ledger
        self.recall(ledger)

    def recall(self, ledger: Ledger) -> None:
        """The same for routes that open their own transactions."""
        try:
            super().recall(ledger)
        except KeyReused:
            raise SentBefore from None

    def lead(self, path: str) -> Response:
        """Lead to a page after the change, also whoever sends the same form again."""
        if self._ledger is None:
            raise TypeError("the route has no ledger of its own")
        response = see_other(path)
        location = response.headers["location"]
        self.remember(self._ledger, location.encode(), response.status_code, "text/plain", {"location": location})
        return response


async def sent(request: Request, caller: CallerDep, office: OfficeDep) -> Sent:
    """The form that was sent; one without an id is not known again."""
    form = await request.form()
    given = form.get(FIELD)
    if given is not None and not (isinstance(given, str) and _ID.fullmatch(given)):
        raise misfit("")
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in (FIELD, "csrf")]
    said = f"{request.method} {request.url.path}\n{urlencode(fields)}"
    return Sent(office, caller.key, None if given is None else f"form {given}", said.encode())


SentDep = Annotated[Sent, Depends(sent)]
