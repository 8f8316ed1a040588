"""How much goes where: a `RoutingProblem` in, a `RoutePlan` with its certificate out."""
