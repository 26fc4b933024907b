/** Channels, schedules and processes. */
import fc from 'fast-check';
import {
  type Channel,
  cosine,
  linear,
  type Process,
  processOf,
  type Schedule,
  scheduleFromBetas,
} from 'noisefold/diffusion';
import { valueOf } from '../oracles/plans.js';

const unit = { min: 1e-3, max: 1, noNaN: true } as const;

export const channel: fc.Arbitrary<Channel> = fc.record({
  scale: fc.double(unit),
  variance: fc.double(unit),
});

/** The named schedules at any T, and betas of all sizes. */
export const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  fc.integer({ min: 20, max: 1000 }).map((T) => valueOf(linear(T))),
  fc.integer({ min: 1, max: 1000 }).map((T) => valueOf(cosine(T))),
  fc
    .array(fc.double({ min: 1e-5, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map((betas) => valueOf(scheduleFromBetas(betas))),
);

/** A process and one of its timesteps. */
export const timestep: fc.Arbitrary<{ readonly process: Process; readonly t: number }> = fc
  .tuple(schedule, fc.nat(9999))
  .map(([s, n]) => ({ process: processOf(s), t: n % s.T }));

/** Two timesteps of a process, `t` the later, and `s`, -1 for the data. */
export const twoTimesteps: fc.Arbitrary<{
  readonly process: Process;
  readonly t: number;
  readonly s: number;
}> = fc.tuple(timestep, fc.nat(9999)).map(([{ process, t }, n]) => ({ process, t, s: (n % (t + 1)) - 1 }));
