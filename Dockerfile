# What marks a class where there is no Debian: Python, the pinned packages of the grader, and bubblewrap. The clone is
# mounted where it runs, so that the image holds no answer, no hidden test and nothing of a student's, and the marks stay
# outside it. book/your-platform.md has the command.
FROM python:3.11-slim-trixie

# The packages of Debian are those of the day: a version that is pinned is gone from its servers with the next repair.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

# Editable, and without the sources: Python will find them in the clone. Before the clone is there, so that a change of
# it builds nothing anew.
WORKDIR /course
COPY pyproject.toml requirements.txt README.md LICENSE ./
RUN python -m pip install --no-cache-dir --constraint requirements.txt --editable '.[cluster]' \
    && python -m pip check

# Whoever runs it gives their own user, to whom the marks then belong; one without a home needs a place to write.
ENV HOME=/tmp OPENBLAS_NUM_THREADS=1
USER 65534
CMD ["python", "-m", "grading", "doctor"]
