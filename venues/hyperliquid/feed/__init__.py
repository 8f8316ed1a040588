"""The stream: one connection, its frames, the books they make."""
