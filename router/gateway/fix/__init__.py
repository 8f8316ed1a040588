"""The door for FIX: sessions, and what their messages mean."""
