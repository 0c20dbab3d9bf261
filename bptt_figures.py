"""The interactive figures under the name that they have in the students' wheel, for notebooks opened in the clone."""

from book.figures.interactive import two_step

__all__ = ["two_step"]
