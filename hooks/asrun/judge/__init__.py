"""What runs inside the judging child: queries, proofs, counterfactuals.

Standard library only: `asrun` itself imports `Trace` from here, and it has to load under every
FastAPI that can be recorded. Traces come as plain data and verdicts leave as plain data.
"""
