import {
  add,
  cast,
  div,
  expm1,
  type Grads,
  mul,
  neg,
  type Scalar,
  sqrt,
  square,
  sub,
  zipTensors,
} from '../dsl/index.js';
import { orRaise } from '../dsl/errors.js';
import { optionsOf } from '../dsl/options.js';
import { exactly } from '../internal/decode.js';
import { F, t } from '../internal/fp.js';
import { type LearningRate, learningRateOption, rateAt, requireRate, type Step } from './learningRate.js';
import { type Optimizer, optimizerOf, type OptimizerState } from './optimizer.js';
import { isAmount, requirement } from './requirement.js';

export interface AdamConfig {
  readonly learningRate: LearningRate;
  /** The decay of the mean of the gradients, in [0, 1); 0.9 if not given. */
  readonly beta1?: number;
  /** The decay of the mean of their squares, in [0, 1); 0.999 if not given. */
  readonly beta2?: number;
  /** Added to the root of the mean square, above 0; 1e-8 if not given. */
  readonly epsilon?: number;
}

const requireDecay = requirement('a decay in [0, 1)', (n) => n >= 0 && n < 1, '0.9 and 0.999 are usual');
const requireEpsilon = requirement(
  'a finite number above 0',
  (n) => isAmount(n) && n > 0,
  '1e-8 is usual: without it a gradient of 0 gives 0 / 0',
);

/** The fields of {@link AdamConfig}, required and optional, as `exactly` takes them; their numbers are looked at one by one. */
export const adamFields = [
  { learningRate: learningRateOption },
  { beta1: t.number, beta2: t.number, epsilon: t.number },
] as const;

const adamOptions = optionsOf({
  where: 'adam',
  options: exactly(...adamFields),
  hint: 'see AdamConfig for the fields and what they take',
});

/** 1 − βⁿ, also where βⁿ is near one. */
const correction = (beta: number, n: Scalar): Scalar => neg(expm1(mul(Math.log(beta))(n)));

/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the order of the end of section 2). Its state is the moments
 * `first` and `second`. Raises `ConfigError` at once for a decay outside [0, 1), an epsilon that is not above 0, a
 * learning rate that is not finite, or a field that is unknown or missing.
 *
 * @example
 * const { init, update } = adam({ learningRate: 0.1 })
 * update(constantOf([3, -4], 2), init(zeros(2)), zeros(2), scalar(0, 'int32')).params // → [-0.1, 0.1]
 */
export const adam = (config: AdamConfig): Optimizer => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = orRaise(adamOptions(config));
  requireRate('adam.learningRate', learningRate);
  requireDecay('adam.beta1', beta1);
  requireDecay('adam.beta2', beta2);
  requireEpsilon('adam.epsilon', epsilon);
  return optimizerOf({
    learningRate,
    moments: ['first', 'second'],
    update: <P>(gradients: Grads<P>, state: OptimizerState<P>, params: P, step: Step) => {
      // all that depends on the step is a scalar, so that each parameter is updated in one pass
      const n = add(1)(cast('float32')(step));
      const root = sqrt(correction(beta2, n));
      const size = F.pipe(rateAt(learningRate)(step), mul(root), div(correction(beta1, n)));
      const floor = mul(epsilon)(root);
      const first = zipTensors((m, g) => add(mul(1 - beta1)(g))(mul(beta1)(m)))(state['first']!, gradients);
      const second = zipTensors((v, g) => add(mul(1 - beta2)(square(g)))(mul(beta2)(v)))(
        state['second']!,
        gradients,
      );
      return {
        params: zipTensors((p, m, v) => sub(div(add(floor)(sqrt(v)))(mul(size)(m)))(p))(
          params,
          first,
          second,
        ),
        state: { first, second },
      };
    },
  });
};
