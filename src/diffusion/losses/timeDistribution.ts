import {
  add,
  addBias,
  cast,
  clip,
  cos,
  cumsum,
  type Dim,
  dims,
  exp,
  greaterEqual,
  type Key,
  mul,
  neg,
  normalLike,
  ones,
  reciprocal,
  scaleBy,
  sigmoid,
  slice,
  square,
  sub,
  sum,
  table,
  tan,
  type Tensor,
  uniformLike,
} from '../../dsl/index.js';
import { graphText } from '../../dsl/graph/node.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import type { Exact } from '../../internal/exact.js';
import { type NoisefoldError, orRaise, raise } from '../../internal/errors.js';
import { aboveZero, finite, hinted, refined } from '../../internal/decode.js';
import { digest } from '../../internal/digest.js';
import { E, type either } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { perSample } from '../levels/batch.js';
import { logSNR } from '../levels/channel.js';
import { column } from '../levels/table.js';
import { timeShift } from '../levels/timeShift.js';
import { isDiscrete, withoutEnds, withoutTimesteps } from '../levels/noising.js';
import type { TimeDraw } from './timeDraw.js';

/** The index, 0…N, of the cell between rising `borders`, `[N]`, that each number of `[B]` lies in. */
const cellAmong =
  (borders: Tensor<[Dim]>) =>
  <B extends Dim>(numbers: Tensor<[B]>): Tensor<[B], 'int32'> => {
    const [[B], [N]] = [dims(numbers), dims(borders)];
    const beyond = addBias(scaleBy(ones(B, N) as Tensor<[Dim, Dim]>, numbers as Tensor<[Dim]>), neg(borders));
    return sum(cast(greaterEqual(beyond, 0), 'int32'), 1) as Tensor<[B], 'int32'>; // B is the numbers'
  };

/** Raises `ConfigError` for invalid probabilities of T timesteps, as far as is known while the program is traced. */
const requireProbabilities = (probabilities: Tensor<[Dim]>, T: number): void => {
  const wrong = (expected: string, actual: string): never =>
    raise('ConfigError', {
      where: 'timestepsBy',
      expected,
      actual,
      hint: 'give a probability for each timestep of the process; they need not sum to 1',
    });
  const [length] = dims(probabilities);
  if (length !== T) wrong(`${T} probabilities, one for each timestep`, `${length}`);
  const node = nodeOf(probabilities);
  if (node.op !== 'constant') return;
  const known = Array.from(node.attributes.data);
  const at = known.findIndex((p) => !(p >= 0 && p < Infinity));
  if (at !== -1) wrong('finite probabilities of 0 or more', `${known[at]} at t = ${at}`);
  if (known.every((p) => p === 0)) wrong('a probability above 0', 'none');
};

/**
 * Draws timesteps with the given probabilities, which may be an input of the program and so change from step to step, by
 * inverting their cumulative sum. Probabilities that are not uniform change the mean of the loss; {@link importanceWeights}
 * corrects it.
 *
 * - `probabilities`: `[T]`, 0 or more; their sum need not be 1. Others, and a length that is not T of the process, raise
 *   `ConfigError`. For an input of the program only the length is checked
 * @example
 * const noising = unwrap(ddpm(cosine(3)))
 * const draw = program({ k: 'key' }, ({ k }) => timestepsBy(table([0, 1, 0]))(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [1, 1, 1, 1]
 */
export const timestepsBy = (probabilities: Tensor<[Dim]>): TimeDraw => {
  const draw: TimeDraw = (noising) => {
    if (!isDiscrete(noising))
      return raise('ConfigError', withoutTimesteps('timestepsBy', 'take logitNormalTimes() or logNormalTimes()'));
    const { T } = noising.schedule;
    requireProbabilities(probabilities, T);
    return (batch) => (key) => {
      const sums = cumsum(probabilities, 0) as Tensor<[Dim]>;
      const total = slice(sums, 0, T - 1, 1);
      const draws = uniformLike(key, perSample(batch));
      const scaled = mul(draws, sum(total, 0));
      return cellAmong(slice(sums, 0, 0, T - 1) as Tensor<[Dim]>)(scaled);
    };
  };
  // the name digests the graph of the probabilities, because their numbers may be known only when the program runs
  return Object.defineProperty(draw, 'name', {
    get: () => `timestepsBy ${digest(graphText(nodeOf(probabilities)))}`,
  });
};

