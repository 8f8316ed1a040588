"""One order told to the engine, from submission to its books."""

from router.domain.order import GasPaid, OrderStatus
from tests.unit.engine.scene import ETHER, PERP, POOL

GAS = GasPaid(atoms=10**14, gas_used=100_000, block_number=8, block_hash="0x08")


def executed_perp_leg(driver, parent, *, ethers=4, filled=4):
    """Bring a parent to where its perp leg has ended."""
    driver.submit(parent)
    problem = driver.observe(parent)
    (child,) = driver.solve(problem, (PERP, ethers), (POOL, 10 - ethers))
    driver.sign(child)
    driver.acknowledge(child)
    if filled:
        driver.fill(child, filled)
    status = OrderStatus.FILLED if filled == ethers else OrderStatus.CANCELED
    driver.end(child, status)
    return child


def executed_pool_leg(driver, parent, ethers):
    problem = driver.observe(parent)
    (child,) = driver.solve(problem, (POOL, ethers))
    driver.sign(child)
    driver.acknowledge(child)
    driver.fill(child, ethers)
    driver.end(child, OrderStatus.FILLED, gas=GAS)
    return child


def settled(ethers_pool, ethers_perp):
    return {
        "native": -GAS.atoms,
        "eth": ethers_pool * ETHER,
        "usdc": -ethers_pool * 3_000 * 10**6,
        "cash": -ethers_perp * 3_000 * 10**6,
        "lots": ethers_perp * 10**4,
    }
