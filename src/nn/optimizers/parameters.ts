/** Functions of single parameters, for trees in which a vector may hold several of them. */
import {
  concatAll,
  type Dim,
  dtypeOf,
  mapTensors,
  type RaveledLeaf,
  reshape,
  type Shape,
  slice,
  type Tensor,
} from '../../dsl/index.js';
import { sizeOf } from '../../internal/numbers.js';

/** A function of a parameter and its path that keeps the shape. */
export type OfParameter = (x: Tensor<Shape>, path: string) => Tensor<Shape>;

/** Applies a function to each float32 tensor of a tree. */
export const mapParameters = <P>(tree: P, f: OfParameter): P =>
  mapTensors(tree, (x, path) =>
    // a cast of a float32 tensor to itself, whose shape and dtype are generic
    dtypeOf(x) === 'float32' ? (f(x as Tensor<Shape>, path) as unknown as typeof x) : x,
  );

/** The function of a vector of parameters, at these positions, that applies `f` to each of them. */
export const inVectors =
  (leaves: readonly RaveledLeaf[], f: OfParameter): OfParameter =>
  (vector, at) => {
    const own = leaves.filter((leaf) => `${leaf.vector}` === at).sort((a, b) => a.offset - b.offset);
    const parts = own.map(({ path, shape, offset }): Tensor<[Dim]> => {
      const x = reshape(slice(vector as Tensor<[Dim]>, 0, offset, sizeOf(shape)), ...shape); // a vector, by `RaveledLeaf`
      return reshape(f(x as Tensor<Shape>, path), -1) as Tensor<[Dim]>;
    });
    return concatAll(parts as [Tensor<[Dim]>], 0); // a vector holds at least one parameter
  };
