import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundled } from '../../properties/bundled.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-stop-'));
beforeAll(async () => {
  const program = await bundled(new URL('../../properties/training/stopProgram.ts', import.meta.url));
  writeFileSync(join(folder, 'program.mjs'), program);
});
afterAll(() => rmSync(folder, { recursive: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs the program for some turns; `hear` receives its output. */
const run = (turns: number, hear: (text: string, child: ChildProcess) => void, ...more: readonly string[]) =>
  new Promise<{ readonly code: number | null; readonly signal: string | null; readonly complaint: string }>(
    (resolve) => {
      const child = spawn(process.execPath, [join(folder, 'program.mjs'), `${turns}`, ...more], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      let complaint = '';
      child.stdout.on('data', (text) => hear(String(text), child));
      child.stderr.on('data', (text) => (complaint += text));
      child.on('close', (code, signal) => resolve({ code, signal, complaint }));
    },
  );

describe('a process that stops on signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('receives %s once, and continues to its end', async (name, code) => {
    let heard = '';
    const end = await run(20, (text, child) => {
      heard += text;
      if (text.includes('ready')) child.kill(name);
    });
    expect(heard).toContain(`${name} true ${code}\n`);
    expect(end).toEqual({ code: 7, signal: null, complaint: '' });
  });

  test.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
    ['SIGHUP', 'SIGTERM'],
  ] as const)('ends at once if %s is followed by %s', async (first, second) => {
    const end = await run(100_000, (text, child) => {
      if (text.includes('ready')) child.kill(first);
      if (text.includes(first)) child.kill(second);
    });
    expect(end).toEqual({ code: null, signal: second, complaint: '' });
  });

  const stopped = (tag: string) => run(100_000, (text, child) => text.includes('ready') && child.kill('SIGINT'), tag);
  const message = 'work: expected to continue, got a signal to stop; resume it';

  test('prints the message alone of an uncaught error that says it was stopped', async () =>
    expect(await stopped('Cancelled')).toEqual({ code: 130, signal: null, complaint: `Cancelled: ${message}\n` }));

  test('prints the stack of another uncaught error', async () => {
    const { code, complaint } = await stopped('FileError');
    expect(code).toBe(1);
    expect(complaint).toMatch(new RegExp(`FileError\\]?: ${message}\n +at `));
  });

  test('continues if nobody reads its output', async () => {
    const end = await run(20, (_, child) => child.stdout?.destroy());
    expect(end).toEqual({ code: 7, signal: null, complaint: '' });
  });
});
