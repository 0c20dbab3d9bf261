"""On a cluster of separate processes a class gets the marks that it gets here."""

import json

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, lost

from grading import grade
from grading.answers import known_answers


def test_a_dask_cluster_gives_the_marks_that_answers_toml_says(tmp_path):
    needs("bwrap")
    distributed = pytest.importorskip("distributed")
    known = {answer.name: answer for answer in known_answers(SLUG)[-3:]}
    known["last-step-only"] = next(answer for answer in known_answers(SLUG) if answer.name == "last-step-only")
    jobs = []
    for name, answer in known.items():
        folder = tmp_path / name / SLUG
        folder.mkdir(parents=True)
        (folder / f"{SLUG}.ipynb").write_text(json.dumps(filled(answer.cells)), encoding="utf-8")
        jobs.append(grade.Job(SLUG, name, str(folder), FAST))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        marked = list(grade.mark_all(jobs, scheduler=cluster.scheduler_address))
    assert {one.student: lost(one.notebook) for one in marked} == {n: set(a.loses) for n, a in known.items()}
