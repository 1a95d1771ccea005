"""What `make bench` measures, a module a part; `tools/bench.py` runs them and reports."""
