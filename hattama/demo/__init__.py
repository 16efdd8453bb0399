"""A courtroom without hardware: pictures, sound, and every process of the house around them."""
