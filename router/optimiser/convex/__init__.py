"""The scaled convex programme: splits, proofs and solvers; knows no instrument."""
