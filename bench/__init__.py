"""Measurements behind our defaults; docs/benchmarks.md shows them, `./dev bench` makes them."""
