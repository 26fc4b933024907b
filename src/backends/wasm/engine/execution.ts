/** Places a plan in the memory of a wasm backend, and runs it. */
import type { Plan } from '../../../dsl/compile/plan.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either, TE, type taskEither } from '../../../internal/fp.js';
import { type Execution, nameOf, type RunFailure } from '../../shared/executor.js';
import type { Heap } from '../../shared/memory/heap.js';
import { layOut } from '../../shared/memory/layout.js';
import { inOrder, queued, timed } from '../../shared/runs.js';
import { inTurns } from '../../../internal/stop.js';
import { STAGE_WORDS } from './driver.js';
import { type Engine, functionNames, loadProgram } from './engine.js';
import type { WasmKernel } from './kernel.js';
import { type Prepared, type Program, programOf } from './program.js';
import { encode, relocate, writeTape } from './tape.js';

const WORD_BYTES = 4;

/**
 * The minimum number of cycles for workers: about a third of a millisecond, several times the time to wake them. Less
 * work runs on the calling thread.
 */
export const WORTH_WORKERS = 1_000_000;

/** Consecutive kernels that run together: the stages of several kernels, or one kernel in JavaScript. */
interface Segment {
  readonly first: number;
  readonly last: number;
  readonly kernel: Prepared;
  readonly cycles: number;
}

const single = (kernel: Prepared, i: number): Segment => ({ first: i, last: i, kernel, cycles: kernel.cycles });

const segmentsOf = (kernels: readonly Prepared[]): readonly Segment[] => {
  const segments: Segment[] = [];
  kernels.forEach((kernel, i) => {
    const before = segments.at(-1);
    const joins =
      before?.kernel.kind === 'stages' && kernel.kind === 'stages' && before.kernel.isShared === kernel.isShared;
    if (joins) segments[segments.length - 1] = { ...before, last: i, cycles: before.cycles + kernel.cycles };
    else segments.push(single(kernel, i));
  });
  return segments;
};

type Outcome = RunFailure | null;

/** Compiles the kernels of a plan. An engine may refuse the code, for which it has its own limit. */
const compiled = (kernels: readonly WasmKernel[], engine: Engine): taskEither.TaskEither<NoisefoldError, Program> =>
  TE.tryCatch(
    () => inTurns(programOf(kernels, engine)),
    (thrown) =>
      failure('BackendFailure', {
        where: 'the wasm backend',
        expected: 'the code of a plan to compile',
        actual: String(thrown),
        hint: 'release executables that are no longer needed',
      }),
  );

/** Reserves memory for a plan and its tape, and compiles it. */
export const wasmExecution = async (
  plan: Plan,
  kernels: readonly WasmKernel[],
  engine: Engine,
  heap: Heap,
): Promise<either.Either<NoisefoldError, Execution>> => {
  const { turns } = engine;
  const { jobs, memory } = turns;
  const laid = await layOut(plan, heap, memory);
  if (E.isLeft(laid)) return laid;
  const { frame, place, setKey, release } = laid.right;
  const made = await compiled(kernels, engine)();
  if (E.isLeft(made)) {
    release();
    return made;
  }
  const program = made.right;
  const functions = functionNames(engine.modules, program);
  const indices = new Map(functions.map((name, i) => [name, i]));
  const tape = await inTurns(
    encode(
      program.kernels.map((kernel) => (kernel.kind === 'stages' ? kernel.stages : [])),
      (run) => indices.get(run)!,
    ),
  );
  const segments = segmentsOf(program.kernels);
  const block = await memory.reserve(tape.words.length);
  if (E.isLeft(block)) {
    release();
    return block;
  }
  const address = memory.addressOf(block.right, 'compile');
  if (E.isLeft(address)) return address; // closed, so all memory is free
  // no `await` from here on, so that the address stays valid
  const start = address.right;
  const words = (): Int32Array => new Int32Array(engine.memory.buffer as ArrayBuffer, start, tape.words.length);
  writeTape(tape, words(), frame.addresses);

  let onCaller: ReturnType<typeof loadProgram> | null = null;
  let inPool: number | null = null;

  const failed = ({ first, last }: Segment, reason: string): RunFailure => ({
    at: last,
    error: failure('BackendFailure', {
      where:
        first === last ? nameOf(plan.calls[first]!) : `${nameOf(plan.calls[first]!)} to ${nameOf(plan.calls[last]!)}`,
      expected: first === last ? `${kernels[first]!.name} to run` : 'these calls to run',
      actual: reason,
      hint: 'run it again; if memory has run out, use a smaller batch',
    }),
  });

  /** Runs a segment on the calling thread, kernel by kernel. */
  const runHere = (segment: Segment): Outcome | Promise<Outcome> => {
    const { first, last, kernel } = segment;
    const runKernel = (at: number): Outcome => {
      try {
        if (kernel.kind === 'host') {
          frame.refresh();
          kernel.kernel.run(frame);
          return null;
        }
        onCaller ??= loadProgram(engine, program);
        const from = tape.starts[first + at]!;
        onCaller(start + WORD_BYTES * STAGE_WORDS * from, tape.starts[first + at + 1]! - from);
        return null;
      } catch (thrown) {
        return failed(segment, thrown instanceof Error ? thrown.message : String(thrown));
      }
    };
    return inOrder(last + 1 - first, runKernel, turns);
  };

  const runInPool = async (segment: Segment, pool: NonNullable<Engine['pool']>): Promise<Outcome> => {
    inPool ??= pool.load({
      module: program.module,
      functions,
      imports: program.regions.imports.map(({ name }) => name),
    });
    const from = tape.starts[segment.first]!;
    const count = tape.starts[segment.last + 1]! - from;
    const outcome = await pool.run(inPool, start + WORD_BYTES * STAGE_WORDS * from, count);
    if (outcome === null) return null;
    if (outcome.kind === 'notStarted') {
      engine.onNoWorkers(outcome.reason);
      return runHere(segment);
    }
    // the workers may have stopped anywhere, so start again with all items
    const tapeWords = words();
    for (let stage = 0; stage < tape.starts.at(-1)!; stage++) tapeWords[STAGE_WORDS * stage + 2] = 0;
    return failed(segment, outcome.reason);
  };

  const runSegment = (segment: Segment): Outcome | Promise<Outcome> => {
    const { kernel, cycles } = segment;
    const { pool } = engine;
    return pool !== null && kernel.kind === 'stages' && kernel.isShared && cycles >= engine.worthWorkers
      ? runInPool(segment, pool)
      : runHere(segment);
  };

  const placed: typeof place = (buffer, to) => {
    const before = frame.addresses[buffer];
    place(buffer, to);
    if (frame.addresses[buffer] !== before) relocate(tape, words(), buffer, frame.addresses[buffer]!);
  };

  const run: Execution['run'] = (milliseconds) => {
    const parts = milliseconds === null ? segments : program.kernels.map(single);
    return inOrder(
      parts.length,
      timed((at) => runSegment(parts[at]!), milliseconds),
      turns,
    );
  };

  return E.right({
    ...queued({ place: placed, setKey, run }, turns),
    release: () => {
      release();
      memory.release(block.right);
      // waiting runs still need it
      jobs.after(() => {
        if (inPool !== null) engine.pool?.drop(inPool);
      });
    },
  });
};
