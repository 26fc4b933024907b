/** jax-js on WebAssembly or WebGPU: a convolution, its gradient and a matrix product, compiled by `jit`. */
import type { Case } from '../measure.js';

export interface JaxPeer {
  readonly matmul: Case;
  readonly conv: Case;
  readonly convGradient: Case;
}

export interface Problem {
  /** Images `[batch, channels, size, size]`, kernels 3×3, equal input and output channels. */
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  /** Square matrices. */
  readonly rows: number;
}

/** Different numbers. */
export const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 0.1);

/** The peer, or the reason why it does not run. */
export const jaxPeer = async (
  { batch, size, channels, rows }: Problem,
  device: 'wasm' | 'webgpu',
): Promise<JaxPeer> => {
  // jax-js needs `navigator`, which Node 20 lacks
  if (!('navigator' in globalThis))
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'node' }, configurable: true });
  const jax = await import('@jax-js/jax');
  const devices = await jax.init(device);
  if (!devices.includes(device)) throw new Error(`jax-js does not find ${device}`);
  jax.defaultDevice(device);
  const { numpy: np, lax } = jax;
  const array = (shape: number[]): typeof image =>
    np.array(ramp(shape.reduce((a, b) => a * b, 1)), { shape, dtype: np.float32 });
  const image: ReturnType<typeof np.array> = array([batch, channels, size, size]);
  const kernel = array([channels, channels, 3, 3]);
  const matrix = array([rows, rows]);
  const conv = jax.jit((x: typeof image, w: typeof image) => lax.conv(x, w, [1, 1], 'SAME'));
  const gradient = jax.jit(
    jax.grad((w: typeof image, x: typeof image) => np.sum(np.square(lax.conv(x, w, [1, 1], 'SAME')))),
  );
  const product = jax.jit((a: typeof image, b: typeof image) => np.matmul(a, b));
  // arguments are consumed unless .ref
  return {
    matmul: { name: 'jax-js matmul', run: async () => void (await product(matrix.ref, matrix.ref).data()) },
    conv: { name: 'jax-js conv', run: async () => void (await conv(image.ref, kernel.ref).data()) },
    convGradient: {
      name: 'jax-js conv with gradient',
      run: async () => void (await gradient(kernel.ref, image.ref).data()),
    },
  };
};
