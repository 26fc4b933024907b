/**
 * A pure function of an object that computes its value once for each object, by identity: a problem is made when
 * a plan is compiled, and run many times.
 */
export const remember = <P extends object, R>(compute: (problem: P) => R): ((problem: P) => R) => {
  const known = new WeakMap<P, { readonly value: R }>();
  return (problem) => {
    const found = known.get(problem) ?? { value: compute(problem) };
    known.set(problem, found);
    return found.value;
  };
};
