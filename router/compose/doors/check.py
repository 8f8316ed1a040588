"""What a configuration says of its gateways, checked as they will check it when they start."""

from collections.abc import Mapping

from router.gateway import keys
from router.gateway.config import GatewaySettings, parse
from router.shell.config import Config


def check_gateways(config: Config, environment: Mapping[str, str]) -> GatewaySettings:
    """Return the settings of the gateways, their files and secrets looked at.

    Raises
    ------
    ConfigError
        Naming the key, the file or the variable, and the remedy.
    """
    where = f"{config.path}: gateway"
    settings = parse(config.gateway, where=where)
    keys.check_files(settings, config.path, where=where)
    keys.resolve(settings, environment, where=where)
    return settings
