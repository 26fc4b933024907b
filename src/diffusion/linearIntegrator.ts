import { add, mul, table } from '../dsl/index.js';
import type { Integrator } from './solver.js';
import { column, entryAt } from './table.js';

/**
 * One step that evaluates the denoiser once: x_s = x·x_t + x0[0]·x̂₀ + x0[1]·(x̂₀ of the step before) + … +
 * noise·ε. Since ε̂ and v̂ are combinations of x_t and x̂₀, formulas in those fit as well.
 */
export interface StepCoefficients {
  readonly x: number;
  readonly x0: readonly number[];
  readonly noise: number;
}

/**
 * The solver that a table of coefficients describes, one row for each leg of its path. It remembers as many
 * earlier x̂₀ as its longest row asks for; the first rows, when that many are not known yet, leave theirs
 * out.
 *
 * @example
 * const first = { x: 0.5, x0: [0.5], noise: 0 }
 * const second = { x: 0, x0: [1.5, -0.5], noise: 0 }
 * const secondOrder = linearIntegrator([first, second])
 * secondOrder.memory // → 1
 * secondOrder.stochastic // → false
 */
export const linearIntegrator = (rows: readonly StepCoefficients[]): Integrator => {
  const predictions = rows.reduce((most, { x0 }) => Math.max(most, x0.length), 1);
  const stochastic = rows.some(({ noise }) => noise !== 0);
  const ofX = entryAt(table(column(rows, ({ x }) => x)));
  const ofX0 = Array.from({ length: predictions }, (_, k) =>
    entryAt(table(column(rows, ({ x0 }) => x0[k] ?? 0))),
  );
  const ofNoise = entryAt(table(column(rows, ({ noise }) => noise)));
  return {
    memory: predictions - 1,
    stochastic,
    step: ({ x, memory }, { index, t, predict, noise }) => {
      const latest = [predict(x, t), ...memory];
      const mean = latest.reduce((sum, x0, k) => add(mul(ofX0[k]!(index))(x0))(sum), mul(ofX(index))(x));
      return {
        x: stochastic ? add(mul(ofNoise(index))(noise('noise')))(mean) : mean,
        memory: latest.slice(0, predictions - 1),
      };
    },
  };
};
