/** The parameters of a sampling, in the storage of its option. */
import { type Backend, type FloatStorage, release } from '../../dsl/index.js';
import { E, type io } from '../../internal/fp.js';
import { type Fallible, gen, take } from '../../internal/gen.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Trained } from '../../checkpoints/trained.js';

/** A model with copies of its parameters, or with the original parameters, which `release` does not free. */
interface ModelCopy<P, I extends ImageShape> {
  readonly trained: Trained<P, I>;
  readonly release: io.IO<void>;
}

/** Copies the parameters of a model into a storage, unless it is undefined. */
export const storedFor = <P, I extends ImageShape>(
  where: string,
  trained: Trained<P, I>,
  storage: FloatStorage | undefined,
  backend: Backend,
): Fallible<ModelCopy<P, I>> =>
  gen(function* () {
    if (storage === undefined) return { trained, release: () => undefined };
    const { storedAs } = yield* take(async () => E.right(await import('../../dsl/run/storeAs.js')));
    const params = yield* take(storedAs(where, trained.params, storage)(backend));
    return { trained: { ...trained, params }, release: () => void release(params)(backend)() };
  });
