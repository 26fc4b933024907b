/** The parts of a run. */
import type { Noisefold } from 'noisefold';
import type { Dataset, StopSignal } from 'noisefold/training';
import type { Progress } from 'noisefold/terminal';
import type { Recipe } from './recipe.js';

export interface World {
  readonly nf: Noisefold;
  readonly recipe: Recipe;
  readonly digits: { readonly train: Dataset; readonly test: Dataset };
  /** The folder of the results and of the checkpoints. */
  readonly out: string;
  /** True to resume from the checkpoints in the folder. */
  readonly resume: boolean;
  readonly seed: number;
  /** The total time in minutes. */
  readonly minutes: number;
  /** Ends the run before its next step; checkpoints are kept. */
  readonly signal: StopSignal;
  /** Prints a line. */
  readonly say: (text: string) => void;
  /** Shows the progress of a part. */
  readonly progress: (name: string) => Progress;
}

/** The time of a run, shared by its parts. */
export interface Clock {
  /** The time since the start, in minutes. */
  readonly minutes: () => number;
  /** True if a share of the total time has passed, or will have passed in some minutes. */
  readonly isPast: (share: number, ahead?: number) => boolean;
}

export const clockOf = ({ minutes }: Pick<World, 'minutes'>): Clock => {
  const began = performance.now();
  const minutesSince = (): number => (performance.now() - began) / 60_000;
  return { minutes: minutesSince, isPast: (share, ahead = 0) => minutesSince() + ahead >= share * minutes };
};
