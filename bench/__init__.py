"""The benchmark: how fast synhub answers, beside Virtuoso under the queries that SynBioHub sends to it.

`python -m bench.run` does everything and writes `bench/RESULTS.md`. Nothing of this is part of the package.
"""
