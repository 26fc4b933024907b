import type { NoisefoldError } from 'noisefold/dsl';
import type { SignalStop } from 'noisefold/training';
import { either as E } from 'fp-ts';
import type { Display } from './display.js';

/** Prints the lines of a program that has ended, or its error, and sets the exit code of the process. */
export const tellOutcome = (
  { note }: Display,
  stop: SignalStop,
  result: E.Either<NoisefoldError, readonly string[]>,
): void => {
  if (E.isRight(result)) for (const line of result.right) note(line)();
  else {
    console.error(`${result.left._tag}: ${result.left.message}`);
    process.exitCode = (result.left._tag === 'Cancelled' ? stop.exitCode : null) ?? 1;
  }
};
