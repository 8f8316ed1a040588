"""The one step: stages in their order, one event at a time. Pure."""

from router.engine.dispatch import step as step
