/** Prints why tests were skipped, after the summary of vitest. A run in which a skipped test has no reason fails. */
import type { Reporter, TestCase } from 'vitest/node';

/** The name of a test as `--testNamePattern` compares it. */
const nameOf = ({ fullName }: TestCase): string => fullName.replaceAll(' > ', ' ');

/** Lists the reasons of some tests, each with the number of its tests. */
const reasonsOf = (tests: readonly TestCase[]): readonly string[] => {
  const counts = new Map<string, number>();
  for (const { skipped } of tests.map((test) => test.meta()))
    if (skipped !== undefined) counts.set(skipped, (counts.get(skipped) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `skipped: ${reason}: ${count}`);
};

export const skipReporter = (): Reporter => {
  let pattern: RegExp | undefined;
  return {
    onInit: ({ config }) => {
      pattern = config.testNamePattern;
    },
    onTestRunEnd: (modules, _errors, outcome) => {
      const tests = modules.flatMap(({ children }) => [...children.allTests('skipped')]);
      const skipped = tests.filter((test) => pattern?.test(nameOf(test)) ?? true);
      for (const reason of reasonsOf(skipped)) console.log(reason);
      const without = skipped.filter((test) => test.meta().skipped === undefined);
      if (without.length === 0 || outcome !== 'passed') return; // a run that fails may leave tests out
      console.error(
        `FAILED: ${without.length} skipped tests have no reason (properties/skips.ts), or .only leaves them out:`,
      );
      console.error(without.map(({ module, fullName }) => `  ${module.moduleId} > ${fullName}`).join('\n'));
      process.exitCode = 1;
    },
  };
};
