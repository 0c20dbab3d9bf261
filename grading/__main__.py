"""`python -m grading`: see grading/commands.py. Workers import this file too, so it imports nothing when imported."""

if __name__ == "__main__":
    import sys

    from grading.commands import main

    sys.exit(main())
