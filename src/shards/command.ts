/** `npx noisefold worker`: runs jobs of a queue, or of the process that started it. */
import { parseArgs } from 'node:util';
import { wasm } from '../backends/wasm/index.js';
import { attempt, fail, type NoisefoldError, orRaise } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { positive } from '../internal/decode.js';
import { readBytes } from '../node/files.js';
import { stopOnSignals } from '../node/stopOnSignals.js';
import type { QueueAddress } from './engines/address.js';
import { hasParent } from './engines/local.js';
import { runWorker } from './worker.js';

const refuse = (where: string, expected: string, actual: string): either.Either<NoisefoldError, never> =>
  fail('ConfigError', { where: `noisefold worker ${where}`, expected, actual, hint: 'npx noisefold worker --help' });

/** Parses the arguments of the command. */
const parsed = (words: readonly string[]) => {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        queue: { type: 'string' },
        checkpoints: { type: 'string', multiple: true, default: [] },
        threads: { type: 'string' },
        name: { type: 'string' },
        patience: { type: 'string' },
        'tls-ca': { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
      },
    });
    return E.right(values);
  } catch (thrown) {
    return refuse('', 'its options', thrown instanceof Error ? thrown.message : String(thrown));
  }
};

type Words = Extract<ReturnType<typeof parsed>, { readonly right: unknown }>['right'];

/** Reads the certificates from the files that the arguments name. */
const tlsOf = async (words: Words): Promise<Pick<QueueAddress, 'tls'>> => {
  const files = (['ca', 'cert', 'key'] as const).flatMap((part) => {
    const path = words[`tls-${part}`];
    return path === undefined ? [] : [[part, path] as const];
  });
  const read = async ([part, path]: readonly [string, string]) =>
    [part, new TextDecoder().decode(orRaise(await readBytes(path)()))] as const;
  return files.length === 0 ? {} : { tls: Object.fromEntries(await Promise.all(files.map(read))) };
};

/** The queue; undefined for a worker that another process started. */
const queueOf = async (words: Words): Promise<QueueAddress | undefined> => {
  const { queue: url = process.env['NOISEFOLD_QUEUE'], name } = words;
  if (url === undefined) return !hasParent() ? orRaise(refuse('--queue', 'the url of a server', 'none')) : undefined;
  return { url, ...(name !== undefined && { name }), ...numberOf(words, 'patience'), ...(await tlsOf(words)) };
};

/** The numeric option `name`, if the command has it. */
const numberOf = <N extends 'threads' | 'patience'>(words: Words, name: N): { readonly [K in N]?: number } => {
  const text = words[name];
  if (text === undefined) return {};
  return positive.is(Number(text))
    ? // the cast is safe: the record has the one member `name`
      ({ [name]: Number(text) } as { readonly [K in N]: number })
    : orRaise(refuse(`--${name}`, 'an integer ≥ 1', text));
};

/** Runs the command until a signal ends it. Returns the exit code. */
export const workerCommand = async (words: readonly string[]): Promise<number> => {
  const print = (text: string): void => void process.stderr.write(`${text}\n`);
  const stop = stopOnSignals((name) => {
    // a worker of `local` says nothing: its parent ends it
    if (!hasParent()) print(`${name}: the worker ends after its job; again to end it now`);
  });
  let jobs = 0; // mutable
  const run = async (): Promise<either.Either<NoisefoldError, void>> => {
    const values = orRaise(parsed(words));
    const queue = await queueOf(values);
    return runWorker({
      ...(queue && { queue }),
      checkpoints: values.checkpoints,
      backend: wasm(numberOf(values, 'threads')),
      signal: stop.signal,
      onReady: () => print(`worker ${process.pid} waits for jobs`),
      onJob: (job, error) => {
        if (queue !== undefined) print(`job ${++jobs} ${job.slice(0, 8)}: ${error === null ? 'done' : error.message}`);
      },
    })();
  };
  const result = await run().catch((thrown: unknown) => attempt((): never => { throw thrown; })); // oxfmt-ignore
  stop.release();
  if (E.isRight(result)) return 0;
  print(`${result.left._tag}: ${result.left.message}`);
  return 1;
};
