import { add, mul, type Shape, type Tensor } from '../../dsl/index.js';
import type { Conversion } from '../denoiser/parameterization.js';
import type { Integrator } from './solver.js';
import { column, entryAt } from '../process/table.js';
import { demanding } from '../../internal/takes.js';
import { list, partLike } from '../../internal/parts.js';

/**
 * The coefficients of a step with one evaluation: x_s = x·x_t + x0[0]·x̂₀ + x0[1]·(x̂₀ of the previous step) + … + noise·ε.
 * Formulas in ε̂ and v̂ fit too, because these are combinations of x_t and x̂₀. If a formula uses earlier ε̂ or v̂, the solver
 * remembers those instead of x̂₀.
 */
export interface StepCoefficients {
  readonly x: number;
  readonly x0: readonly number[];
  readonly noise: number;
}

/**
 * An integrator from a table of coefficients, one row for each leg of its path. It remembers as many earlier x̂₀ as the
 * longest row uses. The first rows are shorter, because fewer are known.
 *
 * @param remembered - the quantity to remember, one for each leg, if it is not x̂₀: a combination of x_t and x̂₀, such as
 *   `conversion('x0', 'epsilon')` where the leg begins. All entries of x0 but the first are then its factors.
 * @example
 * const first = { x: 0.5, x0: [0.5], noise: 0 }
 * const second = { x: 0, x0: [1.5, -0.5], noise: 0 }
 * const secondOrder = linearIntegrator([first, second])
 * secondOrder.memory // → 1
 * secondOrder.stochastic // → false
 */
export const linearIntegrator = demanding(
  'linearIntegrator',
  {
    rows: list('a row of coefficients for each leg', partLike('coefficients', '{ x, x0, noise }', 'x', 'x0', 'noise')),
  },
  (rows: readonly StepCoefficients[], remembered?: readonly Conversion[]): Integrator => {
    const predictions = rows.reduce((most, { x0 }) => Math.max(most, x0.length), 1);
    const stochastic = rows.some(({ noise }) => noise !== 0);
    const ofX = entryAt(column(rows, ({ x }) => x));
    const ofX0 = Array.from({ length: predictions }, (_, k) => entryAt(column(rows, ({ x0 }) => x0[k] ?? 0)));
    const ofNoise = entryAt(column(rows, ({ noise }) => noise));
    const memorable = remembered === undefined ? newest : combination(remembered);
    return {
      memory: predictions - 1,
      stochastic,
      step: ({ x, memory }, { index, t, predict, noise }) => {
        const x0 = predict(x, t);
        const mean = [x0, ...memory].reduce((sum, one, k) => add(sum, mul(one, ofX0[k]!(index))), mul(x, ofX(index)));
        return {
          state: {
            x: stochastic ? add(mean, mul(noise('noise'), ofNoise(index))) : mean,
            memory: [memorable(index)(x, x0), ...memory].slice(0, predictions - 1),
          },
          x0,
        };
      },
    };
  },
);

/** The quantity that a step remembers, from x_t, x̂₀ and the index of its leg. */
type Memorable = (index: Tensor<[], 'int32'>) => <S extends Shape>(x: Tensor<S>, x0: Tensor<S>) => Tensor<S>;

const newest: Memorable = () => (_, x0) => x0;

const combination = (remembered: readonly Conversion[]): Memorable => {
  const ofX = entryAt(column(remembered, ({ x }) => x));
  const ofX0 = entryAt(column(remembered, ({ prediction }) => prediction));
  return (index) => (x, x0) => add(mul(x, ofX(index)), mul(x0, ofX0(index)));
};
