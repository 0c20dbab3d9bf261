"""The site's own search: who types a usual term finds the page that explains it first, and no answers of exercises."""

import re

import pytest
from browser import HTML, watched

pytestmark = pytest.mark.xdist_group("search")  # one process asks the search once

# What a reader types, and the page that must come first.
QUERIES = {
    "Adam": "vectors",
    "attention": "linear",
    "autograd": "gates",
    "automatic differentiation": "gates",
    "backpropagation": "graph",
    "backpropagation through time": "index",
    "BPTT": "index",
    "cell state": "gates",
    "central difference": "checking",
    "chain rule": "two-step",
    "checkpointing": "vectorised",
    "clipping": "vanishing",
    "computational graph": "graph",
    "cross entropy": "vectors",
    "cross-entropy": "vectors",
    "detach": "gates",
    "embedding": "vectorised",
    "exploding gradient": "vanishing",
    "exploding gradients": "vanishing",
    "exposure bias": "characters",
    "finite difference": "checking",
    "finite differences": "checking",
    "forget gate": "gates",
    "gradient check": "checking",
    "gradient clipping": "vanishing",
    "GRU": "gates",
    "hidden state": "recurrence",
    "Jacobian": "vectors",
    "log-sum-exp": "vectorised",
    "lookup": "vectorised",
    "LSTM": "gates",
    "mask": "vectorised",
    "minibatch": "vectorised",
    "momentum": "vectors",
    "one-hot": "recurrence",
    "orthogonal initialisation": "vanishing",
    "overfitting": "characters",
    "padding": "vectorised",
    "parallel scan": "linear",
    "perplexity": "characters",
    "real-time recurrent learning": "gates",
    "RTRL": "gates",
    "softmax": "vectors",
    "spectral radius": "vanishing",
    "teacher forcing": "characters",
    "temperature": "characters",
    "truncated backpropagation through time": "truncated",
    "truncated BPTT": "truncated",
    "unrolling": "recurrence",
    "vanishing gradient": "vanishing",
    "vanishing gradients": "vanishing",
}
# Asks the search of the page as its form does, but without loading the page anew; every answer is a list of its own.
ASK = """async query => {
  Search.performSearch(query);
  while (!Search.status.textContent) await new Promise(requestAnimationFrame);  // it says how many pages were found
  return [...Search.output.querySelectorAll(":scope > li > a")].map(link => link.getAttribute("href"));
}"""


@pytest.fixture(scope="module")
def results(site, chromium):
    """The pages that the search finds, best first, {query: names}; the queries are asked one after the other."""
    page = watched(chromium.new_page(), site)
    page.goto(site + "search.html")
    page.wait_for_function("Search.hasIndex()")
    found = {query: [name(address) for address in page.evaluate(ASK, query)] for query in QUERIES}
    assert page.left_the_host == page.errors == []
    page.close()
    return found


def name(address):
    return re.sub(r"\.html.*", "", address)


@pytest.mark.parametrize("query", QUERIES)
def test_a_usual_term_leads_to_the_page_that_explains_it(results, query):
    assert results[query][:1] == [QUERIES[query]]


def test_the_text_of_that_page_names_the_term(results):
    for query, page in QUERIES.items():
        text = re.sub(
            r"<[^>]*>", "", re.search(r"<article.*</article>", (HTML / f"{page}.html").read_text(), re.DOTALL)[0]
        )
        assert all(word.lower().removesuffix("s") in text.lower() for word in re.split(r"[ -]", query)), query


def test_the_search_finds_no_page_of_known_mistakes(results):
    assert not [query for query, names in results.items() if any(name.startswith("mistakes") for name in names)]
