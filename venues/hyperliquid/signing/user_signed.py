"""Which actions only the master key may sign; an agent's key refuses them.

An agent's signature under one of these would recover to nobody; refused here, it is never made.
"""

from typing import Final

USER_SIGNED: Final = frozenset(
    {
        "approveAgent",
        "approveBuilderFee",
        "cDeposit",
        "cWithdraw",
        "convertToMultiSigUser",
        "linkStakingUser",
        "multiSig",
        "sendAsset",
        "sendToEvmWithData",
        "spotSend",
        "tokenDelegate",
        "usdClassTransfer",
        "usdSend",
        "userDexAbstraction",
        "userPortfolioMargin",
        "userSetAbstraction",
        "withdraw3",
    }
)
