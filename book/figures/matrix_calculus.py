"""Pictures of the chapter "Matrix calculus used here" (book/matrix-calculus.md)."""

import numpy as np

from book.figures.style import BLUE, GREY, INK, ORANGE, new_figure, picture, styled


def product_paths(A, B):
    """For each entry of A (m, n) a Picture: the entries of C = A B that it moves, and its factors there."""
    return [_product(A, B, i, j).named(f"({i}, {j})") for i in range(A.shape[0]) for j in range(A.shape[1])]


@styled
def _product(A, B, i, j):
    figure, axes = new_figure(6.4, 2.3)
    C = A @ B
    marked = {"A": lambda r, c: (r, c) == (i, j), "B": lambda r, c: r == j, "C": lambda r, c: r == i}
    colours = {"A": ORANGE, "B": BLUE, "C": ORANGE}
    x = 0.0
    for name, matrix, sign in [("A", A, ""), ("B", B, "times"), ("C", C, "equals")]:
        rows, columns = matrix.shape
        if sign:
            axes.text(x - 0.75, 0, r"$\cdot$" if sign == "times" else "=", ha="center", va="center", fontsize=14)
        for r, c in np.ndindex(rows, columns):
            on = marked[name](r, c)
            axes.text(
                x + c,
                0.7 * ((rows - 1) / 2 - r),
                f"{matrix[r, c]:g}",
                ha="center",
                va="center",
                color=colours[name] if on else GREY,
                weight="bold" if on else "normal",
            )
        axes.text(x + (columns - 1) / 2, 1.35, name, ha="center", color=INK)
        x += columns + 0.5
    axes.set(xlim=(-0.7, x - 0.6), ylim=(-1.2, 1.7))
    axes.axis("off")
    return picture(
        figure,
        f"The product of A, {A.shape[0]} by {A.shape[1]}, and B, {B.shape[0]} by {B.shape[1]}: entry ({i}, {j}) of A"
        f" moves row {i} of C, and is multiplied there by row {j} of B, {B[j].tolist()}.",
    )
