import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { bundled } from '../bundled.js';

/** Runs a program in a process of Node, and waits until the process ends; its code is null if it takes two minutes. */
const outputOf = async (code: string): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 120_000,
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.on('close', (status) => resolve({ code: status, output }));
    child.stdin.end(code);
  });

test('a process waits for runs, but not for idle workers', async () => {
  expect(await outputOf(await bundled(new URL('leaving.ts', import.meta.url)))).toEqual({
    code: 0,
    output: '1,2,0,1\n1,2,0,1\n',
  });
});
