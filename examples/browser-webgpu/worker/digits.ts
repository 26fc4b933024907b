/** The digits of the page: a part of MNIST in 16 grey levels, written by the build. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { type Dataset, datasetOf, decodeSafetensors, type TensorFile } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { AREA, SIDE } from '../shared/extent.js';
import type { Pixels } from '../shared/messages.js';
import { unpacked } from '../shared/packed.js';

type Images = Dataset<[typeof SIDE, typeof SIDE, 1]>;

export interface Digits {
  readonly train: Images;
  /** Held out from training. */
  readonly test: Images;
  /** One of the held-out digits. */
  readonly digit: (at: number) => { readonly image: Pixels; readonly label: number };
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

const split = (file: TensorFile, name: 'train' | 'test') =>
  F.pipe(
    E.Do,
    E.bind('pixels', () => E.map(unpacked)(bytesOf(file, `${name}.images`))),
    E.bind('labels', () => bytesOf(file, `${name}.labels`)),
    E.bind('data', (given) => datasetOf({ ...given, image: [SIDE, SIDE, 1] })),
  );

/** Loads the digits. `FileError`, `DecodeError`. */
export const digitsAt = (url: string): TE.TaskEither<NoisefoldError, Digits> =>
  F.pipe(
    fetched(url),
    TE.flatMapEither(decodeSafetensors(WHERE)),
    TE.flatMapEither((file) =>
      F.pipe(
        E.Do,
        E.bind('train', () => split(file, 'train')),
        E.bind('test', () => split(file, 'test')),
      ),
    ),
    TE.map(({ train, test: { data, pixels, labels } }) => ({
      train: train.data,
      test: data,
      digit: (at) => {
        const i = at % data.size;
        return { image: pixels.slice(i * AREA, (i + 1) * AREA), label: labels[i]! };
      },
    })),
  );
