"""The node's own document: made from settings and keys, numbered, signed, and kept in the data folder."""

import os
import tempfile
from pathlib import Path

import msgspec

from adapters.clock import Clock
from adapters.keys import jose
from adapters.keys.files import locked
from adapters.keys.keyring import Keyring
from exchange.moments import format_moment
from exchange.node import Node
from exchange.wire import ijson
from exchange.wire.batch import MAX_MESSAGES, MAX_UNPACKED
from exchange.wire.node import NODE_TYPE, PROTOCOL, Endpoints, Limits, NodeDocument, read_node_document

_FILE = "node-document.jws"


class NodeDocuments:
    """Serves the current document; writes a new version, never a lower one, when anything in it changes."""

    def __init__(self, folder: Path, node: Node, url: str, clock: Clock, keyring: Keyring) -> None:
        self.url = url.rstrip("/")
        self._path = folder / _FILE
        self._node, self._clock, self._keyring = node, clock, keyring
        self.endpoints = Endpoints(
            token=f"{self.url}/oauth/token",
            batches=f"{self.url}/v1/batches",
            agreements=f"{self.url}/v1/agreements",
            links=f"{self.url}/v1/links",
        )

    @property
    def version(self) -> int:
        """The current document's number."""
        return self._read(self.current()).version

    def current(self) -> str:
        """The signed document; a changed key, address or jurisdiction gives a new version first."""
        self._keyring = self._keyring.refreshed()
        with locked(self._keyring.folder):
            held = self._path.read_text(encoding="ascii") if self._path.exists() else None
            known = self._read(held) if held else None
            wanted = self._contents(known.version if known else 1, known.issued_at if known else "")
            if held is not None and known == wanted:
                return held
            now = self._clock.now()
            fresh = msgspec.structs.replace(wanted, version=known.version + 1 if known else 1, issued_at=format_moment(now))
            jws = jose.sign(msgspec.json.encode(fresh), typ=NODE_TYPE, key=self._keyring.document_key(now))
            self._write(jws)
            return jws

    def _contents(self, version: int, issued_at: str) -> NodeDocument:
        keyring, node = self._keyring, self._node
        return msgspec.convert(
            {
                "node": node.name,
                "version": version,
                "issued_at": issued_at or format_moment(self._clock.now()),
                "name": node.title,
                "protocols": [PROTOCOL],
                "environment": node.environment,
                "clock": "simulated" if self._clock.simulated else "real",
                "jurisdictions": sorted(node.jurisdictions),
                "endpoints": msgspec.to_builtins(self.endpoints),
                "limits": msgspec.to_builtins(Limits(messages=MAX_MESSAGES, unpacked_bytes=MAX_UNPACKED)),
                "keys": keyring.public_documents(),
                "revoked": keyring.revoked,
                "recovery": keyring.recovery_kid,
            },
            NodeDocument,
        )

    @staticmethod
    def _read(jws: str) -> NodeDocument:
        return read_node_document(ijson.b64url_decode(jws.split(".")[1]))

    def _write(self, jws: str) -> None:
        handle, draft = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(jws)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(self._path)
