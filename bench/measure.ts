/** Timing: medians of alternating cases, so that other load affects all cases alike. */

export interface Case {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
};

export const milliseconds = async (run: Case['run']): Promise<number> => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};

/** The median milliseconds of each case over `rounds` rounds, after a warm-up round. */
export const interleaved = async (
  cases: readonly Case[],
  rounds: number,
): Promise<Readonly<Record<string, number>>> => {
  const times = cases.map((): number[] => []);
  for (let round = -1; round < rounds; round++)
    for (const [i, { run }] of cases.entries()) {
      const time = await milliseconds(run);
      if (round >= 0) times[i]!.push(time);
    }
  return Object.fromEntries(cases.map(({ name }, i) => [name, median(times[i]!)]));
};
