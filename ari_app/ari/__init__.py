"""ARI, spoken exactly, in the shape of ari-py: knows nothing of queues, operators or municipalities."""
