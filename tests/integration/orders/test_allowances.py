"""What contracts may take: shown, capped, and taken back, on a chain that is there."""

import orjson
import pytest

from router.cli import approve  # noqa: F401 - the verbs under test, driven through the command


@pytest.fixture
def kept(desk):
    """Give the desk, and its allowances back when the test is over."""
    before = read(desk)
    yield desk
    for (asset, _), quantity in before.items():
        done = desk.headrace("approve", asset, quantity)
        assert done.exit_code == 0, done.output


def read(desk):
    """Return what may be taken of each asset, by contract."""
    told = desk.headrace("allowances", "--json")
    assert told.exit_code == 0, told.output
    rows = orjson.loads(told.stdout)["allowances"]
    return {(row["asset"], row["spender"]): row["quantity"] for row in rows}


def test_allowances_are_shown_for_every_token_and_none_is_unlimited(desk):
    told = orjson.loads(desk.headrace("allowances", "--json").stdout)

    assert {"ETH", "USDC"} <= {row["asset"] for row in told["allowances"]}
    assert any("universal_router" in row["spender"] for row in told["allowances"])
    assert not any(row["is_unlimited"] for row in told["allowances"])
    table = desk.headrace("allowances")
    assert (table.exit_code, "may take" in table.stdout) == (0, True)


def test_one_asset_is_taken_back_and_an_order_that_needs_it_is_told(kept):
    revoked = kept.headrace("revoke", "USDC", "--json")

    assert revoked.exit_code == 0, revoked.output
    (hashes,) = orjson.loads(revoked.stdout)["revoked"].values()
    assert all(each.startswith("0x") for each in hashes)
    after = read(kept)
    assert {quantity for (asset, _), quantity in after.items() if asset == "USDC"} == {"0"}
    assert {quantity for (asset, _), quantity in after.items() if asset == "ETH"} != {"0"}
    again = kept.headrace("revoke", "USDC")
    assert "nothing to do" in again.stdout


def test_all_are_taken_back_at_once(kept):
    done = kept.headrace("revoke")

    assert done.exit_code == 0, done.output
    assert set(read(kept).values()) == {"0"}


def test_more_than_the_cap_is_not_allowed(desk):
    chain = orjson.loads(desk.headrace("allowances", "--json").stdout)["venue"]
    capped = f'\n[inventory.{chain}]\nnative_reserve = "0.01"\nallowance_max = {{ USDC = "5" }}\n'
    desk.config.write_text(desk.config.read_text() + capped)
    before = read(desk)

    refused = desk.headrace("approve", "USDC", "5.000001")

    assert refused.exit_code != 0
    assert f"inventory.{chain}.allowance_max.USDC, 5" in refused.output
    assert read(desk) == before
    rows = orjson.loads(desk.headrace("allowances", "--json").stdout)["allowances"]
    assert all("allow less" in row["why"] for row in rows if row["asset"] == "USDC")


def test_nothing_is_allowed_without_an_end(desk):
    refused = desk.headrace("approve", "ETH", str(2**130))

    assert refused.exit_code != 0
    assert "as good as unlimited" in refused.output
