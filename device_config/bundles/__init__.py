"""Model bundles: speech models carried to a box on a disk, each named, licensed, hashed and signed by who packed it."""
