"""What all web apps share: pages, translations, sign-in, components."""
