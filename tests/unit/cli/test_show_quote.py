import io

from rich.console import Console

from router.cli.show_quote import quote_tables
from router.gateway.quote_document import MarginEffect, ScenarioEffect, Standing
from tests.unit.cli.curve_document import point, quote


def text_of(parts):
    console = Console(width=160, file=io.StringIO())
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def test_a_way_that_has_no_price_says_that_there_is_too_little():
    told = text_of(quote_tables(quote((point("1", 2.0),), method="[red]equal[/red]")))

    assert "too little there" in told
    assert "[red]equal[/red]" in told


def test_margin_is_told_before_and_after_with_the_worst_scenario():
    worst = ScenarioEffect(scenario="[/gap]", before="900", after="-12.5")
    effect = MarginEffect(
        account="hyperliquid:0x0123456789abcdef",
        collateral="USDC",
        before=Standing(equity="1000", initial="0", maintenance="0"),
        after=Standing(equity="990.25", initial="100", maintenance="50"),
        worst=worst,
        scenarios=[worst],
    )
    document = quote((point("1", 2.0),)).model_copy(update={"margin": [effect]})

    told = text_of(quote_tables(document))

    assert "-12.50 ([/gap])" in told
    assert "990.25" in told
    assert "0x0123..cdef after" in told
