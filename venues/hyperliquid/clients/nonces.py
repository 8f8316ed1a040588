"""Nonces of one signing key: each used once, over restarts too, and near the present.

The venue keeps a key's 100 highest nonces; a new one must be unused, above the smallest of them,
and between two days before and one day after its clock, in ms. A child order brings its nonce
along, the ms it was decided in or a later one. The adapter's own actions take theirs from a little
before the present, where no child is decided any more, and `claim` refuses a child whose nonce is
taken: so two actions of a key never share one. Refuses to hand out a nonce far from the present,
which means that the clock went back.
"""

import os
from collections import deque
from pathlib import Path
from typing import Final, Protocol

from router.domain.error import ConfigError, NotSentError
from router.domain.units import NS_PER_S, DurationNs
from router.port import Clock
from venues.hyperliquid.spec import VENUE, HyperliquidConfig

BEHIND_MS_MAX: Final = 2 * 86_400_000  # the venue's window around its own clock
AHEAD_MS_MAX: Final = 86_400_000
LAG_MS: Final = 200  # how far behind the present own nonces are, to leave that to children
BLOCK: Final = 1_000  # nonces secured on disk at once: one second of them
CLOCK_BACK_MS_MAX: Final = 60_000
CLAIM_AGE_MS_MAX: Final = 600_000  # an older child has missed every deadline
_NS_PER_MS: Final = NS_PER_S // 1_000


class HighWaterMark(Protocol):
    """The highest nonce that may have been used, kept where a restart finds it."""

    def read(self) -> int:
        """Return it; zero where none is kept yet."""
        ...

    def write(self, nonce: int) -> None:
        """Keep it; on return it survives a crash."""
        ...


class FileMark:
    """A high-water mark in a file of its own, one for each signing key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """Return the mark; zero where there is no file yet.

        Raises
        ------
        ConfigError
            If the file cannot be read, or holds anything else.
        """
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return 0
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"nonce file {self._path.name}: cannot be read: {error}") from error
        if not text.strip().isdecimal():
            raise ConfigError(
                f"nonce file {self._path.name}: must hold a number; delete it only two days after "
                "the key last signed, or approve a new agent"
            )
        return int(text)

    def write(self, nonce: int) -> None:
        """Replace the file as a whole, after the new one is on disk.

        Raises
        ------
        NotSentError
            If it cannot be written: without it a restart could use a nonce again.
        """
        fresh = self._path.with_name(f"{self._path.name}.new")  # never that of another mark
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="ascii") as file:
                file.write(f"{nonce}\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise NotSentError(VENUE, f"nonce file {self._path.name}: {error}") from error


def mark_of(config: HyperliquidConfig, signer: str) -> HighWaterMark | None:
    """Return where the nonces of a signer are kept; None where nothing is to be kept."""
    if config.nonce_folder is None:
        return None
    return FileMark(config.nonce_folder / f"{VENUE}-{signer}.nonce")


class NonceSource:
    """Hands out a key's nonces, ever higher; one instance for each key.

    Parameters
    ----------
    mark : HighWaterMark or None
        None keeps nothing: only for a key that signs nothing after this process has ended.
    """

    def __init__(self, clock: Clock, mark: HighWaterMark | None = None) -> None:
        self._clock = clock
        self._mark = mark
        self._secured = 0 if mark is None else mark.read()
        self._last = self._before_start = self._secured
        self._own: set[int] = set()
        self._own_by_age: deque[int] = deque()
        self._claimed: set[int] = set()

    async def wait_until_free(self) -> None:
        """Return once the time is past every nonce that may have been used before the start.

        A process that starts right after another has ended waits for a second at most.

        Raises
        ------
        ConfigError
            If that time is far away, so that the clock must have gone back.
        """
        while (ahead := self._before_start - self._now_ms()) >= 0:
            if ahead > CLOCK_BACK_MS_MAX:
                raise ConfigError(
                    f"the clock went back: nonces were used up to {ahead} ms from now; set the"
                    " clock, or approve a new agent"
                )
            await self._clock.sleep(DurationNs((ahead + 1) * _NS_PER_MS))

    def next(self, *, is_kept: bool = True) -> int:
        """Return an unused nonce for an action of the adapter's own, [ms].

        Parameters
        ----------
        is_kept : bool
            Whether the mark has to be kept. A cancel goes out though the disk is full: should a
            later process use its nonce again, the venue refuses that one.

        Raises
        ------
        NotSentError
            If nonces have come far ahead of the clock, so that the clock must have gone back; or if
            the mark cannot be kept.
        """
        now = self._now_ms()
        nonce = max(self._last + 1, now - LAG_MS)
        while nonce in self._claimed:
            nonce += 1
        if nonce > now + CLOCK_BACK_MS_MAX:
            raise NotSentError(
                VENUE, f"the clock went back: the next nonce is {nonce - now} ms ahead; set it"
            )
        try:
            self._secure(nonce)
        except NotSentError:
            if is_kept:
                raise
        self._last = nonce
        self._own.add(nonce)
        self._own_by_age.append(nonce)
        self._forget(now)
        return nonce

    def claim(self, nonce: int) -> None:
        """Take the nonce of a child; the same child may claim it again.

        Raises
        ------
        NotSentError
            If an action of the adapter's own has it, or may have had it before a restart; if the
            venue would not take it any more; or if the mark cannot be kept.
        """
        now = self._now_ms()
        if nonce in self._own or nonce <= self._before_start:
            raise NotSentError(VENUE, f"nonce {nonce} is used: decide the order anew")
        if not now - CLAIM_AGE_MS_MAX < nonce < now + CLOCK_BACK_MS_MAX:
            raise NotSentError(
                VENUE, f"nonce {nonce} is {nonce - now} ms from now: check the clock"
            )
        self._secure(nonce)
        self._claimed.add(nonce)
        self._forget(now)

    def check_window(self, nonce: int) -> None:
        """Require that the venue still takes a nonce, used or not.

        Raises
        ------
        NotSentError
            If it lies outside the venue's window.
        """
        now = self._now_ms()
        if not now - BEHIND_MS_MAX < nonce < now + AHEAD_MS_MAX:
            raise NotSentError(VENUE, f"nonce {nonce} is outside the venue's window around {now}")

    def _now_ms(self) -> int:
        return self._clock.now() // _NS_PER_MS

    # What was handed out before a crash lies at or below the mark, and the next start begins above.
    def _secure(self, nonce: int) -> None:
        if self._mark is not None and nonce > self._secured:
            self._mark.write(nonce + BLOCK)
            self._secured = nonce + BLOCK

    # Own nonces older than what may still be claimed need not be remembered. Nor children's, but
    # below those that are dropped nothing may be handed out again, though the clock go back.
    def _forget(self, now: int) -> None:
        while self._own_by_age and self._own_by_age[0] <= now - CLAIM_AGE_MS_MAX:
            self._own.discard(self._own_by_age.popleft())
        if len(self._claimed) > BLOCK:
            passed = max(self._last, now - CLOCK_BACK_MS_MAX)
            self._claimed = {nonce for nonce in self._claimed if nonce > passed}
            self._last = passed


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
