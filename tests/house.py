"""The course's own exercises. What the tests ask of these alone, such as a warm-up, binds no instructor's exercise."""

from pathlib import Path

from grading.course import slugs

# Each has a file of honest mistakes beside the tests of the grader; a new exercise has one if it is to be one of them.
OWN = sorted(set(slugs()) & {path.stem for path in (Path(__file__).parent / "grading" / "honest").iterdir()})
