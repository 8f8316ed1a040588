"""Who trades here besides the client, and where prices go."""
