import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { createJobs } from './jobs.js';

/**
 * A job that takes some turns of the microtask queue (0: it ends at once) and may throw, or an effect after the jobs so
 * far.
 */
type Step = { readonly turns: number; readonly fails: boolean } | 'after' | 'pause';

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(fc.record({ turns: fc.nat(4), fails: fc.boolean() }), fc.constantFrom<Step>('after', 'pause')),
  { maxLength: 30 },
);

const microtasks = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await Promise.resolve();
};

test.prop([steps], { numRuns: 300 })(
  'jobs run one at a time, in order, and each effect follows those that were requested before it',
  async (all) => {
    const { run, after } = createJobs();
    const log: string[] = [];
    const outcomes: Promise<void>[] = [];
    let running = 0;
    let [asked, begun, ended, settled] = [0, 0, 0, 0];
    for (const step of all) {
      if (step === 'pause') await microtasks(3);
      else if (step === 'after') {
        const before = asked;
        after(() => {
          expect(ended).toBeGreaterThanOrEqual(before);
          // at the latest when the next job begins
          expect(begun).toBe(before);
          log.push('effect');
        });
      } else {
        const own = asked++;
        const end = (): number => {
          running--;
          ended++;
          if (step.fails) throw new Error(`job ${own}`);
          return own;
        };
        const job = (): number | Promise<number> => {
          expect(running).toBe(0);
          running++;
          expect(begun++).toBe(own);
          return step.turns === 0 ? end() : microtasks(step.turns).then(end);
        };
        const isIdle = own === settled;
        const outcome = (async () => run(job))().finally(() => settled++);
        if (isIdle) expect(begun).toBe(own + 1); // it begins at once
        outcomes.push(
          outcome.then(
            (value) => expect([value, step.fails]).toEqual([own, false]),
            (thrown: Error) => expect([thrown.message, step.fails]).toEqual([`job ${own}`, true]),
          ),
        );
      }
    }
    await Promise.all(outcomes);
    await microtasks(3);
    expect(ended).toBe(asked);
    expect(log).toHaveLength(all.filter((step) => step === 'after').length);
  },
);
