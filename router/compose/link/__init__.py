"""The daemon's end of the link: what gateways may ask of a desk, and what they are told."""
