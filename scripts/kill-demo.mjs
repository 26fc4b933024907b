// Kills the demo with SIGKILL again and again, resumes it each time, and compares the end with a run of the same
// seed that nobody disturbed: its checkpoint and samples byte for byte, its log line by line. Between the kills, two
// processes share the folder, signals end the run in order, its output is closed, and its disk is full.
// Build first: npm run build && node scripts/kill-demo.mjs --steps 150 --batch 4
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
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
/** The minimum number of kills during the writing of a checkpoint. */
const WRITES = 3;

const main = fileURLToPath(new URL('../dist/examples/mnist/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'noisefold-kill-'));
const calm = join(work, 'undisturbed');
const out = join(work, 'killed');
const CHECKPOINT = 'checkpoint.safetensors';
const LOG = 'metrics.jsonl';

const settings = ['steps', 'batch', 'backend', 'sampler'].flatMap((name) => [`--${name}`, values[name]]);
settings.push('--checkpoint-every', values.every);

const argsOf = (folder, ...more) => [main, '--out', folder, ...settings, ...more];

const begin = (folder, ...more) =>
  spawn(process.execPath, argsOf(folder, ...more), { stdio: ['ignore', 'ignore', 'pipe'] });

const ended = (child) =>
  new Promise((resolve) => {
    let complaint = '';
    child.stderr.on('data', (text) => (complaint += text));
    child.on('close', (code, signal) => resolve({ code, signal, complaint: complaint.trim() }));
  });

/** The step of a checkpoint, from the header of the file; 0 if there is none. */
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

const aside = (prefix = `.${CHECKPOINT}.`) => readdirSync(out).filter((name) => name.startsWith(prefix));

/** Kills a run while it writes a checkpoint: its first, or the first after one exists. */
const killWriting = (child) => {
  let placed = stepOf(out) > 0;
  const watcher = watch(out, (_, name) => {
    // by its id, because it also removes files that other processes left
    if (placed && name?.startsWith(`.${CHECKPOINT}.${child.pid}.`)) child.kill('SIGKILL');
    placed ||= name === CHECKPOINT;
  });
  child.on('close', () => watcher.close());
};

/** Kills a run a number of steps after it resumed, and not before a checkpoint exists. */
const killAfter = (child, more) => {
  const from = stepOf(out);
  const timer = setInterval(() => {
    const far = linesOf(out).some((line) => line.startsWith(`{"step":${from + more},`));
    if (far && existsSync(join(out, CHECKPOINT))) child.kill('SIGKILL');
  }, 5);
  child.on('close', () => clearInterval(timer));
};

/** Reproducible random numbers (xorshift), so that failures can be repeated. */
let random = 2463534242;
const below = (n) => {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random >>> 0) % n;
};

const problems = [];
const expect = (condition, problem) => condition || problems.push(problem);

const same = (name, folder = out) => readFileSync(join(calm, name)).equals(readFileSync(join(folder, name)));

/** A line without measured times. */
const untimed = (line) => JSON.stringify({ ...JSON.parse(line), seconds: 0, imagesPerSecond: 0 });

const finish = async (folder, ...more) => {
  const { code, complaint } = await ended(begin(folder, ...more));
  if (code !== 0) throw new Error(`the demo ended with ${code}: ${complaint}`);
};

/** Waits until a resumed run has logged a number of further steps. */
const advanced = (child, more) => {
  const from = stepOf(out);
  const path = join(out, LOG);
  const { ino } = statSync(path);
  const untrimmed = linesOf(out).length > from; // before repeated steps, the file is replaced
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const begun = !untrimmed || statSync(path).ino !== ino;
      if (child.exitCode === null && !(begun && linesOf(out).length >= from + more)) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
};

/** Two processes take over the lock of a killed one at once: one continues, the other gets an error that names it. */
const two = async () => {
  const children = [begin(out, '--resume'), begin(out, '--resume')];
  const ends = children.map(ended);
  const [first, { code, complaint }] = await Promise.race(ends.map(async (end, i) => [i, await end]));
  const other = children[1 - first];
  expect(code === 1, `of two processes in a folder the first to end ended with ${code}`);
  expect(complaint.includes(`held by process ${other.pid} since`), `a second process was told: ${complaint}`);
  await advanced(other, Math.ceil(every / 2));
  const late = await ended(begin(out, '--resume'));
  expect(
    late.code === 1 && late.complaint.includes(`held by process ${other.pid} since`),
    `a third one: ${late.complaint}`,
  );
  other.kill('SIGKILL');
  await ends[1 - first];
  console.log(`two processes: ${other.pid} continued, the others were told: ${complaint}`);
};

/** A signal ends a run after its step, with a checkpoint and its code. */
const signalled = async (signal, expected) => {
  const child = begin(out, '--resume');
  const end = ended(child);
  await advanced(child, Math.ceil(every / 2));
  child.kill(signal);
  const { code, complaint } = await end;
  expect(code === expected, `${signal} ended the run with ${code}, not ${expected}: ${complaint}`);
  expect(complaint.startsWith('Cancelled: '), `${signal}: ${complaint}`);
  expect(
    stepOf(out) === linesOf(out).length,
    `${signal}: ${linesOf(out).length} steps, checkpoint of step ${stepOf(out)}`,
  );
  expect(!existsSync(join(out, 'run.lock')), `${signal} left the folder locked`);
  console.log(`${signal}: ended with ${code}, checkpoint of step ${stepOf(out)}`);
};

/** The output of a run is closed: it continues to its end. */
const unread = async () => {
  const copy = join(work, 'unread');
  cpSync(out, copy, { recursive: true });
  const child = spawn(process.execPath, argsOf(copy, '--resume'), { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, complaint } = await ended(child);
  expect(code === 0, `with its output closed the run ended with ${code}: ${complaint}`);
  expect(stepOf(copy) === steps, `with its output closed the run ended at step ${stepOf(copy)}`);
  console.log('output closed: continued to the end');
};

/** Runs a shell command without its output; returns whether it succeeded. */
const shell = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

/** Starts the demo in a folder of limited size; also returns a way to start it there without the limit. */
const limited = (folder, bytes) => {
  mkdirSync(folder);
  if (shell('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder))
    return {
      how: `a tmpfs of ${bytes} bytes`,
      start: () => begin(folder),
      relax: () => shell('mount', '-o', 'remount,size=1g', folder),
      remove: () => shell('umount', folder),
    };
  // without the right to mount: a limit on the size of each file, in blocks of 512 bytes, which only a checkpoint exceeds
  const blocks = Math.floor(statSync(join(calm, CHECKPOINT)).size / 1024);
  const quoted = [process.execPath, ...argsOf(folder)].map((word) => `'${word}'`).join(' ');
  return {
    how: `a limit of ${blocks} blocks for a file (no right to mount)`,
    start: () => spawn('sh', ['-c', `ulimit -f ${blocks}; exec ${quoted}`], { stdio: ['ignore', 'ignore', 'pipe'] }),
    relax: () => true,
    remove: () => true,
  };
};

/**
 * A full disk ends a run with an error that says what is lost; the previous checkpoint is intact, and the run resumes
 * from it.
 */
const full = async () => {
  const folder = join(work, 'full');
  // there is room for two checkpoints, not for a third beside them
  const disk = limited(folder, Math.ceil(2.5 * statSync(join(calm, CHECKPOINT)).size));
  try {
    const { code, complaint } = await ended(disk.start());
    const saved = stepOf(folder);
    const lost = linesOf(folder).length - saved;
    expect(code === 1, `on a full disk the run ended with ${code}`);
    expect(/ENOSPC|EFBIG/.test(complaint) && complaint.includes(`${lost} steps`), `on a full disk: ${complaint}`);
    expect(
      readdirSync(folder).every((name) => !name.startsWith('.')),
      'a full disk left a part of a file',
    );
    console.log(`full disk (${disk.how}): ended with ${code} after ${saved + lost} steps: ${complaint}`);
    expect(disk.relax(), 'the disk could not be made larger');
    if (saved === 0) rmSync(join(folder, LOG));
    if (saved === 0) rmSync(join(folder, 'config.json'));
    await finish(folder, ...(saved === 0 ? [] : ['--resume']));
    expect(same(CHECKPOINT, folder) && same('samples.png', folder), 'after a full disk the results differ');
    console.log(`full disk: resumed at step ${saved} to the same end`);
  } finally {
    disk.remove();
  }
};

console.log(`undisturbed: ${steps} steps, batch ${values.batch}, on ${values.backend}, in ${work}`);
await finish(calm);

mkdirSync(out);
let writes = 0;
for (let kill = 1; kill <= kills; kill++) {
  const from = stepOf(out);
  expect(kill === 1 || from > 0, `run ${kill} resumed at step 0`);
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
await two();
await signalled('SIGTERM', 143);
await signalled('SIGHUP', 129);
await signalled('SIGINT', 130);
await unread();
await full();
const last = stepOf(out);
await finish(out, '--resume');
console.log(`resumed at step ${last} to the end`);

const log = linesOf(out);
const calmLog = linesOf(calm);
expect(writes >= WRITES, `${writes} kills inside the writing of a checkpoint, at least ${WRITES} wanted`);
expect(last > 0, 'the last run resumed at step 0');
expect(same(CHECKPOINT), 'the final checkpoints differ');
expect(same('samples.png'), 'the samples differ');
expect(same('best.safetensors'), 'the best checkpoints differ');
expect(aside('.').length === 0, 'a file that a killed run left aside is still there');
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
    `passed: ${kills} kills, ${writes} of them inside the writing of a checkpoint; the final checkpoint and the samples are the same bytes, the log has neither gap nor duplicate; two processes, three signals, closed output and a full disk`,
  );
}
