// Kills the demo with SIGKILL again and again, goes on each time, and holds the end against a run of the same
// seed that nobody disturbed: its checkpoint and samples byte for byte, its log line by line.
// Build first: npm run demo:kill -- --steps 150 --batch 4
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '150' },
    batch: { type: 'string', default: '4' },
    every: { type: 'string', default: '10' },
    kills: { type: 'string', default: '10' },
    backend: { type: 'string', default: 'wasm' },
    sampler: { type: 'string', default: 'ddim:4' },
  },
});
const [steps, every, kills] = [values.steps, values.every, values.kills].map(Number);
/** So many kills must fall into the writing of a checkpoint. */
const WRITES = 3;

const main = fileURLToPath(new URL('../dist/examples/mnist/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'noisefold-kill-'));
const calm = join(work, 'undisturbed');
const out = join(work, 'killed');
const CHECKPOINT = 'checkpoint.safetensors';
const LOG = 'metrics.jsonl';

const settings = ['steps', 'batch', 'backend', 'sampler'].flatMap((name) => [`--${name}`, values[name]]);
settings.push('--checkpoint-every', values.every);

const begin = (folder, ...more) =>
  spawn(process.execPath, [main, '--out', folder, ...settings, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });

const ended = (child) =>
  new Promise((resolve) => {
    let complaint = '';
    child.stderr.on('data', (text) => (complaint += text));
    child.on('close', (code, signal) => resolve({ code, signal, complaint: complaint.trim() }));
  });

/** The step of a checkpoint, by the header of the file; 0 where there is none. */
const stepOf = (folder) => {
  const path = join(folder, CHECKPOINT);
  if (!existsSync(path)) return 0;
  const bytes = readFileSync(path);
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
  return Number(JSON.parse(header).__metadata__.step);
};

const linesOf = (folder) => {
  const path = join(folder, LOG);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
};

const aside = () => readdirSync(out).filter((name) => name.startsWith(`.${CHECKPOINT}.`));

/** Kills a run while it writes a checkpoint: its first, or the first after one is in place. */
const killWriting = (child) => {
  let placed = stepOf(out) > 0;
  const watcher = watch(out, (_, name) => {
    // by its id, for it also removes what others left
    if (placed && name?.startsWith(`.${CHECKPOINT}.${child.pid}.`)) child.kill('SIGKILL');
    placed ||= name === CHECKPOINT;
  });
  child.on('close', () => watcher.close());
};

/** Kills a run so many steps after it went on, and not before a checkpoint is in place. */
const killAfter = (child, more) => {
  const from = stepOf(out);
  const timer = setInterval(() => {
    const far = linesOf(out).some((line) => line.startsWith(`{"step":${from + more},`));
    if (far && existsSync(join(out, CHECKPOINT))) child.kill('SIGKILL');
  }, 5);
  child.on('close', () => clearInterval(timer));
};

/** Numbers that repeat, so that a failure does: xorshift. */
let random = 2463534242;
const below = (n) => {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random >>> 0) % n;
};

const problems = [];
const expect = (condition, problem) => condition || problems.push(problem);

const same = (name) => readFileSync(join(calm, name)).equals(readFileSync(join(out, name)));

/** A line without what a clock told. */
const untimed = (line) => JSON.stringify({ ...JSON.parse(line), seconds: 0, imagesPerSecond: 0 });

const finish = async (folder, ...more) => {
  const { code, complaint } = await ended(begin(folder, ...more));
  if (code !== 0) throw new Error(`the demo ended with ${code}: ${complaint}`);
};

console.log(`undisturbed: ${steps} steps, batch ${values.batch}, on ${values.backend}, in ${work}`);
await finish(calm);

mkdirSync(out);
let writes = 0;
for (let kill = 1; kill <= kills; kill++) {
  const from = stepOf(out);
  expect(kill === 1 || from > 0, `run ${kill} went on at step 0`);
  const child = begin(out, ...(kill === 1 ? [] : ['--resume']));
  const writing = kill % 2 === 0 || kills - kill < WRITES - writes;
  if (writing) killWriting(child);
  else killAfter(child, Math.ceil(every / 2) + below(2 * every));
  const { signal, code, complaint } = await ended(child);
  if (signal !== 'SIGKILL')
    throw new Error(`run ${kill} ended by itself, with ${code}: ${complaint || 'give it more steps'}`);
  const caught = aside().length > 0;
  writes += caught ? 1 : 0;
  console.log(
    `kill ${String(kill).padStart(2)}: began at step ${from}, killed at ${linesOf(out).length}, checkpoint of step ${stepOf(out)}${caught ? ', killed inside the writing of the next' : ''}`,
  );
}
const last = stepOf(out);
await finish(out, '--resume');
console.log(`went on at step ${last} to the end`);

const log = linesOf(out);
const calmLog = linesOf(calm);
expect(writes >= WRITES, `${writes} kills inside the writing of a checkpoint, at least ${WRITES} wanted`);
expect(last > 0, 'the last run went on at step 0');
expect(same(CHECKPOINT), 'the final checkpoints differ');
expect(same('samples.png'), 'the samples differ');
expect(aside().length === 0, 'a file that a killed run left aside is still there');
expect(log.length === steps, `${log.length} lines in ${LOG}, not ${steps}`);
expect(
  log.every((line, i) => JSON.parse(line).step === i),
  `${LOG} has a gap or a duplicate`,
);
expect(
  log.every((line, i) => calmLog[i] !== undefined && untimed(line) === untimed(calmLog[i])),
  `${LOG} tells other numbers than that of the undisturbed run`,
);

if (problems.length > 0) {
  for (const problem of problems) console.error(`FAILED: ${problem}; see ${work}`);
  process.exitCode = 1;
} else {
  rmSync(work, { recursive: true });
  console.log(
    `passed: ${kills} kills, ${writes} of them inside the writing of a checkpoint; the final checkpoint and the samples are the same bytes, the log has neither gap nor duplicate`,
  );
}
