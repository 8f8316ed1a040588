"""The example of an algo desk, where its day does not go as it hoped."""

import importlib.util
from pathlib import Path

from router.client import AsyncClient
from tests.integration.client.door import ORDER, door, problem, run, says, told

EXAMPLE = Path(__file__).parents[3] / "scripts" / "examples" / "algo_desk.py"


def example():
    found = importlib.util.spec_from_file_location("algo_desk", EXAMPLE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_twap_that_is_refused_is_not_waited_for(capsys):
    def ended(number, name, status):
        return told(number, client_order_id=name, first_client_order_id=name, status=status)

    events = [ended(5, "d-twap", "rejected"), ended(6, "d-sweep", "filled")]

    async def day():
        async with door() as opened, AsyncClient(opened.url) as client:
            begun = {"op": "subscribed", "channel": "reports", "place": [4, 0]}
            opened.streams.append([begun, {"op": "events", "events": events}])
            opened.answers.extend(
                [says(ORDER), says(ORDER), problem(409, "too_late"), says(ORDER), says(ORDER)]
            )
            return await example().work(client, "d", None)

    orders = run(day())

    assert len(orders) == 2
    assert "cancel: too_late" in capsys.readouterr().out
