import { open, unwrap } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { datasetOf, type Snapshot } from 'noisefold/training';
import { expect, test } from 'vitest';
import { beginLesson, type Lesson } from './lesson.js';
import { freshPlan, type Plan, resumedPlan } from './recipes.js';

const images = unwrap(
  datasetOf({
    pixels: Uint8Array.from({ length: 8 * 28 * 28 }, (_, i) => (i * 37) % 256),
    labels: Uint8Array.from({ length: 8 }, (_, i) => i),
    image: [28, 28, 1],
  }),
);
// the interface of files that a lesson does not load
const digits = { train: images, test: images } as unknown as Parameters<typeof beginLesson>[1];

test.each([
  ['Adam', null],
  ['Muon, as the demo does', 0.01],
])('a lesson trains by %s, and goes on from its snapshot with the same bits', async (_, muonRate) => {
  const nf = await open(reference());
  const begin = async (plan: Plan) => unwrap(await beginLesson(plan, digits, nf.backend)());
  /** The state after so many updates. */
  const after = async (lesson: Lesson, updates: number): Promise<Snapshot> => {
    const snapshot = unwrap(await lesson.run.snapshot());
    if (snapshot.step >= updates) return snapshot;
    unwrap(await lesson.next());
    return after(lesson, updates);
  };
  const fresh = unwrap(freshPlan('tiny', 3));
  const lesson = await begin({ ...fresh, recipe: { ...fresh.recipe, muonRate } });
  const half = await after(lesson, 1);
  expect([...half.tensors.keys()].some((name) => name.includes('momentum'))).toBe(muonRate !== null);
  const again = await begin(unwrap(resumedPlan(half)));
  expect(await after(again, 2)).toEqual(await after(lesson, 2));
  await nf.close();
});
