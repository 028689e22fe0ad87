"""Write what the node is made of as CycloneDX 1.5, from the lock file: `python -m scripts.bill_of_materials > bom.json`."""

import json
import re
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def bill(lock: str) -> dict[str, Any]:
    """The document; which of a version's files is installed depends on the machine, so hashes stay in the lock."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "woshou"}},
        "components": [
            {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
            for name, version in _PIN.findall(lock)
        ],
    }


if __name__ == "__main__":
    print(json.dumps(bill(LOCK.read_text("utf-8")), indent=1))
