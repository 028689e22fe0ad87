"""Words that are no command: how a usage error is told, and that it repeats nothing of what was given."""

import pytest

from tests.cli.screens import on_screen
from woshou.cli.exits import Exit

NUMBER = "420106199003070011"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("subject", "report", NUMBER), "no such command, or more arguments than it takes"),
        (("subject", NUMBER), "no such command, or more arguments than it takes"),
        ((NUMBER,), "no such command, or more arguments than it takes"),
        (("subject", "report", f"--{NUMBER}"), "no such option"),
        (("subject", "report", "--document", NUMBER), "'--document': one of id_number"),
        (("register", "list", "--limit", f"n{NUMBER}"), "invalid value for '--limit'"),
        (("audit", "list", "--first", NUMBER), "invalid value for '--first'"),
        (("subject", "report", f"--people={NUMBER}"), "an option lacks its value, or takes none"),
        (("import", "outflow", f"/nowhere/{NUMBER}"), "invalid value for"),
        (("subject", "correct"), "Missing option '--fields'"),
    ],
)
def test_no_usage_error_repeats_what_was_given(empty, words, said):
    screen = on_screen(empty, *words, code=Exit.USAGE)
    assert said in " ".join(screen.replace("│", " ").split())
    refused = empty(*words)
    assert (refused.code, refused.refusal["code"]) == (Exit.USAGE, "usage")
    assert said in refused.refusal["en"]
    assert NUMBER not in screen + refused.out + refused.err
