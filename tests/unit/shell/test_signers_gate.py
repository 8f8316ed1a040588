from router.custody.policy import Act
from router.domain.command import ReplaceChild, SignChild, SubmitChild
from router.domain.event import ChildAcknowledged, ChildNotSent, ChildSigned, ChildWentSilent
from router.domain.order import Replacement, SignedChild
from tests.unit.shell.floor import Floor
from tests.unit.shell.test_effects import a_child, performed


def all_but_cancels(_child, act):
    return None if act is Act.CANCEL else f"no {act.value}"


def test_what_the_signer_forbids_is_neither_signed_nor_sent():
    child, signed, _ = a_child()
    floor = Floor()

    told = performed(
        floor, SignChild(child), SubmitChild(child, signed), events=2, forbids=all_but_cancels
    )

    assert [type(e) for e in told] == [ChildNotSent, ChildNotSent]
    assert [e.reason for e in told] == ["hyperliquid: no sign", "hyperliquid: no submit"]
    assert (floor.perp.signs.calls, floor.perp.submits.calls) == ([], [])


def test_what_was_forbidden_while_it_was_being_signed_is_not_sent():
    child, signed, _ = a_child()
    floor, acts = Floor(), []

    def after_signing(_child, act):
        acts.append(act)
        return None if act is Act.SIGN else "halted meanwhile"

    (first,) = performed(floor, SignChild(child), forbids=after_signing)
    (second,) = performed(floor, SubmitChild(child, signed), forbids=after_signing)

    assert (type(first), type(second)) == (ChildSigned, ChildNotSent)
    assert acts == [Act.SIGN, Act.SUBMIT]
    assert floor.perp.submits.calls == []


def test_what_must_not_be_repeated_at_a_higher_price_is_cancelled_and_a_cancel_always_goes():
    child, signed, _ = a_child()
    floor = Floor()

    (replaced,) = performed(
        floor, ReplaceChild(child, (signed,), Replacement.BUMP), forbids=all_but_cancels
    )
    (sent,) = performed(floor, SubmitChild(child, replaced.signed), forbids=all_but_cancels)

    assert replaced.signed.replacement is Replacement.CANCEL
    assert floor.perp.submits.calls == [(child.id, "other bytes")]
    assert isinstance(sent, ChildAcknowledged)


def test_a_higher_price_that_is_forbidden_once_signed_says_nothing_of_the_first():
    child, _, _ = a_child()
    floor = Floor()
    second = SignedChild(child.id, "ref-2", child.nonce, "other", Replacement.BUMP)

    (told,) = performed(floor, SubmitChild(child, second), forbids=all_but_cancels)

    assert isinstance(told, ChildWentSilent)
    assert floor.perp.submits.calls == []
