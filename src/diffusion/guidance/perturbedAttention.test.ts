import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import {
  add,
  cast,
  concatAll,
  constantOf,
  foldIn,
  iota,
  type Key,
  mul,
  normal,
  normalLike,
  ones,
  type Shape,
  type Tensor,
  zerosLike,
  zipTensors,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { type UNet, unet, type UNetParams } from '../../nn/index.js';
import { attentionBlock } from '../../nn/networks/attentionBlock.js';
import {
  autoguidance,
  cfg,
  type Denoiser,
  edm,
  type Guidance,
  guidanceMonoid,
  labelOf,
  type NoiseNetwork,
  overNoising,
  pag,
  preconditioned,
  unguided,
} from '../index.js';

const config = { image: [4, 4, 1], base: 8, multipliers: [1, 2], groups: 4, attention: [], heads: 2, conditions: { label: 3 } } as const; // oxfmt-ignore
const model = right(unet(config));

/** Parameters of a model that are not zero anywhere. */
const paramsOf = (network: { readonly init: (k: Key) => UNetParams }, k: Key): UNetParams => {
  let leaf = 0;
  const noisy = <S extends Shape>(x: Tensor<S>): Tensor<S> => add(x, mul(normalLike(foldIn(k, ++leaf), x), 0.3));
  return zipTensors([network.init(k)], noisy);
};

type Apply = UNet<[4, 4, 1]>['apply'];
const LABEL = constantOf(Int32Array.of(0, 2), 2);

/** Predictions one after the other, with the same parameters. */
const predictions = (network: { readonly init: (k: Key) => UNetParams }, ...all: readonly Apply[]) =>
  numbersOf((k) => {
    const x = normal(foldIn(k, 99), 2, 4, 4, 1);
    const params = paramsOf(network, foldIn(k, 1));
    const [first, ...others] = all.map((apply) => apply(params, x, { t: iota(2), conditions: { label: LABEL } }));
    return concatAll([first!, ...others], 0);
  });
const halves = (numbers: readonly number[], parts: number): readonly (readonly number[])[] =>
  Array.from({ length: parts }, (_, i) =>
    numbers.slice((i * numbers.length) / parts, ((i + 1) * numbers.length) / parts),
  );
const near = (actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void =>
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance));

