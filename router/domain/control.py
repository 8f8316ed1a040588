"""The pre-trade controls: what they are called, and what one of them found."""

import enum
from dataclasses import dataclass

from router.domain.scope import Scope


class Control(enum.StrEnum):
    """The code of a control, as verdicts, logs and runbooks name it."""

    ORDER_SIZE = "C01-order-size"
    PRICE_COLLAR = "C02-price-collar"
    SLIPPAGE = "C03-slippage"
    PRICE_IMPACT = "C04-price-impact"
    EXPOSURE = "C05-exposure"
    DAILY = "C06-daily"
    MESSAGE_RATE = "C07-message-rate"
    DUPLICATE = "C08-duplicate"
    REPEATED = "C09-repeated-execution"
    CONSERVATION = "C10-conservation"
    RESTRICTED = "C11-restricted"
    TOKEN_SAFETY = "C12-token-safety"  # noqa: S105 - the tokens of a chain
    SELF_TRADE = "C13-self-trade"
    STALE_DATA = "C14-stale-data"
    ORDER_FORM = "C15-order-form"
    GAS = "C16-gas"
    BALANCE = "C17-balance"
    HOURS = "C18-hours"
    CONFIRMATION = "C19-confirmation"
    KILL_SWITCH = "C20-kill-switch"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a control found: it said no, and this is what it looked at.

    Attributes
    ----------
    key : str
        Where the limit stands in the configuration, unit included; a name where it is hard-wired.
    limit, value : str
        What is allowed and what was asked, in the unit of the key.
    """

    control: Control
    scope: Scope
    key: str
    limit: str
    value: str
    message: str
