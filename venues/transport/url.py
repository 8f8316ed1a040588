"""What of a URL may be shown: the rest can hold a key that must not get into a record."""

from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """Return host and port, as they are written; words of our own for what is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the URL"
    except ValueError:
        return "the URL"
