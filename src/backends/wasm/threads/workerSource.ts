/**
 * The program of a worker as text. It is started from a string, so that a bundler needs no file. It handles the
 * messages of `protocol.ts` and instantiates the modules that it receives; the driver does all work in WebAssembly.
 */
import { SYNC } from './several.js';

export const workerSource = `'use strict';
const port = typeof require === 'function' ? require('node:worker_threads').parentPort : self;
const programs = new Map();
let own;
let state;
const stopAll = () => {
  Atomics.store(state, ${SYNC.stopped / 4}, 1);
  Atomics.add(state, ${SYNC.opened / 4}, 1);
  Atomics.notify(state, ${SYNC.opened / 4});
};
const handlers = {
  start(message) {
    own = message;
    state = new Int32Array(own.memory.buffer, own.sync, 4);
    own.functions = new WebAssembly.Instance(own.kernels, { env: { memory: own.memory } }).exports;
    port.postMessage({ kind: 'ready' });
  },
  load({ program, module, functions }) {
    const all = { ...own.functions, ...new WebAssembly.Instance(module, { env: { memory: own.memory } }).exports };
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: functions.length });
    functions.forEach((name, i) => table.set(i, all[name]));
    programs.set(program, new WebAssembly.Instance(own.driver, { env: { memory: own.memory, table } }).exports.run);
  },
  drop({ program }) {
    programs.delete(program);
  },
  run({ program, address, count }) {
    Atomics.add(state, ${SYNC.working / 4}, 1);
    try {
      programs.get(program)(address, count, own.thread, own.threads, own.sync);
    } finally {
      Atomics.sub(state, ${SYNC.working / 4}, 1);
    }
    // stopped threads return early: another one has failed, and says so
    if (own.thread === 0 && Atomics.load(state, ${SYNC.stopped / 4}) === 0) port.postMessage({ kind: 'done' });
  },
};
const receive = (message) => {
  try {
    handlers[message.kind](message);
  } catch (thrown) {
    if (state !== undefined) stopAll();
    port.postMessage({ kind: 'failed', message: String(thrown) });
  }
};
if (port.on) port.on('message', receive);
else port.onmessage = ({ data }) => receive(data);
`;
