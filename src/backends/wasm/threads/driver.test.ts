import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { notAsked } from '../../../../properties/asked.js';
import { atOnce } from '../../../internal/stop.js';
import { wasm } from '../assembler/assembler.js';
import { separate } from '../kernels/multiplyAdd.js';
import { RESERVED_BYTES, SYNC_START } from '../memory/reserved.js';
import { createPool } from './pool.js';
import { several } from './several.js';
import { createSite } from './testing.js';
import { STAGE_WORDS } from './driver.js';
import { loadKernels, loadProgram } from '../engine/engine.js';
import { CELLS, type Division, division, firstCells, mix, workOf } from '../engine/engineTesting.js';
import { modulesOf } from './modules.js';
import { programOf } from '../engine/program.js';
import { encode, writeTape } from '../engine/tape.js';

const isLong = notAsked === '';

const modules = modulesOf([mix], several);
const program = atOnce(programOf([], { isShared: true, multiplyAdd: separate }));

/** The addresses of the cells and of tapes. */
const CELLS_START = RESERVED_BYTES;
const TAPE_START = CELLS_START + 4 * CELLS + 64;

type Run = (address: number, count: number) => unknown;

/**
 * Runs work by the driver, in two parts, twice. Expects the cells that its definition gives, and counters that are 0
 * again.
 */
const checkWork = async (
  memory: InstanceType<typeof wasm.Memory>,
  run: Run,
  given: Division,
  seed: number,
): Promise<void> => {
  // oxfmt-ignore
  const { kernels, carryOut } = workOf(given, seed);
  const tape = atOnce(encode(kernels, () => 0));
  const start = Math.ceil(TAPE_START / 16) * 16;
  while (memory.buffer.byteLength < start + 4 * tape.words.length) memory.grow(1);
  const words = new Int32Array(memory.buffer, start, tape.words.length);
  writeTape(tape, words, [-1, CELLS_START]);
  const cells = new Int32Array(memory.buffer, CELLS_START, CELLS);
  cells.set(firstCells());
  const expected = firstCells();
  const stages = tape.starts.at(-1)!;
  // a part may end within a chain of stages
  const middle = seed % (stages + 1);
  for (let times = 0; times < 2; times++) {
    await run(start, middle);
    await run(start + 4 * STAGE_WORDS * middle, stages - middle);
    carryOut(expected, 0, kernels.length - 1);
    expect(Int32Array.from(cells)).toEqual(expected);
    const counters = Array.from({ length: stages }, (_, stage) => words[STAGE_WORDS * stage + 2]);
    expect(counters.filter((counter) => counter !== 0)).toEqual([]); // `expect` for each takes longer than the work
  }
};

const small = division({ kernels: 4, stages: 5, items: 6 });
/** A hundred stages and more. */
const long = fc
  .array(division({ kernels: 3, stages: 10, items: 6 }), { minLength: 10, maxLength: 30 })
  .map((all): Division => all.flat());

const newMemory = () => new wasm.Memory({ initial: 1, maximum: 100, shared: true });

describe('the driver on the calling thread', () => {
  const memory = newMemory();
  const run = loadProgram({ memory, modules, kernels: () => loadKernels({ memory, modules }) }, program);
  test.prop([small, fc.nat()], { numRuns: 200 })('does the work of short tapes', (given, seed) =>
    checkWork(memory, run, given, seed),
  );
});

describe.each(isLong ? [1, 2, 3, 4, 8] : [1, 3])('the driver on %d threads that pause', (threads) => {
  const memory = newMemory();
  const site = createSite({ chance: 0.02, most: 0.5 });
  const pool = createPool(memory, modules, threads, SYNC_START, site.spawn);
  const number = pool.load({ module: program.module, functions: modules.functions });
  afterAll(() => pool.stop());
  const run: Run = async (address, count) => expect(await pool.run(number, address, count)).toBeNull();

  test.prop([small, fc.nat()], { numRuns: isLong ? 300 : 20 })('divides the work of short tapes', (given, seed) =>
    checkWork(memory, run, given, seed),
  );
  test.prop([long, fc.nat()], { numRuns: isLong ? 100 : 5 })(
    'lets the stages of long tapes wait for those before them',
    (given, seed) =>
      // oxfmt-ignore
      checkWork(memory, run, given, seed),
  );
});

describe('the driver on 4 threads that do not pause', () => {
  const memory = newMemory();
  const pool = createPool(memory, modules, 4, SYNC_START, createSite().spawn);
  const number = pool.load({ module: program.module, functions: modules.functions });
  afterAll(() => pool.stop());
  const run: Run = async (address, count) => expect(await pool.run(number, address, count)).toBeNull();
  test.prop([long, fc.nat()], { numRuns: isLong ? 300 : 20 })(
    'keeps the order of the stages of long tapes',
    (given, seed) =>
      // oxfmt-ignore
      checkWork(memory, run, given, seed),
  );
});
