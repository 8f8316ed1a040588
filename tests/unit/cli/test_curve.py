"""The curve as characters, as a page and as a picture, of documents that were made up."""

import struct
import zlib
from html.parser import HTMLParser

import pytest

from router.cli import curve_html, curve_png, curve_text
from router.cli.curve_axis import axis_of
from router.gateway.quote_document import Allowance, LeftOut
from tests.unit.cli.curve_document import point, quote

POINTS = (point("0.1", 2.0), point("1", 2.5), point("10", 3.5), point("100", 30.0))
REFUSED = point("200", None, message="too much <b>of it</b>")
VOID = {"meta", "line", "polygon", "polyline", "circle"}


class Balanced(HTMLParser):
    """Counts elements, and holds that each that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text):
    page = Balanced()
    page.feed(text)
    page.close()
    assert page.open == []
    return page.seen


def altered(one, **values):
    return one.model_copy(update=values)


def pixels(data):
    size = struct.unpack(">I", data[33:37])[0]
    raw = zlib.decompress(data[41 : 41 + size])
    row = 1 + 3 * curve_png.WIDTH
    return [
        {raw[y * row + 1 + 3 * x : y * row + 4 + 3 * x] for x in range(curve_png.WIDTH)}
        for y in range(curve_png.HEIGHT)
    ]


def test_sizes_lie_by_their_logarithm_and_values_from_the_top():
    axis = axis_of(POINTS)

    assert axis.across(axis.left) == 0.0
    assert axis.across(0.0) == pytest.approx(1 / 3)  # the logarithm of one ether
    assert axis.down(axis.top) == 0.0
    assert (axis.bottom, axis.top) == (0.0, 40.0)
    assert axis.values[0] == axis.bottom
    assert axis.sizes == (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def test_an_axis_of_one_point_has_it_in_the_middle():
    axis = axis_of((point("3", 0.0, spread=0.0),))

    assert axis.across(axis.left) == 0.5
    assert axis.sizes == (3.0,)


def test_a_picture_of_characters_rises_to_the_right_and_marks_the_order():
    lines = list(curve_text.picture(quote((*POINTS, REFUSED))))

    rows = [line for line in lines if "┤" in line]
    heights = {x: y for y, line in enumerate(rows) for x, c in enumerate(line) if c in "●◆"}
    in_order = [heights[x] for x in sorted(heights)]
    assert len(heights) == len(POINTS)
    assert in_order == sorted(in_order, reverse=True)
    assert sum("◆" in line for line in rows) == 1
    assert any("no plan (limit_exceeded): too much" in line for line in lines)
    assert max(map(len, rows)) <= curve_text.WIDTH + 10


def test_where_no_size_is_feasible_the_pictures_say_so():
    refused = quote((REFUSED,), feasible=False)

    assert "no size of this order is feasible" in list(curve_text.picture(refused))
    assert "No size of this order was planned." in curve_html.page(refused)
    assert "Largest feasible: 7 ETH" in curve_html.page(refused)
    assert curve_png.image(refused)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("accepted", "taken &lt;in&gt;"),
        ("waits", "sent now it would wait: taken &lt;in&gt;"),
        ("refused", "sent now it would be refused: taken &lt;in&gt;"),
        ("unknown", "taken &lt;in&gt;"),
    ],
)
def test_a_page_tells_what_the_desk_would_do_now_and_what_it_does_without(verdict, said):
    left_out = [LeftOut(instrument="perp:ETH", reason="firm <is> halted")]
    allowance = Allowance(key="controls.x", asset="USDC", limit="5", used="2", left="3")
    document = quote(POINTS)
    told = {"verdict": verdict, "message": "taken <in>"}
    told |= {"left_out": left_out, "allowances": [allowance]}

    page = curve_html.page(altered(document, now=altered(document.now, **told)))

    parsed(page)
    assert f"<p>{said}</p>" in page
    assert "<p>without perp:ETH: firm &lt;is&gt; halted</p>" in page
    assert "<p>controls.x has 3 of 5 USDC left</p>" in page


def test_a_page_says_each_sentence_once():
    document = quote(POINTS)
    now = altered(document.now, verdict="refused", message="halted")
    explained = ["sent now it would be refused: halted", "7 ETH at the pool"]

    page = curve_html.page(altered(document, now=now, explanation=explained))

    assert page.count("halted") == 1
    assert page.count("7 ETH at the pool") == 1


def test_a_page_is_whole_has_every_point_and_nothing_from_outside():
    page = curve_html.page(quote((*POINTS, REFUSED), method="<script>alert(1)</script>"))

    seen = parsed(page)
    circles = [attributes for tag, attributes in seen if tag == "circle"]
    assert len(circles) == len(POINTS)
    assert [c["class"] for c in circles].count("order") == 1
    assert sum(tag == "script" for tag, _ in seen) == 1
    assert not any({"src", "href"} & attributes.keys() for _, attributes in seen)
    assert "http" not in page
    assert "too much &lt;b&gt;of it" in page


def test_a_picture_has_the_line_the_band_and_the_orders_own_dot():
    rows = pixels(curve_png.image(quote(POINTS)))
    colours = set().union(*rows)

    assert len(rows) == curve_png.HEIGHT
    assert {bytes((255, 255, 255)), bytes((29, 35, 48))} <= colours
    assert {bytes((31, 111, 235)), bytes((209, 36, 47)), bytes((224, 235, 252))} <= colours


def test_another_curve_is_another_picture():
    other = (*POINTS[:3], point("100", 60.0))

    assert curve_png.image(quote(POINTS)) != curve_png.image(quote(other))


def test_a_plan_outside_its_band_is_drawn_where_it_is():
    gains = altered(point("1", -5.0), low_bps=-3.0, high_bps=-2.0)
    dear = altered(point("10", 9.0), low_bps=1.0, high_bps=2.0)

    lines = list(curve_text.picture(quote((gains, dear))))

    rows = [line for line in lines if "┤" in line]
    assert rows[0].startswith("    9.0 ┤")
    assert rows[-1].startswith("   -5.0 ┤")
    assert "●" in rows[-1]
