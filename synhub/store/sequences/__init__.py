"""The sequence index: the texts of all sequences by their words, in files that are mapped into memory."""
