"""The electronic protocol itself: hearing, journal, Merkle tree, seal, verification, transcript, brief protocol."""
