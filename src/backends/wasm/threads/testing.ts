/** Test helper: workers that pause at random, that wait at a gate, and that tests can kill. */
import { type Spawn, spawnWith, type WorkerHandle } from './spawn.js';
import { workerSource } from './workerSource.js';

/**
 * The pauses of workers before and after each function of a kernel: their probability, and their maximum duration in
 * milliseconds.
 */
export interface Pauses {
  readonly chance: number;
  readonly most: number;
}

/** A module whose function `f` calls `pause`, the function `f` that it imports, and `pause` again. */
const PAUSING = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x09, 0x02, 0x60, 0x02, 0x7f, 0x7f, 0x00, 0x60, 0x00, 0x00], // types: (i32, i32), ()
  ...[0x02, 0x15, 0x02], // imports
  ...[0x03, 0x65, 0x6e, 0x76, 0x05, 0x70, 0x61, 0x75, 0x73, 0x65, 0x00, 0x01], // env.pause
  ...[0x03, 0x65, 0x6e, 0x76, 0x01, 0x66, 0x00, 0x00], // env.f
  ...[0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x02], // a function, exported as f
  ...[0x0a, 0x0e, 0x01, 0x0c, 0x00, 0x10, 0x00, 0x20, 0x00, 0x20, 0x01, 0x10, 0x01, 0x10, 0x00, 0x0b],
];

/** The program of a worker that pauses: every function in a table does, and so does the beginning of each run. */
const pausingSource = ({ chance, most }: Pauses): string => `${workerSource}
const pausing = new WebAssembly.Module(Uint8Array.from([${PAUSING.join()}]));
const bed = new Int32Array(new SharedArrayBuffer(4));
let gate = bed;
const pause = () => {
  if (Atomics.load(gate, 0) === 1) {
    Atomics.add(gate, 1, 1);
    while (Atomics.load(gate, 0) === 1) Atomics.wait(gate, 0, 1);
  }
  if (Math.random() < ${chance}) Atomics.wait(bed, 0, 0, Math.random() * ${most});
};
const setPlain = WebAssembly.Table.prototype.set;
WebAssembly.Table.prototype.set = function (i, f) {
  setPlain.call(this, i, new WebAssembly.Instance(pausing, { env: { pause, f } }).exports.f);
};
const runPlain = handlers.run;
handlers.run = (message) => {
  pause();
  runPlain(message);
};
handlers.gate = (message) => {
  gate = message.gate;
};
`;

/** The workers of a backend, controlled by a test. */
export interface Site {
  readonly spawn: Spawn;
  /** The number of workers that have been started, dead ones included. */
  readonly spawns: () => number;
  /** Kills one of the live workers without informing the backend; `i` is taken modulo their number. */
  readonly kill: (i: number) => Promise<void>;
  /** Closes the gate, at which workers stop before the next function. */
  readonly shut: () => void;
  readonly open: () => void;
  /** Waits until a worker has arrived at the gate. */
  readonly reached: () => Promise<void>;
}

export const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));

export const createSite = (pauses: Pauses = { chance: 0, most: 0 }): Site => {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const living = new Set<WorkerHandle>();
  let spawns = 0;
  const spawnPausing = spawnWith(pausingSource(pauses));
  return {
    spawn: ({ onMessage, onEnd }) => {
      const worker = spawnPausing({
        onMessage,
        onEnd: (reason) => {
          living.delete(worker);
          onEnd(reason);
        },
      });
      // the pausing worker has this message, too
      worker.post({ kind: 'gate', gate } as never);
      living.add(worker);
      spawns++;
      return worker;
    },
    spawns: () => spawns,
    kill: async (i) => [...living][i % living.size]?.end(() => false),
    shut: () => {
      gate[1] = 0;
      Atomics.store(gate, 0, 1);
    },
    open: () => {
      Atomics.store(gate, 0, 0);
      Atomics.notify(gate, 0);
    },
    reached: async () => {
      while (Atomics.load(gate, 1) === 0) await turn();
    },
  };
};
