/** Losses and samplers of a U-Net that learns its variance. */
import { describe, expect, it } from 'vitest';
import { wasm } from '../../src/backends/wasm/backend.js';
import {
  boundLosses,
  cosine,
  ddpm,
  type Denoiser,
  fixedLogVariances,
  hybridLosses,
  learningVariance,
  type Loss,
  type Losses,
  meanLoss,
  pMeanVariance,
  simpleLosses,
} from '../../src/diffusion/index.js';
import {
  add,
  compile,
  concatAll,
  constantOf,
  fillSpec,
  foldIn,
  fork,
  grad,
  iterate,
  key,
  mul,
  normal,
  program,
  read,
  reshape,
  type Resident,
  type Shape,
  slice,
  type Tensor,
  using,
  zerosLike,
} from '../../src/dsl/index.js';
import { F, RTE } from '../../src/internal/fp.js';
import { adam, learner, unet, type UNetParams } from '../../src/nn/index.js';
import { numbersOf, relativeDistance, right } from './run.js';

type Image = [8, 8, 1];
const T = 100;
const noising = right(ddpm(cosine(T)));
const model = right(
  unet({
    image: [8, 8, 1],
    base: 8,
    multipliers: [1],
    blocks: 1,
    groups: 4,
    heads: 2,
    timesteps: T,
    learnedVariance: 'range',
  }),
);
/** Two pictures: a horizontal and a vertical bar. */
const pictures = (count: number): Float32Array =>
  Float32Array.from({ length: count * 64 }, (_, i) => {
    const [image, y, x] = [i >> 6, (i >> 3) % 8, i % 8];
    return (image % 2 === 0 ? y : x) === 3 ? 1 : -1;
  });

