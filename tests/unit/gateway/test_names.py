"""What a client's names stand for; kept in the world, so that a restart knows them too."""

from dataclasses import replace

from router.gateway.names import Outcome, Role, find, order_named
from router.gateway.order_request import parent_id
from tests.unit.engine.altered import started
from tests.unit.engine.scene import PERP, order

MINE = parent_id("journal", "mine", client="acme")
ASKED = replace(order(10, venues=(PERP.venue,)), id=MINE, client_order_id="mine", client="acme")


def desk():
    made = started()
    made.submit(ASKED)
    return made


def told(made, name, client="acme"):
    found = find(made.world, "journal", client=client, name=name)
    return None if found is None else (found.parent, found.role, found.outcome)


def test_an_orders_own_name_stands_for_it_to_its_client_alone():
    made = desk()

    assert told(made, "mine") == (MINE, Role.ORDER, None)
    assert told(made, "mine", client="other") is None
    assert told(made, "mine", client="") is None


def test_a_request_is_pending_while_it_waits_and_done_or_refused_after():
    made = desk()
    child = made.out(PERP, asked=ASKED)

    made.amend("more", ethers=11, name=MINE)
    waiting = told(made, "more")
    made.cancel("early", name=MINE)
    made.finish(child)
    made.cancel("stop", name=MINE)

    assert waiting == (MINE, Role.AMEND, Outcome.PENDING)
    assert told(made, "more") == (MINE, Role.AMEND, Outcome.DONE)
    assert told(made, "early") == (MINE, Role.CANCEL, Outcome.REFUSED)
    assert told(made, "stop")[2] in {Outcome.PENDING, Outcome.DONE}


def test_a_cancel_that_came_too_late_keeps_its_name():
    made = desk()
    made.cancel("stop", name=MINE)

    made.cancel("late", name=MINE)

    assert told(made, "late") == (MINE, Role.CANCEL, Outcome.REFUSED)


def test_an_order_is_meant_by_its_name_by_a_replacements_and_by_ours_and_by_no_cancels():
    made = desk()
    made.amend("more", ethers=11, name=MINE)
    made.cancel("stop", name=MINE)

    def meant(name, client="acme"):
        found = order_named(made.world, "journal", client=client, name=name)
        return None if found is None else found.order.id

    assert [meant("mine"), meant("more"), meant(MINE), meant(MINE, "")] == [MINE] * 4
    assert [meant("stop"), meant(MINE, "other"), meant("nobody")] == [None] * 3
