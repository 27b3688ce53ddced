"""Where everything goes: coordinates from Graphviz, or from a layered layout of our own."""