describe('of a U-Net with learnedVariance', () => {
  const x0 = constantOf(pictures(4), 4, 8, 8, 1) as Tensor<[4, ...Image]>;
  /** Nonzero parameters. */
  const draw = (k: Parameters<typeof model.init>[0]): UNetParams =>
    fillSpec(model.params, ({ path, shape }) => {
      const extents = shape as readonly number[]; // a model's extents are numbers
      const leaf = model.params.leaves.findIndex((one) => one.path === path);
      const noise = normal(foldIn(k, leaf), ...extents);
      return path.endsWith('.gamma') ? add(mul(noise, 0.1), 1) : mul(noise, 0.1);
    });

  it('the hybrid loss trains the mean like the simple loss, and the variance only by the bound', async () => {
    /** The gradient of a loss by the filters of the last convolution: those of ε̂, then those of the variance. */
    const slopes = async (losses: Losses<UNetParams, Image>) => {
      const numbers = await numbersOf((k) => {
        const { output } = grad(meanLoss(losses))(draw(foldIn(k, 1)), { x0, key: foldIn(k, 2) });
        const kernel = output.kernel as Tensor<Shape> as Tensor<[3, 3, 8, 2]>;
        const parts = [slice(kernel, -1, 0, 1), slice(kernel, -1, 1, 1)] as const;
        return concatAll([reshape(parts[0], -1), reshape(parts[1], -1)], 0);
      });
      return [numbers.slice(0, 72), numbers.slice(72)] as const;
    };
    const [ofMean, ofVariance] = await slopes(hybridLosses(noising, model, { lambda: 1 }));
    const [simple, none] = await slopes(simpleLosses(noising, model));
    const bound = await slopes((...args) => {
      const { losses, t } = boundLosses(noising, model)(...args);
      return { losses: mul(losses, T), t };
    });
    expect(ofMean.every((slope) => slope !== 0)).toBe(true);
    // float64; the other half adds 0, so that only the order of sums may differ
    expect(relativeDistance(ofMean, simple)).toBeLessThan(1e-13);
    expect(none.every((slope) => slope === 0)).toBe(true);
    expect(relativeDistance(ofVariance, bound[1])).toBeLessThan(1e-13);
    expect(Math.hypot(...ofVariance)).toBeGreaterThan(1e-3);
  });

  it('p_θ has its variance: initially, with prediction 0, halfway between log β̃_t and log β_t', async () => {
    const steps = Int32Array.of(0, 1, 50, 99);
    const logVariance = await numbersOf((k) => {
      const t = constantOf(steps, 4);
      return pMeanVariance(noising, model)(model.init(k), x0, { t }).logVariance;
    });
    const smallest = fixedLogVariances(noising, 'posterior');
    const expected = Array.from(steps, (t) => (smallest[t]! + Math.log(noising.schedule.betas[t]!)) / 2);
    expect(
      relativeDistance(
        logVariance,
        expected.flatMap((log) => Array<number>(64).fill(log)),
      ),
    ).toBeLessThan(1e-14);
  });

  const { state, init, update } = learner(model, adam({ learningRate: 3e-3 }));
  const begin = program('key', (k) => ({ state: init(k) }));
  const examples = { x0: 'B 8 8 1', key: 'key' } as const;
  const trainingOf = (loss: Loss<UNetParams, Image>) =>
    program({ state, ...examples }, (inputs) => ({
      state: update(grad(loss)(inputs.state.params, { x0: inputs.x0, key: inputs.key }), inputs.state),
    }));
  /** Simple loss and bound, in bits, over 64 pictures: before 60 steps of the hybrid loss, and after them. */
  const learned = async (denoiser: Denoiser<UNetParams, Image>) => {
    const both = program({ params: model.params, ...examples }, ({ params, x0, key }) => {
      const keys = fork(key, 'simple', 'bound');
      return {
        simple: meanLoss(simpleLosses(noising, denoiser))(params, { x0, key: keys.simple }),
        bound: meanLoss(boundLosses(noising, denoiser))(params, { x0, key: keys.bound }),
      };
    });
    const step = trainingOf(meanLoss(hybridLosses(noising, denoiser)));
    const inputs = (i: number) => ({ x0: pictures(8), key: foldIn(key(8), i) });
    const all = F.pipe(
      RTE.Do,
      RTE.bind('start', () => compile(begin, {})),
      RTE.bind('losses', () => compile(both, { B: 64 })),
      RTE.let(
        'measured',
        ({ losses }) =>
          (params: Resident<UNetParams>) =>
            F.pipe(
              RTE.fromTaskEither(losses.run({ params, x0: pictures(64), key: key(9) })),
              RTE.flatMap(({ simple, bound }) => RTE.sequenceArray([read(simple), read(bound)])),
              RTE.map(([simple, bound]) => ({ simple: simple![0]!, bound: bound![0]! })),
            ),
      ),
      RTE.bind('train', () => compile(step, { B: 8 }, { donate: ['state'] })),
      RTE.bind('first', ({ start }) => RTE.fromTaskEither(start.run(key(7)))),
      RTE.bind('before', ({ measured, first }) => measured(first.state.params)),
      RTE.bind('last', ({ train, first }) => iterate(train, { times: 60, inputs })(first)),
      RTE.bind('after', ({ measured, last }) => measured(last.state.params)),
      using(wasm()),
    );
    return right(await all());
  };

  it('60 steps of the hybrid loss bring both losses down', async () => {
    const { before, after } = await learned(model);
    expect(before.simple).toBeCloseTo(1, 1); // the loss of ε̂ = 0
    expect(after.simple).toBeLessThan(0.5 * before.simple);
    expect(after.bound).toBeLessThan(0.5 * before.bound);
  });

  it('the variance learns even if the mean cannot', async () => {
    const { apply } = model.learned!;
    // as log σ², which starts at 0 and has far to fall, because the range is narrow
    const silent = learningVariance<UNetParams, Image>({
      ...model,
      as: 'logVariance',
      apply: (...args) => {
        const { prediction, variance } = apply(...args);
        return { prediction: zerosLike(prediction), variance };
      },
    });
    const { before, after } = await learned(silent);
    expect(after.simple).toBe(before.simple);
    expect(after.bound).toBeLessThan(0.8 * before.bound);
  });
});
