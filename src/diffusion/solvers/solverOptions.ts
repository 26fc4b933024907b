/** Options of solvers. */
import { amount, hinted, oneOf, refined, share } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { E, F, t } from '../../internal/fp.js';
import { type Fields, type Filled, optional, type OptionsOf, type Schema } from '../../internal/schema.js';
import type { Solver } from './plan.js';

/** Makes a solver from optional options `O`. For invalid ones, the plan of the solver is the `ConfigError`. */
export type SolverFrom<O> = <G = unknown>(given?: Exact<G, keyof O> & O) => Solver;

/** The maker of a solver with options. */
export const withOptions =
  <Fs extends Fields>(options: Schema<Fs>, solver: (options: Filled<Fs>) => Solver): SolverFrom<OptionsOf<Fs>> =>
  (given) =>
    F.pipe(
      options.decode(given),
      E.match((error): Solver => ({ plan: () => E.left(error) }), solver),
    );

/** η of DDIM and Euler ancestral. */
export const etaOf = (hint: string): t.Type<number> => hinted(refined(share, 'η from 0 to 1', share.is), hint);

/** One of the orders of a method, which begin with 1 and have no gaps. */
export const orderOf = <const N extends number>(...orders: readonly N[]): t.Type<N> =>
  hinted(
    refined(t.number as t.Type<unknown> as t.Type<N>, `a whole order from 1 to ${orders.length}`, (n) =>
      orders.includes(n),
    ),
    'an order of 2 is usual',
  );

/** Two evaluations in every step but the last. */
export const everywhere = optional(t.boolean, false);

/** The rule for two predictions: half of the step with the difference of both, or the integral of the line through them. */
export const pairRule = optional(oneOf('midpoint', 'heun'), 'midpoint');

/** The standard deviation of the noise of a stochastic solver. */
export const noiseFactor = optional(hinted(amount, '1 is usual'), 1);
