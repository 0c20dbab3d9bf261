"""The autograder: builds the notebooks of the exercises, and marks what students hand in."""
