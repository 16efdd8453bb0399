"""How well it hears: transcripts of a folder of recordings, held against what was said in them (docs/commands/evaluate.md)."""
