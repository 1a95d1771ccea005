"""The parts of `make mutants`."""
