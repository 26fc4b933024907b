/**
 * The tensors of a training state by name, as in snapshots: one for each parameter, although the state stores vectors.
 */
import type { RaveledLeaf, Shape } from '../../dsl/index.js';
import { sizeOf } from '../../internal/numbers.js';
import { type AnyRecipe, averagesOf, ravelingOf } from './recipe.js';
import type { StoredTensor } from '../../formats/safetensors/safetensors.js';
import { namedState, trainState } from './trainState.js';

type Tensors = ReadonlyMap<string, StoredTensor>;

/** Float32 numbers as a backend returns them; the reference backend returns float64. */
type Floats = Extract<StoredTensor, { readonly dtype: 'F32' | 'F64' }>;

const within = (path: string, member: string): string => (member === '' ? path : `${path}.${member}`);

/** By the name of each tensor: the path of the vector that holds its numbers, and their offset in that vector. */
const places = <P, I extends Shape>(recipe: AnyRecipe<P, I>) => {
  const { model, optimizer } = recipe;
  const { leaves } = ravelingOf(recipe);
  const moments = Object.keys(optimizer.state(model.params)).map((moment) => `optimizer.${moment}`);
  const averages = averagesOf(recipe).map((_, i) => (i === 0 ? 'average' : `averages.${i}`));
  const vectors = new Set(trainState(recipe).leaves.map(({ path }) => path)); // a moment may lack the tensors of a group
  const result = new Map<string, RaveledLeaf & { readonly of: string }>();
  for (const member of ['params', ...moments, ...averages])
    for (const leaf of leaves) {
      const of = within(member, `${leaf.vector}`);
      if (vectors.has(of)) result.set(within(member, leaf.path), { ...leaf, of });
    }
  return result;
};

/** The tensors by name, from the vectors of a state. */
export const byName =
  <P, I extends Shape>(recipe: AnyRecipe<P, I>) =>
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

/** The vectors of a state, from all tensors by name. */
export const atRest =
  <P, I extends Shape>(recipe: AnyRecipe<P, I>) =>
  (named: Tensors): Tensors => {
    const entries = [...places(recipe)];
    return new Map(
      trainState(recipe).leaves.map(({ path, shape }) => {
        const own = entries.filter(([, { of }]) => of === path);
        if (own.length === 0) return [path, named.get(path)!];
        const parts = own.map(([name, { offset }]) => ({ offset, ...(named.get(name) as Floats) })); // the leaves are float32
        const [length] = shape as readonly [number];
        const isWide = parts.some(({ dtype }) => dtype === 'F64');
        const data = isWide ? new Float64Array(length) : new Float32Array(length);
        for (const part of parts) data.set(part.data, part.offset);
        return [path, { dtype: isWide ? 'F64' : 'F32', shape: [length], data } as Floats];
      }),
    );
  };
