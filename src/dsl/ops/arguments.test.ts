import { describe, expect, test } from 'vitest';
import { E } from '../../internal/fp.js';
import { trace } from '../compile/planning.js';
import { attempt, orRaise } from '../../internal/errors.js';
import * as n from '../index.js';

/** The operations without types, as JavaScript callers may use them. */
type Loose = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
const js = n as unknown as Loose;

const { ones, zeros } = n;
const x = ones(2, 16);
const image = zeros(1, 4, 4, 16);
const affine = { gamma: ones(16), beta: zeros(16) };
const half = n.softmax(0);

const calls: Readonly<Record<string, readonly [call: () => unknown, message: string]>> = {
  'einsum(x)': [() => js.einsum!(x), 'einsum: expected an equation as the last argument, got a tensor of [2, 16]'],
  'einsum(x, y)': [() => js.einsum!(x, x), 'einsum: expected an equation as the last argument, got a tensor of [2, 16]'],
  'einsum(x, y, undefined)': [() => js.einsum!(x, x, undefined), 'einsum: expected an equation as the last argument, got nothing'],
  'rearrange(x)': [() => js.rearrange!(x), 'rearrange: expected a pattern, got nothing'],
  'rearrange(x, 5)': [() => js.rearrange!(x, 5), 'rearrange: expected a pattern, got 5'],
  'layerNorm(x, undefined)': [() => js.layerNorm!(x, undefined), 'layerNorm: expected a record of tensors with the fields gamma and beta, got nothing; write { gamma, beta }'],
  'layerNorm(x, gamma)': [() => js.layerNorm!(x, ones(16)), 'layerNorm: expected a record of tensors with the fields gamma and beta, got a tensor of [16]'],
  'layerNorm(x, { gamma })': [() => js.layerNorm!(x, { gamma: ones(16) }), 'got a record without beta'],
  'rmsNorm(x, undefined)': [() => js.rmsNorm!(x, undefined), 'rmsNorm: expected a record of tensors with the field gamma, got nothing'],
  'affine(x, undefined)': [() => js.affine!(x, undefined), 'affine: expected a record of tensors with the fields w and b, got nothing'],
  'groupNorm(x, undefined, options)': [() => js.groupNorm!(image, undefined, { groups: 4 }), 'groupNorm: expected a record of tensors with the fields gamma and beta, got nothing'],
  'groupNorm of a matrix': [() => js.groupNorm!(x, affine, { groups: 4 }), 'groupNorm: expected images [B, H, W, C], got [2, 16]'],
  'groupNorm with other channels': [() => js.groupNorm!(image, { gamma: ones(32), beta: ones(32) }, { groups: 4 }), 'groupNorm: expected gamma of [16], one number for each channel of [1, 4, 4, 16], got [32]'],
  'layerNorm with other channels': [() => js.layerNorm!(x, { gamma: ones(16), beta: ones(32) }), 'layerNorm: expected beta of [16], one number for each channel of [2, 16], got [32]'],
  'rmsNorm with other channels': [() => js.rmsNorm!(x, { gamma: ones(32) }), 'rmsNorm: expected gamma of [16], one number for each channel of [2, 16], got [32]'],
  'sinusoid(t, undefined)': [() => js.sinusoid!(ones(2), undefined), 'sinusoid.size: expected a number, got nothing'],
  'sinusoid with a misspelt option': [() => js.sinusoid!(ones(2), { size: 4, sinusoid: 'ddpm', maxperiod: 3 }), 'did you mean maxPeriod?'],
  'sinusoid of integers': [() => js.sinusoid!(n.iota(2), { size: 4, sinusoid: 'ddpm' }), "cast it first: cast(x, 'float32')"],
  'zipTensors(a, b, f)': [() => js.zipTensors!({ w: x }, { w: x }, n.add), 'zipTensors: expected a list of trees, and a function, got an object, and an object; write zipTensors([a, b], f)'],
  'zipTensors(tree, f)': [() => js.zipTensors!({ w: x }, n.neg), 'zipTensors: expected a list of trees, and a function, got an object, and a function'],
  'ascribe of a partially applied operation': [() => js.ascribe!(half, 3), 'softmax(…) waits for its first operand'],
  'conv2d(image, undefined)': [() => js.conv2d!(image, undefined), 'conv2d: expected a tensor (kernel), got nothing'],
  'conv2d(image, 3)': [() => js.conv2d!(image, 3), 'conv2d: expected a tensor (kernel), got 3'],
  'conv2d(image, {}, {})': [() => js.conv2d!(image, {}, {}), 'conv2d: expected a tensor (kernel), got an object'],
  'convTranspose2d(image, undefined)': [() => js.convTranspose2d!(image, undefined), 'convTranspose2d: expected a tensor (kernel), got nothing'],
  'stack of a partially applied operation': [() => js.stack!(half), 'stack: expected a list of tensors, got a function; write stack([x, y])'],
  'concatAll(x, x)': [() => js.concatAll!(x, x), 'concatAll: expected a list of tensors, got a tensor of [2, 16]; write concatAll([x, y])'],
  'scalar(undefined)': [() => js.scalar!(undefined), 'scalar: expected a number, got nothing; give a number, such as 0'],
  'fullOf({})': [() => js.fullOf!({}), 'fullOf: expected a number, got an object'],
  'fullLike(x, null)': [() => js.fullLike!(x, null), 'fullLike: expected a number, got null'],
  "constantOf([1, '2'], 2)": [() => js.constantOf!([1, '2'], 2), 'constantOf: data.1: expected a number, got "2"'],
  'roll(x, 1, null)': [() => js.roll!(x, 1, null), 'roll: expected a number, got null'],
  "pad(x, 0, 1, 1, '0')": [() => js.pad!(x, 0, 1, 1, '0'), 'pad: expected a number, got "0"'],
  'iota(2 ** 31 + 1)': [() => js.iota!(2 ** 31 + 1), 'iota: expected at most 2^31 elements, got [2147483649]; an int32 counts to 2^31 - 1'],
  'ones(2 ** 40, 2 ** 40)': [() => js.ones!(2 ** 40, 2 ** 40), 'ones: expected at most 2^53 - 1 elements, got [1099511627776, 1099511627776]; use smaller extents'],
  'concat([x, x])': [() => js.concat!([x, x]), 'concat: expected two tensors, got an array of 2'],
}; // oxfmt-ignore

describe('operations explain wrong arguments', () => {
  test.each(Object.entries(calls))('%s', (_, [call, message]) => {
    expect(attempt(call)).toMatchObject(E.left({ message: expect.stringContaining(message) }));
  });

  test('a program without a result', () => {
    const result = n.program({ x: '2' }, ({ x: v }) => void n.neg(v) as never);
    expect(attempt(() => trace(result, orRaise(result.inputs), {}))).toMatchObject(
      E.left({ _tag: 'ConfigError', message: expect.stringContaining('got nothing; write return') }),
    );
  });

  test('a program whose result is a function', () => {
    const result = n.program({ x: '2' }, ({ x: v }) => ({ y: n.neg(v), z: n.matmul(v as never) }));
    expect(attempt(() => trace(result, orRaise(result.inputs), {}))).toMatchObject(
      E.left({
        _tag: 'ConfigError',
        message:
          'program: expected tensors as results, got a function; was an argument of a layer or operation forgotten?',
      }),
    );
  });
});
