"""Asking a node whether tokens are what the configuration says, and arrive whole when sent.

A token is tried out of the pool that has most of it. One that is found sound is not asked about
again. Refuses what cannot be tried, because the node does not simulate or no pool has enough of the
token, unless the operator vouches for it.
"""

from collections.abc import Iterable, Mapping

from router.domain.error import MalformedDataError
from router.domain.units import AssetId
from venues.evm.nodes.chain import Chain, at, revert_data
from venues.evm.pools.family import NATIVE_COIN, TokenContract
from venues.evm.pools.tokens import (
    Probe,
    check_token,
    fallback_request,
    fee_on_transfer_request,
    probe,
    read_fallback,
    read_simulation,
    token_calls,
)
from venues.evm.spec import ChainConfig
from venues.evm.state.roster import Followed
from venues.evm.words import abi
from venues.evm.words.node import Header
from venues.transport.json_rpc import JsonRpcError


class TokenReader:
    """Tries tokens through one connection.

    Parameters
    ----------
    sound : set of str
        Addresses of the tokens that were found sound, by whatever connection; grows.
    """

    def __init__(self, chain: Chain, config: ChainConfig, sound: set[str]) -> None:
        self._chain = chain
        self._assets = {token.address: (name, token) for name, token in config.tokens.items()}
        self._vouched_for = config.unverified_tokens
        self._receiver = config.address
        self._sound = sound

    async def unsound(self, pools: Iterable[Followed], header: Header) -> Mapping[str, str]:
        """Return which of the pools' tokens may not be traded, by address, and why.

        Raises
        ------
        JsonRpcError
            If the node cannot read that block.
        TransportError
            If it did not answer.
        """
        holders: dict[str, list[str]] = {}
        for pool in pools:
            for token in {pool.setup.token0, pool.setup.token1} - self._sound - {NATIVE_COIN}:
                holders.setdefault(token, []).append(pool.setup.emitter)
        found = {}
        for token, own in holders.items():
            reason = await self._reason(token, list(dict.fromkeys(own)), header)
            if reason is None:
                self._sound.add(token)
            else:
                found[token] = reason
        return found

    async def _reason(self, address: str, holders: list[str], header: Header) -> str | None:
        if address not in self._assets:
            return f"tokens: {address} is not configured; add it or remove the pools that trade it"
        asset, token = self._assets[address]
        try:
            return await self._tried(asset, token, holders, header=header)
        except MalformedDataError as error:
            return f"tokens.{asset}: {error}"
        except JsonRpcError as error:
            if revert_data(error) is None:
                raise
            return f"tokens.{asset}: {error}"

    async def _tried(
        self, asset: AssetId, token: TokenContract, holders: list[str], *, header: Header
    ) -> str | None:
        asked = [token_calls(token, holder=holder) for holder in holders]
        calls = [call for own in asked for call in own]
        flat = await self._chain.read(calls, block=at(header.hash))
        answers, start = [], 0
        for own in asked:
            answers.append(flat[start : start + len(own)])
            start += len(own)
        richest = max(range(len(holders)), key=lambda index: abi.read_uint(answers[index][-1], 0))
        reason = check_token(asset, token, answers[richest])
        if reason is not None:
            return reason
        trial = probe(
            asset, token, answers[richest], holder=holders[richest], receiver=self._receiver
        )
        if trial is None:
            return self._unverified(asset, "no pool has enough of it; remove them")
        return await self._transferred(trial, header)

    async def _transferred(self, trial: Probe, header: Header) -> str | None:
        block = at(header.hash)
        (answer,) = await self._chain.answers(fee_on_transfer_request(trial, block=block))
        check = read_simulation(trial, answer)
        if check is None:
            (answer,) = await self._chain.answers(fallback_request(trial, block=block))
            check = read_fallback(trial, answer)
        if check.reason is None and not check.is_verified:
            return self._unverified(trial.asset, "the node has no eth_simulateV1; use another")
        return check.reason

    def _unverified(self, asset: AssetId, why: str) -> str | None:
        if asset in self._vouched_for:
            return None
        return (
            f"tokens.{asset}: whether it arrives whole cannot be verified: {why}, or add the token"
            " to unverified_tokens if you know it"
        )
