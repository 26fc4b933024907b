import { finite, listOfSome } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { sumOf } from '../../internal/numbers.js';
import { type OptionsOf, schema } from '../../internal/schema.js';
import { sigmaOf } from '../channels/channel.js';
import { type Form, solverOf, times } from './algorithm.js';
import { fallFields, type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep, evaluatesAgain, move, weighted } from './steps.js';

type Numbers = readonly number[];

/** The rounding of a sum of a few numbers, such as 1/3 + 2/3. */
const ROUNDING = 1e-12;

/**
 * The rule of a tableau: each row has one number more than the row before. Its sum c_i is the place in the step: above 0 and at
 * most 1, and 1 for the last row.
 */
const isExplicit = ({ tableau }: { readonly tableau: readonly Numbers[] }) => {
  const last = tableau.length - 1;
  const fits = (row: Numbers, i: number): boolean =>
    row.length === i + 1 && sumOf(row) > (i === last ? 1 - ROUNDING : 0) && sumOf(row) < 1 + ROUNDING;
  const k = tableau.findIndex((row, i) => !fits(row, i));
  if (k === -1) return null;
  return {
    field: `tableau.${k}` as const,
    expected: `${k === 0 ? '1 number' : `${k + 1} numbers`} with ${k === last ? 'the sum 1' : 'a sum above 0 and up to 1'}`,
    actual: `[${tableau[k]!.join(', ')}], with the sum ${sumOf(tableau[k]!)}`,
    hint: "write fractions: Kutta's method is [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]]",
  };
};

const options = schema('rungeKutta', {
  /** The rows of the Butcher tableau below the first row, with 1, 2, … factors of ε̂; the last row has the weights of the step. */
  tableau: listOfSome(t.readonlyArray(finite, 'an array of numbers'), 'an array of one row or more'),
  ...fallFields,
}).rule(isExplicit);

interface RungeKuttaOptions extends OptionsOf<typeof options> {}

/**
 * An explicit Runge-Kutta method in σ, by its tableau: ρRK of DEIS (Zhang & Chen 2023, section 3.3). With x̄ = x/α, dx̄/dσ = ε̂ and
 * the length h of a step in σ, row i leads to x̄ + h·Σ_j a_ij·ε̂_j at σ + c_i·h, where c_i = Σ_j a_ij. The next evaluation, or the
 * end of the step, is there. A step to the data has one evaluation. The method of Heun is {@link heun}.
 *
 * @param options - `tableau`: its rows, the last of which are the weights. `maxSigmaRatio`: that of {@link heun}. If invalid, the
 *   sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const kutta = rungeKutta({ tableau: [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]] })
 * unwrap(sampler({ noising: edm(), denoiser: white, grid: 8, solver: kutta })).steps // → 22
 */
export const rungeKutta: SolverFrom<RungeKuttaOptions> = withOptions(options, ({ tableau, maxSigmaRatio }) =>
  solverOf(({ x, D, path: { levelOfSigma } }, from, to) => {
    const { x0, epsilon } = D(x, from);
    if (!evaluatesAgain(from, to, maxSigmaRatio)) return ddimStep(x, x0, from, to);
    const slopes: Form[] = [epsilon];
    const levelAt = (c: number) => (c > 1 - ROUNDING ? to : levelOfSigma((1 - c) * sigmaOf(from) + c * sigmaOf(to)));
    const reached = tableau.map((row, i) => {
      const c = sumOf(row);
      const end = levelAt(c);
      const next = i === 0 ? ddimStep(x, x0, from, end) : move(x, times(1 / c, weighted(row, slopes)), from, end);
      if (i < tableau.length - 1) slopes.push(D(next, end).epsilon);
      return next;
    });
    return reached.at(-1)!;
  }),
);
