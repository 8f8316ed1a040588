"""A basket's words and file as a request."""

import orjson
import pytest
import typer

from router.cli import trading
from router.cli.basket import basket_request
from router.cli.request import order_request
from router.domain.error import OrderError


def orders_of(request):
    return orjson.loads(request["orders"])


def test_words_are_orders_in_dollars():
    request = basket_request(["buy:2.5:ETH", "sell:0.1:BTC"], exposure_max="10")

    assert request["exposure_max"] == "10"
    assert orders_of(request)[1] == {
        "side": "sell",
        "quantity": "0.1",
        "base": "BTC",
        "quote": "USDC",
    }


def test_a_file_gives_every_order_what_it_says_of_all(tmp_path):
    path = tmp_path / "pair.toml"
    path.write_text(
        'exposure_max = "5000"\nstrategy = "pairs"\ndeadline_s = 60\nallow_similar = true\n'
        '[[order]]\nside = "buy"\nquantity = "2.5"\nbase = "ETH"\n'
        '[[order]]\nside = "sell"\nquantity = "0.1"\nbase = "BTC"\nstrategy = "other"\n'
    )

    request = basket_request([str(path)])

    first, second = orders_of(request)
    assert request["exposure_max"] == "5000"
    assert (first["strategy"], second["strategy"]) == ("pairs", "other")
    assert first["deadline_s"] == "60"
    assert first["allow_similar"] == "true"
    assert "exposure_max" not in first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quantity = 2.5\n[[order]]\n", "quantity: write it as a string"),
        ("order = 3\n", "write every order as a table"),
        ("[[order\n", "pair.toml"),
    ],
)
def test_a_file_that_is_no_basket_is_refused_with_what_to_write(tmp_path, text, said):
    path = tmp_path / "pair.toml"
    path.write_text(text)

    with pytest.raises(OrderError, match=said):
        basket_request([str(path)])


@pytest.mark.parametrize("word", ["buy", "buy:1", "buy:1:ETH:USDC"])
def test_a_word_that_is_no_order_says_how_to_write_one(word):
    with pytest.raises(OrderError, match="side:quantity:base"):
        basket_request([word])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OrderError, match=r"cannot read .*pair.toml"):
        basket_request([str(tmp_path / "pair.toml")])


def test_a_quote_takes_the_place_of_the_words_of_an_order():
    request = order_request(
        quote="q-0123456789abcdef", base=None, cash=False, side=None, deadline_s="120"
    )

    assert request == {"quote_id": "q-0123456789abcdef", "deadline_s": "120"}


def test_without_a_quote_the_words_of_an_order_must_be_there():
    with pytest.raises(typer.BadParameter, match="Missing argument 'quantity'"):
        order_request(quote=None, base="ETH", cash=False, side="buy", quantity=None)


def test_a_drift_without_a_quote_means_nothing():
    with pytest.raises(typer.BadParameter, match="needs --quote"):
        order_request(
            quote="USDC", base="ETH", cash=False, side="buy", quantity="1", drift_max_bps="1"
        )


def test_the_verbs_that_trade_are_these():
    assert [verb.callback.__name__ for verb in trading.app.registered_commands] == [
        "quote",
        "order",
        "basket",
    ]
