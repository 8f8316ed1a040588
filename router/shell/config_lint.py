"""Secrets where the name of a variable belongs: found in the whole file, and refused.

Refuses to say what it found: the place is enough to mend it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from router.custody.redaction import looks_secret
from router.domain.error import ConfigError

_FROM_ENVIRONMENT: Final = "env:"


def refuse_secrets(path: Path, table: object) -> None:
    """Refuse a file that holds what looks like a password, a token, a key, or a URL with one.

    Raises
    ------
    ConfigError
        Naming the key, and never the value.
    """
    for key, text in _texts(table, ""):
        if not text.startswith(_FROM_ENVIRONMENT) and looks_secret(text):
            raise ConfigError(
                f"{path}: {key}: looks like a secret; put it into an environment variable, and"
                ' write "env:NAME" here'
            )


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{key}.{number}")
