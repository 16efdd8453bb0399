"""Speech to text with speakers: activity, recognition."""
