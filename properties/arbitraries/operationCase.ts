/** One operation with shapes, attributes and numbers for its operands. */
import fc from 'fast-check';
import { type DType, type Node, node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { showGraph } from '../oracles/text.js';
import { choices, draws, numbers } from './choices.js';
import type { Operation } from './operations.js';

export interface Input {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
  readonly data: Float64Array;
}

export interface OperationCase {
  readonly inputs: readonly Input[];
  readonly build: (operands: readonly Node[]) => Node;
  /** The seed of further numbers. */
  readonly seed: number;
}

/** Shapes of up to four axes with a maximum number of elements; axes that would exceed it have extent 1. */
const shapes = (extents: readonly number[], largest: number): fc.Arbitrary<readonly number[]> =>
  fc
    .array(fc.constantFrom(...extents), { maxLength: 4, size: 'max' })
    .map((draws) => draws.reduce<readonly number[]>((shape, d) => [...shape, sizeOf(shape) * d > largest ? 1 : d], []));

export const smallShape = shapes([1, 2, 3, 4, 5], 40);

/** One axis in eleven is empty. */
export const anyShape = shapes([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], 40);

/** Extents around the widths of vectors and tiles. */
export const largeShape = shapes([1, 3, 4, 7, 8, 16, 17, 33], 1200);

/** An input of a program, keys included. */
export interface Declared {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export const showInput = ({ path, data }: Input): string =>
  `  ${path} = ${data.slice(0, 12).join(', ')}${data.length > 12 ? ', …' : ''}`;

/** The inputs as nodes of a new graph. */
export const inputNodes = (inputs: readonly Declared[]): readonly Node[] =>
  inputs.map(({ path, shape, dtype }) => node('input', [], { path }, shape, dtype));

export const operationCase = (
  operation: Operation,
  shape: fc.Arbitrary<readonly number[]>,
): fc.Arbitrary<OperationCase> =>
  fc
    .record({
      shapes: fc.tuple(...operation.operands.map(() => shape)),
      equal: fc.boolean(),
      attributes: draws,
      seed: fc.nat(),
    })
    .map(({ shapes, equal, attributes, seed }) => {
      const inputs = operation.operands.map(({ dtype, domain }, i): Input => {
        const extents = shapes[equal ? 0 : i]!;
        return {
          path: `x${i}`,
          shape: extents,
          dtype,
          data: numbers(domain, seed + i, sizeOf(extents)),
        };
      });
      const build = (operands: readonly Node[]): Node => operation.build(choices(attributes), operands);
      return {
        inputs,
        build,
        seed,
        [fc.toStringMethod]: () => [showGraph({ y: build(inputNodes(inputs)) }), ...inputs.map(showInput)].join('\n'),
      };
    });
