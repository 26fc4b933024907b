/** Prints the milliseconds of the first steps of a process, as JSON, for bench/sections/start.ts. */
const clock = (() => {
  let last = performance.now();
  return (): number => {
    const before = last;
    last = performance.now();
    return last - before;
  };
})();

const [{ compile }, { wasm }, { networkR, stepProgram, BATCH }, { plan }, { orThrow }] = await Promise.all([
  import('noisefold/dsl'),
  import('noisefold/backends/wasm'),
  import('./network.js'),
  import('../src/dsl/compile/planning.js'),
  import('./table.js'),
]);
const imported = clock();
const backend = orThrow(await wasm()());
const opened = clock();
const recipe = orThrow(networkR);
clock();
orThrow(plan(stepProgram(recipe), { B: BATCH }, backend.capabilities, ['state']));
const planned = clock();
const times: number[] = [];
for (let i = 0; i < 3; i++) {
  const step = orThrow(await compile(stepProgram(recipe), { B: BATCH }, { donate: ['state'] })(backend)());
  times.push(clock());
  step.release();
}
orThrow(await backend.close());
console.log(JSON.stringify({ imported, opened, planned, cold: times[0], warm: times[2] }));
