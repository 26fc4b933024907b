/** The digits of the page: a part of MNIST in 16 grey levels, written by the build. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { type Dataset, datasetOf, decodeSafetensors, type TensorFile } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { AREA, HELD_OUT, SIDE, TRAINED } from '../shared/extent.js';
import type { Pixels } from '../shared/messages.js';
import { unpacked } from '../shared/packed.js';

type Images = Dataset<[typeof SIDE, typeof SIDE, 1]>;

interface Digit {
  readonly image: Pixels;
  readonly label: number;
}

/**
 * Digits that load when they are first needed, and again after a failure. Loading fails with `FileError` or
 * `DecodeError`.
 */
export interface Digits {
  readonly load: TE.TaskEither<NoisefoldError, unknown>;
  readonly train: Images;
  /** Held out from training. */
  readonly test: Images;
  /** One of the held-out digits. */
  readonly digit: (at: number) => TE.TaskEither<NoisefoldError, Digit>;
}

const WHERE = 'the file of digits';

const wrong = (actual: string): NoisefoldError =>
  failure('FileError', { where: WHERE, expected: 'to be served', actual, hint: 'reload the page' });

/** Loads and decompresses the bytes at a URL. */
const fetched = (url: string): TE.TaskEither<NoisefoldError, Uint8Array> =>
  TE.tryCatch(
    async () => {
      const { ok, status, body } = await fetch(url);
      if (!ok || body === null) throw new Error(`status ${status}`);
      const plain = body.pipeThrough(new DecompressionStream('gzip'));
      return new Uint8Array(await new Response(plain).arrayBuffer());
    },
    (thrown) => wrong(thrown instanceof Error ? thrown.message : String(thrown)),
  );

const bytesOf = ({ tensors }: TensorFile, name: string): E.Either<NoisefoldError, Uint8Array<ArrayBuffer>> => {
  const found = tensors.get(name);
  return found?.dtype === 'U8' ? E.right(new Uint8Array(found.data)) : E.left(wrong(`one without the bytes ${name}`));
};

const split = (file: TensorFile, name: 'train' | 'test', size: number) =>
  F.pipe(
    E.Do,
    E.bind('pixels', () => E.map(unpacked)(bytesOf(file, `${name}.images`))),
    E.bind('labels', () => bytesOf(file, `${name}.labels`)),
    E.bind('data', (given) => datasetOf({ ...given, image: [SIDE, SIDE, 1] })),
    E.filterOrElse(
      ({ data }) => data.size === size,
      ({ data }) => wrong(`${data.size} digits in ${name} in place of ${size}`),
    ),
  );

const splitsOf = (file: TensorFile) =>
  F.pipe(
    E.Do,
    E.bind('train', () => split(file, 'train', TRAINED)),
    E.bind('test', () => split(file, 'test', HELD_OUT)),
  );

/** Runs an effect once, and again only after a failure. */
const once = <A>(effect: TE.TaskEither<NoisefoldError, A>): TE.TaskEither<NoisefoldError, A> => {
  let running: ReturnType<typeof effect> | null = null;
  return () =>
    (running ??= effect().then((result) => {
      if (E.isLeft(result)) running = null;
      return result;
    }));
};

/** The digits at a URL. */
export const digitsAt = (url: string): Digits => {
  const load = once(F.pipe(fetched(url), TE.flatMapEither(decodeSafetensors(WHERE)), TE.flatMapEither(splitsOf)));
  const images = (name: 'train' | 'test', size: number): Images => ({
    size,
    image: [SIDE, SIDE, 1],
    batch: (positions) =>
      F.pipe(
        load,
        TE.flatMap((splits) => splits[name].data.batch(positions)),
      ),
  });
  return {
    load,
    train: images('train', TRAINED),
    test: images('test', HELD_OUT),
    digit: (at) =>
      F.pipe(
        load,
        TE.map(({ test: { pixels, labels } }) => {
          const i = at % HELD_OUT;
          return { image: pixels.slice(i * AREA, (i + 1) * AREA), label: labels[i]! };
        }),
      ),
  };
};
