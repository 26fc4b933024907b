/**
 * The package `webgpu` waits for its device in a busy loop of `setImmediate`. This takes a core from Mesa, which computes
 * WebGPU in software. After a hundred turns, a wait continues with one turn in each millisecond.
 */
const { setImmediate: soon, setTimeout: later } = globalThis;

type Callback = (...args: readonly unknown[]) => void;

const SHORT_WAIT = 100;

/** The turns of the current wait. */
let turns = 0;

/** True for a callback of the package: a native function without name and parameters. Bound functions have a name. */
const isPoll = (callback: Callback): boolean =>
  callback.length === 0 &&
  callback.name === '' &&
  Function.prototype.toString.call(callback).endsWith('{ [native code] }');

/** Runs a turn, which schedules the next one unless the wait is over. */
const turn = (poll: Callback) => (): void => {
  const before = turns;
  poll();
  if (turns === before) turns = 0;
};

const setImmediatePatiently = (callback: Callback, ...args: readonly unknown[]): unknown => {
  if (!isPoll(callback)) return soon(callback, ...args);
  turns++;
  return turns < SHORT_WAIT ? soon(turn(callback)) : later(turn(callback), 1);
};

globalThis.setImmediate = Object.assign(setImmediatePatiently, soon) as typeof setImmediate;
