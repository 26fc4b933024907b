import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import type { Capabilities } from '../backend.js';
import {
  add, ascribe, concatAll, flip, matmul, mul, program, reshape, slice, sum, type Tensor,
} from '../index.js'; // prettier-ignore
import { offsetOf, type Plan } from '../plan.js';
import { plan } from '../planning.js';

const FUSING: Capabilities = { fuses: true, composites: [], alignment: 16, scratchElements: () => 0 };

type Square = Tensor<[8, 8]>;
type Squares = { readonly x: Square; readonly y: Square };

const planOf = (f: (given: Squares) => Tensor<[128]>, donate: readonly ('x' | 'y')[] = []): Plan =>
  right(plan(program({ x: '8 8', y: '8 8' }, f), {}, FUSING, donate)).plan;

/** Kinds of the calls, and where those buffers begin that are parts of others. */
const madeOf = ({ calls, buffers }: Plan) => ({
  calls: calls.map(({ kind }) => kind).join(' '),
  parts: buffers.flatMap(({ partOf, storage }) =>
    partOf && storage.kind === 'arena' ? [partOf.offset] : [],
  ),
  ofInputs: buffers.flatMap(({ partOf, storage }) => (partOf && storage.kind === 'input' ? [storage] : [])),
});

const flat = (x: Square) => reshape(64)(x);
/** Reads all of it, so that it is no output itself. */
const scaled = (x: Tensor<[128]>): Tensor<[128]> => mul(sum(x))(x);
const both = (a: Tensor<[64]>, b: Tensor<[64]>): Tensor<[128]> => ascribe(128)(concatAll([a, b], 0));

describe('a concatenation', () => {
  test('has its parts computed in its place', () => {
    const made = planOf(({ x, y }) => scaled(both(flat(matmul(x)(y)), flat(matmul(y)(x)))));
    expect(madeOf(made)).toMatchObject({ calls: 'anchor anchor region region', parts: [0, 64] });
    for (const { partOf, storage } of made.buffers)
      if (partOf !== undefined)
        expect(offsetOf(storage)).toBe(offsetOf(made.buffers[partOf.buffer]!.storage) + partOf.offset);
  });

  test('has a copy of what is used elsewhere too', () => {
    const made = planOf(({ x, y }) => {
      const [xy, yx] = [flat(matmul(x)(y)), flat(matmul(y)(x))];
      return add(both(xy, xy))(scaled(both(xy, yx)));
    });
    expect(madeOf(made).parts).toEqual([64]);
  });

  test('has a copy of what lies in it in another order', () => {
    const made = planOf(({ x, y }) =>
      scaled(both(flat(flip(0)(matmul(x)(y)) as Square), flat(matmul(y)(x)))),
    );
    expect(madeOf(made).parts).toEqual([64]);
  });

  test('has a copy of what would end within a vector of the next', () => {
    const made = planOf(({ x, y }) => {
      const column = reshape(9, 1)(slice(0, 0, 9)(flat(x)));
      const nine = reshape(9)(matmul(reshape(1, 1)(sum(y)))(column));
      const rest = reshape(55)(slice(0, 9, 55)(flat(x)));
      return scaled(ascribe(128)(concatAll([flat(matmul(x)(y)), nine, rest], 0)));
    });
    expect(madeOf(made).parts).toEqual([0]);
  });

  test('has a copy of what would begin where no buffer may', () => {
    const made = planOf(({ x, y }) => {
      const row = reshape(8)(slice(0, 0, 1)(x));
      const rest = reshape(56)(slice(0, 1, 7)(x));
      return scaled(ascribe(128)(concatAll([row, flat(matmul(y)(x)), rest], 0)));
    });
    expect(madeOf(made).parts).toEqual([]);
  });
});

describe('a slice of an input', () => {
  const halves = (x: Square) => [0, 4].map((start) => slice(0, start, 4)(x)) as readonly Tensor<[4, 8]>[];

  test('is read as an input of its own, from where it begins', () => {
    const made = planOf(({ x, y }) => {
      const [top, bottom] = halves(y) as [Tensor<[4, 8]>, Tensor<[4, 8]>];
      return reshape(128)(concatAll([matmul(x)(top), matmul(x)(bottom), y], 0));
    });
    expect(made.inputs.map(({ path }) => path)).toEqual(['x', 'y']);
    expect(madeOf(made).ofInputs).toEqual([
      { kind: 'input', input: 1, offset: 0 },
      { kind: 'input', input: 1, offset: 32 },
    ]);
  });
});
