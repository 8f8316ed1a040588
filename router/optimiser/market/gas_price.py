"""What gas costs in quote, and which instruments share a transaction."""

from router.domain.instrument import Instrument
from router.domain.plan import ChainCash, RoutingProblem
from router.domain.units import AccountId, Rounding, divide


def gas_price_atoms(problem: RoutingProblem, chain: ChainCash | None, units: int) -> int:
    """Return what units of gas cost, rounded up, [quote atoms]; 0 where gas has no price."""
    if chain is None or chain.gas_price is None:
        return 0
    price = chain.gas_price
    return divide(units * problem.gas_fee_wei * price.quote_atoms, price.base_atoms, Rounding.UP)


def chain_of(problem: RoutingProblem, instrument: Instrument) -> ChainCash | None:
    """Return the chain account an instrument draws on."""
    return next((c for c in problem.chains if c.account == instrument.account), None)


def transaction_of(instrument: Instrument) -> tuple[AccountId, str]:
    """Return what the instruments that share a transaction have in common."""
    return instrument.account, instrument.router
