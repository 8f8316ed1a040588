"""Sockets, time and faults around the venue."""
