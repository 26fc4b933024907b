import {
  addBias,
  cast,
  cumsum,
  type Dim,
  dims,
  div,
  gather,
  greaterEqual,
  mul,
  neg,
  ones,
  reciprocal,
  scaleBy,
  slice,
  sum,
  type Tensor,
  uniformLike,
} from '../../dsl/index.js';
import { graphText } from '../../dsl/graph/node.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { digest } from '../../internal/digest.js';
import { raise } from '../../internal/errors.js';
import { perSample } from '../channels/batch.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { isDiscrete, withoutTimesteps } from '../paths/noising.js';
import { DRAW, requireCalled } from './requireCalled.js';
import { type TimeDraw, withDensity } from './timeDraw.js';

/** The index, 0…N, of the cell between rising `borders`, `[N]`, that each number of `[B]` lies in. */
export const cellAmong =
  (borders: Tensor<[Dim]>) =>
  <B extends Dim>(numbers: Tensor<[B]>): Tensor<[B], 'int32'> => {
    const [[B], [N]] = [dims(numbers), dims(borders)];
    const beyond = addBias(scaleBy(ones(B, N) as Tensor<[Dim, Dim]>, numbers as Tensor<[Dim]>), neg(borders));
    return sum(cast(greaterEqual(beyond, 0), 'int32'), 1) as Tensor<[B], 'int32'>; // B is the batch size of the numbers
  };

/** Raises `ConfigError` for invalid probabilities of T timesteps, if the trace of the program knows their values. */
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
  requireCalled(DRAW, 'timestepsBy(table([1, 2, 1]))', probabilities);
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
  const density = withDensity(() => (t) => gather(div(probabilities, sum(probabilities)), wholeTimesteps(t)), draw);
  // the name contains a digest of the graph of the probabilities, because their values may be unknown before the program runs
  return Object.defineProperty(density, 'name', {
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
