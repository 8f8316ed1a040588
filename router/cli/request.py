"""Arguments of a verb as an order request."""

from typing import Final

import typer

from router.gateway.algo_request import FIELDS
from router.shell.quote_file import is_quote_id

_QUOTE_DEFAULT: Final = "USDC"


def request(*, cash: bool, base: str, quote: str, **fields: str | None) -> dict[str, str]:
    """Return the flat mapping that orders are made of, without what was not given."""
    return {
        **_given(fields),
        "base": base,
        "quote": quote,
        "quantity_asset": quote if cash else base,
    }


def order_request(
    *, quote: str | None, base: str | None, cash: bool, **fields: str | None
) -> dict[str, str]:
    """Return the request of an order, or of a quote that is to be executed as it was shown.

    Raises
    ------
    typer.BadParameter
        If neither a quote nor all words of an order are there, or both.
    """
    if quote is not None and is_quote_id(quote):
        words = {"base": base, "quantity_asset": "" if cash else None}
        return {**_given(fields), **_given(words), "quote_id": quote}
    for name, word in (("side", fields.get("side")), ("quantity", fields.get("quantity"))):
        if word is None:
            raise typer.BadParameter(f"Missing argument '{name}'.")
    if base is None:
        raise typer.BadParameter("Missing argument 'base'.")
    if fields.get("drift_max_bps") is not None:
        raise typer.BadParameter("--drift-max-bps needs --quote with the id of a quote")
    return request(cash=cash, base=base, quote=quote or _QUOTE_DEFAULT, **fields)


def parameters(words: list[str]) -> dict[str, str]:
    """Return what an algo is told, word by word.

    Raises
    ------
    typer.BadParameter
        If a word is no parameter of an algo, or two say the same.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in FIELDS - {"algo"} or name in found:
            known = ", ".join(sorted(FIELDS - {"algo"}))
            raise typer.BadParameter(f"--set {word}: use one of {known}, once, as in name=value")
        found[name] = value
    return found


def _given(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
