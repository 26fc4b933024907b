/** The number of nodes: polynomials up to degree 63 have no error. */
const NODES = 32;

/** The Legendre polynomial of degree {@link NODES} and its derivative at z, by its recursion. */
const legendre = (z: number): readonly [value: number, slope: number] => {
  let [before, value] = [1, z];
  for (let n = 2; n <= NODES; n++) [before, value] = [value, ((2 * n - 1) * z * value - (n - 1) * before) / n];
  return [value, (NODES * (z * value - before)) / (z * z - 1)];
};

/** The nodes of Gauss and Legendre in [-1, 1], and their weights. */
const rule = /* @__PURE__ */ Array.from({ length: NODES }, (_, i): readonly [node: number, weight: number] => {
  let z = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
  for (let step = 0; step < 6; step++) {
    const [value, slope] = legendre(z); // Newton's method converges from here
    z -= value / slope;
  }
  return [z, 2 / ((1 - z * z) * legendre(z)[1] ** 2)];
});

/** The integral of a smooth function from `from` to `to`, by the nodes of Gauss and Legendre. */
export const integral = (f: (x: number) => number, from: number, to: number): number => {
  const half = (to - from) / 2;
  return half * rule.reduce((sum, [node, weight]) => sum + weight * f(from + half * (1 + node)), 0);
};
