/**
 * The assignment of n columns to n rows with the least sum of costs, `cost[row * n + column]`: the column of each row. By
 * shortest augmenting paths with dual prices (Jonker & Volgenant 1987), in O(n³).
 */
export const assignment = (n: number, cost: Float64Array): Int32Array => {
  const [ofRow, ofColumn] = [new Float64Array(n), new Float64Array(n)]; // prices: cost - ofRow - ofColumn ≥ 0
  const rowOf = new Int32Array(n).fill(-1);
  for (let first = 0; first < n; first++) {
    // Dijkstra's algorithm over columns, from a row without a column to a column without a row
    const distance = new Float64Array(n).fill(Infinity);
    const before = new Int32Array(n).fill(-1); // the column before, on the shortest path
    const done = new Uint8Array(n);
    let [row, column, shortest] = [first, -1, 0];
    for (;;) {
      let next = -1;
      for (let j = 0; j < n; j++) {
        if (done[j] === 1) continue;
        const reached = shortest + cost[row * n + j]! - ofRow[row]! - ofColumn[j]!;
        if (reached < distance[j]!) {
          distance[j] = reached;
          before[j] = column;
        }
        if (next === -1 || distance[j]! < distance[next]!) next = j;
      }
      column = next;
      shortest = distance[column]!;
      done[column] = 1;
      if (rowOf[column] === -1) break;
      row = rowOf[column]!;
    }
    ofRow[first] = ofRow[first]! + shortest;
    for (let j = 0; j < n; j++) {
      if (done[j] === 0 || j === column) continue;
      const slack = shortest - distance[j]!;
      ofColumn[j] = ofColumn[j]! - slack;
      ofRow[rowOf[j]!] = ofRow[rowOf[j]!]! + slack;
    }
    for (let j = column; j !== -1; j = before[j]!) rowOf[j] = before[j] === -1 ? first : rowOf[before[j]!]!;
  }
  const columnOf = new Int32Array(n);
  rowOf.forEach((row, j) => (columnOf[row] = j));
  return columnOf;
};
