"""How every test of the project is run."""

from hypothesis import HealthCheck, settings

# How long drawing a value takes says something about the machine, and nothing about the code.
settings.register_profile("headrace", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("headrace")
