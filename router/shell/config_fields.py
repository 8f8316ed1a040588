"""What the models of the configuration share: strictness, and numbers that are meant as typed.

Refuses floats with a hidden tail, exponents, and switches where a number belongs.
"""

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_PLAIN: Final = re.compile(r"-?[0-9]{1,78}(\.[0-9]{1,40})?\Z")


def _plain(text: str) -> str:
    if not _PLAIN.match(text):
        raise ValueError("must be a plain decimal number such as '2500.5'")
    return text


def _not_a_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports ValueError
    return value


# Not strict: TOML has no decimals, 0.25 and "0.25" are both meant.
Number = Annotated[Decimal, BeforeValidator(_not_a_switch), Field(strict=False)]
# Below 10,000: a hundred percent under the arrival price a seller's bound is a price of zero.
Bps = Annotated[Number, Field(ge=0, lt=10_000, decimal_places=2)]
SignedBps = Annotated[Number, Field(gt=-10_000, lt=10_000, decimal_places=2)]
PlainDecimal = Annotated[str, AfterValidator(_plain)]


class Strict(BaseModel):
    """A table of the file: no key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
