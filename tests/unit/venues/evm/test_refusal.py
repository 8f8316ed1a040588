"""Wordings of nodes, and what several of them amount to."""

import pytest

from venues.evm.words.refusal import Offer, Refusal, classify, merged

R = Refusal


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("already known", R.KNOWN),
        ("transaction already imported", R.KNOWN),
        ("transaction with the same hash was already imported", R.KNOWN),
        ("Known transaction: 0x12", R.KNOWN),
        ("unknown transaction", R.UNCLEAR),
        ("nonce too low: next nonce 5, tx nonce 4", R.NONCE_USED),
        ("Nonce too low. Expected nonce to be 3 but got 2.", R.NONCE_USED),
        ("replacement transaction underpriced", R.UNDERPRICED),
        ("Replacement transaction underpriced. A gasPrice of at least 1 is", R.UNDERPRICED),
        ("transaction underpriced: tip needed 1, tip permitted 0", R.FEE_TOO_LOW),
        ("max fee per gas less than block base fee", R.FEE_TOO_LOW),
        ("max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1", R.FEE_TOO_LOW),
        ("txpool is full", R.FULL),
        ("nonce too high", R.AHEAD),
        ("header not found", R.BEHIND),
        ("missing trie node 12 (path )", R.BEHIND),
        ("insufficient funds for gas * price + value", R.UNFUNDED),
        ("Insufficient funds for gas * price + value", R.UNFUNDED),
        ("max priority fee per gas higher than max fee per gas", R.REFUSED),
        ("intrinsic gas too low", R.REFUSED),
        ("internal error", R.UNCLEAR),
        ("", R.UNCLEAR),
    ],
)
def test_wordings_are_told_apart(message, refusal):
    assert classify(message) is refusal


@pytest.mark.parametrize(
    ("several", "meaning"),
    [
        ([R.REFUSED, R.KNOWN, R.UNCLEAR], R.KNOWN),
        ([R.REFUSED, R.UNCLEAR], R.UNCLEAR),
        ([R.UNFUNDED, R.NONCE_USED], R.NONCE_USED),
        ([R.REFUSED, R.FEE_TOO_LOW], R.FEE_TOO_LOW),
        ([R.REFUSED], R.REFUSED),
    ],
)
def test_one_node_that_has_it_is_enough_and_one_in_doubt_keeps_the_doubt(several, meaning):
    assert merged([Offer(each, "") for each in several]).refusal is meaning


def test_only_what_will_not_change_is_for_good():
    assert {each for each in R if each.is_for_good} == {R.UNFUNDED, R.REFUSED}
