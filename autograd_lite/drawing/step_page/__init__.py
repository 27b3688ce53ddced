"""The step page: one HTML document that shows a trace, step by step, on its graph."""
