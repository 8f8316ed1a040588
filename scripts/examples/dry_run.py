"""What an order would cost, before anybody sends it: a notebook in cells.

    python scripts/examples/dry_run.py http://127.0.0.1:8080

Editors that know `# %%` run it cell by cell. Nothing is traded; a key that may quote is enough (its
id in HEADRACE_KEY_ID, its private half in HEADRACE_KEY, base64; none where the door asks for none).
"""

# %% Where the desk is
import os
import sys
from decimal import Decimal
from typing import Any

from router.client import Client, Ed25519Signer
from router.client.model import NewOrder

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
KEY_ID, KEY = os.environ.get("HEADRACE_KEY_ID"), os.environ.get("HEADRACE_KEY")
SIGNER = Ed25519Signer(KEY_ID, KEY) if KEY_ID and KEY else None
BAR_WIDTH = 40


def order(quantity: str, **terms: Any) -> NewOrder:  # noqa: ANN401 - of the order
    """Return the order whose size is looked at."""
    return NewOrder(
        client_order_id="never-sent",
        side="buy",
        quantity=Decimal(quantity),
        base="ETH",
        quote="USDC",
        **terms,
    )


client = Client(URL, SIGNER)
client.__enter__()  # left in the last cell

# %% One quote: what it costs, and why
quote = client.quote(order("100"), compare=True)
slippage = quote["slippage"]
band, causes = slippage["band"], slippage["causes"]
print(f"100 ETH at a mid of {slippage['arrival_mid']}: {slippage['total_bps']:.2f} bps worse")
print(f"  between {band['low_bps']:.2f} and {band['high_bps']:.2f} bps, {band['level_pct']} % sure")
for cause in ("impact_bps", "fees_bps", "gas_bps", "funding_bps"):
    print(f"  {cause.removesuffix('_bps'):<8} {causes[cause]:>7.2f}")

# %% Where it would be traded
print(f"{'where':<44} {'quantity':>12} {'share':>7} {'bps':>7}")
for leg in slippage["legs"]:
    share, bps = f"{leg['share_pct']:.1f} %", f"{leg['slippage_bps']:.2f}"
    print(f"{leg['instrument'][:44]:<44} {leg['quantity'][:12]:>12} {share:>7} {bps:>7}")

# %% Against other ways
print(f"{'way':<32} {'bps':>8} {'worse by':>9}")
for way in quote["comparison"]:
    found = [way["slippage_bps"], way["worse_by_bps"]]
    shown = ["-" if each is None else f"{each:.2f}" for each in found]
    print(f"{way['method'][:32]:<32} {shown[0]:>8} {shown[1]:>9}")

# %% Slippage against size
curve = client.quote(order("100"), curve=True)["curve"]
worst = max((p["slippage_bps"] for p in curve if p["slippage_bps"] is not None), default=1.0)
for point in curve:
    if point["slippage_bps"] is None:
        print(f"{point['quantity']:>12} ETH  {point['reason']}")
        continue
    bar = "#" * max(1, round(BAR_WIDTH * point["slippage_bps"] / max(worst, 0.01)))
    print(f"{point['quantity']:>12} ETH {point['slippage_bps']:>7.2f} bps {bar}")

# %% One that cannot be, and what could
refused = client.quote(order("100", limit_price=Decimal(100)))
print(f"feasible: {refused['feasible']}: {refused['infeasible']['message']}")

# %% The end
client.__exit__(None, None, None)
