"""A configuration without its keys, and without its accounts: it can be looked at, and no more."""

import asyncio

import pytest

from router.compose.assembly import assemble
from router.compose.dry_run.balances import assumed_accounts, parse_balances
from router.domain.error import ConfigError, NotSentError
from router.domain.units import NATIVE
from router.shell.clock import SystemClock
from tests.unit.compose.desk_file import DESK, ENVIRONMENT

NOBODY = "0x" + "00" * 20


def written(tmp_path, text=DESK):
    path = tmp_path / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def nobodys():
    return "\n".join(line for line in DESK.splitlines() if not line.startswith("account = "))


def watching(tmp_path, text=DESK):
    return assemble(written(tmp_path, text), {}, SystemClock(), only_watches=True)


def test_without_keys_everything_is_assembled_that_is_only_watched(tmp_path):
    watched = watching(tmp_path)
    trading = assemble(tmp_path / "desk.toml", ENVIRONMENT, SystemClock())

    assert watched.instruments == trading.instruments
    assert [v.account for v in watched.venues.values()] == [
        v.account for v in trading.venues.values()
    ]


def test_who_trades_needs_its_keys_and_its_accounts(tmp_path):
    with pytest.raises(ConfigError, match=r"_key_env: environment variable \w+_KEY is not set"):
        assemble(written(tmp_path), {}, SystemClock())
    with pytest.raises(ConfigError, match=r"account: missing; add it"):
        assemble(written(tmp_path, nobodys()), ENVIRONMENT, SystemClock())


@pytest.mark.parametrize("venue", ["local", "hyperliquid"])
def test_who_only_watches_signs_nothing(tmp_path, venue):
    watched = watching(tmp_path).venues[venue]

    with pytest.raises(NotSentError, match="there is no key here: it only watches"):
        asyncio.run(watched.sign(None))


def test_who_only_watches_a_chain_sends_nothing_and_asks_nobody(tmp_path):
    chain = watching(tmp_path).venues["local"]

    for asked in (chain.submit(None, None), chain.resolve(None, ()), chain.replace(None, (), None)):
        with pytest.raises(NotSentError, match="it only watches"):
            asyncio.run(asked)


def test_without_an_account_balances_must_be_said(tmp_path):
    assembly = watching(tmp_path, nobodys())

    with pytest.raises(ConfigError, match=r"account: missing; add it, or say what accounts are"):
        parse_balances(assembly, ())
    assert {i.account for i in assembly.instruments} == {
        f"evm:31337:{NOBODY}",
        f"hyperliquid:{NOBODY}",
    }


def test_balances_are_at_every_venue_or_at_the_one_that_is_named(tmp_path):
    assembly = watching(tmp_path, nobodys())
    said = parse_balances(assembly, ("USDC=10.5", "local:ETH=2", "hyperliquid:USDC=0.000001"))

    chain, perp = sorted(assumed_accounts(assembly, said, ()), key=lambda a: a.account)

    assert (chain.spendable_atoms("USDC"), chain.spendable_atoms("ETH")) == (10_500_000, 2 * 10**18)
    assert chain.balance(NATIVE) > 0
    assert (perp.equity_atoms, perp.balance("USDC")) == (10_500_001, 10_500_001)
    (held,) = perp.positions
    assert (held.lots, held.leverage) == (0, 10)
    assert assumed_accounts(assembly, (), ()) == ()
