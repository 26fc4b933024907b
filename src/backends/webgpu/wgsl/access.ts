/**
 * Access modes of shader bindings. In one dispatch, the bindings to parts of one GPU buffer must either all be writable
 * or all be read-only. So arena buffers are always `read_write`. Inputs and constants are `read` unless they are
 * written, because one value may be passed for two inputs.
 */
import type { Access, Binding, Buffers } from './shader.js';

/** The access mode of a binding of some buffers, in a shader that writes `targets`. */
export const accessOf = (bound: readonly number[], targets: ReadonlySet<number>, buffers: Buffers): Access => {
  const isReadOnly = (buffer: number): boolean => {
    const { kind } = buffers[buffer]!.storage;
    return (kind === 'input' || kind === 'constant') && !targets.has(buffer);
  };
  return bound.every(isReadOnly) ? 'read' : 'read_write';
};

/** Declares the array `b0`, `b1`, … of a storage binding. */
export const declaration = (binding: number, access: Access, type: string): string =>
  `@group(0) @binding(${binding}) var<storage, ${access}> b${binding}: array<${type}>;`;

/** Binds each buffer that a shader uses once; `typeOf` returns the element type of its array. */
export const boundBuffers = (
  used: readonly number[],
  target: number,
  buffers: Buffers,
  typeOf: (buffer: number) => string,
) => {
  const bound = [...new Set(used)];
  const modes = bound.map((buffer) => accessOf([buffer], new Set([target]), buffers));
  return {
    bindings: bound.map((buffer, b): Binding => ({ kind: 'buffers', buffers: [buffer], access: modes[b]! })),
    declarations: bound.map((buffer, b) => declaration(b, modes[b]!, typeOf(buffer))),
    /** The name of the array of a buffer. */
    nameOf: (buffer: number): string => `b${bound.indexOf(buffer)}`,
  };
};
