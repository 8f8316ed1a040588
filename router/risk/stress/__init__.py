"""What scenarios leave of accounts: exactly for verdicts, in arrays for many at once."""
