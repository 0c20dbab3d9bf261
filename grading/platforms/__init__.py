"""What learning platforms hand out, and what they want back."""
