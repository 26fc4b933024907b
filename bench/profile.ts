/** Prints where the time of a program goes. */
import { explain, type Peak, showExplanation } from 'noisefold/dsl';
import type { Profiled } from './runner.js';

/** Prints the share of each kernel, and the slowest calls. */
export const printProfile = (
  title: string,
  { executable, milliseconds }: Profiled,
  most: number,
  peak: Peak | null = null,
): void => {
  const calls = explain(executable, milliseconds, peak);
  const time = (all: typeof calls): number => all.reduce((sum, call) => sum + (call.milliseconds ?? 0), 0);
  const kernels = [...new Set(calls.map(({ kernel }) => kernel))]
    .map((kernel) => [kernel, calls.filter((call) => call.kernel === kernel)] as const)
    .sort(([, one], [, other]) => time(other) - time(one));
  console.log(`${title}: ${time(calls).toFixed(0)} ms in ${calls.length} calls`);
  for (const [kernel, all] of kernels) console.log(`${time(all).toFixed(1).padStart(9)} ms  ${all.length} × ${kernel}`);
  console.log(showExplanation([...calls].sort((a, b) => b.milliseconds! - a.milliseconds!).slice(0, most)));
};
