/** A Valkey server for tests, and workers of its queue. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';

/** The reason why tests that need the server are skipped; empty if it is installed. */
export const noValkey =
  spawnSync('valkey-server', ['--version']).status === 0
    ? ''
    : 'valkey-server is not installed: apt-get install valkey-server';

/** A port that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const endOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('close', resolve));

export interface Valkey {
  readonly port: number;
  readonly start: () => Promise<void>;
  /** Stops the server, which keeps its connections and does not answer. */
  readonly pause: () => void;
  /** Lets it go on. */
  readonly goOn: () => void;
  /** Ends the server by a signal. Its append-only file stays. */
  readonly stop: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

/** A server whose append-only file is in a folder. */
export const valkeyIn = async (
  folder: string,
  options: (port: number) => readonly string[] = () => [],
): Promise<Valkey> => {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  let server: ChildProcess | null = null; // mutable
  const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const start = async (): Promise<void> => {
    server = spawn('valkey-server', [...words, ...options(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      server?.stdout?.on('data', (text: Buffer) => {
        if (text.toString().includes('Ready to accept connections')) resolve();
      });
      server?.once('close', (code) => reject(new Error(`valkey-server ended with ${code}`)));
    });
  };
  const stop = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    server?.removeAllListeners('close');
    server?.kill(signal);
    if (server !== null) await endOf(server);
  };
  return { port, start, stop, pause: () => void server?.kill('SIGSTOP'), goOn: () => void server?.kill('SIGCONT') };
};

export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly printed: () => string;
  readonly end: () => Promise<number | null>;
}

/**
 * Makes V8 compile as late as in the processes of tests (`vitest.config.ts`): a worker runs for a few seconds, so optimized code
 * does not repay its compilation.
 */
const LATE_COMPILATION = process.execArgv.filter((word) => word.startsWith('--interrupt-budget'));

/** Starts a worker's program. */
export const workerOf = (
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): WorkerProcess => {
  const child = spawn(process.execPath, [...LATE_COMPILATION, program, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = ''; // mutable
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (printed += text.toString()));
  return { child, printed: () => printed, end: () => endOf(child) };
};
