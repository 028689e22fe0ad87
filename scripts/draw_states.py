"""Draw the state machine from its one table: the diagram in docs/architecture.md and the table in docs/protocol.md.

Run `python -m scripts.draw_states` after a change of `TRANSITIONS`; a test compares.
"""

from exchange.conversation import TRANSITIONS, Signal, State, Step
from scripts.generated import fill

ARCHITECTURE, PROTOCOL = "docs/architecture.md", "docs/protocol.md"
DIAGRAM, TABLE = "states-diagram", "states-table"


def diagram() -> str:
    """Every change of state as Mermaid; what changes no state stands in the table only. LAPSED follows from the clock."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, row in TRANSITIONS.items():
        for signal, step in row.items():
            if step.to is not state:
                arrows.setdefault((state, step.to), []).append(_plain(signal))
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        "    direction LR",
        "    [*] --> OPEN: query, or notice that wants feedback",
        "    [*] --> NOTED: notice that wants none",
        *(f"    {source.name} --> {to.name}: {' / '.join(dict.fromkeys(words))}" for (source, to), words in arrows.items()),
        "    ANSWERED --> LAPSED: the clock, neither confirmed nor challenged in time",
        "    CLOSED --> [*]",
        "    LAPSED --> [*]",
        "    WITHDRAWN --> [*]",
        "```",
    ]
    return "\n".join(lines)


def table() -> str:
    """Every state and signal: the next state and the effect, or that the message is rejected."""
    head = ["state", *(_words(signal) for signal in Signal)]
    rows = [[state.name, *(_cell(state, TRANSITIONS[state].get(signal)) for signal in Signal)] for state in State]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _plain(signal: Signal) -> str:
    return "feedback to the challenge" if signal is Signal.FEEDBACK_TO_CHALLENGE else signal.value


def _words(signal: Signal) -> str:
    return {Signal.FEEDBACK: "feedback to another message"}.get(signal, _plain(signal))


def _cell(state: State, step: Step | None) -> str:
    if step is None:
        return "reject"
    return step.effect.value if step.to is state else f"**{step.to.name}**, {step.effect.value}"


def main() -> None:
    """Write both."""
    fill(ARCHITECTURE, DIAGRAM, diagram())
    fill(PROTOCOL, TABLE, table())


if __name__ == "__main__":
    main()
