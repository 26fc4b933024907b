/** Decoding of the options of solvers. */
import type { Exact } from '../../internal/exact.js';
import { type Options, optionsOf } from '../../internal/options.js';
import { refined } from '../../internal/decode.js';
import { E, F, t } from '../../internal/fp.js';
import type { Leg } from '../grids/leg.js';
import type { Integrator, Solver } from './solver.js';

/** A solver with optional options. */
export interface Optional<A> extends Options<A> {
  readonly solver: (options: A) => Solver;
}

/** Makes a solver from its options. For invalid options, `integrate` of the solver returns the `ConfigError`. */
export const withOptions =
  <A>({ solver, ...options }: Optional<A>): (<G = unknown>(given?: Exact<G, keyof A> & A) => Solver) =>
  (given) =>
    F.pipe(
      given,
      optionsOf(options),
      E.match((error): Solver => ({ integrate: () => E.left(error) }), solver),
    );

/** The codec of a solver without options. */
export const noOptions = t.record(
  t.string,
  refined(t.undefined, 'nothing', () => true),
);

/** The codec of η, for DDIM and Euler ancestral. */
export const isEta = refined(t.number, 'η from 0 to 1', (n) => n >= 0 && n <= 1);

/** The codec of one of the orders of a method, which begin with 1 and have no gaps. */
export const orderOf = <const N extends number>(...orders: readonly N[]): t.Type<N> =>
  refined(t.number as t.Type<unknown> as t.Type<N>, `a whole order from 1 to ${orders.length}`, (n) =>
    orders.includes(n),
  );

/** The hint of every method with an order. */
export const ORDER_HINT = 'an order of 2 is usual';

/** A solver whose integrator depends only on the legs and cannot fail. */
export const integrating = (integrator: (legs: readonly Leg[]) => Integrator): Solver => ({
  integrate: (legs) => E.right(integrator(legs)),
});
