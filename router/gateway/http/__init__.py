"""The door for HTTP and WebSocket: reads what clients say, and has the daemon do it."""
