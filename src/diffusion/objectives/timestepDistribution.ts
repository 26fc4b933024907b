import {
  addBias,
  cast,
  cumsum,
  type Dim,
  dims,
  greaterEqual,
  type Key,
  mul,
  neg,
  normalLike,
  ones,
  reciprocal,
  scaleBy,
  type Shape,
  slice,
  sum,
  table,
  type Tensor,
  uniformLike,
} from '../../dsl/index.js';
import { graphText } from '../../dsl/graph/node.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import type { Exact } from '../../internal/exact.js';
import { orRaise, raise } from '../../internal/errors.js';
import { aboveZero, finite, hinted } from '../../internal/decode.js';
import { digest } from '../../internal/digest.js';
import { E } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { perSample } from '../process/batch.js';
import { logSNR } from '../schedules/channel.js';
import { column } from '../process/table.js';
import type { TimestepDraw } from './timestepDraw.js';

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
 * const process = unwrap(ddpm(cosine(3)))
 * const draw = program({ k: 'key' }, ({ k }) => timestepsBy(table([0, 1, 0]))(process)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [1, 1, 1, 1]
 */
export const timestepsBy = (probabilities: Tensor<[Dim]>): TimestepDraw => {
  const draw: TimestepDraw = ({ schedule: { T } }) => {
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

const logNormal = schema('logNormalTimesteps', {
  /** The mean of ln σ; -1.2 if left out. */
  mean: optional(hinted(finite, 'the paper uses -1.2'), -1.2),
  /** Its standard deviation, above 0; 1.2 if left out. */
  deviation: optional(hinted(aboveZero, 'the paper uses 1.2'), 1.2),
});

/** The distribution of ln σ in training, N(mean, deviation²). */
interface LogNormal extends OptionsOf<typeof logNormal> {}

/**
 * Draws the timesteps with the noise levels nearest to a log-normal σ, ln σ ~ N(mean, deviation²): EDM (Karras et al. 2022),
 * section 5. The σ of a process is √((1-ᾱ)/ᾱ) = 1/√SNR. Nearest means in ln σ; a σ out of range gives the nearest end.
 * Raises `ConfigError`, when it draws, for a mean that is not finite and for a deviation ≤ 0.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => logNormalTimesteps()(process)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [619, 357, 312, 97]
 */
export const logNormalTimesteps = <G = unknown>(given?: Exact<G, keyof LogNormal> & LogNormal): TimestepDraw => {
  const options = logNormal.decode(given);
  const draw: TimestepDraw = ({ marginals }) => {
    const { mean, deviation } = orRaise(options);
    const logSigmas = column(marginals, (marginal) => -0.5 * logSNR(marginal));
    const borders = Float64Array.from(
      logSigmas.subarray(1),
      (later, t) => ((logSigmas[t]! + later) / 2 - mean) / deviation,
    );
    return <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) =>
      (key: Key) =>
        cellAmong(table(borders))(normalLike(key, perSample(batch)));
  };
  // snapshots identify it by this name
  return Object.defineProperty(draw, 'name', {
    value: E.isLeft(options)
      ? options.left.message
      : `logNormalTimesteps of mean ${options.right.mean} and deviation ${options.right.deviation}`,
  });
};
