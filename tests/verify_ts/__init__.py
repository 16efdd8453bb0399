"""The second verifier (TypeScript) held against the first."""
