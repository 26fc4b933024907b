/** Images on the host, in [-1, 1], row-major. */
export interface Images {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** The first `count` images of batches. */
export const imagesOf = (
  count: number,
  image: readonly [height: number, width: number, channels: number],
  batches: readonly (Float32Array | Float64Array)[],
): Images => {
  const [height, width, channels] = image;
  const data = new Float32Array(count * height * width * channels);
  batches.reduce((from, batch) => {
    data.set(batch.subarray(0, data.length - from), from);
    return from + batch.length;
  }, 0);
  return { data, shape: [count, ...image] };
};
