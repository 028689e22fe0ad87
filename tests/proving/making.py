"""Evidence files of real nodes, and the verifier as others run it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from adapters.office import Office
from exchange.codes import Role
from exchange.proving.file import EVIDENCE_TYPE, write_file
from exchange.verbs.proving.gather import gather

SCRIPT = Path(__file__).parents[2] / "examples" / "verify_evidence.py"


def load_verifier() -> ModuleType:
    """The stand-alone script as a module, for the many small changes that a process each would be too slow for."""
    spec = importlib.util.spec_from_file_location("verify_evidence", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


VERIFIER = load_verifier()


def evidence(office: Office, exchange: str, *, bodies: bool = True, role: Role | None = None) -> bytes:
    """What `woshou evidence` writes."""
    us = office.myself()
    with office.ledgers.transaction(read_only=True) as ledger:
        held = next(each for each in ledger.exchanges.named(exchange) if role in (None, each.key.role))
        parts = gather(ledger, us, held, bodies=bodies)
    return write_file(parts, us.node, office.now(), office.signer(EVIDENCE_TYPE))


def resealed(office: Office, data: bytes, **parts: Any) -> bytes:
    """The file with other parts, sealed anew by the node that made it: what a party that lies could make."""
    held = json.loads(data)["parts"]
    return write_file({**held, **parts}, office.node.name, office.now(), office.signer(EVIDENCE_TYPE))


def parts_of(data: bytes) -> dict[str, Any]:
    """The parts of a file, to be changed."""
    found: dict[str, Any] = json.loads(data)["parts"]
    return found


def judged(data: bytes, *documents: str) -> str:
    """The verifier's word: `holds`, `doubtful`, or why it refuses."""
    try:
        keys = [VERIFIER.Keys(document) for document in documents]
        lines = VERIFIER.verify(data, {each.node: each for each in keys})
    except VERIFIER.Refused as refusal:
        return str(refusal.code)
    return "doubtful" if any(kind == "doubtful" for kind, _, _ in lines) else "holds"


def documents(folder: Path, *offices: Office) -> list[str]:
    """The words that hand the verifier the documents of these nodes, as somebody fetched them."""
    words = []
    for office in offices:
        path = folder / f"{office.node.name}.jws"
        path.write_text(office.documents.current(), "ascii")
        words += ["--document", str(path)]
    return words


def as_others_do(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a process of its own, isolated: nothing of Woshou can be imported there."""
    command = [sys.executable, "-I", str(SCRIPT), str(file), *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=file.parent, timeout=60)
