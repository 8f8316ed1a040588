"""How the record stands against the venues, as plain data for the command line."""

from router.domain.difference import Identity
from router.reconciliation.kinds import RULES
from router.state.world import World


def reconciliation_data(world: World) -> dict[str, object]:
    """Return what halts, and what else was there at the last look; numbers are strings."""
    found = world.reconciliation
    halting = () if found is None else found.differences
    known = {each.identity for each in halting}
    return {
        "ready": world.is_ready,
        "at": None if found is None else str(found.at),
        "halting": [
            {
                **_named(each.identity),
                "sentence": each.sentence,
            }
            for each in halting
        ],
        "noticed": [
            {**_named(identity), "since": str(noted.since), "told": noted.is_told}
            for of_account in world.noted.values()
            for identity, noted in of_account.items()
            if identity not in known
        ],
    }


def _named(identity: Identity) -> dict[str, object]:
    account, kind, item, off = identity
    rule = RULES[kind]
    return {
        "account": account,
        "kind": str(kind),
        "item": item,
        "off": str(off),
        "means": rule.means,
        "leads_to": str(rule.resolution),
        "remedy": rule.remedy,
    }
