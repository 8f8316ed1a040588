"""Events folded into knowledge: the durable world, and the volatile market beside it."""
