/**
 * Probes each backend in a separate process. A driver can crash the process or hang it, the two TensorFlow packages
 * cannot be loaded together, and the threads or memory of one backend would distort the speeds of the next.
 */
import { fork } from 'node:child_process';
import type { BackendName } from '../backends/auto/index.js';
import type { Finding, ProbeMessage } from './probe.js';

/** Time limits, in milliseconds. */
export interface Limits {
  /** For acquiring the backend and running the trial. */
  readonly answer: number;
  /** For measuring its speeds after that. */
  readonly speeds: number;
}

/** Drivers compile slowly on a busy machine. A backend that needs longer than this is unusable. */
const LIMITS: Limits = { answer: 60_000, speeds: 20_000 };

/** Returns the last line that is not empty. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1)!.trim();

/**
 * Builds the finding from the last message of a process that has ended. If speeds are missing, the note of the finding
 * gives the reason.
 */
const findingOf = (backend: BackendName, lastMessage: ProbeMessage | null, timedOut: boolean, end: string, limits: Limits): Finding => {
  if (lastMessage === null) {
    const note = timedOut ? `no answer within ${limits.answer / 1000} s` : `its process ended ${end}`;
    return { backend, works: false, trusted: false, note, speeds: null };
  }
  if (lastMessage.isLast) return lastMessage.finding;
  const why = timedOut
    ? `too slow to measure within ${limits.speeds / 1000} s`
    : `its process ended during the measurement ${end}`;
  return { ...lastMessage.finding, note: `${lastMessage.finding.note}; ${why}` };
}; // oxfmt-ignore

/** Runs `main --probe <backend>` and returns its finding, or how the process ended without one. */
export const probeInProcess = (main: string, backend: BackendName, limits = LIMITS): Promise<Finding> =>
  new Promise((resolve) => {
    const child = fork(main, ['--probe', backend], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let errorOutput = '';
    let lastMessage: ProbeMessage | null = null;
    let timedOut = false;
    const killAfter = (limit: number): NodeJS.Timeout =>
      setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, limit);
    let timer = killAfter(limits.answer);
    child.stderr?.on('data', (data: Buffer) => {
      errorOutput = (errorOutput + data.toString()).slice(-2000);
    });
    child.on('message', (message) => {
      lastMessage = message as ProbeMessage; // `probe` in the child process sent it
      clearTimeout(timer);
      if (lastMessage.isLast) child.kill(); // loaded libraries can keep the process alive
      else timer = killAfter(limits.speeds);
    });
    child.on('error', (error) => {
      errorOutput = error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const end = `(${signal ?? code}): ${lastLine(errorOutput) || 'no error output'}`;
      resolve(findingOf(backend, lastMessage, timedOut, end, limits));
    });
  });
