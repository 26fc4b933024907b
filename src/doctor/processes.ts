/**
 * Each backend is probed in a process of its own: a driver may bring it down or hang, the two packages of TensorFlow do
 * not go together, and none is measured beside what another has left behind.
 */
import { fork } from 'node:child_process';
import type { BackendName } from '../backends/auto/index.js';
import type { Finding } from './probe.js';

/** The longest that a probe may take, in milliseconds. */
const LIMIT = 12_000;

/** The last line that is not empty. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1)!.trim();

/** Runs `main` with the name of a backend, and gives what it sends back, or how it ended without. */
export const probeApart = (main: string, backend: BackendName, limit = LIMIT): Promise<Finding> =>
  new Promise((resolve) => {
    const failed = (note: string): Finding => ({
      backend,
      works: false,
      trusted: false,
      note,
      speeds: null,
    });
    const child = fork(main, ['--probe', backend], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    let finding: Finding | null = null;
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-2000);
    });
    child.on('message', (message) => {
      finding = message as Finding; // from `probe`, in the child
      child.kill(); // what it has loaded may keep it alive
    });
    const timer = setTimeout(() => {
      said = `no answer within ${limit / 1000} s`;
      child.kill('SIGKILL');
    }, limit);
    child.on('error', (error) => {
      said = error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(
        finding ?? failed(`it ended its process (${signal ?? code}): ${lastLine(said) || 'without a word'}`),
      );
    });
  });
