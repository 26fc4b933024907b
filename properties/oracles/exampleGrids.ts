/** Evaluates functions on a grid of examples: all at once, and one after the other. */
import fc from 'fast-check';
import type { Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf } from '../../src/dsl/graph/tensor.js';
import { numbers } from '../arbitraries/choices.js';
import type { GraphCase } from '../arbitraries/graph.js';
import { convolutionCase } from '../arbitraries/convolution.js';
import { type Input, inputNodes } from '../arbitraries/operationCase.js';
import { tensors } from './lifting.js';
import { mapValues } from './records.js';
import type { Nodes, Tensors } from './running.js';
import { FUSING, outputsOfPlan, planned } from '../laws/compilation.js';

/** The axes of a grid of examples along which an input differs. */
type Place = 'rows' | 'columns' | 'both' | 'neither';
const along = (place: Place): readonly [rows: boolean, columns: boolean] => [
  place === 'rows' || place === 'both',
  place === 'columns' || place === 'both',
];

/** A graph, and the extents of a grid of examples of its inputs. */
export interface Grid {
  readonly graph: GraphCase;
  readonly rows: number;
  readonly columns: number;
  /** One for each input. */
  readonly places: readonly Place[];
  readonly seed: number;
}

export const extent = fc.integer({ min: 1, max: 3 });

/**
 * Inputs may vary along any axes, but some input varies along each axis of the first choice; if none does, the first
 * input is made to.
 */
export const gridOf = (
  graph: fc.Arbitrary<GraphCase>,
  columns: fc.Arbitrary<number>,
  places: readonly [Place, ...Place[]],
): fc.Arbitrary<Grid> =>
  fc
    .record({
      graph,
      rows: extent,
      columns,
      places: fc.array(fc.constantFrom(...places), { minLength: 3, maxLength: 3 }),
      seed: fc.nat(),
    })
    .map((grid) => {
      const used = grid.places.slice(0, grid.graph.inputs.length).map(along);
      const isWell = along(places[0]).every((along, axis) => !along || used.some((at) => at[axis]));
      return isWell ? grid : { ...grid, places: [places[0], ...grid.places.slice(1)] };
    });

/** A convolution with all its attributes as a graph. */
export const convolution: fc.Arbitrary<GraphCase> = fc
  .tuple(convolutionCase(), fc.nat())
  .map(([{ image, kernel, attributes }, seed]) => {
    const inputs = [image, kernel].map((shape, i): Input => ({
      path: `x${i}`,
      shape,
      dtype: 'float32',
      data: numbers('any', seed + i, sizeOf(shape)),
    }));
    const build = ({ x0, x1 }: Nodes): Nodes => ({ y: p.conv2d(x0!, x1!, attributes) });
    const graph = (): Nodes => {
      const [x0, x1] = inputNodes(inputs) as [Node, Node];
      return build({ x0, x1 });
    };
    return { inputs, key: [0, 1], declared: inputs, build, graph, donate: [], scratch: 0 };
  });

export const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
export const join = (parts: readonly Float64Array[]): Float64Array =>
  Float64Array.from(parts.flatMap((part) => [...part]));

const DOMAINS = { float32: 'any', int32: 'integers', bool: 'bools' } as const;

/** The numbers of an input in one example; in the first example those of the graph. */
const exampleAt = ({ graph, places, columns, seed }: Grid, k: number, row: number, column: number) => {
  const { data, dtype } = graph.inputs[k]!;
  const [byRow, byColumn] = along(places[k]!);
  const i = (byRow ? row * columns : 0) + (byColumn ? column : 0);
  return i === 0 ? data : numbers(DOMAINS[dtype], seed + 100 * k + i, data.length);
};

export type Function = (x: Tensors) => Tensors;
/** Transforms the function of one example, given its inputs and the axes along which they vary. */
type Transformed = (f: Function, at: (...places: readonly Place[]) => Tensors) => Tensors;

const transformed = (grid: Grid, inputs: readonly Input[], transform: Transformed): GraphCase => {
  const { graph, places } = grid;
  return {
    ...graph,
    inputs,
    declared: [...inputs, ...graph.declared.slice(inputs.length)],
    donate: [],
    build: (nodes) => {
      const all = tensors(nodes);
      const at = (...some: readonly Place[]): Tensors =>
        Object.fromEntries(inputs.flatMap(({ path }, k) => (some.includes(places[k]!) ? [[path, all[path]!]] : []))); // oxfmt-ignore
      // in the order of the inputs, which the graph is made by
      const f: Function = (x) => tensors(graph.build(mapValues({ ...all, ...x }, nodeOf)));
      return mapValues(transform(f, at), nodeOf);
    },
  };
};

/** Evaluates the whole grid at once. */
export const atOnce = (grid: Grid, transform: Transformed): Readonly<Record<string, Float64Array>> => {
  const inputs = grid.graph.inputs.map((input, k): Input => {
    const [byRow, byColumn] = along(grid.places[k]!);
    const [rows, columns] = [range(byRow ? grid.rows : 1), range(byColumn ? grid.columns : 1)];
    return {
      ...input,
      shape: [...(byRow ? [rows.length] : []), ...(byColumn ? [columns.length] : []), ...input.shape],
      data: join(rows.flatMap((row) => columns.map((column) => exampleAt(grid, k, row, column)))),
    };
  });
  return outputsOfPlan(transformed(grid, inputs, transform), FUSING);
};

/** Evaluates one example of the grid after the other, row by row. */
export const oneByOne = (grid: Grid, transform: Transformed): Readonly<Record<string, Float64Array>> => {
  // one plan: the shapes are the same everywhere
  const { outputsOf } = planned(transformed(grid, grid.graph.inputs, transform), FUSING);
  const examples = range(grid.rows).flatMap((row) =>
    range(grid.columns).map((column) =>
      outputsOf(grid.graph.inputs.map((x, k): Input => ({ ...x, data: exampleAt(grid, k, row, column) }))),
    ),
  );
  return mapValues(examples[0]!, (_, path) => join(examples.map((one) => one[path]!)));
};
