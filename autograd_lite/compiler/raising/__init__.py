"""Equal scalar operations of a tape become operations on arrays, and sums of products matrix products."""
