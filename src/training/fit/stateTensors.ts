/** The tensors of a training state by name, as snapshots have them: each parameter by itself, though it rests in a vector. */
import type { RaveledLeaf, Shape } from '../../dsl/index.js';
import { sizeOf } from '../../dsl/graph/node.js';
import { averagesOf, ravelingOf, type Recipe } from './recipe.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { namedState, trainState } from './trainState.js';

type Tensors = ReadonlyMap<string, StoredTensor>;

/** Float32 numbers as they are stored, in float64 by the reference. */
type Floats = Extract<StoredTensor, { readonly dtype: 'F32' | 'F64' }>;

const within = (path: string, member: string): string => (member === '' ? path : `${path}.${member}`);

/** By name: the vector of the state that has the numbers of a tensor, and where. */
const places = <P, I extends Shape>(recipe: Recipe<P, I>) => {
  const { model, optimizer } = recipe;
  const { leaves } = ravelingOf(recipe);
  const moments = Object.keys(optimizer.state(model.params)).map((moment) => `optimizer.${moment}`);
  const averages = averagesOf(recipe).map((_, i) => (i === 0 ? 'average' : `averages.${i}`));
  const vectors = new Set(trainState(recipe).leaves.map(({ path }) => path)); // a moment may lack those of a group
  return new Map(
    ['params', ...moments, ...averages].flatMap((member) =>
      leaves
        .map((leaf): readonly [string, RaveledLeaf & { readonly of: string }] => [
          within(member, leaf.path),
          { ...leaf, of: within(member, `${leaf.vector}`) },
        ])
        .filter(([, { of }]) => vectors.has(of)),
    ),
  );
};

/** The tensors of a state, read as it rests, by name. */
export const byName =
  <P, I extends Shape>(recipe: Recipe<P, I>) =>
  (resting: Tensors): Tensors => {
    const placeOf = places(recipe);
    return new Map(
      namedState(recipe).leaves.map(({ path }) => {
        const place = placeOf.get(path);
        if (place === undefined) return [path, resting.get(path)!];
        const { of, offset, shape } = place;
        const vector = resting.get(of) as Floats; // a spec of float32 leaves
        const data = vector.data.subarray(offset, offset + sizeOf(shape));
        return [path, { ...vector, shape, data } as Floats];
      }),
    );
  };

/** The tensors of a state that rests, of those by name, which have to be all. */
export const atRest =
  <P, I extends Shape>(recipe: Recipe<P, I>) =>
  (named: Tensors): Tensors => {
    const parts = new Map<string, { readonly offset: number; readonly part: Floats }[]>();
    for (const [path, { of, offset }] of places(recipe)) {
      const part = named.get(path) as Floats; // a spec of float32 leaves
      parts.set(of, [...(parts.get(of) ?? []), { offset, part }]);
    }
    return new Map(
      trainState(recipe).leaves.map(({ path, shape }) => {
        const own = parts.get(path);
        if (own === undefined) return [path, named.get(path)!];
        const [length] = shape as readonly [number];
        const isWide = own.some(({ part }) => part.dtype === 'F64');
        const data = isWide ? new Float64Array(length) : new Float32Array(length);
        for (const { offset, part } of own) data.set(part.data, offset);
        return [path, { dtype: isWide ? 'F64' : 'F32', shape: [length], data } as Floats];
      }),
    );
  };
