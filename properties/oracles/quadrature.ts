/** Integrals of smooth functions, to many digits. */

const NODES = 8;

/** The Legendre polynomial of degree {@link NODES} and its derivative at z, by its recursion. */
const legendre = (z: number): readonly [value: number, slope: number] => {
  let [before, value] = [1, z];
  for (let n = 2; n <= NODES; n++) [before, value] = [value, ((2 * n - 1) * z * value - (n - 1) * before) / n];
  return [value, (NODES * (z * value - before)) / (z * z - 1)];
};

/** The nodes of Gauss and Legendre in [-1, 1], and their weights. */
const rule = Array.from({ length: NODES }, (_, i): readonly [node: number, weight: number] => {
  let z = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
  for (let step = 0; step < 8; step++) {
    const [value, slope] = legendre(z); // Newton's method converges from here
    z -= value / slope;
  }
  return [z, 2 / ((1 - z * z) * legendre(z)[1] ** 2)];
});

/**
 * The nodes of an integral over `parts` equal parts of an interval, and their weights: 8 of Gauss and Legendre in each, exact for
 * polynomials of degree 15.
 */
export const quadrature = (from: number, to: number, parts: number) => {
  const half = (to - from) / parts / 2;
  const all = Array.from({ length: parts }, (_, p) =>
    rule.map(([z, weight]) => ({ at: from + half * (2 * p + 1 + z), weight: weight * half })),
  ).flat();
  return { nodes: all.map(({ at }) => at), weights: all.map(({ weight }) => weight) };
};
