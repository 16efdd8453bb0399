"""How the catalogue's tables came to be what they are; run by storage.archive.migrate."""
