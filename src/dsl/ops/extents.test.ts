import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { publicNames } from '../../../properties/documentation/examples.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import * as n from '../index.js';
import { node } from '../graph/node.js';
import { type AnyTensor, type Key, tensor } from '../graph/tensor.js';

const x = (): n.Tensor<[2, 4]> => n.zeros(2, 4);
const image = (): n.Tensor<[1, 2, 4, 1]> => n.zeros(1, 2, 4, 1);
const indices = (): n.Tensor<[2], 'int32'> => n.iota(2);
const key = (): Key => tensor(node('input', [], { path: 'key' }, [], 'key'));

/** Each operation that takes an extent, called with an extent. */
const calls: Readonly<Record<string, (d: number) => AnyTensor | readonly AnyTensor[]>> = {
  ascribe: (d) => n.ascribe(x(), d, 4),
  bernoulli: (d) => n.bernoulli(key(), 0.5, d),
  broadcastTo: (d) => n.broadcastTo(x(), d, 2, 4),
  constantOf: (d) => n.constantOf([1], d),
  fullOf: (d) => n.fullOf(1, d),
  iota: (d) => n.iota(d),
  normal: (d) => n.normal(key(), 2, d),
  oneHot: (d) => n.oneHot(indices(), d),
  ones: (d) => n.ones(d),
  pad: (d) => n.pad(x(), 0, d, 0),
  permutation: (d) => n.permutation(key(), d),
  randint: (d) => n.randint(key(), 0, 9, d),
  reshape: (d) => n.reshape(x(), d, -1),
  resizeBilinear: (d) => n.resizeBilinear(image(), d, 2),
  resizeNearest: (d) => n.resizeNearest(image(), 2, d),
  scatterAdd: (d) => n.scatterAdd(x(), indices(), d),
  sinusoid: (d) => n.sinusoid(n.ones(2), { size: d, sinusoid: 'ddpm' }),
  slice: (d) => n.slice(x(), 1, 0, d),
  split: (d) => n.split(x(), [d, 4 - d]),
  tile: (d) => n.tile(x(), 1, d),
  topK: (d) => n.topK(x(), d).values,
  uniform: (d) => n.uniform(key(), d),
  zeros: (d) => n.zeros(8, d),
};

describe('operations reject invalid extents when the program is traced', () => {
  test.each(Object.entries(calls))('%s', (name, build) => {
    for (const wrong of [-2, 1.5, Number.NaN, Infinity, 2 ** 53]) {
      const result = attempt(() => build(wrong));
      if (E.isRight(result)) throw new Error(`${name}(${wrong}) was made`);
      expect({ wrong, ...result.left }).toMatchObject({
        wrong,
        _tag: 'ShapeError',
        hint: expect.stringMatching(/./),
      });
      expect(result.left.where.split(/[ ,]/)[0]).toBe(name);
    }
  });
});

// for the extents of programs see `dimExpression.test.ts`
test('the calls cover all operations that take an extent', () => {
  const operations = publicNames().filter(
    ({ entry, file, isValue }) =>
      entry === 'dsl' && isValue && /^src\/dsl\/(ops\/|random\/keys\.|graph\/tensor\.)/.test(file),
  );
  const declared = operations.filter(({ name, file }) => {
    const text = readFileSync(file, 'utf8');
    const declaration = text.split(new RegExp(`export const ${name}\\b`))[1]?.split('\n/**')[0] ?? '';
    const [, type = name] = /^: (\w+)/.exec(declaration) ?? [];
    const named = [type, ...[...declaration.matchAll(/\.\.\.\w+: (\w+)/g)].map(([, list]) => list)];
    const types = new RegExp(`^(export )?(interface|type) (${named.join('|')})\\b[^]*?\n\n`, 'gm');
    const overloads = [...text.matchAll(types)].join('');
    return /\bExtents?<|ExtentsFor</.test(`${declaration}${overloads}`);
  });
  expect(declared.map(({ name }) => name).sort()).toEqual(Object.keys(calls).sort());
});
