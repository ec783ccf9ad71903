"""Parts of the reference export: configurations, weights, inputs, and the key groups of a parity folder."""
