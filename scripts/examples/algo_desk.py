"""An algo desk's day in a minute: a TWAP and a sweep, their fills as they happen, and a cancel.

    python scripts/examples/algo_desk.py http://127.0.0.1:8080 --key desk-1 --account main

The key's private half is read from the environment variable HEADRACE_KEY, base64; leave --key out
where the door asks for none. Run it against the sandboxes first: it trades.
"""

import argparse
import asyncio
import os
from collections.abc import Mapping
from contextlib import aclosing
from decimal import Decimal

from router.client import AsyncClient, Ed25519Signer
from router.client.error import TooLateError
from router.client.model import NewOrder, Order, Report
from router.client.stream import Reports

KEY_ENV = "HEADRACE_KEY"
BASE, QUOTE = "ETH", "USDC"
WITHIN_S = 60.0


def twap(name: str, account: str | None) -> NewOrder:
    """Return an order that is spread over half a minute, a part each second."""
    schedule: Mapping[str, str] = {"algo": "twap", "duration_s": "30", "interval_s": "1"}
    return NewOrder(
        client_order_id=name,
        side="buy",
        quantity=Decimal(3),
        account=account,
        algo=schedule,
        base=BASE,
        quote=QUOTE,
    )


def sweep(name: str, account: str | None) -> NewOrder:
    """Return an order for now, over every venue, at no more than 30 bps from the mid."""
    return NewOrder(
        client_order_id=name,
        side="buy",
        quantity=Decimal("0.5"),
        slippage_max_bps=Decimal(30),
        account=account,
        more={"allow_similar": True},
        base=BASE,
        quote=QUOTE,
    )


def told(report: Report) -> str:
    """Return a report as a line."""
    head = f"{report.client_order_id:<16} {report.kind:<15} {report.status}"
    if report.fill is None:
        return f"{head} {report.text}".rstrip()
    fill = report.fill
    return f"{head} {fill.quantity} at {fill.price} on {fill.instrument}, {report.leaves} left"


async def watch(reports: Reports, names: set[str], traded: asyncio.Event) -> None:
    """Print what happens to some orders until all have ended."""
    going = set(names)
    async with aclosing(reports.follow()) as stream:
        async for report in stream:
            first = report.data["first_client_order_id"]
            if first not in going:
                continue
            print(told(report), flush=True)
            if first.endswith("twap") and (report.fill is not None or report.is_last):
                traded.set()  # or will not
            if report.is_last:
                going.discard(first)
            if not going:
                return


async def work(client: AsyncClient, prefix: str, account: str | None) -> list[Order]:
    """Send both, cancel the TWAP once it has traded, and return how they ended.

    Raises
    ------
    TimeoutError
        If they have not after a minute; they are still at work then.
    """
    names, traded = [f"{prefix}-twap", f"{prefix}-sweep"], asyncio.Event()
    reports = client.reports()
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
        group.create_task(watch(reports, set(names), traded))
        await reports.subscribed.wait()  # else the first reports might be missed
        await client.submit(twap(names[0], account))
        await client.submit(sweep(names[1], account))
        await traded.wait()
        try:
            stop = await client.cancel(names[0], request=f"{prefix}-stop", wait_s=Decimal(10))
        except TooLateError as error:
            print(f"cancel: {error}", flush=True)
        else:
            print(f"cancel: {stop.result}", flush=True)
    return [await client.order(name) for name in names]


async def main() -> None:
    """Do a day's work."""
    parser = argparse.ArgumentParser(description="A TWAP, a sweep, their fills, and a cancel.")
    parser.add_argument("url", help="of the HTTP door, such as http://127.0.0.1:8080")
    parser.add_argument("--key", help=f"id of the key; its private half is in {KEY_ENV}")
    parser.add_argument("--account", help="trading account; needed where the key has several")
    parser.add_argument("--prefix", default="day-1", help="of the orders' names: another each day")
    asked = parser.parse_args()
    signer = Ed25519Signer(asked.key, os.environ[KEY_ENV]) if asked.key else None
    async with AsyncClient(asked.url, signer) as client:
        for order in await work(client, asked.prefix, asked.account):
            done = f"{order.cumulative} of {order.ordered} {order.base}"
            print(f"{order.client_order_id}: {order.status}, {done} at {order.average_price}")


if __name__ == "__main__":
    asyncio.run(main())