/**
 * Importance weights 1/(T·p_t), `[T]` to `[T]`. A loss at a timestep drawn with these probabilities, times its weight, has
 * the mean of uniform timesteps.
 *
 * - `probabilities`: `[T]`, with sum 1
 * @example importanceWeights(constantOf([0.25, 0.75], 2)) // → [2, 0.667]
 */
export const importanceWeights = <T extends Dim>(probabilities: Tensor<[T]>): Tensor<[T]> =>
  mul(reciprocal(probabilities), 1 / (dims(probabilities)[0] as number)); // traced: a number

/** A draw whose name identifies it in snapshots: its function and options. */
const named = <A extends object>(
  name: string,
  options: either.Either<NoisefoldError, A>,
  draw: (options: A) => TimeDraw,
): TimeDraw => {
  const made: TimeDraw = (noising) => draw(orRaise(options))(noising);
  const text = (given: A): string => Object.entries(given).map(([field, value]) => `${field} ${value}`).join(' and '); // prettier-ignore
  return Object.defineProperty(made, 'name', {
    value: E.match(
      (error: NoisefoldError) => error.message,
      (given: A) => (Object.keys(given).length === 0 ? name : `${name} of ${text(given)}`),
    )(options),
  });
};

const logNormal = schema('logNormalTimes', {
  /** The mean of ln σ; -1.2 if left out. */
  mean: optional(hinted(finite, 'the paper uses -1.2'), -1.2),
  /** Its standard deviation, above 0; 1.2 if left out. */
  deviation: optional(hinted(aboveZero, 'the paper uses 1.2'), 1.2),
});

/** The distribution of ln σ in training, N(mean, deviation²). */
interface LogNormal extends OptionsOf<typeof logNormal> {}

/**
 * Draws the times with a log-normal σ, ln σ ~ N(mean, deviation²), where σ is the noise σ/α: EDM (Karras et al. 2022), section 5.
 * On a discrete path it draws the timestep with the nearest ln σ, and for a σ out of range the nearest end. Raises `ConfigError`,
 * when it draws, for a mean that is not finite and for a deviation ≤ 0.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => logNormalTimes()(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [619, 357, 312, 97]
 */
export const logNormalTimes = <G = unknown>(given?: Exact<G, keyof LogNormal> & LogNormal): TimeDraw =>
  named('logNormalTimes', logNormal.decode(given), ({ mean, deviation }) => (noising) => {
    if (!isDiscrete(noising)) {
      const sigmas = <B extends Dim>(like: Tensor<[B]>, key: Key) =>
        exp(add(mul(normalLike(key, like), deviation), mean));
      return (batch) => (key) => noising.timesOfSigmas(sigmas(perSample(batch), key));
    }
    const logSigmas = column(noising.marginals, (marginal) => -0.5 * logSNR(marginal));
    const borders = Float64Array.from(
      logSigmas.subarray(1),
      (later, t) => ((logSigmas[t]! + later) / 2 - mean) / deviation,
    );
    return (batch) => (key) => cellAmong(table(borders))(normalLike(key, perSample(batch)));
  });

/** A draw of times as a fraction of the way to the noise: of [0, 1], or the timestep ⌊fraction·T⌋. */
const byFraction =
  (fractionOf: <B extends Dim>(like: Tensor<[B]>) => (key: Key) => Tensor<[B]>): TimeDraw =>
  (noising) =>
  (batch) => {
    const drawn = fractionOf(perSample(batch));
    if (!isDiscrete(noising)) return (key) => noising.timesAt(drawn(key));
    const { T } = noising.schedule;
    return (key) => clip(cast(mul(drawn(key), T), 'int32'), 0, T - 1);
  };

const logitNormal = schema('logitNormalTimes', {
  /** The mean of logit t; 0 if left out. */
  mean: optional(hinted(finite, 'SD3 uses 0'), 0),
  /** Its standard deviation, above 0; 1 if left out. */
  deviation: optional(hinted(aboveZero, 'SD3 uses 1'), 1),
});

