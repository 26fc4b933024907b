import { describe, expect, it } from 'vitest';
import { E, type either } from '../internal/fp.js';
import { cosine } from './alphaBarSchedules.js';
import { linear } from './betaSchedules.js';
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

  it('refuses betas that are no variance of a step, and names the timestep', () => {
    for (const beta of [0, -0.1, 1.5, NaN, Infinity])
      expect(message(scheduleFromBetas([0.1, beta, 0.1]))).toContain(`${beta} at t = 1`);
    expect(message(scheduleFromBetas([0.1, 1, 0.1]))).toContain('1 at t = 1');
    expect(message(scheduleFromBetas([]))).toContain('at least one beta');
  });

  it('lets the last step erase the signal', () => {
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

describe('named schedules', () => {
  it('refuse a T that is no whole number of timesteps', () => {
    for (const make of [linear, cosine])
      for (const T of [0, -5, 2.5, NaN, Infinity]) expect(message(make(T))).toContain(`got ${T};`);
  });

  it('linear needs twenty steps', () => {
    expect(message(linear(19))).toContain('T ≥ 20');
    expect(message(linear(20))).toBe('right');
  });

  it('linear spans Ho et al.’s betas at T = 1000', () => {
    const schedule = linear(1000);
    expect(E.isRight(schedule) && [schedule.right.betas[0], schedule.right.betas[999]]).toEqual([1e-4, 0.02]);
  });

  it('cosine keeps every beta at most 0.999, at any T', () => {
    for (const T of [1, 2, 50]) {
      const schedule = cosine(T);
      expect(E.isRight(schedule) && Math.max(...schedule.right.betas)).toBe(0.999);
    }
  });
});
