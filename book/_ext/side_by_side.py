"""Sphinx extension: the code of several pages runs at the same time, before Sphinx reads one page after the other.

The outputs go into the cache where Sphinx looks for them. A page whose code fails leaves none there: Sphinx runs it
again, and reports what went wrong.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

logger = logging.getLogger(__name__)


def setup(app):
    app.add_config_value("pages_that_measure", [], "")
    app.connect("env-before-read-docs", run_stale_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def run_stale_pages(app, env, names):
    """Run those pages of `names` whose outputs are not in the cache."""
    if app.config.nb_execution_mode != "cache":
        return
    # The matrices of the book are small: a second thread would only take time from the page beside it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    cache, timeout = get_cache(app.config.nb_execution_cache_path), app.config.nb_execution_timeout
    notebooks = {name: read(env, name) for name in names}
    stale = [name for name, notebook in notebooks.items() if notebook and not is_cached(cache, notebook)]
    measuring = [name for name in stale if name in app.config.pages_that_measure]
    # A time that is measured beside another page would say what that page does, too.
    for together, workers in ((measuring, 1), ([name for name in stale if name not in measuring], os.cpu_count())):
        run_pages(cache, {env.doc2path(name): notebooks[name] for name in together}, workers, timeout)


def read(env, name):
    """The notebook of a page, None if the page has no code."""
    path = env.doc2path(name)
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and reader.read(text)


def is_cached(cache, notebook):
    try:
        return bool(cache.match_cache_notebook(notebook))
    except KeyError:
        return False


def run_pages(cache, notebooks, workers, timeout):
    """Run the notebooks, {path of the page: notebook}, up to `workers` at a time, and keep their outputs."""
    with ThreadPoolExecutor(workers) as pool:
        for path, result in zip(notebooks, pool.map(run, notebooks, notebooks.values(), repeat(timeout)), strict=True):
            if not result.err:
                bundle = CacheBundleIn(result.nb, path, data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def run(path, notebook, timeout):
    """Run the notebook in the folder of its page, and fill in its outputs."""
    result = single_nb_execution(notebook, cwd=str(Path(path).parent), timeout=timeout, allow_errors=False)
    logger.info("%s: ran in %.1f seconds", path, result.time)
    return result
