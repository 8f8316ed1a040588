"""Whatever arrives late, twice or never: the orders end where the venue has them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from tests.unit.venues.hyperliquid.toy_venue import CANCELS, ToyVenue
from venues.hyperliquid.trading.facts import (
    AskFills,
    AskOid,
    AskOrder,
    FillReport,
    Intent,
    OrderState,
    Silent,
)
from venues.hyperliquid.trading.orders import Orders

LAG = DurationNs(NS_PER_S)
ROUNDS_MAX = 60
SIZES = st.integers(1, 9)


class Story:
    """Our side and the venue's; the link between them loses, repeats and reorders at will."""

    def __init__(self, draw):
        self.draw = draw
        self.venue = ToyVenue()
        self.orders = Orders(lag=LAG)
        self.now = 1_000 * NS_PER_S
        self.nonce = 0
        self.told = 0
        self.kept = []  # messages on their way

    def clock(self, seconds=0):
        self.now += int(seconds * NS_PER_S)
        return TimestampNs(self.now)

    def send(self, cloid, *, modifies=0):
        self.nonce += 1
        kinds = ("rests", "refused", "refused with an id")
        kinds = kinds if modifies else (*kinds, "waits", "ioc")
        kind = self.draw(st.sampled_from(kinds))
        intent = Intent(
            cloid,
            "ETH",
            is_buy=True,
            size_e8=self.draw(SIZES),
            nonce=self.nonce,
            modifies_oid=modifies,
            ends_at_once=kind == "ioc",
        )
        self.orders.intend(intent, now=self.clock(0.1))
        fate = self.draw(st.sampled_from(("answered", "answer lost", "never arrives", "held up")))
        answer = None
        if fate in {"answered", "answer lost"}:
            answer = self.venue.take(intent, kind=kind)
        if fate == "answered":
            if self.draw(st.booleans()):
                self.deliver()  # news overtakes the answer
            self.orders.answered(cloid, intent.nonce, answer, now=self.clock())
            return
        self.orders.answered(cloid, intent.nonce, Silent("timeout"), now=self.clock())
        if self.draw(st.booleans()):
            self.settle()
        if fate == "held up":  # it arrives after all, or finds its nonce used up
            self.venue.take(intent, kind=kind)

    def deliver(self):
        """Let some of what the venue has said arrive, in some order, perhaps twice."""
        said = self.venue.said[self.told :]
        self.told = len(self.venue.said)
        self.kept += [m for m in said for _ in range(self.draw(st.integers(0, 2)))]
        self.kept = self.draw(st.permutations(self.kept))
        count = self.draw(st.integers(0, len(self.kept)))
        arriving, self.kept = self.kept[:count], self.kept[count:]
        for message in arriving:
            self.hear(message)

    def hear(self, message):
        if isinstance(message, FillReport):
            self.orders.fill(message)
        else:
            self.orders.report(message)

    def settle(self):
        """Ask what is worth asking and end doubts until there is nothing left of either."""
        for _ in range(ROUNDS_MAX):
            now = self.clock(1)
            doubts = self.orders.doubts(now=now)
            for doubt in doubts:
                self.venue.noop(doubt.nonce)
                self.orders.nonce_used(doubt.nonce, now=now)
            questions = self.orders.questions(now=now)
            for question in questions:
                self.answer(question, now)
            if not doubts and not questions and not self.in_doubt():
                return
        raise AssertionError(f"still open: {self.orders.views()}")

    def in_doubt(self):
        return [v for v in self.orders.views() if v.state is OrderState.IN_DOUBT]

    def answer(self, question, now):
        match question:
            case AskOrder(cloid):
                self.orders.looked(cloid, self.venue.by_cloid(cloid), asked_at=now)
            case AskOid(_, oid):
                self.orders.report(self.venue.by_oid(oid), asked_at=now)
            case AskFills():
                for fill in self.venue.fills:
                    self.orders.fill(fill)

    def act(self):
        working = [order for order in self.venue.orders.values() if order.works]
        if not working:
            return
        order = self.draw(st.sampled_from(working))
        match self.draw(st.sampled_from(("trade", "cancel", "trigger"))):
            case "trade":
                self.venue.trade(order, self.draw(SIZES))
            case "cancel":
                self.venue.cancel(order, self.draw(st.sampled_from(CANCELS)))
            case _:
                self.venue.trigger(order)

    def modify(self):
        ready = [
            view
            for view in self.orders.views()
            if view.state is OrderState.WORKING and view.oids and not self.is_doubtful(view)
        ]
        if ready:
            view = self.draw(st.sampled_from(ready))
            self.send(view.cloid, modifies=view.present_oid)

    def check_claims(self):
        """Require that what is said to have ended has, and that no fill is made up."""
        for view in self.orders.views():
            assert view.filled_e8 <= self.venue.filled(view.cloid)
            if view.state is OrderState.ENDED:
                truth = self.venue.lives_as(view.cloid)
                assert truth is None or not truth.works
                assert view.filled_e8 == self.venue.filled(view.cloid)

    def is_doubtful(self, view):
        return any(d.cloid == view.cloid for d in self.orders.doubts(now=self.clock()))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_history_folds_to_what_the_venue_has(data):
    story = Story(data.draw)
    for number in range(data.draw(st.integers(1, 3))):
        story.send(f"c{number}")
    for _ in range(data.draw(st.integers(0, 8))):
        step = data.draw(st.sampled_from((story.act, story.act, story.deliver, story.modify)))
        step()
        story.check_claims()
    for message in story.kept:
        story.hear(message)
        story.check_claims()

    story.orders.stream_lost(now=story.clock(1))
    story.settle()
    for fill in story.venue.fills:  # the gap of the stream, read again
        story.orders.fill(fill)

    for view in story.orders.views():
        truth = story.venue.lives_as(view.cloid)
        assert view.filled_e8 == story.venue.filled(view.cloid)
        assert view.fee_e8("USDC") == sum(
            f.fee_e8 for f in story.venue.fills if f.cloid == view.cloid
        )
        assert len({f.key for f in view.fills}) == len(view.fills)
        if truth is None or truth.status == "perpMarginRejected":
            assert view.state is OrderState.ENDED
            assert view.fills == ()
        else:
            assert set(view.oids) >= story.venue.lives(view.cloid)
            assert (view.state is OrderState.WORKING) is truth.works
            if not truth.works:
                assert view.word == truth.status
    assert story.orders.others() == ()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_news_is_heard_does_not_matter(data):
    story = Story(data.draw)
    for number in range(2):
        story.send(f"c{number}")
    for _ in range(6):
        story.act()
    said = story.venue.said
    views = []
    for _ in range(2):
        orders = Orders(lag=LAG)
        for number in range(2):
            intent = Intent(f"c{number}", "ETH", is_buy=True, size_e8=9, nonce=number + 1)
            orders.intend(intent, now=TimestampNs(0))
        repeated = [m for m in said for _ in range(data.draw(st.integers(1, 2)))]
        for message in data.draw(st.permutations(repeated)):
            orders.fill(message) if isinstance(message, FillReport) else orders.report(message)
        views.append(orders.views())

    assert views[0] == views[1]
