"""What every venue on an Ethereum-like chain shares: encoding, signing, heads. Moves no bytes."""
