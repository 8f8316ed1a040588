"""What the deployed router makes of encodings that ordinary executions do not need, or must not."""

from dataclasses import replace

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import Amount, Side
from tests.integration.execution.pools import V2, V3, V3_DEEP, V4, V4_COIN
from venues.evm.routers import universal_router
from venues.evm.routers.calldata import Execution
from venues.evm.routers.universal_router import Terms
from venues.evm.spec import RouterVersion
from venues.evm.words import revert
from venues.evm.words.permit2 import PermitSingle, sign_permit

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
ETHER, DOLLAR = 10**18, 10**6
HOOKED = "uniswap_v4:ETH/USDC:3000/60/00000044@local"  # its hook takes 1.23 % after the swap


def v3_swap(scene, *, fee_pips, amount_in, amount_out_min):
    """Sell ether for dollars in a V3 pool."""
    tokens = [scene.config.tokens[asset].address for asset in ("ETH", "USDC")]
    terms = Terms(is_exact_in=True, exact_atoms=amount_in, bound_atoms=amount_out_min)
    version = RouterVersion.V2_0
    return universal_router.v3_swap(terms, tokens=tokens, fees_pips=(fee_pips,), version=version)


def permitted(scene, amount, *commands):
    """Return an execution that may spend so much ether on commands."""
    router, deadline = scene.config.routers["universal_router"], scene.chain_time_s() + 600
    permit = PermitSingle(
        token=scene.config.tokens["ETH"].address,
        amount=amount,
        expires_at_s=deadline,
        nonce=0,
        spender=router,
        signature_expires_at_s=deadline,
    )
    signature = sign_permit(
        scene.key, permit, chain_id=scene.config.chain_id, permit2=scene.config.permit2
    )
    whole = (universal_router.permit(permit, signature), *commands)
    return Execution(router, 0, universal_router.execute(whole, deadline_s=deadline), deadline)


def test_an_optional_sub_plan_reverts_alone_and_the_rest_is_done(scene):
    quoted = scene.hop(V3, "ETH", "USDC", ETHER)
    impossible = v3_swap(scene, fee_pips=500, amount_in=ETHER, amount_out_min=10**15)
    wanted = v3_swap(scene, fee_pips=3000, amount_in=ETHER, amount_out_min=quoted.received.atoms)
    before = scene.balances()

    optional = universal_router.sub_plan([wanted, impossible], may_revert=True)
    receipt = scene.receipt(scene.send(permitted(scene, 3 * ETHER, optional, wanted)))

    assert receipt.succeeded
    assert scene.balances()["ETH"] == before["ETH"] - ETHER
    assert scene.balances()["USDC"] == before["USDC"] + quoted.received.atoms


def test_an_optional_sub_plan_that_does_not_revert_is_done(scene):
    quoted = scene.hop(V3_DEEP, "ETH", "USDC", ETHER)
    swap = v3_swap(scene, fee_pips=500, amount_in=ETHER, amount_out_min=quoted.received.atoms)
    before = scene.balances()["USDC"]

    optional = universal_router.sub_plan([swap], may_revert=True)
    assert scene.receipt(scene.send(permitted(scene, ETHER, optional))).succeeded

    assert scene.balances()["USDC"] == before + quoted.received.atoms


def test_a_sub_plan_that_may_not_revert_takes_everything_with_it(scene):
    impossible = v3_swap(scene, fee_pips=500, amount_in=ETHER, amount_out_min=10**15)

    plan = universal_router.sub_plan([impossible], may_revert=False)
    reason = revert.explain(scene.refusal(permitted(scene, ETHER, plan)))

    assert reason == (
        "command 1 failed: a swap would pay less than its minimum (V3TooLittleReceived)"
    )


@pytest.mark.parametrize("kind", [BASE, CASH])
def test_the_deployed_router_does_not_mind_a_sixth_argument_of_v2_and_v3_swaps(scene, kind):
    unit = ETHER if kind is BASE else 3_000 * DOLLAR
    legs = [scene.direct(name, SELL, kind, unit) for name in (V2, V3)]

    fills, _ = scene.done(scene.child(*legs), router_version=RouterVersion.V2_1_1)

    assert [fill.notional for fill in fills] == [leg.notional for leg in legs]


@pytest.mark.parametrize("kind", [BASE, CASH])
def test_the_deployed_router_refuses_a_v4_swap_in_the_words_of_a_later_one(scene, kind):
    leg = scene.direct(V4, SELL, kind, ETHER if kind is BASE else 3_000 * DOLLAR)
    execution = scene.execution(scene.child(leg), router_version=RouterVersion.V2_1_1)

    before = scene.balances()
    receipt = scene.receipt(scene.send(execution))

    assert not receipt.succeeded
    assert scene.balances() == before | {"coin": before["coin"] - receipt.gas_paid.atoms}


# Each atom the hook took is missing from what the pool told, and is not in the fill either.
@pytest.mark.parametrize(("kind", "unit"), [(BASE, ETHER), (CASH, 3_000 * DOLLAR)])
def test_a_pool_whose_hook_takes_a_part_is_booked_as_what_came_of_it(scene, kind, unit):
    plain = [scene.direct(name, SELL, kind, unit) for name in (V3, V4_COIN)]
    hooked = scene.direct(HOOKED, SELL, kind, unit, tolerance_pips=20_000)
    before = scene.balances()

    fills, _ = scene.done(scene.child(plain[0], hooked, plain[1]))

    after = scene.balances()
    assert [fills[0].notional, fills[2].notional] == [leg.notional for leg in plain]
    assert sum(fill.quantity.atoms for fill in fills) == before["ETH"] - after["ETH"]
    assert sum(fill.notional.atoms for fill in fills) == after["USDC"] - before["USDC"]
    if kind is BASE:
        taken = hooked.notional.atoms * 123 // 10_000
        assert fills[1].notional.atoms == hooked.notional.atoms - taken
    else:
        assert fills[1].quantity.atoms == hooked.quantity.atoms * 10_123 // 10_000
    assert scene.router_is_empty()


def test_an_exact_output_that_a_v4_pool_cannot_give_whole_reverts(scene):
    """The pool pays what it has, and the deployed router does not look at how much that is."""
    name = scene.add_small_v4_pool(fee_pips=100, tick_spacing=1)
    whole = scene.direct(name, SELL, CASH, 10 * DOLLAR)
    scene.done(scene.child(whole))
    most = scene.hop(name, "ETH", "USDC", 100 * ETHER)  # pays what it is worth, and takes less
    assert most.paid.atoms < 100 * ETHER

    beyond = replace(
        whole,
        notional=Amount("USDC", most.received.atoms + 1),
        bound=Amount("ETH", 100 * ETHER),
    )
    reason = revert.explain(scene.refusal(scene.execution(scene.child(beyond))))

    assert "CurrencyNotSettled" in reason
