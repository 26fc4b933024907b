/** Laws of few-step training: consistency along the probability flow, and couplings of images with noise. */
import fc from 'fast-check';
import {
  consistencyDistillationLosses,
  consistencyLosses,
  type ContinuousNoising,
  type Denoiser,
  ectPairs,
  edm,
  exactDenoiser,
  type GaussianMixture,
  type NoisePairs,
  overNoising,
  pseudoHuberDistance,
  sigmaOf,
} from 'noisefold/diffusion';
import {
  add,
  constantOf,
  div,
  fullOf,
  key,
  mul,
  normalLike,
  scaleBy,
  sqrt,
  square,
  type Tensor,
  treeSpec,
  zeros,
} from 'noisefold/dsl';
import { optimalTransport } from 'noisefold/training';
import { twoGaussians, unitPath } from '../arbitraries/paths.js';
import { computed, drawOnReference } from '../oracles/running.js';
import { approx, firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

const one = (number: number): Tensor<[1]> => constantOf([number], 1);

/** A Gaussian of one number, its consistency function m + τ·(x − m)/√(τ² + σ²) on edm(), and a noised number. */
interface Place {
  readonly m: number;
  readonly tau: number;
  readonly t: number;
  readonly x0: number;
  readonly noise: number;
}

const place: fc.Arbitrary<Place> = fc.record({
  ...{ m: within(-1, 1), tau: within(0.1, 1), t: within(0.05, 80) },
  ...{ x0: within(-1, 1), noise: within(-3, 3) },
});

const consistencyOf = ({ m, tau }: Place): Denoiser<null, []> => ({
  predicts: 'x0',
  clock: 'level',
  apply: (_, x, { level }) => add(scaleBy(add(x, -m), div(tau, sqrt(add(square(level!.sigma), tau ** 2)))), m),
});

const constant: Law<readonly [Place, number]> = {
  name: 'the consistency function of a Gaussian is constant along its probability flow',
  formula:
    'f(x, σ) = m + τ·(x − m)/√(τ² + σ²) of N(m, τ²): f(x_r, r) = f(x_t, t) for x_r = m + (x_t − m)·√(τ² + r²)/√(τ² + t²), within 64 roundings of 1 + |x_t|; where a step of Heun with the exact denoiser leads from x_t to x_r, for 0.8·t ≤ r < t, consistencyDistillationLosses is at most |x_t − m|/√(τ² + t²)·(t − r)²/τ², and 64 roundings of 1 + |x_t| divided by t − r',
  source: 'Song et al. 2023, definition 1; EDM (Karras et al. 2022), Algorithm 2: a step of order 2',
  arbitrary: fc.tuple(place, within(0.8, 0.99)),
  runs: 200,
  violation: async ([pair, ratio]) => {
    const { m, tau, t, x0, noise } = pair;
    const [xt, r] = [x0 + t * noise, ratio * t];
    const f = overNoising(edm())(consistencyOf(pair)).apply;
    const at = async (x: number, sigma: number) => (await computed(() => f(null, one(x), { t: one(sigma) })))[0]!;
    const xr = m + ((xt - m) * Math.sqrt(tau ** 2 + r ** 2)) / Math.sqrt(tau ** 2 + t ** 2);
    const data: GaussianMixture<[]> = { shape: [], weights: [1], means: [[m]], variances: [tau ** 2] };
    const none = { params: treeSpec<object>({}), init: () => ({}) };
    const exact: Denoiser<object, []> = { ...exactDenoiser(edm())(data), predicts: 'x0' } as never;
    const teacher = { model: { ...exact, ...none }, noising: edm(), params: {} };
    const pairs: NoisePairs = { settings: null, of: (sigma) => ({ t: sigma, r: mul(sigma, ratio) }) };
    const [loss] = await computed(
      () =>
        consistencyDistillationLosses({ teacher, pairs, distance: pseudoHuberDistance(1e-30) })(
          edm(),
          consistencyOf(pair),
        )(null, {
          ...{ x0: one(x0), noise: one(noise), t: one(t), teacher: {} },
        }).losses,
    );
    const roundings = 2 ** 6 * ULP * (1 + Math.abs(xt));
    const most = (Math.abs(xt - m) / Math.sqrt(tau ** 2 + t ** 2)) * ((t - r) / tau) ** 2 + roundings / (t - r);
    return firstOf(
      near('f(x_r, r)', await at(xr, r), await at(xt, t), roundings),
      near('the loss', loss!, most / 2, most / 2),
    );
  },
};

const everyPath: Law<readonly [ContinuousNoising, GaussianMixture<[]>, readonly number[], readonly number[], number]> =
  {
    name: 'consistency losses are the same on every path',
    formula:
      'at times of the same noise σ/α, with the same x₀ and ε, consistencyLosses of the exact denoiser is on every continuous path what it is on edm(), for times of 0.1 to 0.9, within 2⁻¹⁸ of 1 + the loss: programs find the time of a noise by 30 bisections',
    source: 'change of variables, y = x/α; EDM (Karras et al. 2022), eq. 4',
    arbitrary: fc.tuple(
      unitPath,
      twoGaussians,
      fc.array(within(0.1, 0.9), { minLength: 4, maxLength: 4 }),
      fc.array(within(-2, 2), { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 2, max: 4 }),
    ),
    runs: 60,
    violation: async ([path, data, times, noise, stages]) => {
      const pairs = ectPairs({ steps: 1, stages, k: 2 });
      const lossesOn = async (noising: ContinuousNoising, at: readonly number[]) =>
        Array.from(
          await computed(() => {
            const losses = consistencyLosses({ pairs, distance: pseudoHuberDistance(0.01) })(
              noising,
              exactDenoiser(noising)(data),
            );
            return losses(null, { x0: fullOf(0.5, 4), noise: constantOf(noise, 4), t: constantOf(at, 4) }).losses;
          }),
        );
      const expected = await lossesOn(edm(), times.map((t) => sigmaOf(path.levelAt(t)))); // oxfmt-ignore
      const actual = await lossesOn(path, times);
      return expected.reduce<Violation>(
        (violation, loss, i) => violation ?? near(`loss ${i}`, actual[i]!, loss, 2 ** -18 * (1 + loss)),
        null,
      );
    },
  };

const transport: Law<readonly [number, number, number, readonly number[]]> = {
  name: 'the optimal coupling costs at most as much as any other coupling',
  formula:
    'Σ ‖x_i − ε_i‖² of the noise that optimalTransport gives to the images x of a batch is at most that of the noise in the order in which it was drawn, the independent coupling, within 2⁻²⁰ of it, as the noise is rounded to float32, and that of all shifts and reversals of its own order',
  source: 'definition of optimal transport; Tong et al. 2024, section 3.3',
  arbitrary: fc
    .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 6 }), fc.nat())
    .chain(([n, each, seed]) =>
      fc.tuple(
        fc.constant(n),
        fc.constant(each),
        fc.constant(seed),
        fc.array(within(-1, 1), { minLength: n * each, maxLength: n * each }),
      ),
    ),
  runs: 150,
  violation: async ([n, each, seed, pixels]) => {
    const images = Float32Array.from(pixels);
    const noise = await optimalTransport()({ images, positions: new Int32Array(n) }, key(seed));
    const cost = (order: readonly number[]): number =>
      order.reduce((sum, j, i) => {
        for (let k = 0; k < each; k++) sum += (images[i * each + k]! - noise[j * each + k]!) ** 2;
        return sum;
      }, 0);
    const own = Array.from({ length: n }, (_, i) => i);
    const others = own.flatMap((shift) => [own.map((i) => (i + shift) % n), own.map((i) => (n - 1 - i + shift) % n)]);
    const least = Math.min(...others.map(cost));
    const independent = Array.from(await drawOnReference(key(seed), (k) => normalLike(k, zeros(n * each))));
    const drawnCost = independent.reduce((sum, e, i) => sum + (images[i]! - e) ** 2, 0);
    return firstOf(
      approx('number of images', [noise.length], [images.length], 0),
      cost(own) <= least * (1 + 1e-9) ? null : `cost: expected at most ${least}, got ${cost(own)}`,
      cost(own) <= drawnCost * (1 + 2 ** -20) ? null : `cost: expected at most ${drawnCost}, got ${cost(own)}`,
    );
  },
};

/**
 * Laws of few-step training: consistency functions, losses on paths, couplings.
 * @example
 * fewStepLaws[0]!.name // → 'the consistency function of a Gaussian is constant along its probability flow'
 * for (const law of fewStepLaws) await checkLaw(law, 0.05)
 */
export const fewStepLaws: readonly Law[] = [constant, everyPath, transport];
