/**
 * Each backend is probed in a process of its own: a driver may bring it down or hang, the two packages of TensorFlow do
 * not go together, and none is measured beside what another has left behind.
 */
import { fork } from 'node:child_process';
import type { BackendName } from '../backends/auto/index.js';
import type { Finding, Told } from './probe.js';

/** The longest that is waited, in milliseconds. */
export interface Limits {
  /** For the backend to be acquired, and to get a trial right. */
  readonly answer: number;
  /** For its speeds, after that. */
  readonly speeds: number;
}

/** A driver compiles for a while where others use the machine; what takes longer than this is of no use. */
const LIMITS: Limits = { answer: 60_000, speeds: 20_000 };

/** The last line that is not empty. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1)!.trim();

/** What is found of a backend whose process has ended: what it told, and if that is not all, why. */
const findingOf = (backend: BackendName, told: Told | null, isLate: boolean, end: string, limits: Limits): Finding => {
  if (told === null) {
    const note = isLate ? `no answer within ${limits.answer / 1000} s` : `it ended its process ${end}`;
    return { backend, works: false, trusted: false, note, speeds: null };
  }
  if (told.isLast) return told.finding;
  const why = isLate
    ? `too slow to measure within ${limits.speeds / 1000} s`
    : `it ended its process while it was measured ${end}`;
  return { ...told.finding, note: `${told.finding.note}; ${why}` };
}; // prettier-ignore

/** Runs `main` with the name of a backend, and gives what it tells, or how it ended without. */
export const probeApart = (main: string, backend: BackendName, limits = LIMITS): Promise<Finding> =>
  new Promise((resolve) => {
    const child = fork(main, ['--probe', backend], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    let told: Told | null = null;
    let isLate = false;
    const endAfter = (limit: number): NodeJS.Timeout =>
      setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, limit);
    let timer = endAfter(limits.answer);
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-2000);
    });
    child.on('message', (message) => {
      told = message as Told; // from `probe`, in the child
      clearTimeout(timer);
      if (told.isLast)
        child.kill(); // what it has loaded may keep it alive
      else timer = endAfter(limits.speeds);
    });
    child.on('error', (error) => {
      said = error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const end = `(${signal ?? code}): ${lastLine(said) || 'without a word'}`;
      resolve(findingOf(backend, told, isLate, end, limits));
    });
  });
