/* A newer release of an exercise takes over what a reader has written in an older one. */

/* The notebook `release` with all that is the reader's in `mine`: answers in their cells, whatever else was changed or
   added in cells of its own, below the cell that it followed. `mine.metadata.released` says what its cells held when
   the reader began. */
export function merge(mine, release) {
  const before = mine.metadata.released ?? {};
  const cells = structuredClone(release.cells);
  let above = -1;
  for (const cell of mine.cells) {
    const text = written(cell);
    const there = cells.findIndex(({ id }) => id === cell.id);
    above = Math.max(above, there);
    if (cell.metadata.nbgrader?.locked || text === before[cell.id]) continue;
    if (cells[there]?.metadata.nbgrader?.solution) Object.assign(cells[there], filledIn(cell, text));
    else if (there < 0 || text !== written(cells[there])) cells.splice(++above, 0, own(cell, cells));
  }
  return { ...release, cells };
}

const written = ({ source }) => [source].flat().join("");

const filledIn = ({ attachments }, source) => (attachments ? { source, attachments } : { source });

function own(cell, cells) {
  const { nbgrader, deletable, editable, ...metadata } = cell.metadata;
  let { id } = cell;
  while (cells.some((each) => each.id === id)) id += "-mine";
  return { ...cell, id, metadata };
}
