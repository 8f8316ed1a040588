"""The kinds of values of which requests and answers are made: decimals are strings, with bounds."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"
_UNSIGNED: Final = r"^[0-9]{1,30}(\.[0-9]{1,30})?$"
_SECONDS: Final = r"^[0-9]{1,6}(\.[0-9]{1,9})?$"
_BPS: Final = r"^[0-9]{1,5}(\.[0-9]{1,2})?$"
_SHARE: Final = r"^[0-9]{1,3}(\.[0-9]{1,6})?$"
_SCOPE: Final = r"^(firm|(account|strategy|venue):[A-Za-z0-9._:@/-]{1,128})$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
ClientName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")]  # empty: the desk's own
BasketName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,61}$")]
QuoteName = Annotated[str, Field(pattern=r"^q-[0-9a-f]{16}$")]
AssetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$", examples=["ETH"])]
Quantity = Annotated[str, Field(pattern=_UNSIGNED, examples=["1.5"])]
Number = Annotated[str, Field(pattern=_UNSIGNED)]
Seconds = Annotated[str, Field(pattern=_SECONDS, examples=["60"])]
Bps = Annotated[str, Field(pattern=_BPS, examples=["25"])]
Share = Annotated[str, Field(pattern=_SHARE, examples=["0.1"])]
Whole = Annotated[str, Field(pattern=r"^[0-9]{1,6}$", examples=["20"])]
WaitSeconds = Annotated[str, Field(pattern=r"^(30|[12]?[0-9])(\.[0-9]{1,3})?$", examples=["5"])]
Reason = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,400}$", examples=["venue is down"])]
ScopeLabel = Annotated[str, Field(pattern=_SCOPE, examples=["firm", "venue:hyperliquid"])]
Identity = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]

SideWord = Literal["buy", "sell"]
TimeInForce = Literal["deadline", "ioc", "fok"]
AlgoWord = Literal["sweep", "twap", "pov", "shortfall", "iceberg", "limit"]
StateWord = Literal["active", "reduce_only", "cancel_only", "halted"]

Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["1.5"])]
Nanoseconds = Annotated[str, Field(pattern=r"^-?[0-9]+$", examples=["1790000000000000000"])]


class Request(BaseModel):
    """What a client may say: nothing that is not named, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Query(BaseModel):
    """The parameters behind the question mark: text, read as what it must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """What is answered; a later version may add fields, never take one away."""

    model_config = ConfigDict(extra="allow", frozen=True)
