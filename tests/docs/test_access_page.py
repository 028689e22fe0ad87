"""The page for security officers says what the program does."""

import pytest

from scripts.generated import ROOT, filled
from scripts.list_rights import PAGE, operation_list, rights, tables


@pytest.mark.parametrize(("part", "made"), [("rights", rights), ("operations", operation_list), ("tables", tables)])
def test_the_page_lists_every_right_operation_and_table(part, made):
    text = (ROOT / PAGE).read_text("utf-8")
    assert filled(text, part, made()) == text, "run: python -m scripts.list_rights"
