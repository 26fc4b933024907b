/**
 * The steps of an image as numbers. They are inputs of one program, so a network is compiled once for all solvers, numbers of steps,
 * scales of guidance and beginnings, and a slider answers at once.
 */
import type { NoisefoldError } from 'noisefold/dsl';
import {
  ancestral,
  type Channel,
  conversion,
  ddim,
  ddimInversion,
  type Denoiser,
  gridOf,
  identity,
  type Level,
  levelsOf,
  type Noising,
  pathOf,
  type Solver,
  type SolverStep,
  transition,
} from 'noisefold/diffusion';
import { either as E, function as F } from 'fp-ts';
import type { Paint } from '../shared/messages.js';

/** A step: x̂₀ from the prediction at α·x, then x, x̂₀ and noise combined, as the solver plans it. */
export interface Step {
  /** The time that the network gets. */
  readonly t: number;
  /** The factor of x before the evaluation. */
  readonly raise: number;
  /** x̂₀ = x·x + prediction·prediction, which is then clipped. */
  readonly guess: { readonly x: number; readonly prediction: number };
  /** x ← x·x + x0·x̂₀ + noise·ε. */
  readonly next: { readonly x: number; readonly x0: number; readonly noise: number };
  /** The level where the step ends, at which known pixels replace those of x. */
  readonly end: Channel;
  /** The way back up after it, which lets the step run again: RePaint (Lugmayr et al. 2022), Algorithm 1. */
  readonly back: Channel;
}

/** The settings that determine the numbers. */
export type Course = Pick<Paint, 'solver' | 'steps'> & {
  /** σ/α of x at the beginning; null for noise alone. */
  readonly sigma: number | null;
  /** True for known pixels: each step but the last runs twice, so that the new part fits better. */
  readonly repairs: boolean;
};

const solvers: Readonly<Record<Paint['solver'], Solver>> = {
  ddim: ddim(),
  ancestral: ancestral(),
  inversion: ddimInversion(),
};

/** The levels from a level of noise to the data, in equal steps of time, of which none is shorter than a timestep. */
const levelsFrom = (noising: Noising, sigma: number, steps: number): readonly Level[] => {
  const first = pathOf(noising).levelOfSigma(sigma);
  const whole = first.t + 1; // timesteps above the data, which are at -1
  const count = Math.max(1, Math.min(steps, Math.floor(whole)));
  const times = Array.from({ length: count - 1 }, (_, i) => whole * (1 - (i + 1) / count) - 1);
  return [first, ...levelsOf(noising, times)];
};

/** The steps of a course, in their order. */
export const walkOf = (
  noising: Noising,
  { predicts }: Pick<Denoiser<never, never>, 'predicts'>,
  { solver, steps, sigma, repairs }: Course,
): E.Either<NoisefoldError, readonly Step[]> => {
  const { clock } = pathOf(noising);
  const stepOf =
    ({ to, stages: [stage] }: SolverStep) =>
    (back: Channel): Step => {
      const { at, churn = identity, x = 0, x0 = 0, noise = 0 } = stage!; // these solvers evaluate once per step
      return {
        t: clock.at(at),
        raise: churn.alpha,
        guess: conversion(predicts, 'x0')(at),
        next: { x, x0, noise },
        end: to,
        back,
      };
    };
  return F.pipe(
    sigma === null || solver === 'inversion'
      ? E.map((times: readonly number[]) => levelsOf(noising, times))(gridOf(steps)(noising))
      : E.right(levelsFrom(noising, sigma, steps)),
    E.flatMap((levels) => solvers[solver].plan(levels, noising)),
    E.map((plan) =>
      plan.flatMap((step, i) => {
        const once = stepOf(step)(identity);
        return repairs && i < plan.length - 1 ? [stepOf(step)(transition(step.to, step.from)), once] : [once];
      }),
    ),
  );
};
