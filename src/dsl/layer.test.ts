import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../properties/diffusion/run.js';
import { E, F } from '../internal/fp.js';
import { attempt } from './errors.js';
import { defn, layer } from './layer.js';
import { mul } from './ops/binary.js';
import { addPerSample, mulPerSample } from './ops/broadcast.js';
import { constantOf, iota, ones, zeros } from './ops/constants.js';
import { downsample } from './ops/convolution.js';
import { concat } from './ops/joining.js';
import { linear, matmul } from './ops/linear.js';
import { meanOver, sumOver } from './ops/reduction.js';
import { halve } from './ops/slicing.js';
import { square } from './ops/unary.js';
import { type AnyTensor, dims, type DType, type Shape, type Tensor } from './tensor.js';

const film = layer({ w: 'D 2*C', b: '2*C' }, 'B H W C, B D -> B H W C', (p) => (h, embedding) => {
  const [scale, shift] = halve()(linear(p)(embedding));
  return F.pipe(h, mulPerSample(scale), addPerSample(shift));
});

/** A wrong type, which only the trace can find out. */
const claim = <S extends Shape, D extends DType = 'float32'>(x: AnyTensor): Tensor<S, D> =>
  x as unknown as Tensor<S, D>;
const params = { w: ones(3, 4), b: constantOf([1, 1, 5, 6], 4) };

describe('layer', () => {
  test('computes what its body says', async () => {
    // scale = (1·3 + 1, 1·3 + 1), shift = (1·3 + 5, 1·3 + 6)
    const build = () => film(params)(ones(1, 1, 2, 2), ones(1, 3));
    expect(await numbersOf(build)).toEqual([12, 13, 12, 13]);
    expect(dims(build())).toEqual([1, 1, 2, 2]);
  });

  test('names the argument whose axis differs from a parameter', () => {
    const h = claim<['B', 2, 2, 2]>(ones(1, 2, 2, 3));
    expect(attempt(() => film(params)(h, claim(ones(1, 3))))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: "arg 1 of 'B H W C, B D -> B H W C'",
        expected: 'axis C = 2 (bound earlier)',
        actual: '3 in [1, 2, 2, 3]',
      }),
    );
  });

  test('names the parameter that differs from another', () => {
    const b = claim<[4]>(ones(6));
    expect(attempt(() => film({ ...params, b })(ones(1, 2, 2, 2), ones(1, 3)))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: 'params.b',
        expected: 'axis 2*C = 4 (bound earlier)',
        actual: '6 in [6]',
      }),
    );
  });

  test('names the argument of another rank', () => {
    const h = claim<[1, 2, 2, 2]>(ones(1, 2));
    expect(attempt(() => film(params)(h, ones(1, 3)))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: expect.stringContaining('arg 1'),
        expected: 'rank 4, [B, H, W, C]',
      }),
    );
  });

  test('a sum of symbols in a parameter waits for the arguments', () => {
    const join = layer(
      { k: '3 3 C+D E' },
      'B H W C, B H W D -> B H/2 W/2 E',
      (p) => (x, skip) => F.pipe(x, concat(skip), downsample(p.k)),
    );
    const k = zeros(3, 3, 5, 7);
    expect(dims(join({ k })(zeros(2, 8, 6, 2), zeros(2, 8, 6, 3)))).toEqual([2, 4, 3, 7]);
    const x = claim<[2, 8, 6, 2]>(zeros(2, 8, 6, 4));
    expect(attempt(() => join({ k })(x, zeros(2, 8, 6, 3)))).toMatchObject(
      E.left({ _tag: 'ShapeError', expected: 'axis C+D = 7 (bound earlier)', actual: '5 in [3, 3, 5, 7]' }),
    );
  });

  test('an odd extent has no half', () => {
    const half = layer({ k: '3 3 C C' }, 'B H W C -> B H/2 W/2 C', (p) => downsample(p.k));
    expect(attempt(() => half({ k: zeros(3, 3, 1, 1) })(zeros(1, 7, 8, 1)))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: 'downsample' }),
    );
  });
});

