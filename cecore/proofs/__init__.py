"""Derivations that check themselves, and those of the book."""
