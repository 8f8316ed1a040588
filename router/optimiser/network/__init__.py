"""Multi-hop routes: the cheapest flow over a graph of tokens, with node prices as its proof."""
