"""Programs on arrays: what they consist of, and their source."""
