"""data-diff or reladiff over two databases, by its Python interface with its own settings; runs in that tool's environment.

python bisecting.py MODULE TABLE LEFT RIGHT      # places as JSON; tells the rows that differ as JSON
"""

import importlib
import json
import sys


def main(module: str, table: str, *places: str) -> None:
    tool = importlib.import_module(module)
    if hasattr(tool, "disable_tracking"):
        tool.disable_tracking()
    left, right = (
        tool.connect_to_table({"driver": "postgresql", **json.loads(place)}, table, "token", extra_columns=("content",))
        for place in places
    )
    print(json.dumps([(sign, row[0]) for sign, row in tool.diff_tables(left, right)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
