/** Sends the messages of `protocol.ts` to a real worker. */
import { expect, test } from 'vitest';
import { waitFor } from '../../../../properties/waiting.js';
import { wasm } from '../assembler/assembler.js';
import { modulesOf } from './modules.js';
import { createPool } from './pool.js';
import { several } from './several.js';
import { spawn } from './spawn.js';

test('workers forget a program that is dropped, and still have the others', async () => {
  const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
  const pool = createPool(memory, modulesOf([], several), 2, 1024, spawn);
  const program = { module: modulesOf([], several).kernels, functions: [] };
  const [one, other] = [pool.load(program), pool.load(program)];
  /** Runs no stage of a program: its outcome tells if the workers have it. */
  const run = (number: number) => waitFor(`workers to run program ${number}`, pool.run(number, 0, 0));
  try {
    expect([await run(one), await run(other)]).toEqual([null, null]);
    pool.drop(one);
    expect(await run(other)).toBeNull();
    expect(await run(one)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('TypeError') });
    // new workers have started, without it
    expect(await run(other)).toBeNull();
    expect(await run(one)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('TypeError') });
  } finally {
    await pool.stop();
  }
});
