"""What `quote` showed is what `order --quote` executes, or it stops; on both counterparties."""

import orjson


def quoted(desk, *words):
    ended = desk.headrace("quote", *words, "--json")
    assert ended.exit_code == 0, ended.output
    return orjson.loads(ended.stdout)


def ordered(desk, *words):
    """Send an order, and return its report and its exit code."""
    ended = desk.headrace("order", *words, "--json")
    assert ended.exit_code in {0, 1}, ended.output
    return orjson.loads(ended.stdout), ended.exit_code


def legs_of(shown):
    """Return what a quote says of each leg: base and quote in atoms."""
    return {
        leg["instrument"]: tuple(
            sorted((int(leg["amount_in_atoms"]), int(leg["amount_out_atoms"])))
        )
        for leg in shown["plan"]["legs"]
    }


def test_what_was_shown_is_executed_to_the_wei(desk):
    shown = quoted(desk, "buy", "60", "ETH")
    before = desk.holdings()

    report, code = ordered(desk, "--quote", shown["quote_id"], "--drift-max-bps", "20")

    assert code == 0, report["reason"]
    sent = {
        leg["instrument"]: tuple(
            sorted(int(leg[name]["atoms"]) for name in ("predicted_notional", "predicted_quantity"))
        )
        for leg in report["legs"]
    }
    assert sent == legs_of(shown)
    pools = [leg for leg in report["legs"] if not leg["instrument"].startswith("hyperliquid")]
    assert pools
    assert all(leg["exact"] for leg in pools)
    bought = sum(int(leg["filled_quantity"]["atoms"]) for leg in pools)
    assert desk.holdings()["weth"] - before["weth"] == bought


def test_a_drifted_market_stops_it_and_nothing_is_sent(desk):
    shown = quoted(desk, "buy", "40", "ETH", "--venues", "uniswap_v3")
    _, code = ordered(desk, "buy", "70", "ETH", "--venues", "uniswap_v3")
    assert code == 0
    before = desk.holdings()

    report, code = ordered(desk, "--quote", shown["quote_id"], "--drift-max-bps", "1")

    assert code == 1
    assert report["status"] == "rejected"
    assert "does not hold any more" in report["reason"]
    assert desk.holdings() == before


def test_an_expired_quote_stops_it_and_nothing_is_sent(desk):
    shown = quoted(desk, "buy", "1", "ETH", "--holds", "0")
    before = desk.holdings()

    report, code = ordered(desk, "--quote", shown["quote_id"])

    assert code == 1
    assert "expired" in report["reason"]
    assert desk.holdings() == before


def test_what_a_quote_says_itself_may_not_be_said_again(desk):
    shown = quoted(desk, "buy", "1", "ETH")

    said = desk.refused("order", "buy", "2", "ETH", "--quote", shown["quote_id"])

    assert "is what the quote says; leave it out" in said


def test_a_quote_that_nobody_kept_is_refused_by_name(desk):
    said = desk.refused("order", "--quote", "q-0123456789abcdef")

    assert said.startswith("quote_id: q-0123456789abcdef is not kept")


def test_a_quote_that_was_changed_on_disk_is_refused(desk):
    shown = quoted(desk, "buy", "1", "ETH")
    path = desk.journal.with_name(f"{desk.journal.name}.quotes") / f"{shown['quote_id']}.json"
    path.write_bytes(path.read_bytes().replace(b"buy", b"sel", 1))

    said = desk.refused("order", "--quote", shown["quote_id"])

    assert "was changed; ask for a new quote" in said


def test_for_eyes_a_quote_says_how_to_send_it_and_what_is_done_if_a_part_fails(desk):
    ended = desk.headrace("quote", "buy", "60", "ETH")

    told = " ".join(ended.stdout.split())
    assert "--quote q-" in told
    assert "if a transaction reverts" in told
    assert "sent 1 of" in told
