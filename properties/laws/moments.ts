/** Laws of the statistics of features that arrive in batches. */
import fc from 'fast-check';
import { frechetDistance, mergeMoments, type Moments, momentsOf, noMoments } from 'noisefold/evaluation';
import { orRaise } from '../../src/internal/errors.js';
import { approx, firstOf, type Law, near } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;
const LENGTH = 3;
/** A mean far from 0, for which sums of squares would lose the digits of the covariance. */
const FAR = 1000;

type Rows = readonly (readonly number[])[];

const row = fc.array(fc.double({ min: FAR - 1, max: FAR + 1, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH });
const batches: fc.Arbitrary<readonly Rows[]> = fc.array(fc.array(row, { maxLength: 20 }), {
  minLength: 1,
  maxLength: 6,
});

const of = (rows: Rows): Moments =>
  orRaise(momentsOf({ data: Float64Array.from(rows.flat()), shape: [rows.length, LENGTH] }));
const merged = (a: Moments, b: Moments): Moments => orRaise(mergeMoments(a, b));

/**
 * The tolerance, relative to the mean, and for the scatter relative to the largest scatter of n numbers of this spread.
 */
const alike = (actual: Moments, expected: Moments): string | null =>
  firstOf(
    near('count', actual.count, expected.count, 0),
    approx('mean', actual.mean, expected.mean, 1e-12 * FAR),
    approx('scatter', actual.scatter, expected.scatter, 4e-12 * expected.count),
  );

const split: Law<readonly Rows[]> = {
  name: 'any split of the features has the same moments',
  formula: 'moments(x ⧺ y ⧺ …) = moments(x) ⊕ moments(y) ⊕ …',
  source: 'Chan, Golub & LeVeque 1983, eq. 2.1',
  arbitrary: batches,
  runs: 100,
  violation: (parts) => alike(parts.map(of).reduce(merged, noMoments(LENGTH)), of(parts.flat())),
};

const monoid: Law<readonly Rows[]> = {
  name: 'moments are a commutative monoid',
  formula: 'a ⊕ b = b ⊕ a, (a ⊕ b) ⊕ c = a ⊕ (b ⊕ c), 0 ⊕ a = a = a ⊕ 0',
  source: 'Chan, Golub & LeVeque 1983, eq. 2.1',
  arbitrary: batches,
  runs: 100,
  violation: (parts) => {
    const [a, b, c] = [parts[0]!, parts[1] ?? [], parts[2] ?? []].map(of) as [Moments, Moments, Moments];
    const none = noMoments(LENGTH);
    return firstOf(
      alike(merged(a, b), merged(b, a)),
      alike(merged(merged(a, b), c), merged(a, merged(b, c))),
      alike(merged(none, a), a),
      alike(merged(a, none), a),
    );
  },
};

/** The trace of a covariance of 3×3, and a bound of its least eigenvalue: λ₁·λ₂·λ₃ ≤ λ₁·(tr/2)². */
const spectrumOf = ({ count, scatter }: Moments): { readonly trace: number; readonly least: number } => {
  const [a, b, c, d, e, f, g, h, i] = Array.from(scatter, (x) => x / (count - 1)) as [number, number, number, number, number, number, number, number, number]; // oxfmt-ignore
  const [trace, determinant] = [a + e + i, a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)];
  return { trace, least: trace === 0 ? 0 : (4 * Math.max(0, determinant)) / trace ** 2 };
};

/**
 * A bound of the rounding of a Fréchet distance. The eigenvalues of √Σ₁·Σ₂·√Σ₁ are off by δ, some roundings of its norm,
 * and their roots by √δ at most, or by δ over the least root. A rounded mean adds its squared rounding to a covariance, also
 * in directions in which the images do not differ. The other terms are rounded a few times.
 */
const roundingOf = (a: Moments, b: Moments): number => {
  const [one, other] = [spectrumOf(a), spectrumOf(b)];
  const off = 64 * ULP * one.trace * other.trace;
  const ofRoots = off === 0 ? 0 : 2 * LENGTH * Math.min(Math.sqrt(off), off / Math.sqrt(one.least * other.least));
  const distance = a.mean.reduce((sum, x, i) => sum + (x - b.mean[i]!) ** 2, 0);
  // 2·n/(n − 1) is at most 4
  const ofMeans = [...a.mean, ...b.mean].reduce((sum, mean) => sum + 4 * (ULP * mean) ** 2, 0);
  return ofRoots + ofMeans + 16 * ULP * (distance + one.trace + other.trace);
};

const distance: Law<readonly Rows[]> = {
  name: 'the Fréchet distance is symmetric, and 0 of equal moments',
  formula:
    'd(a, b) = d(b, a) ≥ 0, d(a, a) = 0, within 6·min(√δ, δ/√(λ₁·λ₂)) for δ of 64 roundings of tr Σ₁·tr Σ₂ and the least eigenvalues λ₁ of Σ₁ and λ₂ of Σ₂, and the squared roundings of the means',
  source: 'Dowson & Landau 1982',
  arbitrary: fc.array(fc.array(row, { minLength: 2, maxLength: 20 }), { minLength: 2, maxLength: 2 }),
  runs: 100,
  violation: (parts) => {
    const [a, b] = parts.map(of) as [Moments, Moments];
    const d = (x: Moments, y: Moments): number => orRaise(frechetDistance(x, y));
    return firstOf(near('d(b, a)', d(b, a), d(a, b), roundingOf(a, b)), near('d(a, a)', d(a, a), 0, roundingOf(a, a)));
  },
};

/**
 * Laws of the moments of features, and of the Fréchet distance.
 * @example for (const law of momentLaws) await checkLaw(law, 0.1)
 */
export const momentLaws: readonly Law[] = [split, monoid, distance];
