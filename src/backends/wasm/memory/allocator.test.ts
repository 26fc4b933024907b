import { test as law } from '@fast-check/vitest';
import fc from 'fast-check';
import { expect } from 'vitest';
import { ALIGNMENT, type Allocator, allocator } from './allocator.js';

/** A request, or the number of a live block to free (modulo their count). */
type Step = { readonly bytes: number } | { readonly free: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(fc.record({ bytes: fc.integer({ min: 0, max: 5000 }) }), fc.record({ free: fc.nat() })),
  { maxLength: 200 },
);

const START = ALIGNMENT;

/** A space that grows by the requested size, up to `most` bytes. */
const growing = (most: number) => {
  let end = START;
  return {
    end: () => end,
    grow: (bytes: number): number | null => {
      if (end + bytes > most) return null;
      end += bytes;
      return end;
    },
  };
};

/** A block in use. */
interface Live {
  readonly address: number;
  readonly bytes: number;
}

const roundedUp = (bytes: number): number => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;

/** The bytes before each live block, in the order of addresses, and after the last one. */
const gapsOf = (live: readonly Live[], end: number): readonly number[] => {
  const ordered = [...live].sort((a, b) => a.address - b.address);
  const starts = [START, ...ordered.map(({ address, bytes }) => address + bytes)];
  return starts.map((start, i) => (ordered[i]?.address ?? end) - start);
};

/** Runs the steps, and checks each new block against the live ones. Returns the live blocks. */
const run = (of: Allocator, all: readonly Step[], end: () => number): Live[] => {
  const live: Live[] = [];
  for (const step of all) {
    if ('free' in step) {
      if (live.length > 0) of.free(live.splice(step.free % live.length, 1)[0]!.address);
      continue;
    }
    const address = of.allocate(step.bytes);
    if (address === null) continue;
    expect(address % ALIGNMENT).toBe(0);
    expect(address).toBeGreaterThanOrEqual(START);
    expect(address + step.bytes).toBeLessThanOrEqual(end());
    for (const other of live)
      expect(address + step.bytes <= other.address || other.address + other.bytes <= address).toBe(true);
    live.push({ address, bytes: Math.max(1, step.bytes) });
  }
  return live;
};

law.prop([steps])('blocks are aligned, lie in the space and do not overlap', (all) => {
  const space = growing(2 ** 18);
  run(allocator(START, START, space.grow), all, space.end);
});

law.prop([steps])('the whole space is one block again once all blocks are freed', (all) => {
  const space = growing(2 ** 18);
  const of = allocator(START, START, space.grow);
  const live = run(of, all, space.end);
  for (const { address } of live) of.free(address);
  const whole = 2 ** 18 - START;
  expect(of.allocate(whole)).toBe(START);
  expect(of.allocate(1)).toBeNull();
  expect(space.end()).toBe(2 ** 18);
});

law.prop([steps])('the space grows only if no gap is large enough, and only by what the last gap lacks', (all) => {
  const space = growing(2 ** 24);
  const of = allocator(START, START, space.grow);
  const live: Live[] = [];
  for (const step of all) {
    if ('free' in step) {
      if (live.length > 0) of.free(live.splice(step.free % live.length, 1)[0]!.address);
      continue;
    }
    const bytes = roundedUp(step.bytes);
    const [before, gaps] = [space.end(), gapsOf(live, space.end())];
    live.push({ address: of.allocate(bytes)!, bytes });
    const fits = gaps.some((gap) => gap >= bytes);
    expect(space.end() - before).toBe(fits ? 0 : bytes - gaps.at(-1)!);
  }
});

law.prop([steps, fc.nat()])(
  'freeing an address twice, or one that was never allocated, changes nothing',
  (all, other) => {
    const space = growing(2 ** 18);
    const of = allocator(START, START, space.grow);
    const live = run(of, all, space.end);
    const first = live.shift();
    if (first !== undefined) {
      of.free(first.address);
      of.free(first.address);
    }
    if (!live.some(({ address }) => address === other)) of.free(other);
    run(of, [{ bytes: 64 }, { bytes: 640 }], space.end);
    const again = [of.allocate(64), of.allocate(64)];
    for (const { address } of live) expect(again).not.toContain(address);
  },
);

law('returns null when the space cannot grow, and serves smaller requests afterwards', () => {
  const space = growing(1024);
  const of = allocator(START, START, space.grow);
  expect(of.allocate(2048)).toBeNull();
  expect(of.allocate(512)).toBe(START);
  expect(of.allocate(512)).toBeNull();
  expect(of.allocate(256)).toBe(START + 512);
});
