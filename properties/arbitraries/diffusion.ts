/** Channels, schedules and processes. */
import { either as E } from 'fp-ts';
import fc from 'fast-check';
import {
  type Channel,
  constantBetas,
  cosine,
  exponential,
  betaSigmaGrid,
  evenGrid,
  exponentialGrid,
  type Grid,
  gridOf,
  karrasGrid,
  laplace,
  leading,
  linear,
  linearUnscaled,
  linspace,
  polyexponentialGrid,
  type DiscreteNoising,
  type Noising,
  noisingOf,
  quadratic,
  reciprocalBetas,
  scaledLinear,
  type Schedule,
  scheduleFromAlphaBar,
  scheduleFromBetas,
  sections,
  sigmaRange,
  type SigmaRange,
  sigmoidAlphaBar,
  sigmoidBetas,
  spaced,
  trailing,
  warmupBetas,
  zeroTerminalSNR,
} from 'noisefold/diffusion';
import { requireDiscrete } from '../../src/diffusion/paths/noising.js';
import { valueOf } from '../oracles/plans.js';

const unit = { min: 1e-3, max: 1, noNaN: true } as const;

export const channel: fc.Arbitrary<Channel> = fc.record({
  alpha: fc.double(unit),
  sigma: fc.double(unit),
});

/** From the least σ of a process to the greatest with signal, but at most 10⁶ times the least. */
const finiteRange = (noising: Noising): SigmaRange => {
  const { schedule } = requireDiscrete('finiteRange', noising);
  const { min } = sigmaRange(schedule);
  const max = schedule.sigmas.findLast(Number.isFinite) ?? min;
  return { min, max: Math.min(max, 1e6 * min) };
};

/** Rules that make a grid of any number of steps up to the number of timesteps. */
const rules: Readonly<Record<string, (steps: number) => Grid>> = {
  spaced,
  linspace,
  leading,
  trailing,
  evenGrid: (steps) => evenGrid(steps),
  sections: (steps) => sections([steps]),
  karrasGrid: (steps) => (noising) => karrasGrid(steps, finiteRange(noising))(noising),
  exponentialGrid: (steps) => (noising) => exponentialGrid(steps, finiteRange(noising))(noising),
  trailingDown: (steps) => trailing(steps, { rounding: 'down' }),
  betaSigmaGrid: (steps) => (noising) => betaSigmaGrid(steps, finiteRange(noising))(noising),
  polyexponentialGrid: (steps) => (noising) => polyexponentialGrid(steps, { ...finiteRange(noising), rho: 2 })(noising),
};

/** A schedule by its name, at a T from `least` up. */
const named = (
  least: number,
  ...makers: readonly ((T: number) => ReturnType<typeof scheduleFromBetas>)[]
): fc.Arbitrary<Schedule> =>
  fc.tuple(fc.constantFrom(...makers), fc.integer({ min: least, max: 1000 })).map(([make, T]) => valueOf(make(T)));

/** T: small, or as large as in practice. */
const lengths = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 1000 }), fc.constant(4000));

/**
 * β of equal steps that together leave 10^-decades of the signal, down to nearly the limit of float64, but without a β
 * that rounds to 1.
 */
const evenBeta = (T: number, decades: number): number => -Math.expm1((-Math.min(decades, 15 * T) * Math.LN10) / T);

/** Extreme schedules: ᾱ just above underflow, β near rounding, one step, thousands of steps. */
const extreme: fc.Arbitrary<Schedule> = fc.oneof(
  fc
    .tuple(lengths, fc.double({ min: 1, max: 300, noNaN: true }))
    .map(([T, decades]) => valueOf(constantBetas(T, evenBeta(T, decades)))),
  fc.tuple(lengths, fc.double({ min: 1, max: 690, noNaN: true })).map(([T, rate]) => valueOf(exponential(T, { rate }))),
  fc
    .array(fc.double({ min: -15, max: -3, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map((powers) => valueOf(scheduleFromBetas(powers.map((power) => 10 ** power)))),
  fc
    .tuple(fc.constantFrom(cosine, laplace, linearUnscaled, quadratic), fc.constantFrom(1, 2, 4000))
    .map(([make, T]) => valueOf(make(T))),
);

/** The named schedules that leave some signal, at any T, betas of all sizes, and extreme ones. */
const leaving: fc.Arbitrary<Schedule> = fc.oneof(
  extreme,
  named(21, linear),
  named(1, cosine),
  named(1, linearUnscaled, quadratic, scaledLinear, sigmoidBetas, constantBetas),
  named(
    1,
    (T) => warmupBetas(T, 0.1),
    (T) => warmupBetas(T, 0.5),
    exponential,
    laplace,
    sigmoidAlphaBar,
    (T) => scheduleFromAlphaBar((x) => (1 - x / 2) ** 2, T),
  ),
  fc
    .array(fc.double({ min: 1e-5, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map((betas) => valueOf(scheduleFromBetas(betas))),
);

/** Schedules with at least two timesteps and some signal at the last. */
export const unended: fc.Arbitrary<Schedule> = leaving.filter(({ T }) => T > 1);

/** The named schedules at any T, betas of all sizes, and some that leave no signal. */
export const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  { weight: 4, arbitrary: leaving },
  { weight: 1, arbitrary: unended.map((s) => valueOf(zeroTerminalSNR(s))) },
  { weight: 1, arbitrary: named(2, reciprocalBetas) },
);

/**
 * A process, and a grid by one of the rules that work for every number of steps, unless σ are too close for float64.
 */
export const gridded: fc.Arbitrary<{
  readonly noising: DiscreteNoising;
  readonly steps: number;
  readonly rule: string;
  readonly grid: Grid;
}> = fc
  .tuple(schedule, fc.nat(9999), fc.constantFrom(...Object.keys(rules)))
  .map(([s, n, rule]) => ({ noising: noisingOf(s), steps: 1 + (n % s.T), rule }))
  .map((course) => ({ ...course, grid: rules[course.rule]!(course.steps) }))
  .filter(({ noising, grid }) => E.isRight(gridOf(grid)(noising)));

/** A process and one of its timesteps. */
export const timestep: fc.Arbitrary<{ readonly noising: DiscreteNoising; readonly t: number }> = fc
  .tuple(schedule, fc.nat(9999))
  .map(([s, n]) => ({ noising: noisingOf(s), t: n % s.T }));

/** Two timesteps of a process, `t` the later, and `s`, -1 for the data. */
export const twoTimesteps: fc.Arbitrary<{
  readonly noising: DiscreteNoising;
  readonly t: number;
  readonly s: number;
}> = fc.tuple(timestep, fc.nat(9999)).map(([{ noising, t }, n]) => ({ noising, t, s: (n % (t + 1)) - 1 }));
