import pytest
import typer

from router.cli.request import order_request, parameters


def test_what_an_algo_is_told_joins_the_request():
    words = parameters(["duration_s=600", "interval_s=30"])

    request = order_request(
        quote=None, base="ETH", cash=False, side="buy", quantity="1", algo="twap", **words
    )

    assert request == {
        "side": "buy",
        "quantity": "1",
        "base": "ETH",
        "quote": "USDC",
        "quantity_asset": "ETH",
        "algo": "twap",
        "duration_s": "600",
        "interval_s": "30",
    }


@pytest.mark.parametrize("words", [["duration_s"], ["algo=twap"], ["side=sell"], ["band=1"] * 2])
def test_a_word_that_is_no_parameter_or_comes_twice_is_named(words):
    with pytest.raises(typer.BadParameter, match=f"^--set {words[-1]}: use one of aversion, "):
        parameters(words)
