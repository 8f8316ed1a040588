"""Moving bytes: the only users of aiohttp. Refuses to know what any venue's bytes mean."""
