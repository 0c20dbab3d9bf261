"""The autograder: builds the notebooks of the exercises, and marks what students hand in."""

import sys

# nbformat imports jsonschema, which imports this where it is installed, to check a format that no notebook has. To
# build its grammar takes 1.5 s, as long as all else that a command imports.
sys.modules.setdefault("rfc3987_syntax", None)
