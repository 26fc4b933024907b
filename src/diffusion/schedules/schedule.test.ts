import { describe, expect, it } from 'vitest';
import { E, type either } from '../../internal/fp.js';
import { type Schedule, scheduleFromBetas } from './schedule.js';

const message = (schedule: either.Either<{ readonly message: string }, Schedule>): string =>
  E.isLeft(schedule) ? schedule.left.message : 'right';

describe('scheduleFromBetas', () => {
  it('derives alphas and their running product', () => {
    const schedule = scheduleFromBetas([0.5, 0.25]);
    expect(schedule).toMatchObject(
      E.right({ T: 2, alphas: Float64Array.of(0.5, 0.75), alphaBars: Float64Array.of(0.5, 0.375) }),
    );
  });

  it('refuses betas that are not the variance of a step, and names the timestep', () => {
    for (const beta of [0, -0.1, 1.5, NaN, Infinity])
      expect(message(scheduleFromBetas([0.1, beta, 0.1]))).toContain(`${beta} at t = 1`);
    expect(message(scheduleFromBetas([0.1, 1, 0.1]))).toContain('1 at t = 1');
    expect(message(scheduleFromBetas([]))).toContain('at least one beta');
  });

  it('allows the last step to remove the signal', () => {
    const schedule = scheduleFromBetas([0.1, 1]);
    expect(E.isRight(schedule) && schedule.right.alphaBars[1]).toBe(0);
  });

  it('copies the betas it is given', () => {
    const betas = Float64Array.of(0.1, 0.2);
    const schedule = scheduleFromBetas(betas);
    betas[0] = 0.9;
    expect(E.isRight(schedule) && schedule.right.betas[0]).toBe(0.1);
  });
});

describe('scheduleFromBetas with tiny betas or an underflow', () => {
  it('refuses a β that is lost in the rounding of 1 - β', () => {
    expect(message(scheduleFromBetas([0.1, 1e-17, 0.1]))).toContain('1e-17 at t = 1');
  });

  it('refuses a signal that underflows before the last timestep', () => {
    const betas = new Float64Array(1000).fill(0.9);
    expect(message(scheduleFromBetas(betas))).toContain('0.9 at t = 323');
    expect(message(scheduleFromBetas(betas.subarray(0, 323)))).toBe('right');
  });
});
