import { fail, type NoisefoldError } from '../dsl/errors.js';
import { E, type either } from '../internal/fp.js';
import type { Integrator, Leg, Solver } from './solver.js';

/** An order that a solver has, or what is wrong with it. */
const orderWithin = (where: string, order: number, most: number): either.Either<NoisefoldError, number> =>
  Number.isInteger(order) && order >= 1 && order <= most
    ? E.right(order)
    : fail('ConfigError', {
        where,
        expected: `a whole order from 1 to ${most}`,
        actual: `${order}`,
        hint: '2 is usual',
      });

/** A family of solvers, one for each order, and which of them is wanted. */
export interface OfOrder {
  /** What errors call it. */
  readonly where: string;
  readonly order: number;
  /** The greatest order that there is. */
  readonly most: number;
  readonly integrator: (order: number, legs: readonly Leg[]) => Integrator;
}

/** The solver of an order; another than 1 to `most` is a `ConfigError` of the sampler. */
export const solverOfOrder = ({ where, order, most, integrator }: OfOrder): Solver => ({
  integrate: (legs) => E.map((n: number) => integrator(n, legs))(orderWithin(where, order, most)),
});
