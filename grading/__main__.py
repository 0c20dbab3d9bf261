"""`python -m grading`: see grading/commands.py. Workers import this file too, so it imports nothing when imported."""

if __name__ == "__main__":
    import sys

    if sys.argv[1:2] == ["mine"]:  # it opens no gradebook, and the commands for a class take seconds to be imported
        from grading import mine

        sys.exit(mine.main(sys.argv[2:]))
    if sys.argv[1:2] == ["doctor"]:  # it is there for where they cannot be imported
        from grading import doctor

        sys.exit(doctor.main(sys.argv[2:]))

    import gc

    from grading import course

    try:
        course.ensure_found()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)

    gc.disable()  # to import makes no garbage, and looking for it would take a fifth of the time
    from grading.commands import main

    gc.enable()
    sys.exit(main())
