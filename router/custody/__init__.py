"""What a key may sign: the policy, pure. Asked right before every signature and every sending."""
