/** The inputs and the options of losses. */
import { conditionDropout } from '../../conditions/dropout.js';
import type { ConditionValues } from '../../conditions/values.js';
import { type Dim, isTensor, type Key, type Shape, type Tensor } from '../../dsl/index.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { demandType, raise, showType } from '../../internal/errors.js';
import { functionOf, hinted, refined, show } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { part } from '../../internal/parts.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isDiscrete, type Noising } from '../paths/noising.js';
import type { TimeType } from '../paths/path.js';
import { type TimeDraw, usualTimes } from './timeDraw.js';

/** The options that every loss has. */
export const lossFields = {
  /**
   * The probability of dropping the conditions of a sample, for classifier-free guidance; 0 if left out. A number drops all of them
   * together; { together, each } drops each on its own too.
   */
  conditionDropout: optional(conditionDropout, 0),
  /** The draw of times; {@link usualTimes} if left out: uniform, and log-normal in σ for EDM. */
  times: optional(
    hinted(functionOf<TimeDraw>('a draw of times, such as uniformTimes'), 'only fit takes an adaptive draw'),
    usualTimes,
  ),
};

export interface LossOptions extends OptionsOf<typeof lossFields> {}

/** The inputs of a loss besides the parameters. */
export interface LossInputs<B extends Dim, I extends Shape> {
  /** The data, images in [-1, 1]. */
  readonly x0: Tensor<[B, ...I]>;
  /** The key from which times, noise, dropout and dropped conditions are drawn. Required unless nothing is drawn. */
  readonly key?: Key | undefined;
  /** The values of each sample, such as its class, by name, for a denoiser that is conditioned on them. */
  readonly conditions?: ConditionValues<NoInfer<B>> | undefined;
  /** The time of each sample, int32 for the timesteps of a schedule, else float32; drawn from the key if left out. */
  readonly t?: Tensor<[NoInfer<B>], TimeType> | undefined;
  /** The noise ε of each sample, like x_0; drawn from the key if left out. */
  readonly noise?: NoInfer<Tensor<[B, ...I]>> | undefined;
  /**
   * The number of updates before the step, `[]`, for a loss that changes during training; if left out, the loss is as at the end of
   * training.
   */
  readonly step?: Tensor<[], 'int32'> | undefined;
  /** The parameters of the teacher of the loss, if it has one. */
  readonly teacher?: unknown;
  /** The parameters of the target network of the loss; if left out, the network's own parameters. */
  readonly target?: unknown;
}

const HINT = 'give { x0, key } or { x0, t, noise }';
const tensorOf = (expected: string) => refined(t.unknown, expected, isTensor);
const inputsOf = schema(
  'loss',
  {
    x0: tensorOf('the data, a tensor'),
    key: optional(tensorOf('a key of a program')),
    conditions: optional(
      hinted(part('the values of conditions by name'), 'give { label }, a tensor for each condition'),
    ),
    t: optional(tensorOf('timesteps, a tensor')),
    noise: optional(tensorOf('noise, a tensor')),
    step: optional(tensorOf('the number of updates, a tensor')),
    teacher: optional(t.unknown),
    target: optional(t.unknown),
  } satisfies Record<keyof LossInputs<Dim, []>, unknown>,
  HINT,
);

/** The checked inputs of a loss. */
export const checkedInputs = <B extends Dim, I extends Shape>(
  inputs: LossInputs<B, I>,
  timeType: TimeType,
): LossInputs<B, I> => {
  if (isTensor(inputs))
    return raise('ConfigError', {
      where: 'loss',
      expected: 'the inputs as one record { x0, key, conditions, t, noise }',
      actual: 'a tensor',
      hint: 'write loss(params, { x0, key })',
    });
  const checked = inputsOf.demand<LossInputs<B, I>>(inputs);
  const { shape, dtype } = nodeOf(checked.x0);
  const perSample = (type: TimeType) => showType({ shape: shape.slice(0, 1), dtype: type });
  const demand = (name: 't' | 'noise', expected: string, hint: string): void => {
    const x = checked[name];
    if (x !== undefined) demandType(`loss.${name}`, expected, nodeOf(x), hint);
  };
  demand('t', perSample(timeType), 'give the time of each sample');
  demand('noise', showType({ shape, dtype }), 'give noise of the shape of x0');
  return checked;
};

/** The key that noise or times are drawn from. Raises `ConfigError` if there is none. */
export const requiredKey = (key: Key | undefined, purpose: string): Key =>
  key ??
  raise('ConfigError', {
    where: 'loss.key',
    expected: `a key, from which the ${purpose} of each sample is drawn`,
    actual: 'none',
    hint: HINT,
  });

/** Checks the times of a draw, which may be a user's own. Raises `ConfigError` unless it returns a time for each sample. */
export const drawnTimes = <B extends Dim, I extends Shape>(
  times: TimeDraw,
  noising: Noising,
  x0: Tensor<[B, ...I]>,
  key: Key,
): Tensor<[B], TimeType> => {
  const type = showType({ shape: nodeOf(x0).shape.slice(0, 1), dtype: isDiscrete(noising) ? 'int32' : 'float32' });
  const refuse = (result: unknown): never =>
    raise('ConfigError', {
      where: 'times',
      expected: `a draw of times, (noising) => (batch) => (key) => ${type}`,
      actual: `one that returns ${isTensor(result) ? showType(nodeOf(result)) : show(result)}`,
      hint: 'call the function that makes it, such as logitNormalTimes()',
    });
  const functionIn = <F>(f: F): F => (typeof f === 'function' ? f : refuse(f));
  const drawn = functionIn(functionIn(times(noising))(x0))(key);
  return isTensor(drawn) && showType(nodeOf(drawn)) === type ? drawn : refuse(drawn);
};
