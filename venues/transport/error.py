"""What can go wrong with moving bytes, told apart by what the other side may have seen.

* TransportError
  + NotDeliveredError   the request never left; as if it had not been asked
  + UnansweredError     the request left, or may have, and no answer came
  + AnswerError         the other side answered in a way the transport cannot read
"""

from router.domain.error import RouterError


class TransportError(RouterError):
    """Bytes could not be moved; adapters translate it into a VenueError."""


class NotDeliveredError(TransportError):
    """Nothing left this process, so nothing can have happened."""


class UnansweredError(TransportError):
    """The request may have arrived, and what came of it is unknown."""


class AnswerError(TransportError):
    """The answer breaks the transport's own protocol."""
