/**
 * Properties as tests of vitest: `test.prop` as in `@fast-check/vitest`, without the work that this package does when
 * it is loaded.
 */
import * as fc from 'fast-check';
import { test as plain } from 'vitest';

/**
 * A test that a property holds for all values of some arbitraries. A failure reports its seed and a small
 * counterexample. Hooks run once for the test, not for each value.
 */
const prop =
  <Values extends [unknown, ...unknown[]]>(
    arbitraries: { [I in keyof Values]: fc.Arbitrary<Values[I]> },
    parameters?: fc.Parameters<Values>,
  ) =>
  (name: string, property: (...values: Values) => boolean | void | Promise<boolean | void>, timeout?: number): void =>
    plain(
      name,
      () =>
        fc.assert(
          fc.asyncProperty<Values>(...arbitraries, async (...values) => property(...values)),
          parameters,
        ),
      timeout,
    );

export const test = Object.assign(plain.extend({}), { prop });
export { fc };
