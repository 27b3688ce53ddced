"""Training on the devices of JAX: where numbers lie, the whole step as one function, and its losses."""
