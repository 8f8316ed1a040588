"""What each accepted action does to the venue."""
