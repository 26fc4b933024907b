import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Grid, gridOf } from './grid.js';
import { type Process, processOfMarginals } from '../process/process.js';
import { scheduleOfAlphaBars } from '../schedules/schedule.js';

/** The process of some timesteps of another, rising: its ᾱ, σ and marginals there, to the bit. */
const levelsOf = ({ schedule, timesteps, marginals }: Process, kept: readonly number[]): Process =>
  processOfMarginals(
    // ᾱ itself: a β' that rounds to 1 would lose it
    scheduleOfAlphaBars(
      Float64Array.from(kept, (t) => schedule.alphaBars[t]!),
      Float64Array.from(kept, (t) => schedule.sigmas[t]!),
    ),
    kept.map((t) => marginals[t]!),
    Int32Array.from(kept, (t) => timesteps[t]!),
  );

/**
 * The process that visits only the timesteps of a grid: the same marginals there, β' = 1 - ᾱ_t/ᾱ_s from
 * one to the next (Improved DDPM, Nichol & Dhariwal 2021, section 4). Its denoiser still sees the timesteps
 * of the longer process.
 *
 * @param steps - how many timesteps, {@link trailing} ones, or a grid; one that the process has no room for, or that does
 * not fall, is a `ConfigError`. From t = 0, as on `spaced` ones, the bound of few steps is far worse
 * @example
 * const short = pipe(ddpm(linear(1000)), E.flatMap(respace(spaced(3))))
 * pipe(short, E.map(({ timesteps }) => timesteps)) // → E.right([0, 500, 999])
 */
export const respace =
  (steps: number | Grid) =>
  (process: Process): either.Either<NoisefoldError, Process> =>
    F.pipe(
      gridOf(steps)(process),
      E.map((timesteps) => [...timesteps].reverse()),
      E.map((kept) => levelsOf(process, kept)),
    );
