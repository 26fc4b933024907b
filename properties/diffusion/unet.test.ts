import { wholeTimesteps } from '../../src/diffusion/paths/discretePath.js';
import { expect, it } from 'vitest';
import { tfjs } from '../../src/backends/tfjs/index.js';
import {
  cfg,
  cosine,
  ddim,
  ddpm,
  fromPrevious,
  type Model,
  reparameterize,
  sampler,
  simpleLoss,
  spaced,
  targetOf,
  uniformTimes,
} from '../../src/diffusion/index.js';
import {
  compile,
  constantOf,
  fork,
  key,
  mean,
  normalLike,
  program,
  read,
  square,
  valueAndGrad,
} from '../../src/dsl/index.js';
import { unet, type UNetParams } from '../../src/nn/index.js';
import { numbersOf, relativeDistance, right } from './run.js';

it('losses and samplers accept the U-Net directly', async () => {
  const noising = right(ddpm(cosine(100)));
  const model = right(
    unet({
      image: [8, 8, 1],
      base: 8,
      multipliers: [1, 2],
      blocks: 1,
      attention: [4],
      conditions: { label: 3 },
      predicts: 'v',
    }),
  );
  const backend = right(await tfjs('cpu')());

  const loss = simpleLoss(noising, model, { conditionDropout: 0.1 });
  const learn = right(
    await compile(
      program({ params: model.params, x0: 'B 8 8 1', label: 'B:int32', key: 'key' }, (i) =>
        valueAndGrad(loss)(i.params, { x0: i.x0, key: i.key, conditions: { label: i.label } }),
      ),
      { B: 4 },
    )(backend)(),
  );
  const begin = right(
    await compile(
      program({ key: 'key' }, (i) => model.init(i.key)),
      {},
    )(backend)(),
  );
  const params = right(await begin.run({ key: key(1) })());
  const label = Int32Array.of(0, 1, 2, 0);
  const x0 = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
  const { value } = right(await learn.run({ params, x0, label, key: key(2) })());
  const [measured] = Array.from(right(await read(value)(backend)()));
  // an untrained model predicts 0, so the loss is the mean square of the v that simpleLoss draws
  const target = right(
    await compile(
      program({ x0: 'B 8 8 1', key: 'key' }, ({ x0, key: whole }) => {
        const keys = fork(whole, 'timestep', 'noise');
        const t = wholeTimesteps(uniformTimes(noising)(x0)(keys.timestep));
        return mean(square(targetOf(noising, 'v')(t)(x0, normalLike(keys.noise, x0))));
      }),
      { B: 4 },
    )(backend)(),
  );
  const [expected] = Array.from(right(await read(right(await target.run({ x0, key: key(2) })()))(backend)()));
  expect(Math.abs(measured! / expected! - 1)).toBeLessThan(1e-5);

  const { step, start, stochastic } = right(
    sampler({ noising, denoiser: model, grid: spaced(5), solver: ddim(), guidance: cfg(2) }),
  );
  expect(stochastic).toBe(false);
  const advance = right(
    await compile(
      program({ params: model.params, x: 'B 8 8 1', label: 'B:int32', index: ':int32' }, (i) => ({
        x: step(i.params, start(i.x), { index: i.index, conditions: { label: i.label } }).state.x,
      })),
      { B: 4 },
      { donate: ['x'] },
    )(backend)(),
  );
  const x1 = x0.map((pixel) => 2 * pixel); // some of it is beyond 1
  const { x } = right(await advance.run({ params, x: x1, label, index: 4 })());
  const sample = Array.from(right(await read(x)(backend)()));
  // the last step returns x̂₀ = √ᾱ₀·x - √(1-ᾱ₀)·v̂, clipped
  const { alpha } = noising.marginals[0]!;
  const clean = Array.from(x1, (x) => Math.min(1, Math.max(-1, alpha * x)));
  expect(relativeDistance(sample, clean)).toBeLessThan(1e-6);
  right(await backend.close());
});

it('U-Nets that predict the score or x_{t-1} work like others', async () => {
  const noising = right(ddpm(cosine(100)));
  const result = right(unet({ image: [8, 8, 1], base: 8, multipliers: [1, 2], predicts: 'score' }));
  const ofPrevious: Model<UNetParams, [8, 8, 1]> = { ...result, ...fromPrevious(noising, result) };
  const t = constantOf(Int32Array.of(0, 50), 2);
  const x = constantOf(
    Float64Array.from({ length: 128 }, (_, i) => Math.sin(i)),
    ...([2, 8, 8, 1] as const),
  );
  const x0Of = (model: typeof ofPrevious) =>
    numbersOf((k) => reparameterize(noising, 'x0')(model).apply(model.init(k), x, { t }));
  // an untrained model predicts 0: with score 0, x̂₀ = x_t/√ᾱ_t; with x_{t-1} = 0, x̂₀ = -x_t·xt/x0
  const factors = (of: (t: number) => number) => (value: number, i: number) => value * of(i < 64 ? 0 : 50);
  const pixels = await numbersOf(() => x);
  const ofScore = pixels.map(factors((at) => 1 / noising.marginals[at]!.alpha));
  const ofMean = pixels.map(factors((at) => -noising.posteriors[at]!.xt / noising.posteriors[at]!.x0));
  expect(relativeDistance(await x0Of(result), ofScore)).toBeLessThan(1e-14);
  expect(relativeDistance(await x0Of(ofPrevious), ofMean)).toBeLessThan(1e-14);
});
