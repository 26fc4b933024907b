/** Options of solvers, from TypeScript or not: decoded, by one rule for all. */
import { type Options, optionsOf } from '../../internal/options.js';
import { refined } from '../../internal/decode.js';
import { E, F, t } from '../../internal/fp.js';
import type { Leg } from '../grids/leg.js';
import type { Integrator, Solver } from './solver.js';

/** A solver that has options, each of which may be left out. */
export interface Optional<A> extends Options<A> {
  readonly solver: (options: A) => Solver;
}

/** The solver of some options; of those that its codec does not take, one whose `integrate` is a `ConfigError`. */
export const withOptions =
  <A>({ solver, ...options }: Optional<A>): ((given?: A) => Solver) =>
  (given) =>
    F.pipe(
      given,
      optionsOf(options),
      E.match((error): Solver => ({ integrate: () => E.left(error) }), solver),
    );

/** Of solvers that have none. */
export const noOptions = t.record(
  t.string,
  refined(t.undefined, 'nothing', () => true),
);

/** η of DDIM, and of what follows it. */
export const isEta = refined(t.number, 'η from 0 to 1', (n) => n >= 0 && n <= 1);

/** An order of a method that has no other than 1 to `most`. */
export const orderTo = (most: number): t.Type<number> =>
  refined(t.number, `a whole order from 1 to ${most}`, (n) => Number.isInteger(n) && n >= 1 && n <= most);

/** What every method of several orders says where it is given another. */
export const ORDER_HINT = 'an order of 2 is usual';

/** A solver whose legs need nothing but themselves, and cannot fail. */
export const integrating = (integrator: (legs: readonly Leg[]) => Integrator): Solver => ({
  integrate: (legs) => E.right(integrator(legs)),
});
