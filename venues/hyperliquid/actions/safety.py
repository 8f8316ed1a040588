"""The dead man's switch, and the using up of a nonce. Pure."""


def schedule_cancel(at_ms: int | None) -> dict[str, object]:
    """Return the action that cancels every open order at a time, or at none."""
    if at_ms is None:
        return {"type": "scheduleCancel"}
    return {"type": "scheduleCancel", "time": at_ms}


def noop() -> dict[str, object]:
    """Return the action that uses its nonce up; an order in doubt with it can happen no more."""
    return {"type": "noop"}
