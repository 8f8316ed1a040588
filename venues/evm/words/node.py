"""What a node answers: headers, logs, receipts, checked as they come in. Sans I/O."""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from router.domain.market import BlockRef
from router.domain.order import GasPaid
from router.domain.units import NS_PER_S, TimestampNs
from venues.evm.words import abi

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Header:
    """A block's header, as far as it is needed."""

    number: int
    hash: str
    parent_hash: str
    timestamp_s: int
    base_fee_wei: int

    @property
    def ref(self) -> BlockRef:
        """The block in the words of the house."""
        at_venue = TimestampNs(self.timestamp_s * NS_PER_S)
        return BlockRef(self.number, self.hash, self.parent_hash, at_venue)


@dataclass(frozen=True, slots=True)
class Log:
    """An event of a contract; `removed` says that a reorganisation took it back."""

    address: str  # in lower case
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    index: int
    removed: bool


@dataclass(frozen=True, slots=True)
class Included:
    """A transaction in a block, by the name of its sender and the nonce it used."""

    hash: str
    sender: str  # in lower case
    nonce: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction."""

    hash: str
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    data_fee_wei: int  # what a rollup charges on top for its data; zero elsewhere
    block_number: int
    block_hash: str
    logs: tuple[Log, ...]

    @property
    def gas_paid(self) -> GasPaid:
        """What it cost, in the words of the house."""
        return GasPaid(
            atoms=self.gas_used * self.gas_price_wei + self.data_fee_wei,
            gas_used=self.gas_used,
            block_number=self.block_number,
            block_hash=self.block_hash,
        )


def parse_header(value: object) -> Header:
    """Read a block or a new head.

    Raises
    ------
    MalformedDataError
        If a field is missing or of another form; also in the functions below.
    """
    fields = _object(value, "block")
    return Header(
        number=parse_quantity(fields.get("number")),
        hash=parse_hash(fields.get("hash")),
        parent_hash=parse_hash(fields.get("parentHash")),
        timestamp_s=parse_quantity(fields.get("timestamp")),
        base_fee_wei=parse_quantity(fields.get("baseFeePerGas")),
    )


def parse_body(value: object) -> tuple[Included, ...]:
    """Read the transactions of a block that was asked for with all of them."""
    transactions = _object(value, "block").get("transactions")
    if not isinstance(transactions, list):
        raise MalformedDataError(f"block: transactions must be a list, was {transactions!r:.80}")
    return tuple(_included(_object(each, "transaction")) for each in transactions)


def parse_log(value: object) -> Log:
    """Read a log."""
    fields = _object(value, "log")
    topics = fields.get("topics")
    if not isinstance(topics, list):
        raise MalformedDataError(f"log: topics must be a list, was {topics!r:.80}")
    return Log(
        address=parse_text(fields.get("address")).lower(),
        topics=tuple(parse_hash(topic) for topic in topics),
        data=parse_data(fields.get("data")),
        block_number=parse_quantity(fields.get("blockNumber")),
        block_hash=parse_hash(fields.get("blockHash")),
        index=parse_quantity(fields.get("logIndex")),
        removed=fields.get("removed") is True,
    )


def parse_logs(value: object) -> tuple[Log, ...]:
    """Read a list of logs."""
    if not isinstance(value, list):
        raise MalformedDataError(f"logs must be a list, was {value!r:.80}")
    return tuple(parse_log(item) for item in value)


def parse_receipt(value: object) -> Receipt | None:
    """Read a receipt; None where the transaction is not mined."""
    if value is None:
        return None
    fields = _object(value, "receipt")
    return Receipt(
        hash=parse_hash(fields.get("transactionHash")),
        succeeded=parse_quantity(fields.get("status")) == 1,
        gas_used=parse_quantity(fields.get("gasUsed")),
        gas_price_wei=parse_quantity(fields.get("effectiveGasPrice")),
        data_fee_wei=parse_quantity(fields.get("l1Fee") or "0x0"),
        block_number=parse_quantity(fields.get("blockNumber")),
        block_hash=parse_hash(fields.get("blockHash")),
        logs=parse_logs(fields.get("logs")),
    )


def parse_quantity(value: object) -> int:
    """Read a 0x-prefixed number."""
    text = parse_text(value)
    try:
        if text.startswith("0x"):
            return int(text, 16)
    except ValueError:
        pass
    raise MalformedDataError(f"must be a number in hex beginning with 0x, was {text!r:.80}")


def parse_hash(value: object) -> str:
    """Read 32 bytes in hex, and return them in lower case."""
    text = parse_text(value)
    abi.fixed_bytes(text, _HASH_BYTES)
    return text.lower()


def parse_data(value: object) -> bytes:
    """Read bytes in hex."""
    return abi.hex_bytes(parse_text(value))


def parse_text(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise MalformedDataError(f"must be a string, was {value!r:.80}")
    return value


def _included(fields: dict[str, object]) -> Included:
    return Included(
        hash=parse_hash(fields.get("hash")),
        sender=parse_text(fields.get("from")).lower(),
        nonce=parse_quantity(fields.get("nonce")),
    )


def _object(value: object, noun: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise MalformedDataError(f"{noun}: must be an object, was {value!r:.80}")
    return value
