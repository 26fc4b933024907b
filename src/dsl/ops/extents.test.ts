import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { publicNames } from '../../../properties/documentation/examples.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../errors.js';
import * as n from '../index.js';
import { node } from '../node.js';
import { type AnyTensor, type Key, tensor } from '../tensor.js';

const x = (): n.Tensor<[2, 4]> => n.zeros(2, 4);
const image = (): n.Tensor<[1, 2, 4, 1]> => n.zeros(1, 2, 4, 1);
const indices = (): n.Tensor<[2], 'int32'> => n.iota(2);
const key = (): Key => tensor(node('input', [], { path: 'key' }, [], 'key'));

/** Each operation that is told an extent, given one. */
const told: Readonly<Record<string, (d: number) => AnyTensor | readonly AnyTensor[]>> = {
  ascribe: (d) => n.ascribe(d, 4)(x()),
  bernoulli: (d) => n.bernoulli(0.5, d)(key()),
  broadcastTo: (d) => n.broadcastTo(d, 2, 4)(x()),
  constantOf: (d) => n.constantOf([1], d),
  fullOf: (d) => n.fullOf(1, d),
  iota: (d) => n.iota(d),
  normal: (d) => n.normal(2, d)(key()),
  oneHot: (d) => n.oneHot(d)(indices()),
  ones: (d) => n.ones(d),
  pad: (d) => n.pad(0, d, 0)(x()),
  permutation: (d) => n.permutation(d)(key()),
  randint: (d) => n.randint(0, 9, d)(key()),
  reshape: (d) => n.reshape(d, -1)(x()),
  resizeBilinear: (d) => n.resizeBilinear(d, 2)(image()),
  resizeNearest: (d) => n.resizeNearest(2, d)(image()),
  scatterAdd: (d) => n.scatterAdd(indices(), d)(x()),
  slice: (d) => n.slice(1, 0, d)(x()),
  split: (d) => n.split([d, 4 - d])(x()),
  tile: (d) => n.tile(1, d)(x()),
  topK: (d) => n.topK(d)(x()).values,
  uniform: (d) => n.uniform(d)(key()),
  zeros: (d) => n.zeros(8, d),
};

describe('what is no extent is refused when the program is traced, by the operation that was told it', () => {
  test.each(Object.entries(told))('%s', (name, build) => {
    for (const wrong of [-2, 1.5, Number.NaN, Infinity, 2 ** 53]) {
      const made = attempt(() => build(wrong));
      if (E.isRight(made)) throw new Error(`${name}(${wrong}) was made`);
      expect({ wrong, ...made.left }).toMatchObject({
        wrong,
        _tag: 'ShapeError',
        hint: expect.stringMatching(/./),
      });
      expect(made.left.where.split(/[ ,]/)[0]).toBe(name);
    }
  });
});

// the extents of a program are those of its symbols: see `dimExpression.test.ts`
test('these are all operations that have an extent in the type of an argument', () => {
  const declared = publicNames().filter(({ entry, name, file, isValue }) => {
    const text = readFileSync(file, 'utf8');
    const [, declaration = ''] = text.split(`export const ${name}`);
    return (
      entry === 'dsl' &&
      isValue &&
      /^src\/dsl\/(ops\/|keys\.|tensor\.)/.test(file) &&
      /\bExtents?<|: Resize\b|Requested</.test(declaration.split('\n/**')[0]!)
    );
  });
  expect(declared.map(({ name }) => name).sort()).toEqual(Object.keys(told).sort());
});
