"""synhub: a repository for synthetic-biology designs."""

__version__ = "0.1.0"