/** The distribution of logit t in training, N(mean, deviation²). */
interface LogitNormal extends OptionsOf<typeof logitNormal> {}

/**
 * Draws times with a normal logit, log(t/(1-t)) ~ N(mean, deviation²), so most lie in the middle of the path: SD3 (Esser et al.
 * 2024), eq. 19. For the timesteps of a schedule t is ⌊T·t⌋. Raises `ConfigError`, when it draws, for invalid options and a path
 * of σ.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => logitNormalTimes()(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.791, 0.652, 0.622, 0.379]
 */
export const logitNormalTimes = <G = unknown>(given?: Exact<G, keyof LogitNormal> & LogitNormal): TimeDraw =>
  named('logitNormalTimes', logitNormal.decode(given), ({ mean, deviation }) =>
    byFraction((like) => (key) => sigmoid(add(mul(normalLike(key, like), deviation), mean))),
  );

const mode = schema('modeTimes', {
  /** s, from -1 to 2/(π - 2): above 0 it favours the middle, below 0 the ends; 1.29 if left out. */
  scale: optional(
    hinted(
      refined(finite, 'a scale from -1 to 1.75', (s) => s >= -1 && s <= 2 / (Math.PI - 2)),
      'SD3 uses 1.29',
    ),
    1.29,
  ),
});

/** The scale of {@link modeTimes}. */
interface ModeOptions extends OptionsOf<typeof mode> {}

/**
 * Draws times with a mode in the middle of the path and heavy tails: t = 1 - u - s·(cos²(πu/2) - 1 + u) for uniform u. SD3 (Esser
 * et al. 2024), eq. 20. Raises `ConfigError`, when it draws, for a scale at which t is not monotone in u, and for a path of σ.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => modeTimes()(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.183, 0.396, 0.427, 0.572]
 */
export const modeTimes = <G = unknown>(given?: Exact<G, keyof ModeOptions> & ModeOptions): TimeDraw =>
  named('modeTimes', mode.decode(given), ({ scale }) =>
    byFraction((like) => (key) => {
      const u = uniformLike(key, like);
      const left = sub(1, u);
      return sub(left, mul(sub(square(cos(mul(u, Math.PI / 2))), left), scale)) as typeof like;
    }),
  );

/**
 * Draws times whose log-SNR on the path of rectified flow has the distribution of the cosine schedule: t = 1 - 1/(tan(πu/2) + 1)
 * for uniform u. SD3 (Esser et al. 2024), section 3.1, CosMap.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => cosMapTimes(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.874, 0.694, 0.654, 0.347]
 */
export const cosMapTimes: TimeDraw = (noising) =>
  byFraction((like) => (key) => {
    const u = uniformLike(key, like);
    return sub(1, reciprocal(add(tan(mul(u, Math.PI / 2)), 1))) as typeof like;
  })(noising);

const shiftOf = argument('shiftedTimes: shift', hinted(aboveZero, 'SD3 uses 3 at 1024×1024'));

/**
 * Shifts the times that another draw gives toward the noise, t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al. 2024), eq. 23, where s is
 * the root of the ratio of the numbers of pixels. FLUX has s = e^μ. A shift is a map of times: the path stays.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => shiftedTimes(3)(uniformTimes)(rectifiedFlow())(zeros(2))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.968, 0.893]
 */
export const shiftedTimes =
  (shift: number) =>
  (draw: TimeDraw): TimeDraw =>
    named(
      `shiftedTimes(${draw.name})`,
      E.map((by: number) => ({ shift: by }))(shiftOf.decode(shift)),
      ({ shift: s }) =>
        (noising) => {
          if (isDiscrete(noising) || noising.time === 'sigma')
            return raise('ConfigError', withoutEnds('shiftedTimes', noising, 'take rectifiedFlow(), or another draw'));
          const drawn = draw(noising);
          // inside of the ends, because float32 would round some to 1
          return (batch) => (key) => noising.timesAt(timeShift(s)(cast(drawn(batch)(key), 'float32')));
        },
    );
