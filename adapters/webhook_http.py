"""Own systems over HTTP: one post to them, as Standard Webhooks has it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx

from adapters.calling.reach import AddressNotAllowed, Reach
from adapters.partner_http import asked_wait
from adapters.webhooks import WebhookAddress, signature
from exchange.announcements import Notification

# Their address is the operator's own setting, and they may well be on this machine; but a name may lead elsewhere one day.
OWN_SYSTEMS = Reach(loopback=True)
# A receiver queues what it gets and answers; one that works first answers too late, and gets it again.
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why an attempt failed, in words without an address; `wait` is what the receiver asked for, if it did."""

    detail: str
    wait: timedelta | None = None


class WebhookReceiver:
    """Own systems at the other end. Give it a client that follows no redirects: what is signed is meant for one address."""

    def __init__(self, address: WebhookAddress, client: httpx.Client, *, seconds: Callable[[], float] = time.time) -> None:
        self._address, self._client, self._seconds = address, client, seconds

    def post(self, notification: Notification) -> Trouble | None:
        """One attempt, signed with the time of the machine's clock; None if it was taken, that is for any 2xx."""
        body = notification.body.encode()
        at = str(int(self._seconds()))
        headers = {
            "content-type": "application/json",
            "webhook-id": notification.id,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._address.key, notification.id, at, body),
        }
        try:
            # What it answers beside the status is not read, however long it is.
            with self._client.stream("POST", self._address.url, content=body, headers=headers, timeout=TIMEOUT) as response:
                if response.is_success:
                    return None
                return Trouble(detail=f"status {response.status_code}", wait=asked_wait(response))
        except (httpx.HTTPError, httpx.InvalidURL, AddressNotAllowed) as exc:
            return Trouble(detail=type(exc).__name__)