describe('defn', () => {
  test('unifies its arguments', async () => {
    const project = defn('B H W C, C D -> B H W D', (x, w) => matmul(w)(x));
    expect(await numbersOf(() => project(ones(1, 1, 2, 3), constantOf([1, 2, 3, 4, 5, 6], 3, 2)))).toEqual([
      9, 12, 9, 12,
    ]);
  });

  test('holds a symbol to the extent that it has', () => {
    const half = defn('H, H/2 -> H/2', (_, y) => y);
    expect(dims(half(zeros(4), zeros(2)))).toEqual([2]);
    expect(attempt(() => half(claim<[4]>(zeros(5)), zeros(2)))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: expect.stringContaining('arg 2'), actual: '5, with H = 5 in [2]' }),
    );
  });

  test('demands the dtype that it says', () => {
    const embed = defn('B:int32, N D -> B D', () => claim(zeros(2, 4)));
    expect(attempt(() => embed(claim<[2], 'int32'>(zeros(2)), zeros(10, 4)))).toMatchObject(
      E.left({ _tag: 'DTypeError', where: expect.stringContaining('arg 1'), expected: 'int32' }),
    );
    expect(E.isRight(attempt(() => embed(iota(2), zeros(10, 4))))).toBe(true);
  });

  test('checks what the body gives', () => {
    const liar = defn('B C -> B 2*C', (x) => claim(x));
    expect(attempt(() => liar(zeros(2, 4)))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: "the result of 'B C -> B 2*C'",
        expected: 'axis 2*C = 8 (bound earlier)',
      }),
    );
  });

  test('refuses a signature that is none, when it is called', () => {
    const text: string = 'B C';
    const odd = defn(text as 'B C -> B C', (x) => x);
    expect(attempt(() => odd(zeros(2, 4)))).toMatchObject(E.left({ _tag: 'ConfigError' }));
  });

  test('gives the caller the leading axes back, which are one axis in the body', async () => {
    const seen: (readonly number[])[] = [];
    const project = defn('... C, C D -> ... D', (x, w) => {
      seen.push(dims(x));
      return matmul(w)(x);
    });
    const w = constantOf([1, 2, 3, 4, 5, 6], 3, 2);
    expect(dims(project(ones(2, 5, 4, 3), w))).toEqual([2, 5, 4, 2]);
    expect(dims(project(ones(3), w))).toEqual([2]);
    expect(dims(project(zeros(0, 4, 3), w))).toEqual([0, 4, 2]);
    expect(seen).toEqual([[40, 3], [1, 3], [0, 3]]); // prettier-ignore
    expect(await numbersOf(() => project(constantOf([1, 0, 0, 0, 1, 0], 2, 1, 3), w))).toEqual([1, 2, 3, 4]);
  });

  test('leading axes are the same everywhere', () => {
    const scaled = defn('... C, ... -> ... C', (x) => x);
    expect(dims(scaled(ones(2, 3, 4), ones(2, 3)))).toEqual([2, 3, 4]);
    expect(attempt(() => scaled(ones(2, 3, 4), claim<[2, 3]>(ones(3, 2))))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: "arg 2 of '... C, ... -> ... C'",
        expected: 'leading axes [2, 3] (bound earlier)',
        actual: '[3, 2]',
      }),
    );
    expect(attempt(() => scaled(claim<[2, 3, 4]>(ones()), ones(2, 3)))).toMatchObject(
      E.left({ expected: 'rank 1 or more, [..., C]', actual: '[]' }),
    );
  });

  test('a result has only leading axes that an argument has', () => {
    const text: string = 'B -> ... B';
    const odd = defn(text as 'B -> B', (x) => x);
    expect(attempt(() => odd(zeros(2)))).toMatchObject(
      E.left({ _tag: 'ConfigError', actual: '... in the result alone' }),
    );
  });

  test('gives several results in an array', async () => {
    const moments = defn('B C -> B, B', (x) => [meanOver(1)(x), meanOver(1)(square(x))]);
    const given = constantOf([1, 3, 2, 2], 2, 2);
    expect(await numbersOf(() => moments(given)[0])).toEqual([2, 2]);
    expect(await numbersOf(() => moments(given)[1])).toEqual([5, 4]);
    const liar = defn('B C -> B, B', (x) => [meanOver(1)(x), claim<['B']>(x)]);
    expect(attempt(() => liar(given))).toMatchObject(
      E.left({ where: "the result of 'B C -> B, B'.1", expected: 'rank 1, [B]' }),
    );
  });

  test('takes and gives trees by name', async () => {
    const masked = defn(
      { takes: { x: '... C', mask: '... C' }, gives: { sum: '...', kept: '... C' } },
      ({ x, mask }) => {
        const kept = mul(mask)(x);
        return { sum: sumOver(1)(kept), kept };
      },
    );
    const given = { x: constantOf([1, 2, 3, 4], 2, 1, 2), mask: constantOf([1, 0, 1, 1], 2, 1, 2) };
    expect(await numbersOf(() => masked(given).sum)).toEqual([1, 7]);
    expect(dims(masked(given).kept)).toEqual([2, 1, 2]);
    expect(attempt(() => masked({ ...given, mask: claim<[2, 1, 2]>(ones(2, 1, 3)) }))).toMatchObject(
      E.left({ where: 'input.mask', expected: 'axis C = 2 (bound earlier)' }),
    );
    expect(attempt(() => masked({ x: given.x } as typeof given))).toMatchObject(
      E.left({ _tag: 'ConfigError', where: 'input.mask', actual: 'none' }),
    );
  });

  test('lets a wide result through, and checks it on the trace', () => {
    const wide = defn('B C -> B', (x) => claim<Shape>(x));
    expect(attempt(() => wide(zeros(2, 4)))).toMatchObject(
      E.left({ expected: 'rank 1, [B]', actual: '[2, 4]' }),
    );
  });
});
