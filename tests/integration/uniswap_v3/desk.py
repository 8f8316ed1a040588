"""The trader on the prepared chain: legs planned on its pools, children of them, its balances."""

import contextlib

from tests.integration.uniswap_v3 import scene

WETH = 10**18
USDC = 10**6


@contextlib.asynccontextmanager
async def trading(chain, **changes):
    """Give a started venue and a way to plan legs on the present state of its pools."""
    async with scene.started(chain.manifest, **changes) as venue:
        pools = await scene.present(venue)
        by_name = {i.id: i for i in scene.instruments(chain.manifest)}

        def plan(fee, side, kind, exact, tolerance=0):
            instrument = by_name[f"uniswap_v3:WETH/USDC:{fee}"]
            pool = pools[instrument.id]
            return scene.planned_leg(instrument, pool, side, kind, exact, tolerance_atoms=tolerance)

        yield venue, plan


async def child_of(chain, venue, legs, *, lifetime_s=60, name="c-1"):
    account = await venue.read_account()
    deadline_s = scene.chain_time_s(chain) + lifetime_s
    return scene.child(legs, nonce=account.next_nonce, deadline_s=deadline_s, name=name)


def balances(chain):
    trader = chain.manifest.account("trader").address
    return {s: chain.client.balance_of(s, trader) for s in ("USDC", "WETH", "ETH")}
