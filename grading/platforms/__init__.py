"""Learning platforms: what they hand out, and what they want back."""
