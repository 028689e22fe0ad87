"""The page for security officers says what the program does."""

import pytest

from scripts.generated import ROOT, filled
from scripts.list_rights import PAGE, operation_list, page_list, rights, tables

PARTS = [("rights", rights), ("operations", operation_list), ("pages", page_list), ("tables", tables)]


@pytest.mark.parametrize(("part", "made"), PARTS)
def test_the_page_lists_every_right_operation_page_and_table(part, made):
    text = (ROOT / PAGE).read_text("utf-8")
    assert filled(text, part, made()) == text, "run: python -m scripts.list_rights"