describe('perturbed attention', () => {
  it('a block with identity attention is x + output(v)', async () => {
    const block = attentionBlock({ channels: 2, heads: 1, groups: null });
    const [x, qkv, output] = [
      [0.5, -1, 2, 0.25],
      [1, 2, 3, 4, 0.5, -1, -2, 0.3, 0.7, 5, 2, 0.25],
      [1, -0.5, 0.2, 3],
    ];
    const made = await numbersOf(() =>
      block.apply({
        qkv: { w: constantOf(qkv, 2, 6), b: constantOf([9, 9, 9, 9, 0.1, -0.2], 6) },
        output: { w: constantOf(output, 2, 2), b: constantOf([0.01, 0.02], 2) },
      })(constantOf(x, 1, 1, 2, 2), { identityAttention: true }),
    );
    const expected = [0, 1].flatMap((pixel) => {
      const [a, b] = [x[2 * pixel]!, x[2 * pixel + 1]!];
      const v = [0, 1].map((c) => a * qkv[4 + c]! + b * qkv[10 + c]! + [0.1, -0.2][c]!);
      return [0, 1].map((c) => [a, b][c]! + v[0]! * output[c]! + v[1]! * output[2 + c]! + [0.01, 0.02][c]!);
    });
    near(made, expected, 1e-6);
  });

  it('moves a network away from itself with identity attention', async () => {
    const identity = model.perturbed!;
    const guides = [pag(1), pag(4)].map((guide) => right(guide(model)).apply as Apply);
    const [plain, other, neutral, guided] = halves(await predictions(model, model.apply, identity, ...guides), 4);
    near(neutral!, plain!);
    const expected = plain!.map((x, i) => other![i]! + 4 * (x - other![i]!));
    near(guided!, expected, 1e-10);
    expect(Math.max(...plain!.map((x, i) => Math.abs(x - other![i]!)))).toBeGreaterThan(1e-3);
  });

  it('does nothing where one pixel attends to itself', async () => {
    const small = right(unet({ ...config, multipliers: [1, 2, 2] })); // a bottleneck of 1×1
    const guided = right(pag(4)(small)).apply as Apply;
    const [plain, same] = halves(await predictions(small, small.apply, guided), 2);
    near(same!, plain!, 1e-10);
  });

  it('adds to classifier-free guidance', async () => {
    const guides = [cfg(1), cfg(3), pag(2), guidanceMonoid.concat(cfg(3), pag(2))];
    const result = guides.map((guide) => right(guide(model)).apply as Apply);
    const [plain, byClass, byAttention, both] = halves(await predictions(model, ...result), 4);
    const sum = plain!.map((x, i) => byClass![i]! + byAttention![i]! - x);
    near(both!, sum, 1e-10);
  });

  it('of a preconditioned network has the preconditioning of both predictions', async () => {
    // with F(x) = 2x, and x with the identity, D = c_skip·x + c_out·c_in·(1 + 3·(2 - 1))·x
    const network: NoiseNetwork<null, []> = { apply: (_, x) => mul(x, 2), perturbed: (_, x) => x };
    const guided = right(pag(3)(right(preconditioned(network, { as: 'edm', sigmaData: 0.5 }))));
    const actual = await numbersOf(() =>
      overNoising(edm())(guided).apply(null, ones(2), { t: constantOf([0.5, 2], 2) as Tensor<[2]> }),
    );
    near(actual, [1 / 2 + 4 / 2, 1 / 17 + (4 * 4) / 17]);
    const trained = right(unet({ ...config, timesteps: 'continuous' }));
    expect(E.isRight(pag(3)(right(preconditioned(trained, { as: 'edm', sigmaData: 0.5 }))))).toBe(true);
  });

  it.each<readonly [string, Guidance<{ readonly guide: null }, []>, number]>([
    // -1, and -2 with the identity
    ['cfg', cfg(3), 2],
    ['a sum', guidanceMonoid.concat(cfg(3), unguided), 2],
    // 2, and 4 with the identity
    ['autoguidance', autoguidance({ predicts: 'x0', apply: (_, x) => zerosLike(x) }, 2), -4],
  ])('of a denoiser that is guided by %s moves away from its guided prediction with the identity', async (_, guidance, expected) => {
    const classified =
      (factor: number): Denoiser<unknown, []>['apply'] =>
      (__, x, at) =>
        mul(mul(add(cast(labelOf(at)!, 'float32'), 1), x), factor);
    const denoiser: Denoiser<{ readonly guide: null }, []> = {
      predicts: 'x0',
      conditions: { label: { classes: 1 } },
      apply: classified(1),
      perturbed: classified(2),
    };
    const guided = right(pag(4)(right(guidance(denoiser))));
    const at = { t: iota(1), conditions: { label: iota(1) } };
    expect(await numbersOf(() => guided.apply({ guide: null }, ones(1), at))).toEqual([expected]);
  }); // oxfmt-ignore

  it.each<readonly [string, typeof model, number, object, string]>([
    ['a network without attention', right(unet({ ...config, middle: 'residual' })), 2, {}, 'pag: expected a network with attention at the bottleneck, got a network without this attention'],
    ['a scale of NaN', model, NaN, {}, 'pag: expected a finite guidance scale, got NaN'],
    ['a rescale of 2', model, 2, { rescale: 2 }, 'pag.rescale: expected a rescale between 0 and 1, got 2'],
  ])('refuses %s', (_, network, scale, options, message) => {
    const result = pag(scale, options)(network);
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
