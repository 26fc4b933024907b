/** Transposition of dense arrays: copies with the axes in another order. */

/** An axis of an array in two orders: its extent, and its stride in each order. */
export interface Axis {
  readonly extent: number;
  readonly from: number;
  readonly to: number;
}

/** Joins an axis with the one inside it, if their strides match in both orders. */
const joinAxes = (axes: readonly Axis[]): readonly Axis[] =>
  axes.reduce<readonly Axis[]>((outer, axis) => {
    const last = outer.at(-1);
    const isInside = last !== undefined && last.from === axis.from * axis.extent && last.to === axis.to * axis.extent;
    return isInside ? [...outer.slice(0, -1), { ...axis, extent: last.extent * axis.extent }] : [...outer, axis];
  }, []);

/** Calls `visit` with the offsets of every position along some axes. */
const eachPosition = (axes: readonly Axis[], visit: (from: number, to: number) => void, from = 0, to = 0): void => {
  const [axis, ...others] = axes;
  if (axis === undefined) return visit(from, to);
  for (let i = 0; i < axis.extent; i++) eachPosition(others, visit, from + i * axis.from, to + i * axis.to);
};

/** The side of the blocks in which matrices are transposed, chosen so that the blocks stay in the cache. */
const BLOCK = 32;

/** The parts of an axis, of at most {@link BLOCK} positions, each with its offsets. */
const blocksOf = ({ extent, from, to }: Axis) =>
  Array.from({ length: Math.ceil(extent / BLOCK) }, (_, i) => ({
    extent: Math.min(BLOCK, extent - i * BLOCK),
    from: i * BLOCK * from,
    to: i * BLOCK * to,
  }));

const ONE: Axis = { extent: 1, from: 0, to: 0 };

/** Copies dense numbers from one order of axes to another; the axes are given in the order of the target. */
export const transposed = (source: Float32Array, axes: readonly Axis[]): Float32Array => {
  const target = new Float32Array(source.length);
  const long = joinAxes(axes.filter(({ extent }) => extent > 1));
  const column = long.find(({ to }) => to === 1) ?? ONE; // dense in the target
  const row = long.find((axis) => axis.from === 1 && axis !== column) ?? ONE; // dense in the source
  const others = long.filter((axis) => axis !== column && axis !== row);
  for (const rows of blocksOf(row))
    for (const columns of blocksOf(column))
      eachPosition(others, (from, to) => {
        for (let i = 0; i < rows.extent; i++) {
          let at = from + rows.from + columns.from + i * row.from;
          let place = to + rows.to + columns.to + i * row.to;
          for (let j = 0; j < columns.extent; j++) {
            target[place] = source[at]!;
            at += column.from;
            place += column.to;
          }
        }
      });
  return target;
};
