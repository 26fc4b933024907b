/** PyTorch on the CPU: torchUnet.py in a separate Python process, which runs one pass at a time on request. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BATCH, type NetworkConfig } from '../network.js';

const SCRIPT = 'bench/peers/torchUnet.py'; // from the root of the repository, as all files of the bench

/** Debian's Python has Debian's packages, which another Python in the path may lack. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

export const LAYOUTS = ['contiguous', 'channels_last'] as const;

/** A pass of a network, by its position. */
export interface TorchPass {
  readonly network: number;
  readonly task: 'forward' | 'step';
  readonly threads: number;
  readonly layout: (typeof LAYOUTS)[number];
}

export interface TorchPeer {
  /** Its version and BLAS library. */
  readonly version: string;
  /** The number of parameters of each network. */
  readonly parameters: readonly number[];
  readonly run: (pass: TorchPass) => Promise<void>;
  /** The memory of the process that the first step of a network takes, in bytes. */
  readonly memory: (network: number) => Promise<number>;
  readonly stop: () => void;
}

/** Starts a Python; returns the reason if it has no PyTorch. */
const startIn = async (python: string, networks: string): Promise<TorchPeer | string> => {
  const child = spawn(python, [SCRIPT, networks], { env: { ...process.env, OPENBLAS_NUM_THREADS: '1' } });
  let errorOutput = '';
  child.stderr.on('data', (data: Buffer) => {
    errorOutput = (errorOutput + data.toString()).slice(-2000);
  });
  const exit = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(errorOutput.trim().split('\n').at(-1) || `its process ended (${code})`));
  });
  child.stdin.on('error', () => undefined); // a process that has ended has already reported the reason
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <A>(request: object | null): Promise<A | string> => {
    if (request !== null) child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await lines.next();
    return line.done === true ? exit : (JSON.parse(line.value) as A); // from torchUnet.py
  };
  const answerOf = async <A>(request: object): Promise<A> => {
    const answer = await ask<A>(request);
    if (typeof answer === 'string') throw new Error(`bench: PyTorch ended: ${answer}`);
    return answer;
  };
  const about = await ask<{
    readonly version: string;
    readonly blas: readonly string[];
    readonly parameters: number[];
  }>(null);
  if (typeof about === 'string') return about;
  return {
    version: `PyTorch ${about.version} with ${about.blas.join(' and ') || 'no BLAS'}`,
    parameters: about.parameters,
    run: async (pass) => void (await answerOf(pass)),
    memory: async (network) =>
      (await answerOf<{ bytes: number }>({ network, task: 'memory', threads: 1, layout: 'contiguous' })).bytes,
    stop: () => child.stdin.end(),
  };
};

/** Starts PyTorch for some networks, in the first Python that has it, or returns the reason why it does not run. */
export const torchPeer = async (
  configs: readonly NetworkConfig[],
  pythons: readonly string[] = PYTHONS,
): Promise<TorchPeer | string> => {
  const networks = JSON.stringify(configs.map((config) => ({ ...config, batch: BATCH })));
  let reason = '';
  for (const python of pythons) {
    const peer = await startIn(python, networks);
    if (typeof peer !== 'string') return peer;
    reason ||= peer;
  }
  return reason;
};
