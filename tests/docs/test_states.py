"""The drawn state machine is the one that runs."""

from pathlib import Path

import pytest

from exchange.conversation import TRANSITIONS, State
from scripts.draw_states import ARCHITECTURE, DIAGRAM, PROTOCOL, TABLE, diagram, table
from scripts.generated import NoSuchPart, filled

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("page", "part", "text"), [(ARCHITECTURE, DIAGRAM, diagram()), (PROTOCOL, TABLE, table())], ids=["diagram", "table"]
)
def test_the_page_shows_the_table_of_the_code(page: str, part: str, text: str):
    """If this fails: python -m scripts.draw_states."""
    written = (ROOT / page).read_text("utf-8")
    assert filled(written, part, text) == written


def test_every_change_of_state_has_an_arrow():
    drawn = {tuple(line.split(":")[0].split(" --> ")) for line in diagram().splitlines() if "-->" in line}
    changes = {
        (f"    {state.name}", step.to.name) for state, row in TRANSITIONS.items() for step in row.values() if step.to is not state
    }
    assert changes <= drawn


def test_every_state_has_a_row():
    assert [line.split("|")[1].strip() for line in table().splitlines()[2:]] == [state.name for state in State]


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(NoSuchPart):
        filled("nothing here", "states-table", "text")


def test_the_folders_of_the_tour_exist():
    tour = (ROOT / ARCHITECTURE).read_text("utf-8").split("```text")[1].split("```")[0]
    missing, folder = [], ""
    for line in tour.splitlines():
        names = [word for word in line.split("  ") if word.strip().endswith((".py", "/"))]
        if line and not line.startswith(" "):
            folder = line.split("/")[0]
            continue
        missing += [name for name in names if not (ROOT / folder / name.strip()).exists()]
    assert missing == []
