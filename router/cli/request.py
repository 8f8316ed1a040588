"""Arguments of a verb as an order request."""


def request(*, cash: bool, base: str, quote: str, **fields: str | None) -> dict[str, str]:
    """Return the flat mapping that orders are made of, without what was not given."""
    given = {name: value for name, value in fields.items() if value is not None}
    return {**given, "base": base, "quote": quote, "quantity_asset": quote if cash else base}
