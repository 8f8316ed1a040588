"""A fill on record that never was, or was another: an operator has it taken back."""

from collections.abc import Mapping
from pathlib import Path

from router.cli import cancel, show
from router.gateway.bust_request import parse_bust


def run(
    path: Path,
    *,
    child: str,
    fill: str,
    corrected: Mapping[str, str],
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Void a fill at the daemon, and print where its order stands then.

    Parameters
    ----------
    corrected : Mapping[str, str]
        ``quantity``, ``notional`` and ``fee`` of what was filled instead; empty: nothing.
    """
    words = {"child": child, "fill": fill, "reason": reason, "by": by, **corrected}
    parse_bust(words)
    answer = cancel.ask(path, {"do": "bust", **words})
    if as_json:
        show.print_json(answer)
        return
    what = "taken back" if answer["is_new"] else "had been taken back before"
    show.console().print(
        f"{fill}: {what}; {answer['client_order_id']} is {answer['status']} with"
        f" {answer['cumulative']} of {answer['ordered']} {answer['quantity_asset']} filled",
        soft_wrap=True,
        markup=False,
    )
