"""The one shape of a measured figure."""


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    against: str = "",
    ratio: float | None = None,
    goal: str = "",
    met: bool | None = None,
) -> dict[str, object]:
    """Describe one measured value.

    Parameters
    ----------
    against : str
        The peer or bound measured in the same run; empty where there is none.
    ratio : float | None
        How the value compares with it, as the goal states it.
    goal : str
        What the ratio or the value should be, in words; empty where nothing is asked of it.
    met : bool | None
        Whether it is; None where there is no goal.
    """
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": against,
        "ratio": ratio,
        "goal": goal,
        "met": met,
    }
