/** Laws of noising processes as paths of noise levels: what does not depend on the path, and its derivatives. */
import fc from 'fast-check';
import {
  atSigmas,
  type ContinuousNoising,
  continuousCosine,
  type Denoiser,
  edm,
  edmWeight,
  evenGrid,
  exactDenoiser,
  type GaussianMixture,
  gridOf,
  levelsOf,
  logitNormalTimes,
  logNormalTimes,
  type NoiseNetwork,
  type Noising,
  noisingOfSigmas,
  overNoising,
  preconditioned,
  rectifiedFlow,
  reparameterize,
  simpleLosses,
  type SolverPlan,
  target,
  trigonometric,
  weightedBy,
} from 'noisefold/diffusion';
import {
  add, concatAll, constantOf, div, exp, fork, mul, normalLike, onesLike, reciprocal, scaleBy, sqrt, square, sub, type Tensor, zeros,
} from 'noisefold/dsl'; // oxfmt-ignore
import { reference } from 'noisefold/backends/reference';
import { fallingSigmas, placeOnPath, solversOfLevels, twoGaussians } from '../arbitraries/paths.js';
import { beginningOf } from '../oracles/gaussianWalk.js';
import { valueOf } from '../oracles/plans.js';
import { computed, drawOnReference } from '../oracles/running.js';
import { walkOf } from '../oracles/solverWalk.js';
import { approx, firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** x/α where each step of a plan ends, from x/α where it begins. */
const scaledStations = async (
  plan: SolverPlan,
  data: GaussianMixture<[]>,
  begin: readonly number[],
): Promise<readonly number[]> => {
  const backend = valueOf(await reference()());
  const walk = await walkOf(backend, plan, data, begin.length);
  let state = beginningOf(walk, begin.map((x) => plan[0]!.from.alpha * x)); // oxfmt-ignore
  const stations: number[] = [];
  for (const [index, { to }] of plan.entries()) {
    state = await walk.step(index, state, new Float64Array(begin.length));
    stations.push(...Array.from(state.x, (x) => x / to.alpha));
  }
  valueOf(await backend.close());
  return stations;
};

const equalSNR: Law<readonly [string, readonly number[], GaussianMixture<[]>, readonly number[]]> = {
  name: 'on paths with the same log-SNR, a solver takes the same steps',
  formula:
    'x/α after each step, for every deterministic solver of log-SNR, on rectifiedFlow, trigonometric, continuousCosine and a schedule of these σ, is x on edm(): within 2¹¹ roundings of max(1, |x_T|), as σ/α of a path over [0, 1] has 1 + σ of them, for σ up to 80, and the weights of up to four predictions enlarge them by less than 25',
  source: 'Variational Diffusion Models (Kingma et al. 2021), section 5; Karras et al. 2022, eq. 4',
  arbitrary: fc.tuple(
    fc.constantFrom(...Object.keys(solversOfLevels)),
    fallingSigmas,
    twoGaussians,
    fc.array(within(-2, 2), { minLength: 2, maxLength: 2 }),
  ),
  runs: 60,
  violation: async ([name, sigmas, data, draws]) => {
    const solver = solversOfLevels[name]!;
    const begin = draws.map((z) => sigmas[0]! * z);
    const stationsOn = (noising: Noising) => {
      const times = valueOf(gridOf(atSigmas(sigmas))(noising));
      return scaledStations(valueOf(solver.plan(levelsOf(noising, times), noising)), data, begin);
    };
    const expected = await stationsOn(edm());
    const schedule = valueOf(noisingOfSigmas([...sigmas].reverse()));
    const tolerance = 2 ** 11 * ULP * Math.max(1, ...begin.map(Math.abs));
    for (const noising of [rectifiedFlow(), trigonometric(), continuousCosine(), schedule]) {
      const path = 'name' in noising ? noising.name : 'a schedule';
      const violation = approx(`x/α on ${path}`, await stationsOn(noising), expected, tolerance);
      if (violation !== null) return violation;
    }
    return null;
  },
};

const shifts: Law<readonly [number, number]> = {
  name: 'a shift of a grid multiplies the noise of a flow',
  formula:
    'evenGrid(n, s) on every path over [0, 1] is t = s·u/(1 + (s − 1)·u) for u = 1 − i/n; on rectifiedFlow its levels are (1 − t, t), and σ/α is s·u/(1 − u), within 8·(1 + σ/α) roundings',
  source: 'SD3 (Esser et al. 2024), eq. 23',
  arbitrary: fc.tuple(fc.integer({ min: 1, max: 100 }), within(0.1, 20)),
  runs: 60,
  violation: ([n, shift]) => {
    const flow = rectifiedFlow();
    const times = valueOf(gridOf(evenGrid(n, { shift }))(flow));
    const others = valueOf(gridOf(evenGrid(n, { shift }))(trigonometric()));
    return firstOf(
      approx('times of another path', others, times, 0),
      levelsOf(flow, times).reduce<Violation>((violation, { t, alpha, sigma }, i) => {
        const u = 1 - i / n;
        const noise = (shift * u) / (i / n);
        return (
          violation ??
          firstOf(
            near(`t_${i}`, t, (shift * u) / (1 + (shift - 1) * u), 8 * ULP),
            near('α', alpha, 1 - t, 0),
            near('σ', sigma, t, 0),
            near('σ/α', sigma / alpha, noise, 8 * ULP * (1 + noise) * noise),
          )
        );
      }, null),
    );
  },
};

const velocities: Law<readonly [{ readonly noising: ContinuousNoising; readonly t: number }, number, number]> = {
  name: 'the velocity is the derivative of x_t',
  formula:
    'α̇·x₀ + σ̇·ε = d/dt (α·x₀ + σ·ε), by central differences of order 4 with steps of 2⁻⁸ of the distance to an end, within 2⁻²² of |α·x₀| + |σ·ε| and of their derivatives',
  source: 'Lipman et al. 2023, theorem 3',
  arbitrary: fc.tuple(placeOnPath, within(-3, 3), within(0.1, 3)),
  runs: 200,
  violation: ([
    {
      noising: { levelAt, last },
      t,
    },
    x0,
    epsilon,
  ]) => {
    const at = (time: number): number => levelAt(time).alpha * x0 + levelAt(time).sigma * epsilon;
    const h = Math.min(t, last - t) / 256;
    const slope = (8 * (at(t + h) - at(t - h)) - (at(t + 2 * h) - at(t - 2 * h))) / (12 * h);
    const { alpha, sigma, rates } = levelAt(t);
    const mixture = target('velocity')(levelAt(t));
    const size = Math.abs(x0) * (alpha + Math.abs(rates!.alpha)) + Math.abs(epsilon) * (sigma + Math.abs(rates!.sigma));
    return near('velocity', mixture.x0 * x0 + mixture.epsilon * epsilon, slope, 2 ** -22 * size);
  },
};

const unwrapped: Law<
  readonly [{ readonly noising: ContinuousNoising; readonly t: number }, GaussianMixture<[]>, number, number]
> = {
  name: 'preconditioning of an unwrapped denoiser is the denoiser',
  formula:
    'with F(c_in·x; ¼·ln σ) = (D(x; σ) − c_skip·x)/c_out of the exact denoiser D, preconditioned(F) is D on every path, within 64 roundings of 1 + |x_t|/α, as the exponential of a logarithm has 1 + |ln σ| of them',
  source: 'EDM (Karras et al. 2022), eq. 7 and table 1',
  arbitrary: fc.tuple(placeOnPath, twoGaussians, within(0.1, 2), within(-3, 3)),
  runs: 80,
  violation: async ([{ noising, t }, data, sigmaData, z]) => {
    const D = exactDenoiser(noising)(data);
    const raw: NoiseNetwork<null, []> = {
      apply: (_, input, { t: label }) => {
        const sigma = exp(mul(label, 4));
        const all = sqrt(add(square(sigma), sigmaData ** 2));
        const x = scaleBy(input, all); // 1/c_in
        const x0 = D.apply(null, x, {
          t: label,
          level: { alpha: onesLike(sigma), sigma, norm: sqrt(add(square(sigma), 1)) },
        });
        const skipped = scaleBy(x, square(mul(reciprocal(all), sigmaData)));
        return scaleBy(sub(x0, skipped), div(all, mul(sigma, sigmaData)));
      },
    };
    const wrapped = valueOf(preconditioned(raw, { as: 'edm', sigmaData }));
    const { alpha, sigma } = noising.levelAt(t);
    const x = alpha * z + sigma * z;
    const [actual, expected] = await Promise.all(
      [wrapped, D].map((denoiser) =>
        computed(() => overNoising(noising)(denoiser).apply(null, constantOf([x], 1), { t: constantOf([t], 1) })),
      ),
    );
    return near('x̂₀', actual![0]!, expected![0]!, 2 ** 6 * ULP * (1 + Math.abs(x / alpha)));
  },
};

const losses: Law<readonly [readonly [number, number], GaussianMixture<[]>, number, number]> = {
  name: 'losses of a flow are those of EDM at the same noise',
  formula:
    'logitNormalTimes on rectifiedFlow and logNormalTimes on edm() draw t and σ = t/(1 − t) from one key; there ‖û − (ε − x₀)‖² = ((1 + σ)/σ)²·‖x̂₀ − x₀‖², and weighted by SNR + 1/σ_data² it is the loss of EDM, (1/σ² + 1/σ_data²)·‖x̂₀ − x₀‖², for one denoiser of x₀: within 2⁸ roundings of 1 + the loss, times (1 + σ)²·(1 + 1/σ)², which the conversions enlarge them by',
  source: 'change of variables; SD3 (Esser et al. 2024), eq. 19; EDM (Karras et al. 2022), table 1',
  arbitrary: fc.tuple(fc.tuple(fc.nat(), fc.nat()), twoGaussians, within(-1, 1), within(0.3, 1.2)),
  runs: 40,
  violation: async ([words, data, mean, deviation]) => {
    const B = 16;
    const [flow, exploding] = [rectifiedFlow(), edm()];
    const ofX0: Denoiser<null, []> = exactDenoiser(exploding)(data);
    const ofVelocity = reparameterize(flow, 'velocity')(ofX0);
    const numbers = await drawOnReference(words, (key) => {
      const keys = fork(key, 'time', 'data', 'noise');
      const x0 = normalLike(keys['data']!, zeros(B));
      const noise = normalLike(keys['noise']!, zeros(B));
      const t = logitNormalTimes({ mean, deviation })(flow)(x0)(keys['time']!) as Tensor<[typeof B]>;
      const sigma = logNormalTimes({ mean, deviation })(exploding)(x0)(keys['time']!) as Tensor<[typeof B]>;
      const [onFlow, onSigma] = [
        { x0, noise, t },
        { x0, noise, t: sigma },
      ];
      const weighted = weightedBy(edmWeight(0.7))(simpleLosses)(flow, ofVelocity);
      return concatAll(
        [
          t,
          sigma,
          simpleLosses(flow, ofVelocity)(null, onFlow).losses,
          simpleLosses(exploding, ofX0)(null, onSigma).losses,
          weighted(null, onFlow).losses,
        ],
        0,
      );
    });
    const [t, sigma, velocity, x0, weighted] = Array.from({ length: 5 }, (_, k) =>
      Array.from(numbers.subarray(B * k, B * (k + 1))),
    );
    return sigma!.reduce<Violation>((violation, noise, i) => {
      const each = 2 ** 8 * ULP * ((1 + noise) * (1 + 1 / noise)) ** 2;
      const expected = ((1 + noise) / noise) ** 2 * x0![i]!;
      const ofEdm = (1 / noise ** 2 + 1 / 0.7 ** 2) * x0![i]!;
      return (
        violation ??
        firstOf(
          near('t', t![i]!, noise / (1 + noise), 8 * ULP),
          near('loss of the velocity', velocity![i]!, expected, each * (1 + expected)),
          near('weighted loss', weighted![i]!, ofEdm, each * (1 + ofEdm)),
        )
      );
    }, null);
  },
};

/**
 * Laws of continuous paths: what depends on the log-SNR only, shifts, velocities, preconditioning, losses.
 * @example
 * pathLaws[0]!.name // → 'on paths with the same log-SNR, a solver takes the same steps'
 * for (const law of pathLaws) await checkLaw(law, 0.05)
 */
export const pathLaws: readonly Law[] = [equalSNR, shifts, velocities, unwrapped, losses];
