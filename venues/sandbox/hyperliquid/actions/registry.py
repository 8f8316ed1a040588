"""What only actions know of addresses: referral codes, multi-sig signers, vault shares, throttles.

Keys, sub-accounts and vaults themselves are part of the venue's state (`Exchange.agents`,
`Account.kind`, `Account.master`). Plain holding; nothing here decides.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs for a multi-sig account, and how many of them it takes."""

    authorized: tuple[str, ...]
    threshold: int


@dataclass(slots=True)
class Registry:
    """Everything is keyed by lower-case address, codes by themselves."""

    referral_codes: dict[str, str] = field(default_factory=dict)
    """Whose a code is."""
    multi_sig: dict[str, Signers] = field(default_factory=dict)
    vault_shares: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of each vault, by depositor; opened with its leader's deposit in micro-USD."""
    throttled_until_ms: dict[str, int] = field(default_factory=dict)
    """When an address that has used up its requests may send the next one."""
