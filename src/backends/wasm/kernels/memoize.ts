/**
 * Caches the results of a pure function by the identity of its argument. A problem is made once, when a plan is
 * compiled, and run many times.
 */
export const memoize = <P extends object, R>(compute: (problem: P) => R): ((problem: P) => R) => {
  const known = new WeakMap<P, { readonly value: R }>();
  return (problem) => {
    const found = known.get(problem) ?? { value: compute(problem) };
    known.set(problem, found);
    return found.value;
  };
};
