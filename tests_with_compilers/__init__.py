"""Tests that need a compiler which a bare machine lacks; ``make test-compilers`` runs them, ``make test`` does not."""
